"""Why a change is not made: the value that errors, plans and reports carry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule that forbids the work, with the place, the reason and the way out."""

    rule: str
    reason: str
    hint: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    source_line: str | None = None
