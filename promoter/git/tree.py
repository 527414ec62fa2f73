"""One commit's files, read from the clone's object store and remembered for the run."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

from promoter.domain.errors import RefusedError
from promoter.domain.model import PathKind
from promoter.domain.refusal import Refusal
from promoter.git.failures import git_error

if TYPE_CHECKING:
    from promoter.git.objects import Listing, Objects
    from promoter.git.program import Git

ROOT = PurePosixPath(".")
_PLAIN_FILE = 0o100644
_LEADING_OUT = frozenset({"", ".", ".."})


class _Remote(Protocol):
    """Where more of the repository is fetched from."""

    def fetch(self, *commits: str) -> None:
        """Fetch commits with their directories."""

    def is_ancestor(self, commit: str, *, of: str) -> bool:
        """Return whether a commit is in the history of another."""


class GitTree:
    """A `promoter.domain.model.Tree` over one commit of a clone; file contents are fetched in batches."""

    def __init__(
        self, git: Git, objects: Objects, commit: str, remote: _Remote | None = None
    ) -> None:
        self._git, self._objects, self._remote = git, objects, remote
        self._others: dict[str, GitTree] = {}
        self.commit = commit
        self._directories: dict[PurePosixPath, Listing] = {}
        self._kinds: dict[PurePosixPath, dict[str, PathKind]] = {}
        self._unfolded: set[PurePosixPath] = set()

    def entries(self, directory: PurePosixPath) -> Mapping[str, PathKind]:
        """Return the names in a directory with their kinds; empty where there is no directory."""
        found = self._kinds.get(directory)
        if found is None:
            listing = self.listing(directory)
            found = self._kinds[directory] = {
                n: kind_of_mode(mode) for n, (_, mode) in listing.items()
            }
        return found

    def read(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes; for a symlink its target. Raises `KeyError` where there is none."""
        oid, mode = self.listing(path.parent)[path.name]
        if kind_of_mode(mode) not in (PathKind.FILE, PathKind.SYMLINK):
            raise KeyError(str(path))
        self._objects.fetch([oid])
        try:
            return self._objects.read(oid)
        except RefusedError as error:
            # The object is known by its id there; people know the path.
            raise RefusedError([replace(one, file=str(path)) for one in error.refusals]) from None

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        """Fetch many files in one round trip; names that are no file are passed over."""
        self._objects.fetch(self.files(paths))

    def files(self, paths: Iterable[PurePosixPath]) -> list[str]:
        """Return the object ids of those paths that are files."""
        found = (self.listing(path.parent).get(path.name) for path in paths)
        return [entry[0] for entry in found if entry and kind_of_mode(entry[1]) is PathKind.FILE]

    def unfold(self, directory: PurePosixPath) -> None:
        """Read all names below a directory at once, before many of its folders are looked into."""
        if directory in self._unfolded or not self.listing(directory):
            return
        name = f"{self.commit}:{'' if directory == ROOT else directory}"
        listed = self._git.attempt("ls-tree", "-r", "-t", "-z", "--full-tree", name)
        if listed.status != 0:
            raise git_error("ls-tree", listed)
        lines = filter(None, listed.stdout.decode("utf-8", "surrogateescape").split("\0"))
        self._directories |= unfolded((_parsed(line) for line in lines), directory)
        self._unfolded.add(directory)

    def look_into(self, directories: Iterable[PurePosixPath]) -> None:
        """Do nothing: the directories of a commit come with it."""

    def is_listed(self, directory: PurePosixPath) -> bool:  # noqa: ARG002 - as others
        """Return True: the directories of a commit come with it."""
        return True

    def at_hand(self, paths: Iterable[PurePosixPath]) -> list[PurePosixPath]:
        """Return those files whose contents have come already."""
        here = ((path, self.files([path])) for path in paths)
        return [path for path, oids in here if oids and self._objects.are_here(oids)]

    def at(self, commit: str) -> GitTree:
        """Return the files of another commit, which is fetched where its folders are not here."""
        if commit not in self._others:
            if not self._is_here(commit):
                self._fetch_commits([commit])
            self._others[commit] = GitTree(self._git, self._objects, commit, self._remote)
        return self._others[commit]

    def prefetch_at(self, files: Mapping[str, Iterable[PurePosixPath]]) -> None:
        """Fetch files of other commits in one round trip, and their folders in one before it."""
        if absent := [commit for commit in files if not self._is_here(commit)]:
            self._fetch_commits(absent)
        found = (oid for commit, paths in files.items() for oid in self.at(commit).files(paths))
        self._objects.fetch(found)

    def _is_here(self, commit: str) -> bool:
        objects = self._objects
        if objects.find(commit) is None:
            return False
        return objects.find(objects.root(commit)) is not None

    def _fetch_commits(self, commits: Sequence[str]) -> None:
        if self._remote is None:
            raise KeyError(commits[0])
        self._remote.fetch(*commits)

    def has_ancestor(self, commit: str) -> bool:
        """Return whether a commit led to this one; as much of the history is fetched as says so."""
        return self._remote is not None and self._remote.is_ancestor(commit, of=self.commit)

    def mode(self, path: PurePosixPath) -> int:
        """Return a path's mode as git keeps it; that of a plain file where there is none yet."""
        entry = self.listing(path.parent).get(path.name)
        return entry[1] if entry else _PLAIN_FILE

    def oid(self, path: PurePosixPath) -> str:
        """Return the object id of a path; '.' is the root."""
        if path == ROOT:
            return self._objects.root(self.commit)
        return self.listing(path.parent)[path.name][0]

    def listing(self, directory: PurePosixPath) -> Listing:
        """Return name → (object id, mode) of a directory; empty where there is none."""
        if directory not in self._directories:
            self._directories[directory] = self._list(directory)
        return self._directories[directory]

    def _list(self, directory: PurePosixPath) -> Listing:
        """Read one directory, from the root down, so that nothing absent is asked for."""
        if directory == ROOT:
            return checked(self._objects.listing(self.oid(ROOT)), directory)
        entry = self.listing(directory.parent).get(directory.name)
        if entry is None or not stat.S_ISDIR(entry[1]):
            return {}
        return checked(self._objects.listing(entry[0]), directory)


def checked(listing: Listing, directory: PurePosixPath) -> Listing:
    """Return a directory's names, or raise `RefusedError` for one that leads out of it.

    A commit may hold what no work tree can: whoever made it need not have asked git.
    """
    for name in listing:
        if name in _LEADING_OUT or "/" in name or name.lower() == ".git":
            raise _no_name(name, directory)
    return listing


def unfolded(
    entries: Iterable[tuple[str, str, int]], directory: PurePosixPath
) -> dict[PurePosixPath, Listing]:
    """Return every directory below one from path, id and mode of all it holds; names are checked."""
    found: dict[str, Listing] = {}
    for path, oid, mode in entries:
        parent, _, name = path.rpartition("/")
        found.setdefault(parent, {})[name] = (oid, mode)
    for below in filter(None, found):
        parent, _, name = below.rpartition("/")
        if name not in found.get(parent, ()):
            raise _no_name(f"{name}/{min(found[below])}", directory / parent)
    return {directory / below: checked(names, directory / below) for below, names in found.items()}


def _parsed(line: str) -> tuple[str, str, int]:
    fields, _, path = line.partition("\t")
    mode, _, oid = fields.split(" ", 2)
    return path, oid, int(mode, 8)


def _no_name(name: str, directory: PurePosixPath) -> RefusedError:
    """Return the refusal of an entry that no checkout could make a file of."""
    reason = f"the commit holds an entry with the name {name!r}, which no file can have"
    hint = "Remove it from the repository; git fsck names it."
    return RefusedError([Refusal("entry-name", reason, hint, str(directory))])


def kind_of_mode(mode: int) -> PathKind:
    """Return what a git mode says a path is."""
    if stat.S_ISDIR(mode):
        return PathKind.DIRECTORY
    if stat.S_ISLNK(mode):
        return PathKind.SYMLINK
    return PathKind.FILE if stat.S_ISREG(mode) else PathKind.SUBMODULE


class Listed(Protocol):
    """A commit whose directories can be compared by their object ids."""

    def listing(self, directory: PurePosixPath) -> dict[str, tuple[str, int]]:
        """Return name → (object id, mode) of a directory; empty where there is none."""


def differing(
    before: Listed, after: Listed, directory: PurePosixPath = ROOT
) -> Iterator[PurePosixPath]:
    """Yield the paths in which two commits differ; directories with one id are passed over."""
    old, new = before.listing(directory), after.listing(directory)
    if old is new:
        return
    for name in sorted({name for name, _ in old.items() ^ new.items()}):
        yield from _between(before, after, directory / name, (old.get(name), new.get(name)))


def _between(
    before: Listed,
    after: Listed,
    path: PurePosixPath,
    pair: tuple[tuple[str, int] | None, tuple[str, int] | None],
) -> Iterator[PurePosixPath]:
    if any(entry and stat.S_ISDIR(entry[1]) for entry in pair):
        yield from differing(before, after, path)
    else:
        yield path
