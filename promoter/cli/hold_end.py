"""When a hold ends, as `--until` says it: a time, or how long from now."""

from __future__ import annotations

import re
import time

from promoter.domain.duration import duration_meant, parse_duration
from promoter.domain.errors import UsageError
from promoter.domain.moment import parse_moment
from promoter.settings import Settings

# How long a hold lasts, and a day without an hour.
_DURATION = re.compile(r"(?:[0-9]{1,4}[dhms])+", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def hold_end(settings: Settings) -> int | None:
    """Return when a hold ends, in seconds since the epoch; raises `UsageError`."""
    if settings.until is None:
        return None
    flag, given = settings.source("until"), settings.until
    now = settings.now.timestamp() if settings.now else time.time()
    try:
        hours = ("T00:00:00Z", "T23:59:59Z") if _DAY.fullmatch(given) else ()
        for hour in hours:
            if parse_moment(given + hour).timestamp() > now:
                raise UsageError(f"{flag}: {given} names no hour", f"Write {given}{hour}, for UTC.")
        if _DURATION.fullmatch(given):
            seconds = int(now + parse_duration(given).total_seconds())
        else:
            seconds = int(parse_moment(given + "".join(hours[:1])).timestamp())
    except ValueError as error:
        hint = "Write a time, as in 2026-12-01T08:00:00Z, or how long it holds, as in 24h or 7d."
        is_without_unit = re.fullmatch(r"[0-9]{1,3}h[0-9]{1,2}", given, re.ASCII)
        if duration := f"{given}m" if is_without_unit else duration_meant(given):
            hint = f"Did you mean {flag} {duration}?"
        if number := re.fullmatch(r"([0-9]{1,4})(w?)", given, re.ASCII):
            count = number[1]
            hint = f"Write {count}h for hours, {count}d for days"
            hint = f"Write {7 * int(count)}d" if number[2] else hint
        said, _, meant = str(error).partition("\n")
        is_unfinished = _DAY.match(given) is not None and meant
        raise UsageError(
            f"{flag}: {said.partition(': ')[0]}", meant if is_unfinished else hint
        ) from None
    if seconds <= now:
        raise UsageError(f"{flag}: {given} is over already", "Name a time that is still to come.")
    return seconds
