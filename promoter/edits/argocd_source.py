"""What Argo CD sets over a folder: `.argocd-source.yaml`, where its Image Updater writes images."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from promoter.domain.errors import RefusedError
from promoter.domain.model import Kind
from promoter.domain.redaction import shown
from promoter.edits.region import Region, roots
from promoter.edits.site import Site

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import PurePosixPath

    from promoter.domain.model import ImageMove, Tree

_FILE = re.compile(r"\.argocd-source(?:-.+)?\.ya?ml")


def overriding_images(
    tree: Tree,
    directory: PurePosixPath,
    moves: Sequence[ImageMove],
    edited: Collection[PurePosixPath] = (),
) -> Iterator[str]:
    """Yield a warning for each image of a promotion that Argo CD sets itself in this folder.

    A file that is edited, too, and one that cannot be read are passed over.
    """
    for path in (one for one in _files(tree, directory) if one not in edited):
        with suppress(RefusedError):
            for site in _overrides(Region.of(path, tree.read(path))):
                named = (one for one in moves if site.called(one.name) or site.name == one.pulled)
                if move := next(named, None):
                    yield (
                        f"{site.spot.place}: Argo CD sets {shown(site.spot.text)}, whatever is "
                        f"promoted of {move.name} here: remove that, or make a target of it"
                    )


def _files(tree: Tree, directory: PurePosixPath) -> Iterator[PurePosixPath]:
    for name, kind in sorted(tree.entries(directory).items()):
        if kind is Kind.FILE and _FILE.fullmatch(name):
            yield directory / name


def _overrides(region: Region) -> Iterator[Site]:
    for root in roots(region):
        images = root.at("kustomize", "images")
        for image in images.below() if images else ():
            if image.text:
                yield Site.override(image)
