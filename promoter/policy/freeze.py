"""Freezes: the times in which nothing is promoted to an environment, as `promoter.yaml` says them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from promoter.domain.dataclass import dataclass
from promoter.domain.duration import format_duration, parse_duration
from promoter.domain.section import Section, Text, held_to, must
from promoter.domain.suggest import closest
from promoter.policy.time_ranges import STEPS, Cron, Dates, TimeRange, Weekly

WINDOWS_LIMIT = 50
LAST_YEAR = 2200
"""The end of a freeze is looked for until then."""


def _is_line(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= 200


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("must be a duration")  # noqa: TRY004 - pydantic makes it a located message
    return parse_duration(str(value))


def _check_zone(text: str) -> None:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        offset = re.fullmatch(r"(?:UTC|GMT|Z)? ?([+-])0?([0-9]{1,2})(:?[0-9]{2})?", text, re.ASCII)
        close = closest(text[:60], sorted(available_timezones()))
        meant = f"Did you mean {close}?" if close else "Write it as in timezone: Europe/Berlin"
        if offset:
            # Etc/GMT-2 is two hours ahead of UTC.
            name = f"Etc/GMT{'-' if offset[1] == '+' else '+'}{offset[2]}"
            is_whole = name in available_timezones() and not (offset[3] or "").strip(":0")
            meant = f"Name a city: Europe/Berlin{f', or write {name}' if is_whole else ''}"
        raise ValueError(f"{ascii(text[:60])} is not a time zone\n{meant}") from None


Duration = Annotated[
    timedelta, BeforeValidator(_duration), WithJsonSchema({"type": ["string", "number"]})
]
"""A duration in the configuration: `90s`, `2m`, `1h30m`, `24h`, `7d`, or a number of seconds."""
DateRange = Annotated[Text, held_to(Dates.parse)]


class FreezeWindow(Section):
    """A time in which nothing is promoted: `weekly`, `dates`, or `cron` with a `duration`."""

    weekly: Annotated[Text, held_to(Weekly.parse)] | None = None
    """A part of every week: `Fri 16:00 - Mon 08:00`, `Sat - Sun`, `Fri`."""
    dates: DateRange | None = None
    """Days of one year or of every year: `2026-12-24`, `2026-12-20T18:00 - 2027-01-03`,
    `12-24 - 01-01`. The last day belongs to them."""
    cron: Text | None = None
    """When it begins, as a cron expression of five fields: `0 22 * * 1-5`."""
    duration: Duration | None = None
    """How long it lasts from when `cron` says: `8h`."""
    timezone: Annotated[Text, held_to(_check_zone)] = "UTC"
    """The time zone of its times: `Europe/Berlin`."""
    exceptions: Annotated[tuple[DateRange, ...], Field(max_length=WINDOWS_LIMIT)] = ()
    """Days on which it does not hold, written as `dates` are."""
    reason: (
        Annotated[Text, must(_is_line, "must be one line of text, of at most 200 characters")]
        | None
    ) = None
    """Why, for those who are refused."""

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        """Refuse no time, two of them, and a cron that never begins or never ends."""
        given = [key for key in ("weekly", "dates", "cron") if getattr(self, key) is not None]
        if not given:
            raise ValueError("names no time: give weekly, dates, or cron with a duration")
        if len(given) > 1:
            raise ValueError(f"names {' and '.join(given)}: make a window of each")
        if (self.cron is None) is not (self.duration is None):
            msg = "cron and duration belong together: when it begins, and how long it lasts"
            raise ValueError(msg)
        _range_of(self)
        return self

    def __str__(self) -> str:
        """Return the window in a line, e.g. `Fri 16:00 - Mon 08:00 Europe/Berlin`."""
        lasting = format_duration(self.duration or timedelta(0))
        when = self.weekly or self.dates or f"{self.cron} for {lasting}"
        return f"{when} {self.timezone}{f' ({self.reason})' if self.reason else ''}"

    def end_at(self, moment: datetime) -> datetime | None:
        """Return when the window ends that holds at a moment, or None where it does not hold.

        Where an exception begins first, that is its end.
        """
        zone = ZoneInfo(self.timezone)
        exceptions = [Dates.parse(one) for one in self.exceptions]
        end = _range_of(self).end_at(moment, zone)
        if end is None or any(one.end_at(moment, zone) for one in exceptions):
            return None
        starts = (one.start_after(moment, zone) for one in exceptions)
        return min([end, *(start for start in starts if start is not None)])


@lru_cache(maxsize=256)
def _range_of(window: FreezeWindow) -> TimeRange:
    """Return when a window holds, its exceptions apart; raises `ValueError` for a bad cron."""
    if window.weekly is not None:
        return Weekly.parse(window.weekly)
    if window.dates is not None:
        return Dates.parse(window.dates)
    return Cron.parse(window.cron or "", window.duration or timedelta(0))


@dataclass(frozen=True, slots=True)
class Freeze:
    """A freeze that holds at a moment."""

    windows: tuple[FreezeWindow, ...]
    """The windows that hold at the moment itself."""
    until: datetime | None
    """The first moment after it at which no window holds; None where none is in sight."""


def freeze_at(windows: Sequence[FreezeWindow], moment: datetime) -> Freeze | None:
    """Return what freezes an environment at a moment, and until when; None where nothing does.

    Windows that overlap, or follow each other without a gap, are one freeze. `moment` has a zone.
    """
    return _freeze_at(tuple(windows), moment.astimezone(UTC))


@lru_cache(maxsize=256)
def _freeze_at(windows: tuple[FreezeWindow, ...], moment: datetime) -> Freeze | None:
    """Return the same, for a moment of UTC."""
    holding = tuple(window for window in windows if window.end_at(moment))
    end, ends = moment, [moment]
    # Each step asks every window: many of them are followed less far.
    for _ in range(STEPS // max(len(windows), 1)):
        ends = [over for window in windows if (over := window.end_at(end))]
        end = max(ends, default=end)
        if not ends or end.year > LAST_YEAR:
            break
    return Freeze(holding, None if ends else end) if holding else None
