"""The files of a folder on disk, seen as a `promoter.domain.model.Tree`."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from promoter.domain.model import PathKind
from promoter.domain.trees import TreeAtHand
from promoter.system.limits import FILE_LIMIT, too_large


class DirectoryTree(TreeAtHand):
    """A folder's files, which belong to no commit; links are reported, never followed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def entries(self, directory: PurePosixPath) -> Mapping[str, PathKind]:
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

    def _through_link(self, directory: PurePosixPath) -> bool:
        """Return whether a folder lies behind a link, which could lead anywhere."""
        parts = [directory, *directory.parents][:-1]
        return any((self._root / part).is_symlink() for part in parts)


def _kind(entry: os.DirEntry[str]) -> PathKind:
    if entry.is_symlink():
        return PathKind.SYMLINK
    return PathKind.DIRECTORY if entry.is_dir(follow_symlinks=False) else PathKind.FILE
