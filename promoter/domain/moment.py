"""Moments as people and servers write them: RFC 3339, and seconds since the epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from promoter.domain.redaction import shown

# What a calendar can show in every time zone, with room for what is added: until the end of 9998.
LATEST = 253_370_764_799
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r" ?(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def bounded_seconds(seconds: int) -> int:
    """Return seconds since the epoch as a calendar can show them: from 1970 to the end of 9998.

    A commit's author chooses its time, and git takes any number for one.
    """
    return min(max(seconds, 0), LATEST)


def seconds_of(text: str) -> int:
    """Return an API's moment in seconds since the epoch, bounded; raises `ValueError` for none."""
    return bounded_seconds(int(datetime.fromisoformat(text).timestamp()))


def rfc3339(seconds: int) -> str:
    """Return seconds since the epoch as RFC 3339 has them in UTC: `2026-12-01T08:00:00Z`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def shown_moment(seconds: int) -> str:
    """Return seconds since the epoch as people read a time: in UTC, to the minute."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M UTC}"


def shown_end(seconds: int) -> str:
    """Return the same for a time that is waited for: the minute by which it has come."""
    return shown_moment(seconds + 59)


def parse_moment(text: str) -> datetime:
    """Return a moment such as `2026-12-01T08:00:00Z`, or raise `ValueError` with what is missing.

    What to write stands on a line of its own.
    A bare number is none: 2027 does not mean a second of the year 1970.
    """
    found = _MOMENT.fullmatch(text)
    wrong, example = f"{shown(text)} is not a time", "Write it as in 2026-12-01T08:00:00Z"
    if found is None:
        if _DATE.fullmatch(text):
            raise ValueError(f"{shown(text)} names no hour\nWrite {text}T00:00:00Z, for UTC")
        raise ValueError(f"{wrong}\n{example}")
    if found["zone"] is None:
        raise ValueError(
            f"{shown(text)} has no time zone\nWrite {'T'.join(text.split())}Z, for UTC"
        )
    try:
        moment = datetime.fromisoformat(text.upper().replace(" +", "+").replace(" -", "-"))
    except ValueError as error:
        reason = str(error).partition(", not")[0]
        raise ValueError(f"{wrong}: {reason}\n{example}") from None
    if not _is_shown(moment):
        raise ValueError(f"{wrong}\n{example}")
    return moment


def _is_shown(moment: datetime) -> bool:
    """Return whether a calendar can show a moment in every time zone."""
    return 0 <= moment.timestamp() <= LATEST


def as_moment(value: object) -> datetime:
    """Return a moment; YAML reads some of them itself, and dates and numbers as such."""
    if isinstance(value, datetime) and value.tzinfo is not None and _is_shown(value):
        return value
    return parse_moment(str(value))


def clock_as_set(clock: int) -> str:
    """Return what is said of a promotion that was judged by a clock that the caller had set."""
    reached = "soak, freeze and holds were judged by that time"
    return f"PROMOTER_NOW set the clock to {shown_moment(clock)}: {reached}"
