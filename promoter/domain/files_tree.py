"""A few files as one commit left them, seen as a tree that has no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import PurePosixPath


class FilesTree:
    """A `Tree` of some files alone, of which the contents are at hand."""

    def __init__(self, commit: str, files: Mapping[PurePosixPath, bytes]) -> None:
        self._commit, self._files = commit, files

    @property
    def commit(self) -> str:
        """The commit's id."""
        return self._commit

    def entries(self, directory: PurePosixPath) -> Mapping[str, Kind]:
        """Return the names of the files in a directory."""
        return {path.name: Kind.FILE for path in self._files if path.parent == directory}

    def read(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes. Raises `KeyError` where it is none of these."""
        return self._files[path]

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        """All files are at hand."""

    def unfold(self, directory: PurePosixPath) -> None:
        """All names are at hand."""
