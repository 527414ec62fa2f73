"""The images that targets hold, as the files themselves name them, and what stands there now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promoter.domain.errors import RefusedError, SelectionError
from promoter.domain.image import split
from promoter.edits import kustomization
from promoter.edits.region import Region
from promoter.edits.targets import KustomizeTarget
from promoter.edits.working_files import WorkingFiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import PurePosixPath

    from promoter.domain.model import Tree
    from promoter.edits.targets import EditTarget, Target


@dataclass(frozen=True, slots=True)
class HeldImage:
    """An image that a target holds, with the tag and digest that stand there now."""

    name: str
    tag: str | None = None
    digest: str | None = None
    new_name: str | None = None
    """The name that an entry or override puts in its place."""
    listed: bool = False
    """Whether the target names it, and not only the file."""

    @property
    def repository(self) -> str:
        """The name under which it is pulled."""
        return self.new_name or split(self.name)[0]


def held_images(
    tree: Tree, file: PurePosixPath, targets: Sequence[EditTarget]
) -> tuple[HeldImage, ...]:
    """Return each image that the targets hold by a name of their own or of the file's.

    `file` is the environment's kustomization. A place of which nothing says what its image is called
    is passed over. Raises as the targets' `find` does.
    """
    files = WorkingFiles(tree, file.parent)
    found: dict[str, HeldImage] = {}
    for target in sorted(targets, key=lambda one: not isinstance(one, KustomizeTarget)):
        images = (
            _entries(files, file)
            if isinstance(target, KustomizeTarget)
            else _in_file(files, target)
        )
        for image in images:
            found.setdefault(image.name, image)
    return tuple(found.values())


def _entries(files: WorkingFiles, file: PurePosixPath) -> Iterator[HeldImage]:
    """Yield the images of a kustomization's entries."""
    for entry in kustomization.read(file, files.read(file)).entries:
        yield HeldImage(entry.name or "", entry.tag, entry.digest, entry.new_name)


def _in_file(files: WorkingFiles, target: Target) -> Iterator[HeldImage]:
    """Yield the images of one target, each with what its sites say together."""
    try:
        path = files.path(target.file)
        sites = list(target.find(Region.of(path, files.read(path))))
    except (RefusedError, SelectionError):
        # Where the target names its image, what stands there is the edit's concern.
        if target.image is None:
            raise
        sites = []
    names = {target.image or site.name: None for site in sites}
    for name in filter(None, names):
        own = [site for site in sites if (target.image or site.name) == name]
        values = [site.value for site in (*own, *(d for site in own for d in site.digests()))]
        yield HeldImage(
            name,
            next((tag for tag, _ in values if tag), None),
            next((digest for _, digest in values if digest), None),
            next((site.new_name for site in own if site.new_name), None),
            listed=target.image is not None,
        )
    if not names and target.image is not None:
        yield HeldImage(target.image, listed=True)
