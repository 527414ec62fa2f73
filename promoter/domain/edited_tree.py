"""A commit's files as edits leave them, before any commit is made of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import PurePosixPath

    from promoter.domain.model import Kind, Tree


class EditedTree:
    """A `Tree` with changed files over another one's; no file is added or removed."""

    def __init__(self, base: Tree, files: Mapping[PurePosixPath, bytes]) -> None:
        self._base, self._files = base, files

    @property
    def commit(self) -> str:
        """The id of the commit below."""
        return self._base.commit

    def entries(self, directory: PurePosixPath) -> Mapping[str, Kind]:
        """Return the names in a directory with their kinds."""
        return self._base.entries(directory)

    def read(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes after the edits. Raises `KeyError` where there is none."""
        found = self._files.get(path)
        return self._base.read(path) if found is None else found

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        """Bring many files in one round trip."""
        self._base.prefetch(path for path in paths if path not in self._files)

    def unfold(self, directory: PurePosixPath) -> None:
        """Read all names below a directory at once."""
        self._base.unfold(directory)


def edited(tree: Tree, files: Mapping[PurePosixPath, bytes]) -> Tree:
    """Return a tree with these files over its own."""
    if isinstance(tree, EditedTree):
        return EditedTree(tree._base, {**tree._files, **files})  # noqa: SLF001 - its own kind
    return EditedTree(tree, files)
