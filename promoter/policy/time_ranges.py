"""Ranges of time that come again: parts of a week, dates, and what cron begins.

They are read as wall-clock times of a zone. Where the clocks go back and a time comes twice, a
range begins at its first and ends at its second; where they go forward and a time is left out, it
begins and ends when they do. A range of 29 February is empty in other years.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import chain, islice, pairwise, takewhile
from typing import TYPE_CHECKING, Protocol

from cronsim import CronSim, CronSimError

from promoter.domain.dataclass import dataclass
from promoter.domain.redaction import shown

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00"
_NAME = (
    r"mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
)
_WEEKLY = re.compile(
    rf"(?P<from>{_NAME})(?: +(?P<at>{_TIME}))?(?: *- *(?P<to>{_NAME})?(?: *(?P<until>{_TIME}))?)?",
    re.ASCII | re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:(?P<year>(?:19|20|21)[0-9]{2})-)?(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    rf"(?:[T ](?P<at>{_TIME}))?",
    re.ASCII,
)
_WEEKLY_FORMS = "'Fri 16:00 - Mon 08:00' or 'Sat - Sun'"
_DATE_FORMS = "'2026-12-24', '2026-12-20 - 2027-01-03' or '12-24'"
# Longer texts are not looked at for what they may mean.
_LONGEST = 60
_CRON_LIMIT = 100
# What the fields of a cron expression can be, by the words in which cronsim complains of them.
_FIELDS = {
    "Bad minute": "its minute must be 0 to 59",
    "Bad hour": "its hour must be 0 to 23",
    "Bad day-of-month": "its day of the month must be 1 to 31, and one that the month has",
    "Bad month": "its month must be 1 to 12",
    "Bad day-of-week": "its day of the week must be 0 to 7, or Mon to Sun",
}
# A week's minutes, and a few more: a cron that leaves none of them free is taken for endless.
STEPS = 11_000


def _of_the_day(found: re.Match[str]) -> str:
    """Return a time such as `4pm` by the 24 hours of the day."""
    hour = int(found[1]) % 12 + (12 if found[3].lower() == "p" else 0)
    return f"{hour:02d}:{found[2] or '00'}"


def _in_our_words(text: str, form: re.Pattern[str]) -> str:
    """Return a range with its ends parted as we do it, and a weekend by its days; '' for no range."""
    plain = re.sub(r"^weekends?$", "Sat - Sun", text.strip()[:_LONGEST], flags=re.IGNORECASE)
    plain = re.sub(r"(?<=\S) *(?:\b(?:to|until|till)\b|[\u2013\u2014/,]|->) *", " - ", plain)
    plain = re.sub(
        r"\b(1?[0-9])(?::([0-5][0-9]))?\s*([ap])m\b", _of_the_day, plain, flags=re.IGNORECASE
    )
    plain = re.sub(r"(?<![0-9:])([0-9]:[0-5][0-9])", r"0\1", plain)
    plain = re.sub(r"\b([0-3][0-9])\.([01][0-9])\.([0-9]{4})\b", r"\3-\2-\1", plain)
    parts = plain.split(" - ") if form is _DATE else [plain]
    is_one = 1 <= len(parts) <= 2 and all(form.fullmatch(one) for one in parts)
    return plain if is_one and plain != text else ""


class TimeRange(Protocol):
    """A range of time that may come again."""

    def end_at(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the occurrence that holds at a moment ends, or None where none holds."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """The same part of every week, from Monday 00:00 on; it may reach into the next."""

    start: timedelta
    end: timedelta

    @classmethod
    def parse(cls, text: str) -> Weekly:
        """Return `Fri 16:00 - Mon 08:00`, `Sat - Sun` or `Fri`, or raise `ValueError`."""
        found = _WEEKLY.fullmatch(text.strip())
        if found is None or ("-" in text and not (found["to"] or found["until"])):
            meant = _in_our_words(text, _WEEKLY)
            hint = f"Did you mean '{meant}'?" if meant else f"Write {_WEEKLY_FORMS}"
            raise ValueError(f"{shown(text)} is not a part of a week\n{hint}")
        if found["at"] and "-" not in text:
            raise ValueError(f"{shown(text)} has no end\nWrite 'Fri 16:00 - Mon 08:00'")
        start = _day(found["from"]) + _clock(found["at"] or "00:00")
        end = _day(found["to"] or found["from"]) + _clock(found["until"] or "24:00")
        if end <= start and not found["to"]:
            raise ValueError(f"{shown(text)} ends before it begins: name the day of its end, too")
        if end <= start:
            end += _WEEK
        if end - start >= _WEEK:
            raise ValueError(f"{shown(text)} never ends: it is the whole week")
        return cls(start, end)

    def end_at(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the occurrence that holds at a moment ends, or None where none holds."""
        today = moment.astimezone(zone).date()
        monday = _midnight(today - timedelta(days=today.weekday()))
        return _end(
            moment,
            zone,
            (
                (monday + week + self.start, monday + week + self.end)
                for week in (-_WEEK, _WEEK * 0)
            ),
        )


@dataclass(frozen=True, slots=True)
class Dates:
    """A day or a range of days, in one year or in every year."""

    first: tuple[int | None, int, int]
    last: tuple[int | None, int, int]
    at: timedelta = timedelta(0)
    until: timedelta = _DAY

    @classmethod
    def parse(cls, text: str) -> Dates:
        """Return `2026-12-24`, `2026-12-20T18:00 - 2027-01-03` or `12-24 - 01-01`.

        A last day without a time belongs to the range. Raises `ValueError`.
        """
        parts = re.split(r" +- +|\.\.", text.strip())
        found = [_DATE.fullmatch(part) for part in parts]
        first, last = found[0], found[-1]
        if first is None or last is None or len(found) > 2:
            meant = _in_our_words(text, _DATE)
            hint = f"Did you mean '{meant}'?" if meant else f"Write {_DATE_FORMS}"
            raise ValueError(f"{shown(text)} is not a date\n{hint}")
        if len(found) == 1 and first["at"]:
            raise ValueError(f"{shown(text)} has no end\nWrite '{text.strip()} - ...'")
        if (first["year"] is None) is not (last["year"] is None):
            raise ValueError(f"{shown(text)} must have a year in both dates, or in none")
        dates = cls(
            _date(first, text),
            _date(last, text),
            _clock(first["at"] or "00:00"),
            _clock(last["at"] or "24:00"),
        )
        if (first["year"] or dates.first == dates.last) and not dates._begins_first():
            raise ValueError(f"{shown(text)} ends before it begins")
        return dates

    def end_at(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the occurrence that holds at a moment ends, or None where none holds."""
        return _end(moment, zone, self._occurrences(moment, zone))

    def start_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when it begins next, within a year or two, or None where it does not."""
        starts = (
            instant(start, zone, end=False)
            for start, end in self._occurrences(moment, zone)
            if start < end
        )
        return next((start for start in starts if start > moment), None)

    def _begins_first(self) -> bool:
        return (self.first, self.at) < (self.last, self.until)

    def _occurrences(self, moment: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """Yield the local beginnings and ends around a moment, in order."""
        if self.first[0] is not None:
            yield self._local(None)
            return
        year = moment.astimezone(zone).year
        for near in (year - 1, year, year + 1):
            if 1 <= near < 9_999:
                yield self._local(near)

    def _local(self, year: int | None) -> tuple[datetime, datetime]:
        start = _on(self.first, year, self.at)
        end = _on(self.last, year, self.until)
        if year is not None and not self._begins_first():
            end = _on(self.last, year + 1, self.until)
        return start, end


@dataclass(frozen=True, slots=True)
class Cron:
    """What begins whenever a cron expression says, and lasts for a while."""

    expression: str
    duration: timedelta

    @classmethod
    def parse(cls, expression: str, duration: timedelta) -> Cron:
        """Return a range, or raise `ValueError` where it never begins or never ends."""
        if len(expression) > _CRON_LIMIT or len(expression.split()) != 5:
            raise ValueError(
                f"{shown(expression)} is not a cron expression: that has five fields, as '0 22 * * 1-5'"
            )
        if not timedelta(0) < duration <= timedelta(days=366):
            raise ValueError("the duration must be more than 0 and at most 366d")
        try:
            starts = CronSim(expression, datetime(2024, 1, 1))  # noqa: DTZ001 - wall-clock times
        except CronSimError as error:
            raise ValueError(
                f"{shown(expression)} is not a cron expression: {_FIELDS.get(str(error), str(error))}"
            ) from None
        begun = islice(takewhile(lambda start: start.year < 2100, starts), STEPS)
        first, second = next(begun, None), next(begun, None)
        if first is None:
            raise ValueError(f"{shown(expression)} never comes")
        if second is not None and all(
            after - before <= duration for before, after in pairwise(chain((first, second), begun))
        ):
            raise ValueError(f"{shown(expression)} never ends: it begins again before it is over")
        return cls(expression, duration)

    def end_at(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the occurrence that holds at a moment ends, or None where none holds."""
        local = moment.astimezone(zone)
        # Where clocks have gone back, what began before may show a later time.
        margin = timedelta(hours=3) if local.fold else timedelta(minutes=1)
        for start in CronSim(self.expression, local.replace(tzinfo=None) + margin, reverse=True):
            begun = instant(start, zone, end=False)
            if begun <= moment:
                end = begun + self.duration
                return end if moment < end else None
        return None


def instant(local: datetime, zone: ZoneInfo, *, end: bool) -> datetime:
    """Return the moment of a wall-clock time, for the end of a range or its beginning."""
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if end else first
    # The time is left out: the clocks go forward between the two.
    before = second.astimezone(zone).utcoffset()
    while first - second > timedelta(seconds=1):
        middle = second + (first - second) / 2
        if middle.astimezone(zone).utcoffset() == before:
            second = middle
        else:
            first = middle
    return first.replace(microsecond=0)


def _end(
    moment: datetime, zone: ZoneInfo, occurrences: Iterator[tuple[datetime, datetime]]
) -> datetime | None:
    for start, end in occurrences:
        if start < end and instant(start, zone, end=False) <= moment:
            over = instant(end, zone, end=True)
            if moment < over:
                return over
    return None


def _day(name: str) -> timedelta:
    return _DAY * _DAYS.index(name[:3].lower())


def _clock(text: str) -> timedelta:
    hours, _, minutes = text.partition(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _date(found: re.Match[str], text: str) -> tuple[int | None, int, int]:
    """Return year, month and day, or raise `ValueError` for a day that does not exist."""
    year, month, day = found["year"], int(found["month"]), int(found["day"])
    try:
        date(int(year) if year else 2024, month, day)
    except ValueError as error:
        why = str(error).partition(", not")[0]
        raise ValueError(f"{shown(text)} has a day that does not exist: {why}") from None
    return int(year) if year else None, month, day


def _on(day: tuple[int | None, int, int], year: int | None, clock: timedelta) -> datetime:
    """Return a time on a day; 29 February of another year is the beginning of 1 March."""
    whole, month, number = day
    try:
        return _midnight(date(year or whole or 1, month, number)) + clock
    except ValueError:
        return _midnight(date(year or whole or 1, 3, 1))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - wall-clock times
