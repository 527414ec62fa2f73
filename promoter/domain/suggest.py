"""What to say when a name is not among those that are known."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LISTED = 12
# How alike a name must be to be suggested: `--since` does not mean --base.
_ALIKE = 0.65


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that suggests the nearest known name, and lists the others if they are few."""
    names = sorted(dict.fromkeys(known))
    if not names:
        return "There is none."
    listed = ", ".join(names[:_LISTED]) + (
        f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    )
    close = closest(name, names)
    if close and (len(names) == 1 or len(names) > _LISTED):
        return f"Did you mean {close}?"
    return f"Did you mean {close}? Known: {listed}." if close else f"Known: {listed}."


def closest(name: str, names: Sequence[str]) -> str | None:
    """Return the name that was probably meant: one that ends, begins or is alike so; None if none."""
    plain = name.lower()
    begun = [one for one in names if len(one) > 2 and plain.startswith(one.lower())]
    begins = [one for one in names if len(plain) > 2 and one.lower().startswith(plain)]
    ends = [one for one in names if one.lower().endswith(f"/{plain}")]
    alike = get_close_matches(name, names, n=1, cutoff=_ALIKE)
    close = [*ends, *sorted(begun, key=len, reverse=True), *sorted(begins, key=len), *alike]
    return close[0] if close else None
