"""What the matrices come to: one line for each of their rows, and what failed."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


# So many worlds at once: each waits for its own processes.
AT_ONCE = 3
# After so many points it is told how far a matrix is.
_TOLD_AFTER = 50
_counts: Counter[str] = Counter()
_lock = threading.Lock()
# Which part of the points is taken, from 0, and of how many.
_part = (0, 1)


@dataclass
class Row:
    """A part of a matrix: how many points it has, how many runs there were, and what failed."""

    matrix: str
    name: str
    points: int = 0
    runs: int = 0
    failures: list[str] = field(default_factory=list)
    note: str = ""

    def check(self, point: str, *wrong: str) -> None:
        """Count a point as tried, with what was wrong there, if anything."""
        self.points += 1
        found = [f"{self.matrix}, {self.name}, {point}: {one}" for one in wrong if one]
        self.failures += found
        _tell(self.matrix, found)


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table in Markdown, with their sum."""
    points, runs = sum(one.points for one in rows), sum(one.runs for one in rows)
    lines = [
        "| matrix | what | points | runs | failures | |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one.matrix} | {one.name} | {one.points} | {one.runs} | {len(one.failures)} "
            f"| {one.note} |"
            for one in rows
        ),
        f"| all | | {points} | {runs} | {sum(len(one.failures) for one in rows)} | |",
    ]
    return "\n".join(lines)


def _tell(matrix: str, failures: Sequence[str]) -> None:
    """Print failures at once, and now and then how far a matrix is: a long run may be ended."""
    failed = f"{matrix}: failures"
    with _lock:
        _counts[matrix] += 1
        _counts[failed] += len(failures)
        print(*failures, sep="\n", end="\n" if failures else "", file=sys.stderr, flush=True)
        if _counts[matrix] % _TOLD_AFTER == 0:
            so_far = f"{matrix}: {_counts[matrix]} points so far, {_counts[failed]} failures"
            print(so_far, file=sys.stderr, flush=True)


def take_part(number: int, parts: int) -> None:
    """Have `some` return every so manieth number alone, from the first (1), second … on."""
    global _part  # noqa: PLW0603 - one run of the matrices is one process
    _part = number - 1, parts


def some(points: Sequence[object], most: int | None, seed: int = 0) -> list[int]:
    """Return the numbers of at most so many points, the same ones each time, spread over all."""
    if most is None or len(points) <= most:
        return list(range(len(points)))[_part[0] :: _part[1]]
    return sorted(Random(f"{seed} {len(points)}").sample(range(len(points)), most))
