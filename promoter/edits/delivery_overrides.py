"""What Argo CD and Flux set over a folder themselves, so that what its files say has no effect.

`.argocd-source*.yaml` in the folder, where Argo CD's Image Updater writes, the `images` of an
Application (`spec.source.kustomize`), and those of Flux's own Kustomization (`spec.images`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import PurePosixPath

from promoter.domain.errors import RefusedError
from promoter.domain.image import join
from promoter.domain.model import ImageMove, PathKind, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES, resolved
from promoter.domain.redaction import shown
from promoter.edits.region import Region, Spot, roots
from promoter.edits.site import Site
from promoter.edits.targets.argocd import SOURCE_FILE, sources

# Folders in which people keep what tells Argo CD and Flux which folders to apply.
_FOLDERS = re.compile(r"argo.*|.*applications?|apps?|appsets?|clusters?|flux.*|bootstrap")
_NAMES = frozenset({"apps", "applications"})
_ENTRIES_LIMIT = 500
_FILES_LIMIT = 20
_FLUX = "kustomize.toolkit.fluxcd.io/"
_ARGOCD = "argoproj.io/"
_PATH = re.compile(r"\bpath:[ \t]*[\"']?((?:\{\{.*?\}\}|[^\"'#,{}\r\n])+)")
_PARAMETER = re.compile(r"\{\{.*?\}\}")
_KIND = ("kind", "apiVersion")
_FIELDS = ("name", "newName", "newTag", "digest")


def overriding_images(
    tree: Tree,
    directory: PurePosixPath,
    moves: Sequence[ImageMove],
    edited: Collection[PurePosixPath] = (),
) -> Iterator[str]:
    """Yield a warning for each image of a promotion that Argo CD sets by a file in this folder.

    A file that is edited, too, and one that cannot be read are passed over.
    """
    for site in argocd_overrides(tree, directory, edited):
        yield from _warnings("Argo CD", [site.spot], moves)


def argocd_overrides(
    tree: Tree, directory: PurePosixPath, known: Collection[PurePosixPath]
) -> Iterator[Site]:
    """Yield the images that Argo CD sets by files in a folder, but for those files that are known.

    A file that cannot be read is passed over.
    """
    for path in argocd_source_files(tree, directory):
        for root in _documents(tree, path) if path not in known else ():
            images = root.at("kustomize", "images")
            found = images.below() if images else ()
            yield from (Site.override(one) for one in found if one.text)


def argocd_source_files(tree: Tree, directory: PurePosixPath) -> list[PurePosixPath]:
    """Return the files of a folder by which Argo CD sets images; none of one that holds many apps."""
    entries = tree.entries(directory)
    return [
        directory / name
        for name, kind in (sorted(entries.items()) if len(entries) <= _ENTRIES_LIMIT else ())
        if kind is PathKind.FILE and SOURCE_FILE.fullmatch(name)
    ]


def overrides_elsewhere(
    tree: Tree,
    files: Iterable[PurePosixPath],
    directory: PurePosixPath,
    moves: Sequence[ImageMove],
) -> Iterator[str]:
    """Yield a warning for each image that an Application or Flux's Kustomization of this folder sets.

    `files` are those of `delivery_files`; one that cannot be read is passed over.
    """
    for path in files:
        for root in _documents(tree, path):
            kind, version = (spot.text if (spot := root.get(key)) else "" for key in _KIND)
            if kind == "Application" and version.startswith(_ARGOCD):
                for source in sources(root.get("spec")):
                    images = source.at("kustomize", "images")
                    if images and _is_for(source.get("path"), directory):
                        yield from _warnings("Argo CD", images.below(), moves)
            elif kind == "Kustomization" and version.startswith(_FLUX):
                images = root.at("spec", "images")
                if images and _is_for(root.at("spec", "path"), directory):
                    yield from _warnings("Flux", images.below(), moves)


def is_applied(tree: Tree, files: Iterable[PurePosixPath], directory: PurePosixPath) -> bool:
    """Return whether a file of Argo CD or Flux applies just this folder, by its path or by a pattern.

    A file that cannot be read is passed over.
    """
    for path in files:
        try:
            text = tree.read(path).decode("utf-8", "replace")
        except (RefusedError, KeyError):
            continue
        if _ARGOCD in text or _FLUX in text:
            for named in _PATH.findall(text):
                parts = PurePosixPath(_PARAMETER.sub("*", named).strip().lstrip("/")).parts
                # A path that is all parameters says nothing; its generator does.
                if any(part != "*" for part in parts) and _is_pattern_of(parts, directory):
                    return True
    return False


def _is_pattern_of(parts: Sequence[str], directory: PurePosixPath) -> bool:
    return len(parts) == len(directory.parts) and all(map(fnmatchcase, directory.parts, parts))


def delivery_files(tree: Tree, app: str, environment: str) -> list[PurePosixPath]:
    """Return the files that by their names may say how Argo CD or Flux applies an app's folder.

    Names alone are read, of two levels of folders.
    """
    folders = [PurePosixPath(name) for name in _names(tree, PurePosixPath(), PathKind.DIRECTORY)]
    below = [
        folder / name
        for folder in folders
        for name in _names(tree, folder, PathKind.DIRECTORY)
        if _is_of_delivery(name, environment)
    ]
    named = [one for one in folders if _is_of_delivery(one.name, environment)]
    found = (
        folder / name
        for folder in (*named, *below)
        for name in _names(tree, folder, PathKind.FILE)
        if _may_say(folder / name, app, environment)
    )
    return list(islice(found, _FILES_LIMIT))


def _names(tree: Tree, folder: PurePosixPath, kind: PathKind) -> list[str]:
    """Return what is of a kind in a folder; nothing of one with very many, which holds the apps."""
    entries = tree.entries(folder)
    if len(entries) > _ENTRIES_LIMIT:
        return []
    return sorted(name for name, one in entries.items() if one is kind and name[0] != ".")


def _is_of_delivery(name: str, environment: str) -> bool:
    return name == environment or _FOLDERS.fullmatch(name) is not None


def _may_say(path: PurePosixPath, app: str, environment: str) -> bool:
    """Return whether a file is called like one that says how an app's folder is applied."""
    if path.suffix not in (".yaml", ".yml") or path.name in KUSTOMIZATION_NAMES:
        return False
    named = path.stem in _NAMES or app in path.stem or environment in path.stem
    return named or path.parent.name == environment


def _documents(tree: Tree, path: PurePosixPath) -> Iterator[Spot]:
    """Yield the documents of a file; none of one that cannot be read."""
    with suppress(RefusedError, KeyError):
        yield from roots(Region.of(path, tree.read(path)))


def _is_for(path: Spot | None, directory: PurePosixPath) -> bool:
    """Return whether what is applied by this path holds a folder."""
    if path is None or not path.text.strip("./"):
        return False
    named = resolved(PurePosixPath(), path.text.lstrip("/"))
    return named is not None and directory.is_relative_to(named)


def _warnings(tool: str, images: Iterable[Spot], moves: Sequence[ImageMove]) -> Iterator[str]:
    for spot in images:
        site = _override(spot)
        named = (
            one for one in moves if site and (site.called(one.name) or site.name == one.pulled)
        )
        if move := next(named, None):
            yield (
                f"{spot.place}: {tool} sets {shown(_text(spot))}, whatever is promoted of "
                f"{move.name} here: remove it there, or list it under the targets of the app"
            )


def _override(spot: Spot) -> Site | None:
    """Return an override of Argo CD, or an entry of Flux that sets a tag or digest."""
    if spot.text:
        return Site.override(spot)
    name, tag, digest = (spot.get(key) for key in ("name", "newTag", "digest"))
    if name is None or not name.text or not (tag or digest):
        return None
    return Site.reference(name)


def _text(spot: Spot) -> str:
    """Return an override as Argo CD writes it."""
    if spot.text:
        return spot.text
    values = ((one.text if (one := spot.get(key)) else "") for key in _FIELDS)
    name, new, tag, digest = values
    return join(new or name, tag or None, digest or None)
