"""Moments as people write them: RFC 3339, with a date, a time and a time zone."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r" ?(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)


def parse_moment(text: str) -> datetime:
    """Return a moment such as `2026-12-01T08:00:00Z`, or raise `ValueError` with what is missing.

    A bare number is none: whoever writes 2027 does not mean a second of the year 1970.
    """
    found = _MOMENT.fullmatch(text)
    shown = ascii(text if len(text) <= 40 else f"{text[:39]}...")
    wrong = f"{shown} is not a time: write it as in 2026-12-01T08:00:00Z"
    if found is None:
        raise ValueError(wrong)
    if found["zone"] is None:
        raise ValueError(f"{shown} has no time zone: write {text}Z for UTC")
    try:
        moment = datetime.fromisoformat(text.upper().replace(" +", "+").replace(" -", "-"))
        # What no clock can show is no moment either.
        moment.timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(wrong) from None
    return moment


def _moment(value: object) -> datetime:
    """Return a moment; YAML reads some of them itself, and dates and numbers as such."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    return parse_moment(str(value))


Moment: TypeAlias = Annotated[datetime, BeforeValidator(_moment)]
"""A moment with its time zone."""
