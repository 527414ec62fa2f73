"""The folders of a kustomization's graph, written to disk for a build."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from promoter.domain.errors import RefusedError
from promoter.domain.model import PathKind, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES

_FILES, _BYTES = 3000, 32 * 1024 * 1024


def write(
    tree: Tree,
    folders: Iterable[PurePosixPath],
    roots: Sequence[Path],
    single: Iterable[PurePosixPath] = (),
    kustomizations: Container[PurePosixPath] | None = None,
) -> tuple[PurePosixPath, ...] | None:
    """Write folders with all below them, and single files, into each root; None for too many.

    Of files called as kustomizations, only those that are given, where they are: a build that may
    read files of every folder shall find no other. Returns what is left out: links and submodules,
    which are never followed.
    """
    found = dict(item for folder in folders for item in _below(tree, folder))
    found |= dict.fromkeys(single, PathKind.FILE)
    files = sorted(
        path
        for path, kind in found.items()
        if kind is PathKind.FILE
        and (
            kustomizations is None or path in kustomizations or path.name not in KUSTOMIZATION_NAMES
        )
    )
    if len(files) > _FILES:
        return None
    tree.prefetch(files)
    size = 0
    for path in files:
        try:
            data = tree.read(path)
        except RefusedError:
            return None
        size += len(data)
        if size > _BYTES:
            return None
        if path.is_absolute() or ".." in path.parts:
            raise AssertionError(f"{path} would be written outside of the folder that is rendered")
        for root in roots:
            put(root / path, data)
    return tuple(path for path, kind in found.items() if kind is not PathKind.FILE)


def put(file: Path, data: bytes) -> None:
    """Write one file, with the folders that it is in."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    # Git's modes are not known here; a program that may be run at all has to be runnable.
    file.chmod(0o700)


def _below(tree: Tree, folder: PurePosixPath) -> Iterator[tuple[PurePosixPath, PathKind]]:
    stack, seen = [folder], 0
    while stack and seen <= _FILES:
        current = stack.pop()
        for name, kind in tree.entries(current).items():
            if kind is PathKind.DIRECTORY:
                stack.append(current / name)
            else:
                seen += 1
                yield current / name, kind
