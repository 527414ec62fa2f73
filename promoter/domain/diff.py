"""Unified diffs of lines: of byte-exact edits, and of objects as they are rendered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import Match, SequenceMatcher
from itertools import accumulate, groupby
from typing import TypeAlias

from promoter.domain.model import FileEdit
from promoter.domain.suggest import begun_alike

Change: TypeAlias = tuple[int, int, int, int]
"""Lines of the one side, from and to, that become lines of the other."""

_NO_NEWLINE = "\\ No newline at end of file"
_CONTEXT = 3
# Comparisons of two lines: about half a second of them.
_WORK = 5_000_000


def unified(edits: Iterable[FileEdit]) -> str:
    """Return the diff of the edits in the form that `git apply` takes."""
    return "".join(_one(edit) for edit in edits)


def hunks(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a unified diff without its two headings.

    Where lines are so much alike that the least difference cannot be found in reasonable time, a
    greater one is told, which is as true.
    """
    for group in _grouped(_changes(before, after)):
        start, end = max(group[0][0] - _CONTEXT, 0), min(group[-1][1] + _CONTEXT, len(before))
        left, right = (start, end), (start + _shift(group[0]), end + _shift(group[-1], at=1))
        yield f"@@ -{_range(*left)} +{_range(*right)} @@"
        for old, old_end, new, new_end in group:
            yield from (f" {line}" for line in before[start:old])
            yield from (f"-{line}" for line in before[old:old_end])
            yield from (f"+{line}" for line in after[new:new_end])
            start = old_end
        yield from (f" {line}" for line in before[start:end])


def _one(edit: FileEdit) -> str:
    before = "/dev/null" if edit.added else f"a/{edit.path}"
    after = "/dev/null" if edit.removed else f"b/{edit.path}"
    found = list(hunks(_lines(edit.before), _lines(edit.after)))
    if not found:
        return ""
    lines = [f"--- {before}\n", f"+++ {after}\n"]
    lines += [f"{line}\n" if line.startswith("@@ ") else line for line in found]
    return "".join(line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}\n" for line in lines)


def _lines(data: bytes) -> list[str]:
    """Return the lines of a file, split at line feeds only, as git splits them."""
    text = data.decode("utf-8", "surrogateescape")
    parts = text.split("\n")
    lines = [f"{part}\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def _changes(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    try:
        codes = _Matcher(before, after).get_opcodes()
    except _TooAlikeError:
        return _changes_by_place(before, after)
    return [change for kind, *change in codes if kind != "equal"]  # type: ignore[misc] # four numbers


def _changes_by_place(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """Return what differs line by line; of another number of lines, all between the equal ends."""
    if len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        runs = groupby(pairs, key=lambda pair: pair[1][0] != pair[1][1])
        found = [[at for at, _ in run] for differs, run in runs if differs]
        return [(one[0], one[-1] + 1, one[0], one[-1] + 1) for one in found]
    start = begun_alike(before, after)
    end = min(begun_alike(before[::-1], after[::-1]), min(len(before), len(after)) - start)
    return [(start, len(before) - end, start, len(after) - end)]


class _TooAlikeError(Exception):
    """The lines are so much alike that their comparison would take too long."""


class _Matcher(SequenceMatcher[str]):
    """Python's own comparison, which ends where its work grows with the cube of the lines."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        super().__init__(None, before, after)
        counts = Counter(after)
        # From two hundred lines on, it passes over what is more than a hundredth of them.
        most = len(after) // 100 + 1 if len(after) >= 200 else len(after)
        alike = (counts[line] if counts[line] <= most else 0 for line in before)
        self._alike = [0, *accumulate(one + 1 for one in alike)]
        self._left = _WORK

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        """Return the longest run of equal lines; `_TooAlikeError` where all took too long."""
        self._left -= self._alike[-1 if ahi is None else ahi] - self._alike[alo]
        if self._left < 0:
            raise _TooAlikeError
        return super().find_longest_match(alo, ahi, blo, bhi)


def _grouped(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Yield the changes that share a hunk: what stands between them is context of both."""
    group: list[Change] = []
    for change in changes:
        if group and change[0] - group[-1][1] > 2 * _CONTEXT:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _shift(change: Change, at: int = 0) -> int:
    """Return how far the other side's lines are from this one's: before a change, or after it."""
    return change[2 + at] - change[at]


def _range(start: int, end: int) -> str:
    """Return lines as a hunk names them: an empty range is the line before it."""
    number = end - start
    if number == 1:
        return str(start + 1)
    return f"{start + (number > 0)},{number}"
