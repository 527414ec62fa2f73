"""What to say when a name is not among those that are known."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LISTED = 12


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that suggests the nearest known name and lists the others."""
    names = sorted(dict.fromkeys(known))
    if not names:
        return "None is known here."
    listed = ", ".join(names[:_LISTED]) + (
        f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    )
    close = get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]}? Known: {listed}." if close else f"Known: {listed}."
