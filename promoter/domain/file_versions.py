"""Versions of files on the base: of one file, and of several together, newest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import islice
from pathlib import PurePosixPath

from promoter.domain.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A file as one commit left it; `first` where what came before was not read."""

    commit: str
    time: int
    """When it reached the base at the earliest: its own date, or a later one that it stands on."""
    message: str
    """Of a merge, what the commit that it brought says: there stand the trailers."""
    data: bytes
    """What the file held; empty where the commit deleted it."""
    first: bool = False
    pull: int | None = None
    """The pull request that brought it to the base, where that is known."""
    author: str = ""
    """Who made the commit by which it reached the base."""
    title: str = ""
    """The first line of that commit's own message."""
    path: PurePosixPath = field(default_factory=PurePosixPath)
    """What the file was called."""
    depth: int | None = None
    """How many commits the base has had since, along its first parents; None where unknown."""


@dataclass(frozen=True, slots=True)
class AppVersion:
    """One commit with what it left of an app's files; those that it deleted are missing."""

    commit: str
    time: int
    message: str
    author: str
    title: str
    pull: int | None
    files: Mapping[PurePosixPath, bytes]
    path: PurePosixPath
    """What the file was called, of those that it changed the first."""
    changed: frozenset[PurePosixPath]
    """Those that it changed, by their names of today."""
    is_first: bool = False


def joined_versions(
    paths: Iterable[PurePosixPath], versions: Mapping[PurePosixPath, Iterable[FileVersion]]
) -> Iterator[AppVersion]:
    """Yield what commits left of some files together, newest first."""
    streams = {path: _Stream(iter(versions.get(path, ()))) for path in paths}
    while there := {path: head for path, one in streams.items() if (head := one.head)}:
        newest = _newest(list(streams.values()))
        changed = [path for path, one in there.items() if one.commit == newest.commit]
        named = there[changed[0]]
        yield AppVersion(
            commit=newest.commit,
            time=newest.time,
            message=named.message,
            author=named.author,
            title=named.title,
            pull=named.pull,
            files={path: one.data for path, one in there.items() if one.data},
            path=named.path,
            changed=frozenset(changed),
            is_first=any(there[path].first for path in changed),
        )
        for path in changed:
            streams[path].pop()


class _Stream:
    """The versions of one file, of which some can be looked at before they are taken."""

    def __init__(self, versions: Iterator[FileVersion]) -> None:
        self._versions, self._ahead = versions, deque(islice(versions, 1))

    @property
    def head(self) -> FileVersion | None:
        """The newest version that was not taken; None at the end."""
        return self._ahead[0] if self._ahead else None

    def pop(self) -> None:
        """Take the newest version."""
        self._ahead.popleft()
        if not self._ahead:
            self._ahead.extend(islice(self._versions, 1))

    def has_later(self, wanted: FileVersion) -> bool:
        """Return whether a version's commit comes behind the newest one here."""
        while self._ahead and self._ahead[-1].time >= wanted.time:
            if not (more := list(islice(self._versions, 1))):
                break
            self._ahead += more
        return any(one.commit == wanted.commit for one in islice(self._ahead, 1, None))


def _newest(streams: Sequence[_Stream]) -> FileVersion:
    """Return the version that the base had last.

    Where their places on the base are not known, commits of one second are ordered by their files.
    """
    found = [one.head for one in streams if one.head]
    if all(one.depth is not None for one in found):
        return min(found, key=lambda one: one.depth or 0)
    heads = sorted(found, key=lambda one: -one.time)
    return next((one for one in heads if not any(s.has_later(one) for s in streams)), heads[0])
