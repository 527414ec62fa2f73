"""Whether git would merge an edit into a file that has changed meanwhile, by its lines alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from promoter.domain.dataclass import dataclass
from promoter.domain.model import FileEdit
from promoter.domain.suggest import begun_alike


@dataclass(frozen=True, slots=True)
class _Hunk:
    """Lines of a file, from `start` to before `end`, and what stands in their place afterwards."""

    start: int
    end: int
    lines: Sequence[bytes]
    ours: bool
    """Whether the edit makes it, and not the file's own way."""


def all_merge_into(edits: Iterable[FileEdit], onto: Iterable[FileEdit]) -> bool:
    """Return whether edits are of the same files as others, and each of them merges into its file."""
    ours, theirs = ({edit.path: edit for edit in each} for each in (edits, onto))
    return ours.keys() == theirs.keys() and all(merges_into(ours[p], theirs[p]) for p in ours)


def merges_into(edit: FileEdit, onto: FileEdit) -> bool:
    """Return whether a merge of one edit into the file that `onto` edits leaves what `onto` leaves.

    Where that is in doubt, the answer is no.
    """
    sides = [(one.before, one.after, one.added, one.removed) for one in (edit, onto)]
    if sides[0] == sides[1]:
        return True
    if any(one.added or one.removed for one in (edit, onto)):
        return False
    old, mine, theirs = (_lines(data) for data in (edit.before, edit.after, onto.before))
    hunks = [*_hunks(old, mine, ours=True), *_hunks(old, theirs, ours=False)]
    hunks.sort(key=lambda hunk: hunk.start)
    # Git tells changes apart by the lines between them. Where there is none, they are a conflict;
    # one that the file has twice may be matched with the other.
    unlike = _unique(old) & _unique(theirs)
    for one, after in pairwise(hunks):
        between = old[one.end : after.start]
        if one.ours is not after.ours and unlike.isdisjoint(between):
            return False
    merged: list[bytes] = []
    at = 0
    for hunk in hunks:
        merged += [*old[at : hunk.start], *hunk.lines]
        at = hunk.end
    return b"".join([*merged, *old[at:]]) == onto.after


def _lines(data: bytes) -> list[bytes]:
    """Return the lines of a file as git counts them, each with its line feed."""
    *whole, last = data.split(b"\n")
    return [*(line + b"\n" for line in whole), *([last] if last else [])]


def _unique(lines: list[bytes]) -> set[bytes]:
    return {line for line, count in Counter(lines).items() if count == 1}


def _hunks(old: list[bytes], new: list[bytes], *, ours: bool) -> list[_Hunk]:
    """Return what makes one text of the other: line by line where none came or went, else as one."""
    if len(old) == len(new):
        lines = enumerate(zip(old, new, strict=True))
        return [
            _Hunk(at, at + 1, [after], ours) for at, (before, after) in lines if before != after
        ]
    start = begun_alike(old, new)
    kept = min(begun_alike(old[::-1], new[::-1]), min(len(old), len(new)) - start)
    return [_Hunk(start, len(old) - kept, new[start : len(new) - kept], ours)]
