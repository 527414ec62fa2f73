"""How long an environment has had an image: pure, from the versions of its file."""

from __future__ import annotations

from collections.abc import Iterable

from promoter.domain.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class RunningPeriod:
    """One time in which an environment had an image without a break, in seconds since the epoch."""

    start: int
    end: int | None = None
    """None where it still has it."""
    at_least: bool = False
    """Whether it may have begun earlier: the history that was read begins there."""

    def length(self, now: int) -> int:
        """Return how long it lasts, in seconds; a commit from the future has no age."""
        return max(0, (now if self.end is None else self.end) - self.start)


def not_before(own: int, ancestors: Iterable[int], now: int) -> int:
    """Return when a commit was made at the earliest, from its own date and those of its ancestors.

    A commit may have any date. No commit is older than what it stands on, so that a date
    in the past gains nothing; an ancestor's date later than `now` says nothing of anybody.
    """
    return max(own, *(date for date in ancestors if date <= now), 0)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a file on the base: since when, and whether it has an image."""

    time: int
    has: bool
    first: bool = False
    """Whether what came before was not read."""


def latest_period(versions: Iterable[Version]) -> RunningPeriod | None:
    """Return the latest period of an image, from a file's versions, newest first; None without one."""
    period: RunningPeriod | None = None
    newer: int | None = None
    for version in versions:
        if version.has:
            period = RunningPeriod(version.time, period.end if period else newer, version.first)
        elif period is not None:
            return period
        newer = version.time
    return period
