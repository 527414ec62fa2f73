"""A file's own first-parent history: which versions of it the base has had, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import Declaration
from promoter.domain.file_versions import FileVersion
from promoter.domain.moment import bounded_seconds
from promoter.domain.pull_number import pull_number
from promoter.domain.running_period import not_before
from promoter.git.first_fetch import HISTORY_DEPTH, RECENT_DEPTH
from promoter.git.refs import NOTHING
from promoter.git.renames import Renames
from promoter.system.budget import HISTORY, HISTORY_OF_TEXTS, KEPT_BY_HISTORY, KEPT_BY_TEXTS

if TYPE_CHECKING:
    from promoter.git.clone import Clone

# Git's modes of what has a content of its own; another repository has none here.
_FILES = ("100644", "100755", "120000")
# From so many files on, the changes of all files are listed: git would compare each path with each.
_MANY = 50
# So many commits of a merged branch are read; a promotion's holds one or a few.
_BROUGHT = 20


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back a history is read, and what that may cost."""

    depths: tuple[int, ...] = (HISTORY_DEPTH, 2_000)
    """So many commits are fetched at first, and more only for a file that needs them."""
    batch: int = 15
    """Contents are fetched so many at a time; most answers are in the first of them."""
    reserve: float = KEPT_BY_TEXTS
    """More commits are fetched as long as this part of the run's time is left."""
    patience: float = HISTORY_OF_TEXTS.seconds
    """How long fetching them may take at a time, in seconds."""


BRIEF = Reach()
"""For what the text of a pull request would like to know: it may not hold a promotion up."""
WHOLE = Reach((HISTORY_DEPTH, 2_000, 2**31 - 1), reserve=KEPT_BY_HISTORY, patience=HISTORY.seconds)
"""Where the history itself is asked for."""
RECENT = Reach((RECENT_DEPTH,), batch=3, patience=HISTORY.seconds)
"""For many files at a time, of which most tell in their newest versions since when they are so."""


class _CommitPlace(NamedTuple):
    """Where a commit is on the base: how far from its tip, and when it came at the earliest."""

    depth: int
    time: int


class _Row(NamedTuple):
    """One commit that changed a file, and the file's object id, None where it is gone."""

    commit: str
    parents: list[str]
    author: str
    message: str
    path: PurePosixPath
    oid: str | None
    is_new: bool


@dataclass(slots=True)
class _Listing:
    """The commits that changed some files, as far as the history was fetched: listed for all at once."""

    clone: Clone
    commit: str
    paths: Sequence[PurePosixPath]
    now: int
    """In seconds since the epoch; a date after it proves nothing."""
    reach: Reach
    depth: int = 0
    """Which of the depths has been fetched."""
    number: int = 0
    """How often they have been listed."""
    places: Mapping[str, _CommitPlace] = field(default_factory=dict)
    """All commits of the base that were fetched."""
    rows: Mapping[PurePosixPath, list[_Row]] = field(default_factory=dict)
    shallow: frozenset[str] = frozenset()
    """The commits at which the history was cut when they were listed."""

    def read(self) -> None:
        """List the commits that changed the files."""
        self.places = _places(self.clone, self.commit, self.now)
        self.rows = _listed(self.clone, self.commit, self.paths)
        self.shallow = self.clone.shallow_commits()
        self.number += 1

    def go_on(self) -> bool:
        """Go further back, as long as there is time for it; say whether that was done."""
        deadline = self.clone.git.deadline
        if (
            not self.clone.can_deepen
            or self.depth + 1 == len(self.reach.depths)
            or deadline.is_within_last(self.reach.reserve)
        ):
            return False
        self.depth += 1
        with self.clone.git.within(self.reach.patience):
            self.clone.fetch(self.commit, depth=self.reach.depths[self.depth])
        self.read()
        return True


@dataclass(slots=True)
class FileHistory:
    """The versions of one file up to a commit, newest first, each fetched when it is come to."""

    clone: Clone
    path: PurePosixPath
    listing: _Listing
    renames: Renames
    rows: list[_Row] = field(default_factory=list)
    number: int = 0
    """Of which listing the rows are: another file may have gone further back since."""
    shallow: frozenset[str] = frozenset()
    """The commits at which that was cut."""
    names: list[tuple[str, str, PurePosixPath]] = field(default_factory=list)
    """What the file was called before: the commit that changed that, its parent, and the name."""

    def __iter__(self) -> Iterator[FileVersion]:
        """Yield the versions; raises `RemoteError` where git has no answer."""
        place = 0
        while place < len(self.rows):
            row = self.rows[place]
            cut = row.commit in self.shallow
            # Where a history is cut, every file seems to be new.
            if cut and (self.number < self.listing.number or self.listing.go_on()):
                self.take()
                continue
            if place % self.listing.reach.batch == 0:
                self.clone.objects.fetch(self.oids(place))
            data = self.clone.objects.read(row.oid) if row.oid else b""
            message, title = self._message(row), row.message.partition("\n")[0]
            where = self.listing.places[row.commit]
            yield FileVersion(
                row.commit, where.time, message, data, cut, pull_number(row.message),
                row.author, title, row.path, where.depth,
            )  # fmt: skip
            place += 1
            if row.is_new and not cut:
                self._follow(row, place)

    def oids(self, place: int) -> list[str]:
        """Return the object ids of a batch of versions."""
        return [row.oid for row in self.rows[place : place + self.listing.reach.batch] if row.oid]

    def take(self) -> None:
        """Take the file's commits from the newest listing."""
        self.number, self.shallow = self.listing.number, self.listing.shallow
        self.rows = list(self.listing.rows[self.path])
        for renamed, parent, path in self.names:
            place = next(n for n, row in enumerate(self.rows) if row.commit == renamed)
            self._go_over(place + 1, parent, path)

    def _follow(self, row: _Row, place: int) -> None:
        """Go on with what the file was called before, where a commit gave it its name."""
        if not row.parents:
            return
        parent = row.parents[0]
        before = self.renames.previous_path(parent, row.commit, row.path)
        if before is not None:
            self.names.append((row.commit, parent, before))
            self._go_over(place, parent, before)

    def _go_over(self, place: int, parent: str, path: PurePosixPath) -> None:
        self.rows[place:] = _listed(self.clone, parent, [path])[path]

    def _message(self, row: _Row) -> str:
        """Return a commit's message; of a merge that of what it brought, where that was read.

        Of several commits it is the newest that declares a promotion: people add theirs to it.
        """
        brought: list[str] = []
        sha = row.parents[1] if len(row.parents) == 2 else ""
        while sha and sha not in self.listing.places and len(brought) < _BROUGHT:
            data = self.clone.objects.find(sha)
            if data is None:
                break
            header, _, message = data.decode("utf-8", "replace").partition("\n\n")
            if Declaration.parse(message) is not None:
                return message
            brought.append(message)
            cut = sha in self.clone.shallow_commits()
            sha = "" if cut else header.partition("\nparent ")[2][: len(NOTHING)]
        return brought[0] if brought else row.message


def file_versions(
    clone: Clone, commit: str, paths: Sequence[PurePosixPath], *, now: int, reach: Reach = BRIEF
) -> dict[PurePosixPath, FileHistory]:
    """Return the versions of files up to a commit; two round trips fetch the newest of them all.

    Commits dated later than `now`, in seconds since the epoch, prove nothing about others' dates.
    """
    if not clone.has_history(commit):
        with clone.git.within(reach.patience):
            clone.fetch(commit, depth=reach.depths[0])
    listing, renames = _Listing(clone, commit, paths, now, reach), Renames(clone)
    listing.read()
    found = {path: FileHistory(clone, path, listing, renames) for path in listing.rows}
    for one in found.values():
        one.take()
    clone.objects.fetch(oid for one in found.values() for oid in one.oids(0))
    return found


def newest_contents(clone: Clone, commit: str, paths: Sequence[PurePosixPath]) -> list[str]:
    """Return the object ids of the newest versions of files, as far as their commits are here."""
    listed = _listed(clone, commit, paths) if paths else {}
    return [row.oid for rows in listed.values() for row in rows[: WHOLE.batch] if row.oid]


def _places(clone: Clone, commit: str, now: int) -> dict[str, _CommitPlace]:
    """Return every commit of the base that was fetched, with a time that never runs backwards."""
    lines = clone.git("log", "--first-parent", "--format=%H %ct", commit).splitlines()
    found, latest = {}, 0
    for depth, line in reversed(list(enumerate(lines))):
        sha, _, date = line.partition(" ")
        time = not_before(bounded_seconds(int(date or 0)), [latest], now)
        latest = time if time <= now else latest
        found[sha] = _CommitPlace(depth, time)
    return found


def _listed(
    clone: Clone, commit: str, paths: Iterable[PurePosixPath]
) -> dict[PurePosixPath, list[_Row]]:
    found: dict[PurePosixPath, list[_Row]] = {path: [] for path in paths}
    named = [f":(literal){path}" for path in found] if len(found) <= _MANY else []
    text = clone.git(
        "log", "-z", "--first-parent", "-m", "--no-renames", "--raw", "--no-abbrev",
        "--format=%H%x00%P%x00%an%x00%B", commit, "--", *named,
    )  # fmt: skip
    # No message can hold a NUL, so that none is taken for the next commit.
    fields, place = text.split("\0"), 0
    by_name = {str(path): path for path in found}
    while place + 3 < len(fields):
        sha, parents, author, message = fields[place : place + 4]
        place += 4
        while place + 1 < len(fields) and fields[place].lstrip("\n").startswith(":"):
            raw, name = fields[place : place + 2]
            place += 2
            if path := by_name.get(name):
                _, mode, _, oid, status = raw.split()
                row = _Row(
                    sha.lstrip("\n"), parents.split(), author, message, path,
                    oid if mode in _FILES else None, status == "A",
                )  # fmt: skip
                found[path].append(row)
    return found
