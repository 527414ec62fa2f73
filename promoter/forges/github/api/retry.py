"""When what failed on GitHub is asked again: as long as it says, and until it has settled."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    stop_any,
    stop_before_delay,
    wait_exponential,
    wait_random_exponential,
)
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from promoter.forges.github.api.failures import (
    UNLIKE,
    is_lag,
    is_of_graphql,
    is_passing,
    retry_after,
)
from promoter.system.budget import FORGE_READS, FORGE_SETTLING
from promoter.system.deadline import Deadline

T = TypeVar("T")

# A read is asked for so often.
_ATTEMPTS = 3


def until_done(do: Callable[[], T], seconds: float) -> T:
    """Do what may well be done twice, again while it fails in a way that passes by itself."""
    attempts = Retrying(
        retry=retry_if_exception(is_passing),
        stop=stop_before_delay(seconds),
        wait=AsGitHubSays(),
        reraise=True,
    )
    return attempts(do)


def until_answered(ask: Callable[[], T], seconds: float) -> T:
    """Return an answer, asked for a few times while there is none that may come a little later."""
    attempts = Retrying(
        retry=retry_if_exception(_may_be_answered),
        stop=stop_any(stop_after_attempt(_ATTEMPTS), _Spent(seconds)),
        wait=AsGitHubSays(),
        reraise=True,
    )
    return attempts(ask)


def until_known(ask: Callable[[], T], seconds: float, statuses: tuple[int, ...] = (404,)) -> T:
    """Return an answer, asked for again while the status says that GitHub does not know it yet."""
    attempts = Retrying(
        retry=retry_if_exception(lambda error: getattr(error, "status", None) in statuses),
        stop=stop_after_delay(seconds),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        reraise=True,
    )
    return attempts(ask)


def until_shown(ask: Callable[[], T | None], seconds: float) -> T | None:
    """Return what is there for certain as soon as a list shows it; None where it does not in time."""
    attempts = Retrying(
        retry=retry_if_result(lambda found: found is None),
        stop=stop_before_delay(seconds),
        wait=wait_exponential(multiplier=0.5, max=5),
        retry_error_callback=lambda _: None,
    )
    return attempts(ask)


class _Spent(stop_base):
    """Stops before so many seconds are over, and without a limit that is waited for much earlier."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, retry_state: RetryCallState) -> bool:
        """Return whether to stop."""
        is_named = retry_after(_error_of(retry_state)) is not None
        most = self._seconds if is_named else FORGE_READS.of(self._seconds)
        return (retry_state.seconds_since_start or 0.0) + retry_state.upcoming_sleep >= most


def _may_be_answered(error: BaseException) -> bool:
    """Return whether an answer may come a little later: after an outage, or in place of another's."""
    return is_passing(error) or isinstance(error, UNLIKE)


class AsGitHubSays(wait_base):
    """Waits as long as GitHub says, else a little longer each time."""

    def __init__(self) -> None:
        self._guess = wait_random_exponential(multiplier=0.2, max=5)

    def __call__(self, retry_state: RetryCallState) -> float:
        """Return the seconds to wait."""
        named = retry_after(_error_of(retry_state))
        return self._guess(retry_state) if named is None else named


class Settled(stop_base):
    """Stops when GitHub has had its time to learn of what was just written."""

    def __call__(self, retry_state: RetryCallState) -> bool:
        """Return whether to stop."""
        error = _error_of(retry_state)
        spent = retry_state.seconds_since_start or 0.0
        return (is_lag(error) or is_unknown(error)) and spent >= FORGE_SETTLING.seconds


def _error_of(retry_state: RetryCallState) -> BaseException:
    error = retry_state.outcome.exception() if retry_state.outcome else None
    assert error is not None
    return error


def is_unknown(error: BaseException) -> bool:
    """Return whether GraphQL does not know what it is asked about."""
    return getattr(error, "status", None) == 404 and is_of_graphql(error)


def pause(seconds: float, deadline: Deadline) -> None:
    """Wait, but not beyond the deadline."""
    time.sleep(min(seconds, deadline.remaining()))
