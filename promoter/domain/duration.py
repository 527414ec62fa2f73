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
# Longer texts are no duration in words.
_LONGEST = 60
_IN_WORDS = re.compile(
    r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d"
    r"|weeks?|wks?|w|months?|mos?|years?|yrs?|y)(?![a-z])",
    re.ASCII,
)
LIMIT = timedelta(days=3_660)


def parse_duration(text: str) -> timedelta:
    """Return a duration of at most ten years, or raise `ValueError`.

    What to write stands on a line of its own.
    """
    found = _DURATION.fullmatch(text.strip())
    given = {unit: number for unit, number in found.groupdict().items() if number} if found else {}
    if not given:
        meant = duration_meant(text)
        hint = f"Did you mean {meant}?" if meant else "Write 90s, 2m, 1h30m, 24h or 7d."
        raise ValueError(f"{shown(text)} is not a duration\n{hint}")
    duration = timedelta(seconds=sum(float(given[unit]) * _SECONDS[unit] for unit in given))
    if duration > LIMIT:
        raise ValueError(f"{text.strip()} is too long: {LIMIT.days}d is the most")
    return duration


def duration_meant(text: str) -> str:
    """Return a duration that is written in words, in other units or in ISO 8601, as ours; else ''."""
    plain = text.strip()[:_LONGEST].lower()
    plain = re.sub(r"^p(?=[0-9t])|(?<=[a-z])t(?=[0-9])|^pt", "", plain)
    found = _IN_WORDS.findall(plain)
    if not found or _IN_WORDS.sub("", plain).strip(" ,.") not in ("", "and"):
        return ""
    days = {"w": 7, "mo": 30, "y": 365}
    seconds = 0.0
    for number, unit in found:
        name = "mo" if unit.startswith("mo") else unit[0]
        seconds += float(number) * (days[name] * 86_400 if name in days else _SECONDS[name])
    whole = timedelta(seconds=round(seconds))
    return format_duration(whole) if timedelta(0) < whole <= LIMIT else ""


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
