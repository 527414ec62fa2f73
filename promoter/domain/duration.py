"""Durations as people write them: `90s`, `2m`, `1h30m`, `24h`, `7d`, or plain seconds."""

from __future__ import annotations

import re
from datetime import timedelta

from promoter.domain.redaction import shown

_DURATION = re.compile(
    r"(?:(?P<d>[0-9]{1,5})d)?(?:(?P<h>[0-9]{1,6})h)?(?:(?P<m>[0-9]{1,8})m)?"
    r"(?:(?P<s>[0-9]{1,9}(?:\.[0-9]{1,6})?)s?)?",
    re.ASCII,
)
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
LIMIT = timedelta(days=3_660)


def parse_duration(text: str) -> timedelta:
    """Return a duration of at most ten years, or raise `ValueError` with what can be written."""
    found = _DURATION.fullmatch(text.strip())
    given = {unit: number for unit, number in found.groupdict().items() if number} if found else {}
    if not given:
        raise ValueError(
            f"{shown(text)} is not a duration: write 90s, 2m, 1h30m, 24h, 7d or seconds"
        )
    duration = timedelta(seconds=sum(float(given[unit]) * _SECONDS[unit] for unit in given))
    if duration > LIMIT:
        raise ValueError(f"{text.strip()} is too long: {LIMIT.days}d is the most")
    return duration


def format_duration(duration: timedelta) -> str:
    """Return a duration in its two greatest units, e.g. `3d2h`, `24h` or `45s`; never negative.

    Days are counted from the second on: people say 24 hours, and two days.
    """
    rest = max(round(duration.total_seconds()), 0)
    parts: list[str] = []
    units = (
        _SECONDS if rest >= 2 * _SECONDS["d"] else {u: s for u, s in _SECONDS.items() if u != "d"}
    )
    for unit, seconds in units.items():
        count, rest = divmod(rest, seconds)
        if count or parts:
            parts.append(f"{count}{unit}")
    return "".join(part for part in parts[:2] if not part.startswith("0")) or "0s"


def format_seconds(seconds: float) -> str:
    """Return a number of seconds as `format_duration` writes a duration."""
    return format_duration(timedelta(seconds=seconds))
