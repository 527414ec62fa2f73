"""One commit's files through GitHub's API: each object is asked for once, and proved by its id."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from promoter.domain.model import PathKind
from promoter.forges.github.git_data.objects import Reader
from promoter.git.tree import ROOT, checked, kind_of_mode, unfolded


class GitHubTree:
    """A `promoter.domain.model.Tree` over one commit, read object by object as it is needed."""

    def __init__(self, reader: Reader, commit: str) -> None:
        self._reader = reader
        self.commit = commit
        self._listings: dict[PurePosixPath, dict[str, tuple[str, int]]] = {}
        self._unfolded: set[PurePosixPath] = set()

    def entries(self, directory: PurePosixPath) -> Mapping[str, PathKind]:
        """Return the names in a directory with their kinds; empty where there is no directory."""
        return _Entries(self, directory)

    def is_folder(self, path: PurePosixPath) -> bool | None:
        """Return whether a path is a folder (False: nothing is there), where that is known already."""
        if (self.commit, path) in self._reader.absent:
            return False
        known = self._listings.get(path) or self._reader.folders.get((self.commit, path))
        return True if known or (self.commit, path) in self._reader.parents else None

    def is_listed(self, directory: PurePosixPath) -> bool:
        """Return whether the names in a folder are known, or that there is none."""
        key = self.commit, directory
        known = directory in self._listings or key in self._reader.folders
        return known or key in self._reader.absent

    def read(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes; for a symlink its target. Raises `KeyError` where there is none."""
        oid, mode = self.listing(path.parent)[path.name]
        if stat.S_ISDIR(mode) or not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise KeyError(str(path))
        return self._reader.blob(oid)

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        """Fetch many files in few requests; names that are no file are passed over."""
        paths = list(paths)
        folders = (path.parent for path in paths)
        self._reader.read_folders(self.commit, [one for one in folders if not self._is_absent(one)])
        found = (self.listing(path.parent).get(path.name) for path in paths)
        self._reader.blobs([entry[0] for entry in found if entry and stat.S_ISREG(entry[1])])

    def look_into(self, directories: Iterable[PurePosixPath]) -> None:
        """Read the names in many directories in few requests."""
        unknown = (one for one in directories if one not in self._listings)
        self._reader.read_folders(self.commit, [one for one in unknown if not self._is_absent(one)])

    def at_hand(self, paths: Iterable[PurePosixPath]) -> list[PurePosixPath]:  # noqa: ARG002 - as others
        """Return none: what of them has come is not known."""
        return []

    def unfold(self, directory: PurePosixPath) -> None:
        """Read all names below a directory in one request, where GitHub does not cut the answer."""
        place = self.listing(directory.parent).get(directory.name) if directory.name else None
        oid = place[0] if place else self._reader.commit(self.commit).tree
        if directory in self._unfolded or (directory.name and place is None):
            return
        self._listings |= unfolded(self._reader.below(oid), directory)
        self._unfolded.add(directory)

    def at(self, commit: str) -> GitHubTree:
        """Return the files of another commit, read as they are needed."""
        return GitHubTree(self._reader, commit)

    def prefetch_at(self, files: Mapping[str, Iterable[PurePosixPath]]) -> None:
        """Fetch files of other commits: their folders in few requests, with the files' texts."""
        wanted = [(commit, path) for commit, paths in files.items() for path in paths]
        self._reader.read_folders_of((commit, path.parent) for commit, path in wanted)
        shown = (
            entry
            for commit, path in wanted
            if (entry := self._reader.folders.get((commit, path.parent), {}).get(path.name))
        )
        self._reader.blobs([oid for oid, mode in shown if stat.S_ISREG(mode)])

    def has_ancestor(self, commit: str) -> bool:
        """Return whether a commit led to this one; it is asked for once."""
        return self._reader.is_ancestor(commit, self.commit)

    def listing(self, directory: PurePosixPath) -> dict[str, tuple[str, int]]:
        """Return name → (object id, mode) of a directory; empty where there is none."""
        if directory not in self._listings:
            self._listings[directory] = checked(self._list(directory), directory)
        return self._listings[directory]

    def _is_absent(self, directory: PurePosixPath) -> bool:
        """Return whether the nearest folder above that is known holds no folder that leads there."""
        for parent in directory.parents:
            known = self._listings.get(parent, self._reader.folders.get((self.commit, parent)))
            if known is not None:
                entry = known.get(directory.relative_to(parent).parts[0])
                return entry is None or not stat.S_ISDIR(entry[1])
        return False

    def _list(self, directory: PurePosixPath) -> dict[str, tuple[str, int]]:
        if self._is_absent(directory):
            return {}
        self._reader.read_folders(self.commit, [directory])
        known = self._reader.folders.get((self.commit, directory))
        if known is not None:
            return known
        if directory == ROOT:
            return self._reader.tree(self._reader.commit(self.commit).tree)
        entry = self.listing(directory.parent).get(directory.name)
        if entry is None or not stat.S_ISDIR(entry[1]):
            return {}
        return self._reader.tree(entry[0])


class _Entries(Mapping[str, PathKind]):
    """The names in a folder; the folder is listed once more is asked than what is known below it."""

    def __init__(self, tree: GitHubTree, directory: PurePosixPath) -> None:
        self._tree, self._directory = tree, directory

    def __getitem__(self, name: str) -> PathKind:
        if not self._tree.is_listed(self._directory):
            known = self._tree.is_folder(self._directory / name)
            if known:
                return PathKind.DIRECTORY
            if known is False:
                raise KeyError(name)
        return kind_of_mode(self._tree.listing(self._directory)[name][1])

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree.listing(self._directory))

    def __len__(self) -> int:
        return len(self._tree.listing(self._directory))
