"""A clone's objects: what git has, and what was made here and is kept in memory until it is pushed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from promoter.gitops.git import failure
from promoter.gitops.pack import Entry, pack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promoter.gitops.git import Git

# From so many on, a process of its own reads them faster than the one that answers each by itself.
_MANY = 50


class Objects:
    """The contents of a clone's objects by their ids; each is read once in a run."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._known: dict[str, bytes] = {}
        self._made: list[Entry] = []

    def read(self, name: str) -> bytes:
        """Return an object's bytes by its id, or by a name such as `COMMIT^{tree}`; else `KeyError`."""
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._git.data(name)[1]
        return found

    def load(self, oids: Iterable[str]) -> None:
        """Read many objects at once that will each be asked for; those that are not here are left out."""
        missing = [oid for oid in dict.fromkeys(oids) if oid not in self._known]
        if len(missing) < _MANY:
            return
        result = self._git.attempt(
            "cat-file", "--batch", "--buffer", stdin="".join(f"{oid}\n" for oid in missing).encode()
        )
        if result.status != 0:
            raise failure("cat-file", result)
        answers, place = result.stdout, 0
        while place < len(answers):
            # `ID KIND SIZE`, a line break, so many bytes, a line break; or `ID missing`.
            end = answers.index(b"\n", place)
            oid, _, rest = answers[place:end].partition(b" ")
            place = end + 1
            size = rest.rpartition(b" ")[2]
            if size.isdigit():
                self._known[oid.decode()] = answers[place : place + int(size)]
                place += int(size) + 1

    def add(self, kind: str, data: bytes, *, like: str | None = None) -> str:
        """Keep a new object and return its id; git has it after `save`.

        `like` is the object of the same kind that it differs little from.
        """
        header = b"%b %d\0" % (kind.encode("ascii"), len(data))
        name = hashlib.sha1(header + data, usedforsecurity=False).hexdigest()
        if name not in self._known:
            self._known[name] = data
            self._made.append(Entry(name, kind, data, (like, self._known[like]) if like else None))
        return name

    def save(self) -> None:
        """Give git what was added since the last time, in one go; git computes each id anew."""
        if not self._made:
            return
        # The clone lives as long as the run: what it holds need not outlive a power cut.
        unsafe = ("-c", "core.fsync=none")
        result = self._git.attempt(
            *unsafe, "index-pack", "--stdin", "--fix-thin", stdin=pack(self._made)
        )
        if result.status != 0:
            raise failure("index-pack", result)
        self._made.clear()
