"""The files of a folder on disk, seen as a `promoter.domain.model.Tree`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from promoter.domain.model import Kind, Tree
from promoter.limits import FILE_LIMIT, too_large


class DirectoryTree:
    """A folder's files; links are reported, never followed."""

    commit = ""
    """Files on disk belong to no commit."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def entries(self, directory: PurePosixPath) -> Mapping[str, Kind]:
        """Return the names in a directory with their kinds; empty where there is no directory."""
        if self._through_link(directory):
            return {}
        try:
            with os.scandir(self._root / directory) as found:
                return {entry.name: _kind(entry) for entry in found if entry.name != ".git"}
        except (OSError, ValueError):
            return {}

    def read(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes; for a symlink its target. Raises `KeyError` where there is none."""
        full = self._root / path
        if self._through_link(path.parent):
            raise KeyError(str(path))
        try:
            if full.is_symlink():
                return os.fsencode(full.readlink())
            found = full.stat()
            if not stat.S_ISREG(found.st_mode):
                raise KeyError(str(path))
            if found.st_size > FILE_LIMIT:
                raise too_large(path, found.st_size)
            return full.read_bytes()
        except (OSError, ValueError) as error:
            raise KeyError(str(path)) from error

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        """Do nothing: the files are here."""

    def _through_link(self, directory: PurePosixPath) -> bool:
        """Return whether a folder lies behind a link, which could lead anywhere."""
        parts = [directory, *directory.parents][:-1]
        return any((self._root / part).is_symlink() for part in parts)

    def unfold(self, directory: PurePosixPath) -> None:
        """Do nothing: a folder is read as fast alone."""

    def look_into(self, directories: Iterable[PurePosixPath]) -> None:
        """Do nothing: a folder is read as fast alone."""

    def at_hand(self, paths: Iterable[PurePosixPath]) -> list[PurePosixPath]:
        """Return all of them."""
        return list(paths)

    def at(self, commit: str) -> Tree:
        """Raise `KeyError`: a folder has no commits."""
        raise KeyError(commit)

    def prefetch_at(self, files: Mapping[str, Iterable[PurePosixPath]]) -> None:
        """Raise `KeyError`, as `at` does, for any commit."""
        for commit in files:
            raise KeyError(commit)

    def has_ancestor(self, commit: str) -> bool:  # noqa: ARG002 - the protocol's
        """Return False: a folder has no commits."""
        return False


def _kind(entry: os.DirEntry[str]) -> Kind:
    if entry.is_symlink():
        return Kind.SYMLINK
    return Kind.DIRECTORY if entry.is_dir(follow_symlinks=False) else Kind.FILE
