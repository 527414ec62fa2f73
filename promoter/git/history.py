"""A file's own first-parent history: which versions of it the base has had, and since when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from promoter.domain.pull_number import pull_number

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

    from promoter.git.clone import Clone

# So many commits of the base are brought, and more only for a file whose answer lies behind them.
_DEPTHS = (200, 2_000)
# Contents are brought so many at a time; most answers are in the first of them.
_BATCH = 15
# A history is gone into as long as this part of the run's time is left.
_RESERVE = 0.5
# What the text of a pull request would like to know takes at most so many seconds at a time.
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A file as one commit left it; `first` where what came before was not read."""

    commit: str
    time: int
    message: str
    """Of a merge, what the commit that it brought says: there stand the trailers."""
    data: bytes
    """What the file held; empty where the commit deleted it."""
    first: bool = False
    pull: int | None = None
    """The pull request that brought it to the base, where that is known."""


class _Row(NamedTuple):
    """One commit that changed a file, and the file's object id, None where it is gone."""

    commit: str
    time: int
    parents: list[str]
    message: str
    oid: str | None


@dataclass(slots=True)
class FileHistory:
    """The versions of one file up to a commit, newest first, each brought when it is come to."""

    clone: Clone
    commit: str
    path: PurePosixPath
    depth: int = 0
    """Which of the depths has been read."""
    rows: list[_Row] = field(default_factory=list)

    def __iter__(self) -> Iterator[FileVersion]:
        """Yield the versions; raises `RemoteError` where git has no answer."""
        place = 0
        while place < len(self.rows):
            row = self.rows[place]
            cut = row.commit in self.clone.shallow_commits()
            # Where a history is cut, every file seems to be new.
            if cut and self._go_on():
                continue
            if place % _BATCH == 0:
                self.clone.objects.bring(self.oids(place))
            data = self.clone.objects.read(row.oid) if row.oid else b""
            message, pull = self._message(row), pull_number(row.message)
            yield FileVersion(row.commit, row.time, message, data, cut, pull)
            place += 1

    def oids(self, place: int) -> list[str]:
        """Return the object ids of a batch of versions."""
        return [row.oid for row in self.rows[place : place + _BATCH] if row.oid]

    def read(self) -> None:
        """List the commits that changed the file, as far as the history was brought."""
        self.rows = _listed(self.clone, self.commit, self.path)

    def _go_on(self) -> bool:
        """Go further back, as long as there is time for it; say whether that was done."""
        deadline = self.clone.git.deadline
        if (
            not self.clone.can_deepen
            or self.depth + 1 == len(_DEPTHS)
            or deadline.remaining() < _RESERVE * deadline.seconds
        ):
            return False
        self.depth += 1
        with self.clone.git.within(_PATIENCE):
            self.clone.fetch(self.commit, depth=_DEPTHS[self.depth])
        self.read()
        return True

    def _message(self, row: _Row) -> str:
        """Return a commit's message; of a merge that of what it brought, where that was read."""
        if len(row.parents) != 2:
            return row.message
        try:
            data = self.clone.objects.read(row.parents[1])
        except KeyError:
            return row.message
        return data.decode("utf-8", "replace").partition("\n\n")[2]


def file_versions(
    clone: Clone, commit: str, paths: list[PurePosixPath]
) -> dict[PurePosixPath, FileHistory]:
    """Return the versions of files up to a commit; two round trips bring the newest of them all."""
    with clone.git.within(_PATIENCE):
        clone.fetch(commit, depth=_DEPTHS[0])
    found = {path: FileHistory(clone, commit, path) for path in paths}
    for one in found.values():
        one.read()
    clone.objects.bring(oid for one in found.values() for oid in one.oids(0))
    return found


def _listed(clone: Clone, commit: str, path: PurePosixPath) -> list[_Row]:
    """Return the commits that changed a file, newest first."""
    text = clone.git(
        "log", "-z", "--first-parent", "-m", "--no-renames", "--raw", "--no-abbrev",
        "--format=%H%x00%ct%x00%P%x00%B", commit, "--", f":(literal){path}",
    )  # fmt: skip
    # No message can hold a NUL, so that none is taken for the next commit.
    fields, found, place = text.split("\0"), [], 0
    while place + 5 < len(fields):
        sha, time, parents, message = fields[place : place + 4]
        place += 4
        while place + 1 < len(fields) and fields[place].lstrip("\n").startswith(":"):
            raw, name = fields[place : place + 2]
            place += 2
            if name == str(path):
                oid = raw.split()[3]
                row = _Row(
                    sha, int(time), parents.split(), message, oid if oid.strip("0") else None
                )
                found.append(row)
    return found
