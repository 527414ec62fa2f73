"""Durations as people write them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promoter.domain.duration import format_duration, parse_duration
from tests.world import aurora, promote

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90), ("90s", 90), ("2m", 120), ("1h30m", 5400), ("24h", 86_400), ("7d", 604_800),
        ("1d12h", 129_600), ("1h0m1s", 3601), ("0", 0), ("0.5", 0.5), ("1m0.25s", 60.25),
        (" 5m ", 300), ("90m", 5400), ("3660d", 316_224_000),
    ],
)  # fmt: skip
def test_a_duration_is_read_as_it_is_written(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    ["", " ", "m", "5 m", "5 minutes", "-5", "1m1h", "1h1h", "1.5h", "1e3", "inf", "nan", "5M",
     "1,5", "0x10", "٥", "1w", "h30m", "9" * 5000],
)  # fmt: skip
def test_what_is_no_duration_is_refused_with_what_can_be_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5 minutes", "5m"), ("2 hours and 5 min", "2h5m"), ("24 H", "24h"), ("1.5h", "1h30m"),
        ("2w", "14d"), ("3 months", "90d"), ("P1D", "24h"), ("PT36H", "36h"), ("1 day, 12 hours", "36h"),
    ],
)  # fmt: skip
def test_duration_of_another_form_is_told_in_ours(text: str, meant: str) -> None:
    with pytest.raises(ValueError, match=rf"is not a duration\nDid you mean {meant}\?"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["3661d", "999999999", "99999999m"])
def test_a_duration_has_an_upper_limit(text: str) -> None:
    with pytest.raises(ValueError, match="is too long: 3660d is the most"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (59.4, "59s"), (60, "1m"), (61, "1m1s"), (3600, "1h"), (5400, "1h30m"),
     (3601, "1h"), (86_400, "24h"), (90_000, "25h"), (172_801, "2d"), (-5, "0s")],
)  # fmt: skip
def test_a_duration_is_shown_in_its_two_greatest_units(seconds: float, shown: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == shown


@pytest.mark.provisioned
@given(st.integers(0, 3_000 * 86_400))
def test_what_is_shown_can_be_read_and_is_near(seconds: int) -> None:
    shown = parse_duration(format_duration(timedelta(seconds=seconds)))
    assert timedelta(0) <= timedelta(seconds=seconds) - shown < timedelta(hours=1)


@pytest.mark.parametrize(
    ("flags", "variables", "said"),
    [
        (["--timeout", "2 minutes"], {}, "--timeout: '2 minutes' is not a duration"),
        (["--wait-for-image", "5x"], {}, "--wait-for-image: '5x' is not a duration"),
        ([], {"PROMOTER_TIMEOUT": "x"}, "PROMOTER_TIMEOUT: 'x' is not a duration"),
        ([], {"PROMOTER_WAIT_FOR_IMAGE": "x"}, "PROMOTER_WAIT_FOR_IMAGE: 'x' is not a duration"),
        (["--timeout", "0"], {}, "--timeout: must be more than 0 and at most 24h"),
        (["--timeout", "2d"], {}, "--timeout: must be more than 0 and at most 24h"),
    ],
)
def test_flags_and_variables_that_are_no_durations_are_named(
    flags: list[str], variables: dict[str, str], said: str
) -> None:
    run = promote("--app", "aurora", "--tag", "1.4.2", *flags, env=variables)
    assert run.code == 2
    assert said in run.stderr


def test_flags_and_variables_take_durations(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    where = ("--app", "aurora", "--tag", "1.4.2", "--repo", str(repo.path), "--dry-run")
    assert promote(*where, "--timeout", "1m30s", "--wait-for-image", "2s").code == 0
    assert promote(*where, env={"PROMOTER_TIMEOUT": "90"}).code == 0
