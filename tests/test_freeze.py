"""Freezes: whether nothing may be promoted at a moment, by which window, and when that ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from promoter.config.document import load
from promoter.config.mistakes.errors import invalid_configuration
from promoter.domain.errors import UsageError
from promoter.domain.section import Section
from promoter.policy.freeze import Duration, Freeze, FreezeWindow, freeze_at
from tests.thorough import thorough_after

BERLIN, NEW_YORK = {"timezone": "Europe/Berlin"}, {"timezone": "America/New_York"}
WEEKEND = {"weekly": "Fri 16:00 - Mon 08:00", **BERLIN}
NIGHTS = {"cron": "0 22 * * *", "duration": "8h"}
CHRISTMAS = {"dates": "12-24 - 01-01"}


def at(text: str) -> datetime:
    """Return a moment, of UTC where the text says no other."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def frozen(moment: str, *windows: dict[str, Any]) -> Freeze | None:
    """Return what freezes at a moment."""
    return freeze_at([FreezeWindow.model_validate(one) for one in windows], at(moment))


@pytest.mark.parametrize(
    ("window", "moment", "until"),
    [
        # 2026-11-27 is a Friday; Berlin is an hour ahead of UTC.
        (WEEKEND, "2026-11-27T14:59", None),
        (WEEKEND, "2026-11-27T15:00", "2026-11-30T07:00"),
        (WEEKEND, "2026-11-30T06:59:59", "2026-11-30T07:00"),
        (WEEKEND, "2026-11-30T07:00", None),
        (WEEKEND, "2026-11-27T16:00+01:00", "2026-11-30T07:00"),
        ({"weekly": "Sat - Sun"}, "2026-11-28T00:00", "2026-11-30T00:00"),
        ({"weekly": "saturday-sunday"}, "2026-11-29T23:59", "2026-11-30T00:00"),
        ({"weekly": "Sun - Mon"}, "2026-11-30T12:00", "2026-12-01T00:00"),
        ({"weekly": "Fri"}, "2026-11-27T12:00", "2026-11-28T00:00"),
        ({"weekly": "Fri 12:00 - 18:00"}, "2026-11-27T12:00", "2026-11-27T18:00"),
        ({"weekly": "Fri 12:00 - 18:00"}, "2026-11-28T12:00", None),
        ({"weekly": "Fri 12:00 - 24:00"}, "2026-11-27T23:59", "2026-11-28T00:00"),
        ({"weekly": "Fri 16:00 - Fri 08:00"}, "2026-11-27T07:00", "2026-11-27T08:00"),
        ({"weekly": "Fri 16:00 - Fri 08:00"}, "2026-11-27T12:00", None),
        ({"dates": "2026-12-24"}, "2026-12-24T23:59", "2026-12-25T00:00"),
        ({"dates": "2026-12-24", **NEW_YORK}, "2026-12-25T04:59", "2026-12-25T05:00"),
        ({"dates": "2026-12-20 - 2027-01-03"}, "2027-01-03T12:00", "2027-01-04T00:00"),
        ({"dates": "2026-12-20..2027-01-03"}, "2026-12-19T23:59", None),
        ({"dates": "2026-12-20T18:00 - 2026-12-21 06:00"}, "2026-12-20T17:59", None),
        ({"dates": "2026-12-20T18:00 - 2026-12-21 06:00"}, "2026-12-21T05:59", "2026-12-21T06:00"),
        ({"dates": "2020-01-01 - 2035-12-31"}, "2026-06-01", "2036-01-01T00:00"),
        (CHRISTMAS, "2026-12-24T00:00", "2027-01-02T00:00"),
        (CHRISTMAS, "2027-01-01T23:59", "2027-01-02T00:00"),
        (CHRISTMAS, "2027-01-02T00:00", None),
        ({"dates": "05-01"}, "2031-05-01T12:00", "2031-05-02T00:00"),
        ({"dates": "02-29"}, "2028-02-29T12:00", "2028-03-01T00:00"),
        ({"dates": "02-29"}, "2027-03-01T00:00", None),
        ({"dates": "02-27 - 02-29"}, "2027-02-28T23:59", "2027-03-01T00:00"),
        ({"dates": "02-29 - 03-02"}, "2027-02-28T23:59", None),
        ({"dates": "02-29 - 03-02"}, "2027-03-01T00:00", "2027-03-03T00:00"),
        ({"dates": "2028-02-29"}, "2028-02-29T12:00", "2028-03-01T00:00"),
        (NIGHTS, "2026-11-27T21:59", None),
        (NIGHTS, "2026-11-27T22:00", "2026-11-28T06:00"),
        (NIGHTS, "2026-11-28T05:59", "2026-11-28T06:00"),
        (NIGHTS, "2026-11-28T06:00", None),
        ({"cron": "0 9 * * 1-5", "duration": "30m"}, "2026-11-28T09:10", None),
        ({"cron": "0 9 * * MON-FRI", "duration": 1800}, "2026-11-27T09:10", "2026-11-27T09:30"),
        ({"cron": "0 0 1 * *", "duration": "3d"}, "2026-12-03T23:00", "2026-12-04T00:00"),
        ({"cron": "0 0 29 2 *", "duration": "1d"}, "2028-02-29T10:00", "2028-03-01T00:00"),
        ({"cron": "0 0 29 2 *", "duration": "1d"}, "2027-03-01T10:00", None),
        ({"cron": "0 20 L * *", "duration": "4h"}, "2026-11-30T21:00", "2026-12-01T00:00"),
        ({"cron": "*/30 8-17 * * *", "duration": "31m"}, "2026-11-27T08:00", "2026-11-27T18:01"),
    ],
)
def test_a_window_holds_from_its_beginning_until_before_its_end(
    window: dict[str, Any], moment: str, until: str | None
) -> None:
    found = frozen(moment, window)
    assert (found.until if found else None) == (at(until) if until else None)


@pytest.mark.parametrize(
    ("window", "moment", "until"),
    [
        # In Berlin the clocks go from 02:00 to 03:00 on 2026-03-29, which is 01:00 of UTC.
        ({"dates": "2026-03-29T02:30 - 2026-03-29T05:00"}, "2026-03-29T00:59:59", None),
        ({"dates": "2026-03-29T02:30 - 2026-03-29T05:00"}, "2026-03-29T01:00", "2026-03-29T03:00"),
        ({"dates": "2026-03-29T01:00 - 2026-03-29T02:30"}, "2026-03-29T00:59", "2026-03-29T01:00"),
        ({"weekly": "Sun 02:15 - 02:45"}, "2026-03-29T01:00", None),
        ({"weekly": "Sun"}, "2026-03-29T12:00", "2026-03-29T22:00"),
        ({"cron": "30 2 * * *", "duration": "1h"}, "2026-03-29T01:00", "2026-03-29T02:00"),
        ({"cron": "30 2 * * *", "duration": "1h"}, "2026-03-30T00:45", "2026-03-30T01:30"),
        # They go from 03:00 back to 02:00 on 2026-10-25, which is 01:00 of UTC.
        ({"dates": "2026-10-25T02:30 - 2026-10-25T05:00"}, "2026-10-25T00:29", None),
        ({"dates": "2026-10-25T02:30 - 2026-10-25T05:00"}, "2026-10-25T00:30", "2026-10-25T04:00"),
        ({"dates": "2026-10-25T01:00 - 2026-10-25T02:30"}, "2026-10-25T00:45", "2026-10-25T01:30"),
        ({"weekly": "Sun"}, "2026-10-24T22:00", "2026-10-25T23:00"),
        ({"cron": "30 2 * * *", "duration": "2h"}, "2026-10-25T00:30", "2026-10-25T02:30"),
        ({"cron": "45 2 * * *", "duration": "10m"}, "2026-10-25T00:50", "2026-10-25T00:55"),
        ({"cron": "45 2 * * *", "duration": "10m"}, "2026-10-25T01:50", None),
        ({"cron": "45 2 * * *", "duration": "30m"}, "2026-10-25T01:10", "2026-10-25T01:15"),
    ],
)
def test_clocks_that_go_forward_or_back_shorten_no_freeze(
    window: dict[str, Any], moment: str, until: str | None
) -> None:
    found = frozen(moment, window | BERLIN)
    assert (found.until if found else None) == (at(until) if until else None)


def test_windows_that_overlap_or_meet_are_one_freeze() -> None:
    monday = {"weekly": "Mon 08:00 - 12:00", **BERLIN, "reason": "maintenance"}
    found = frozen("2026-11-28T12:00", monday, CHRISTMAS, WEEKEND)
    assert found is not None
    assert [str(window) for window in found.windows] == ["Fri 16:00 - Mon 08:00 Europe/Berlin"]
    assert found.until == at("2026-11-30T11:00")
    found = frozen("2026-12-26T12:00", monday, CHRISTMAS, WEEKEND)
    assert found is not None
    assert [window.dates or window.weekly for window in found.windows] == [
        "12-24 - 01-01",
        "Fri 16:00 - Mon 08:00",
    ]
    # New Year's Day is a Friday: the weekend and the Monday's maintenance follow.
    assert found.until == at("2027-01-04T11:00")
    assert frozen("2026-11-25T12:00", monday, CHRISTMAS, WEEKEND) is None


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-12-04T20:00", "2026-12-07T07:00"),
        ("2026-12-11T20:00", "2026-12-11T23:00"),
        ("2026-12-12T12:00", None),
        ("2026-12-13T12:00", "2026-12-14T07:00"),
        ("2027-12-24T20:00", None),
        ("2026-12-27T02:59", None),
        ("2026-12-27T03:00", "2026-12-28T07:00"),
    ],
)
def test_exceptions_cut_a_window(moment: str, until: str | None) -> None:
    exceptions = ["2026-12-12", "12-24", "2026-12-25 - 2026-12-27T04:00"]
    found = frozen(moment, WEEKEND | {"exceptions": exceptions})
    assert (found.until if found else None) == (at(until) if until else None)


def test_an_exception_within_one_window_does_not_end_another() -> None:
    found = frozen("2026-12-12T12:00", WEEKEND | {"exceptions": ["2026-12-12"]}, CHRISTMAS)
    assert found is None
    found = frozen("2026-12-26T12:00", WEEKEND | {"exceptions": ["2026-12-26"]}, CHRISTMAS)
    assert found is not None
    assert [window.dates for window in found.windows] == ["12-24 - 01-01"]


@pytest.mark.parametrize(
    "windows",
    thorough_after(
        1,
        [
            (({"dates": "01-01 - 06-30"}, {"dates": "07-01 - 12-31"}),),
            (({"weekly": "Mon - Thu"}, {"weekly": "Fri - Sun"}),),
            # Asked minute by minute, for as long as two are, fifty would take a minute.
            (
                (
                    {"cron": "*/2 * * * *", "duration": "1m"},
                    *[{"cron": f"{minute}/2 * * * *", "duration": "1m"} for minute in range(1, 50)],
                ),
            ),
            (
                (
                    {"cron": "0 0 * * *", "duration": "12h"},
                    {"cron": "0 12 * * *", "duration": "12h"},
                ),
            ),
            (({"dates": "01-01 - 12-31"},),),
        ],
    ),
)
def test_a_freeze_that_never_ends_has_no_end_in_sight_and_names_its_windows(
    windows: tuple[dict[str, Any], ...],
) -> None:
    found = frozen("2026-11-27T12:00", *windows)
    assert found is not None
    assert found.until is None
    assert len(found.windows) == 1


class Settings(Section):
    """Settings of an environment, as the configuration has them."""

    freeze: tuple[FreezeWindow, ...] = ()
    soak: Duration = timedelta(0)


def settings(text: str) -> Settings:
    """Read settings, or raise `UsageError` with the place of what is wrong."""
    document = load(text.encode(), "promoter.yaml")
    try:
        return Settings.model_validate(document.value)
    except ValidationError as error:
        raise invalid_configuration(error, document, Settings) from None


def test_windows_and_durations_are_read_from_yaml() -> None:
    read = settings("""\
freeze:
  - weekly: Fri 16:00 - Mon 08:00
    timezone: Europe/Berlin
    exceptions: ['2026-12-12', 12-24]
    reason: nobody watches
  - {cron: 0 22 * * *, duration: 8h}
  - {cron: 0 9 1 * *, duration: 5400}
  - dates: 12-24 - 01-01
soak: 1d12h
""")
    assert [str(window) for window in read.freeze] == [
        "Fri 16:00 - Mon 08:00 Europe/Berlin (nobody watches)",
        "0 22 * * * for 8h UTC",
        "0 9 1 * * for 1h30m UTC",
        "12-24 - 01-01 UTC",
    ]
    assert read.soak == timedelta(hours=36)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("freeze: [{}]", (1, 10), "names no time: give weekly, dates, or cron with a duration"),
        ("freeze: [{weekly: Fri, dates: 12-24}]", (1, 10), "names weekly and dates"),
        ("freeze: [{cron: 0 0 * * *}]", (1, 11), "cron and duration belong together"),
        ("freeze: [{weekly: Fri, duration: 1h}]", (1, 10), "cron and duration belong together"),
        ("freeze: [{weekly: Freitag}]", (1, 11), "'Freitag' is not a part of a week"),
        ("freeze: [{weekly: Fri 16:00}]", (1, 11), "has no end"),
        ("freeze: [{weekly: Fri - }]", (1, 11), "is not a part of a week"),
        ("freeze: [{weekly: 'Fri 25:00 - Mon'}]", (1, 11), "is not a part of a week"),
        ("freeze: [{weekly: Fri 18:00 - 08:00}]", (1, 11), "name the day of its end"),
        ("freeze: [{weekly: Mon - Sun}]", (1, 11), "never ends: it is the whole week"),
        ("freeze: [{weekly: Fri 16:00 - Fri 16:00}]", (1, 11), "never ends"),
        ("freeze: [{dates: '2026-13-01'}]", (1, 11), "a day that does not exist"),
        ("freeze: [{dates: '2027-02-29'}]", (1, 11), "a day that does not exist"),
        ("freeze: [{dates: '02-30'}]", (1, 11), "a day that does not exist"),
        ("freeze: [{dates: 2026-12-24 - 12-26}]", (1, 11), "a year in both dates, or in none"),
        ("freeze: [{dates: 2026-12-24 - 2026-12-23}]", (1, 11), "ends before it begins"),
        ("freeze: [{dates: 12-24T18:00 - 12-24T08:00}]", (1, 11), "ends before it begins"),
        ("freeze: [{dates: '2026-12-24T18:00'}]", (1, 11), "has no end"),
        ("freeze: [{dates: christmas}]", (1, 11), "is not a date"),
        ("freeze: [{weekly: Fri}, {weekly: Fri, exceptions: [x]}]", (1, 52), "'x' is not a date"),
        ("freeze: [{weekly: Fri, timezone: Europe/Berln}]", (1, 24), "Did you mean Europe/Berlin"),
        ("freeze: [{weekly: Fri, timezone: ../../etc/passwd}]", (1, 24), "is not a time zone"),
        ("freeze: [{weekly: Fri, timezone: America}]", (1, 24), "is not a time zone"),
        ("freeze: [{cron: 0 22 * *, duration: 1h}]", (1, 11), "that has five fields"),
        ("freeze: [{cron: 0 0 22 * * *, duration: 1h}]", (1, 11), "that has five fields"),
        ("freeze: [{cron: 0 25 * * *, duration: 1h}]", (1, 11), "its hour must be 0 to 23"),
        ("freeze: [{cron: 0 0 30 2 *, duration: 1h}]", (1, 11), "is not a cron expression"),
        ("freeze: [{cron: '* * * * *', duration: 1m}]", (1, 11), "never ends"),
        ("freeze: [{cron: 0 0 1 1 *, duration: 366d}]", (1, 11), "never ends"),
        ("freeze: [{cron: 0 0 * * *, duration: 0}]", (1, 10), "more than 0 and at most 366d"),
        ("freeze: [{cron: 0 0 * * *, duration: 1 day}]", (1, 28), "is not a duration"),
        ('freeze: [{weekly: Fri, reason: "a\\nb"}]', (1, 24), "one line of text"),
        ("freeze: [{weekly: Fri, windw: 1}]", (1, 24), "unknown key freeze.0.windw"),
        ("freeze: {weekly: Fri}", (1, 1), "must be a list"),
        ("soak: 1 hour", (1, 1), "soak: '1 hour' is not a duration"),
        ("soak: -5", (1, 1), "is not a duration"),
        ("soak: true", (1, 1), "must be a duration"),
        ("soak: [1h]", (1, 1), "must be a duration"),
        pytest.param(
            "freeze: [{cron: 0 0 * * *, duration: 24h}]", (1, 11), "never ends",
            marks=pytest.mark.thorough,
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_window_is_said_with_its_place(
    text: str, place: tuple[int, int], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        settings(text + "\n")
    assert (caught.value.line, caught.value.column) == place
    assert said in f"{caught.value.message} {caught.value.hint}"


_FIELD = st.sampled_from(["*", "0", "5", "*/7", "1-5", "1,3", "L", "LW", "5#2", "5L", "MON", "JAN"])


@pytest.mark.provisioned
@given(
    st.lists(_FIELD, min_size=5, max_size=5),
    st.integers(60, 40 * 86_400),
    st.integers(1_577_836_800, 2_051_222_400),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]),
)
def test_a_cron_window_ends_after_it_holds_or_is_refused(
    fields: list[str], seconds: int, second: int, zone: str
) -> None:
    moment = datetime.fromtimestamp(second, UTC)
    window = {"cron": " ".join(fields), "duration": seconds, "timezone": zone}
    try:
        found = freeze_at([FreezeWindow.model_validate(window)], moment)
    except ValidationError:
        return
    if found and found.until:
        assert found.until > moment
        assert freeze_at(found.windows, found.until) is None
