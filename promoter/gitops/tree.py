"""One commit's files, read from the clone's object store and remembered for the run."""

from __future__ import annotations

import stat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from git.objects.fun import tree_entries_from_data

from promoter.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from promoter.gitops.clone import Clone

ROOT = PurePosixPath(".")


class GitTree:
    """A `promoter.model.Tree` over one commit of a clone; file contents are fetched in batches."""

    def __init__(self, clone: Clone, commit: str) -> None:
        self._clone = clone
        self._commit = commit
        self._directories: dict[PurePosixPath, dict[str, tuple[str, int]]] = {}
        self._contents: dict[str, bytes] = {}

    @property
    def commit(self) -> str:
        """The commit's id."""
        return self._commit

    def entries(self, directory: PurePosixPath) -> Mapping[str, Kind]:
        """Return the names in a directory with their kinds; empty where there is no directory."""
        return {name: kind_of(mode) for name, (_, mode) in self.listing(directory).items()}

    def read(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes; for a symlink its target. Raises `KeyError` where there is none."""
        oid, mode = self.listing(path.parent)[path.name]
        if kind_of(mode) not in (Kind.FILE, Kind.SYMLINK):
            raise KeyError(str(path))
        if oid not in self._contents:
            self._clone.fetch_blobs([oid])
            self._contents[oid] = self._clone.git.data(oid)[1]
        return self._contents[oid]

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        """Bring many files in one round trip; names that are no file are passed over."""
        found = (self.listing(path.parent).get(path.name) for path in paths)
        self._clone.fetch_blobs(
            [entry[0] for entry in found if entry and kind_of(entry[1]) is Kind.FILE]
        )

    def mode(self, path: PurePosixPath) -> int:
        """Return a path's mode as git keeps it, or raise `KeyError`."""
        return self.listing(path.parent)[path.name][1]

    def oid(self, path: PurePosixPath) -> str:
        """Return the object id of a path; '.' is the root."""
        if path == ROOT:
            return self._clone.git(*("rev-parse", "--verify", f"{self._commit}^{{tree}}"))
        return self.listing(path.parent)[path.name][0]

    def listing(self, directory: PurePosixPath) -> dict[str, tuple[str, int]]:
        """Return name → (object id, mode) of a directory; empty where there is none."""
        if directory not in self._directories:
            self._directories[directory] = self._list(directory)
        return self._directories[directory]

    def _list(self, directory: PurePosixPath) -> dict[str, tuple[str, int]]:
        """Read one directory, from the root down, so that nothing absent is asked for."""
        if directory == ROOT:
            name = f"{self._commit}^{{tree}}"
        else:
            entry = self.listing(directory.parent).get(directory.name)
            if entry is None or not stat.S_ISDIR(entry[1]):
                return {}
            name = entry[0]
        _, data = self._clone.git.data(name)
        return {name: (binsha.hex(), mode) for binsha, mode, name in tree_entries_from_data(data)}


def kind_of(mode: int) -> Kind:
    """Return what a git mode says a path is."""
    if stat.S_ISDIR(mode):
        return Kind.DIRECTORY
    if stat.S_ISLNK(mode):
        return Kind.SYMLINK
    return Kind.FILE if stat.S_ISREG(mode) else Kind.SUBMODULE
