"""Where an app's images are written, where the configuration names no targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from promoter.domain.errors import RefusedError
from promoter.domain.model import PathKind, Tree
from promoter.edits.region import Region
from promoter.edits.targets import TARGETS, FileTarget

_YAML = frozenset({".yaml", ".yml", ".json"})
_FILES_LIMIT = 500


def discover(tree: Tree, directory: PurePosixPath, names: Sequence[str]) -> tuple[FileTarget, ...]:
    """Return a target for each image in each file below an environment's folder that holds it.

    Files outside the folder may be shared with other environments, and are not looked at. Of one
    file, the first kind of `TARGETS` that finds an image holds it.
    """
    files = list(_files(tree, directory))[:_FILES_LIMIT]
    tree.prefetch(files)
    return tuple(target for path in files for target in _in_file(tree, path, names))


def _files(tree: Tree, directory: PurePosixPath) -> Iterator[PurePosixPath]:
    for name, kind in sorted(tree.entries(directory).items()):
        path = directory / name
        if kind is PathKind.DIRECTORY:
            yield from _files(tree, path)
        elif kind is PathKind.FILE and (path.suffix in _YAML or name == "Kustomization"):
            yield path


def _in_file(tree: Tree, path: PurePosixPath, names: Sequence[str]) -> Iterator[FileTarget]:
    """Yield the targets of one file; what cannot be read or edited holds none."""
    data = tree.read(path)
    held = [name for name in names if name.encode() in data]
    if not held:
        return
    try:
        region = Region.of(path, data)
        kinds = [target.in_file(f"/{path}", region) for target in TARGETS]
    except RefusedError:
        return
    for name in held:
        holding = next((kind[name] for kind in kinds if name in kind), None)
        if holding is not None:
            yield holding
