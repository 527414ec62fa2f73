"""A clone's objects by their ids: fetched in batches, read once."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from promoter.domain.errors import RemoteError
from promoter.git.failures import DAMAGED, git_error
from promoter.git.isolation import FETCH, REMOTE
from promoter.git.program import Git, object_id
from promoter.git.retry import with_retries
from promoter.system.limits import FILE_LIMIT

if TYPE_CHECKING:
    Listing: TypeAlias = dict[str, tuple[str, int]]

# From so many on, a process of its own reads them faster than the one that answers each by itself.
_MANY = 50
_ROOT = re.compile(rb"tree ([0-9a-f]{40})\n")


class Objects:
    """The contents of a clone's objects by their ids; each is fetched and read once in a run."""

    def __init__(self, git: Git) -> None:
        self.blobless = True
        """Whether file contents are left at the remote until they are fetched."""
        self._git = git
        self._present: set[str] = set()
        self._fetch_probable: Callable[[], None] | None = None
        self._known: dict[str, bytes] = {}
        self._listings: dict[str, Listing] = {}
        self._roots: dict[str, str] = {}

    def read(self, oid: str) -> bytes:
        """Return an object's bytes, or raise `RemoteError` in git's words."""
        found = self._known.get(oid)
        if found is None:
            found = self._known[oid] = self._git.data(oid)
        return found

    def find(self, oid: str) -> bytes | None:
        """Return an object's bytes, or None where it is not here and may have to be fetched."""
        if oid not in self._known:
            if (found := self._git.find_data(oid)) is None:
                return None
            self._known[oid] = found
        return self._known[oid]

    def fetch(self, oids: Iterable[str]) -> None:
        """Fetch file contents in one round trip; those already here cost nothing."""
        wanted = [oid for oid in dict.fromkeys(oids) if oid not in self._known]
        missing = self.missing(wanted)
        if missing and self._fetch_probable is not None:
            fetch, self._fetch_probable = self._fetch_probable, None
            fetch()
            missing = self.missing(wanted)
        if missing and self.blobless:
            result = with_retries(
                self._git, "-c", "fetch.negotiationAlgorithm=noop",
                "fetch", "--filter=blob:none", *FETCH, REMOTE, "--stdin",
                stdin="".join(f"{oid}\n" for oid in missing).encode(),
            )  # fmt: skip
            if result.status != 0:
                raise git_error("fetch", result)
        self._present.update(missing)
        if len(wanted) >= _MANY:
            self._load(wanted)

    def fetch_if_missing(self, fetch_probable: Callable[[], None]) -> None:
        """Put off what fetches all that is probably read until something that is not here is read."""
        self._fetch_probable = fetch_probable

    def keep(self, texts: Mapping[str, bytes]) -> None:
        """Keep files that came by another way, as if they had been fetched; ids are their proof."""
        for oid, data in texts.items():
            path = self._git.directory / "objects" / oid[:2] / oid[2:]
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(zlib.compress(b"blob %d\0" % len(data) + data, 1))
            self._known[oid] = data

    def missing(self, oids: Iterable[str]) -> list[str]:
        """Return those of some objects that are not known to be here."""
        seen = (oid for oid in dict.fromkeys(oids) if oid not in self._known)
        return [oid for oid in seen if oid not in self._present]

    def are_here(self, oids: Iterable[str]) -> bool:
        """Return whether objects are known to be here, so that none is asked for."""
        return not self.blobless or not self.missing(oids)

    def note_present(self, oids: Iterable[str]) -> None:
        """Remember objects that have come by other ways."""
        self._present.update(oids)

    def root(self, commit: str) -> str:
        """Return the id of a commit's root directory."""
        if commit not in self._roots:
            root = _ROOT.match(self.read(commit))
            if root is None:
                raise RemoteError(f"{commit} is not a commit as git keeps it", DAMAGED)
            self._roots[commit] = root[1].decode("ascii")
        return self._roots[commit]

    def listing(self, oid: str) -> Listing:
        """Return name → (object id, mode) of a directory; commits share most of theirs."""
        found = self._listings.get(oid)
        if found is None:
            try:
                found = self._listings[oid] = _listing(self.read(oid), len(oid) // 2)
            except ValueError as error:
                raise RemoteError(f"{oid} is not a directory as git keeps it", DAMAGED) from error
        return found

    def _load(self, oids: list[str]) -> None:
        """Read many objects that together are not too large; the others are read alone later."""
        small, left = [], FILE_LIMIT
        for line in self._ask(oids, "--batch-check=%(objectname) %(objectsize)").splitlines():
            oid, _, size = line.partition(b" ")
            if size.isdigit() and int(size) <= left:
                small.append(oid.decode())
                left -= int(size)
        answers, place = self._ask(small, "--batch"), 0
        while place < len(answers):
            # `ID KIND SIZE`, a line break, so many bytes, a line break; or `ID missing`.
            end = answers.index(b"\n", place)
            oid, _, rest = answers[place:end].partition(b" ")
            place = end + 1
            kind, _, size = rest.rpartition(b" ")
            if size.isdigit():
                data = answers[place : place + int(size)]
                # What does not match its id is read alone, which says what is wrong with it.
                if object_id(kind, data) == oid.decode():
                    self._known[oid.decode()] = data
                place += int(size) + 1

    def _ask(self, oids: list[str], form: str) -> bytes:
        names = "".join(f"{oid}\n" for oid in oids).encode()
        result = self._git.attempt("cat-file", form, "--buffer", stdin=names)
        if result.status != 0:
            raise git_error("cat-file", result)
        return result.stdout


def _listing(data: bytes, width: int) -> Listing:
    """Return what a directory's bytes list, entry by entry: `MODE NAME`, a NUL, so many bytes of id."""
    found: Listing = {}
    place = 0
    while place < len(data):
        end = data.index(b"\0", place)
        mode, _, name = data[place:end].partition(b" ")
        place = end + 1 + width
        found[name.decode("utf-8", "surrogateescape")] = (data[end + 1 : place].hex(), int(mode, 8))
    return found
