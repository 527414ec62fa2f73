"""The histories of a bare repository's commits, as `git rev-list` and `git merge-base` tell them.

They are read from the commits themselves: git would take a process for each of thousands of questions.
"""

from __future__ import annotations

import re
from functools import cache
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.github.objects import Objects

# Further back, git itself is faster: a folder of ten thousand apps has as many entries in each commit.
_FAR = 64
_HEAD = re.compile(rb"tree (\w+)\n((?:parent \w+\n)*)author .*\ncommitter .* (\d+) [+-]\d{4}\n")


class _Links(NamedTuple):
    """What a commit says of its place: its tree, the commits before it and its time."""

    tree: str
    parents: tuple[str, ...]
    time: int


class Ancestry:
    """How the commits of one repository follow each other; a commit that is not there is a `KeyError`."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        # What an id names never changes.
        self._links = cache(self._read_links)
        self._entries = cache(self._read_entries)
        self._all = cache(self._read_all)

    def is_ancestor(self, old: str, new: str) -> bool:
        """Say whether a commit is the other or in its history."""
        return old in self._all(new)

    def merge_base(self, one: str, other: str) -> str | None:
        """Return where two histories part."""
        shared = self._all(one) & self._all(other)
        best = shared - {parent for sha in shared for parent in self._links(sha).parents}
        return max(best, key=lambda sha: self._links(sha).time, default=None)

    def listed(self, tip: str, *, without: str = "", path: str = "") -> Iterator[str]:
        """Yield the commits of a history, newest first: those another lacks, those that changed a path."""
        hidden = self._all(without) if without else frozenset[str]()
        waiting, number, known = [(0, 0, tip)], count(1), {tip}
        yielded = 0
        while waiting:
            sha = heappop(waiting)[2]
            if sha in hidden:
                continue
            if path and len(known) > _FAR and not without:
                yield from self._objects.git("rev-list", tip, "--", path).split()[yielded:]
                return
            parents = self._links(sha).parents
            now = self._entry(sha, path) if path else None
            # Of a merge that took the path from one side, the other side tells nothing of it.
            same = [one for one in parents if path and self._entry(one, path) == now][:1]
            if not same and (not path or parents or now):
                yield sha
                yielded += 1
            for one in same or parents:
                if one not in known:
                    known.add(one)
                    heappush(waiting, (-self._links(one).time, next(number), one))

    def _entry(self, sha: str, path: str) -> tuple[str, str] | None:
        """Return the mode and the object of a path in a commit, or None where it is not there."""
        found: tuple[str, str] | None = ("40000", self._links(sha).tree)
        for name in path.strip("/").split("/"):
            if found is None or found[0] != "40000":
                return None
            found = self._entries(found[1]).get(name)
        return found

    def _read_entries(self, tree: str) -> dict[str, tuple[str, str]]:
        """Return name → (mode, object) of a tree."""
        found = self._objects.get(tree)
        assert found is not None, f"there is no tree {tree}"
        return {name: (mode, oid) for mode, oid, name in found.entries()}

    def _read_links(self, sha: str) -> _Links:
        """Return what a commit says of its place."""
        found = self._objects.get(f"{sha}^{{commit}}")
        said = _HEAD.match(found.data) if found else None
        if said is None:
            raise KeyError(sha)
        parents = tuple(said[2].decode().replace("parent ", "").split())
        return _Links(said[1].decode(), parents, int(said[3]))

    def _read_all(self, tip: str) -> frozenset[str]:
        """Return a commit and all of its history."""
        found, waiting = {tip}, [tip]
        while waiting:
            new = set(self._links(waiting.pop()).parents) - found
            found |= new
            waiting += new
        return frozenset(found)
