"""What the matrices come to: one line for each of their rows, and what failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


# So many worlds at once: each waits for its own processes.
AT_ONCE = 3


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
        self.failures += [f"{self.matrix}, {self.name}, {point}: {one}" for one in wrong if one]


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


def some(points: Sequence[object], most: int | None, seed: int = 0) -> list[int]:
    """Return the numbers of at most so many points, the same ones each time, spread over all."""
    if most is None or len(points) <= most:
        return list(range(len(points)))
    return sorted(Random(f"{seed} {len(points)}").sample(range(len(points)), most))
