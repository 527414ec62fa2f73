"""Attempts at what may lose a race against other runs: again and again, until the deadline."""

from __future__ import annotations

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_before_delay,
    wait_random,
)
from tenacity.wait import wait_base

from promoter.domain.errors import RaceLostError
from promoter.system.budget import RACE_PAUSE
from promoter.system.deadline import Deadline


def races(deadline: Deadline) -> Retrying:
    """Return the attempts of a run; `RaceLostError` means that another run was faster."""
    return Retrying(
        retry=retry_if_exception_type(RaceLostError),
        stop=stop_before_delay(deadline.remaining()),
        wait=_ByOwnPace(deadline),
        reraise=True,
    )


class _ByOwnPace(wait_base):
    """Waits up to as long as an attempt takes, and four times as long each time that it is lost.

    As long as many writers wait for less than all of them need, most attempts are lost; how long
    that is, depends on the link and the machine, which the attempts themselves show.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def __call__(self, retry_state: RetryCallState) -> float:
        """Return the seconds to wait."""
        lost = retry_state.attempt_number
        busy = (retry_state.seconds_since_start or 0.0) - retry_state.idle_for
        most = RACE_PAUSE.of(self._deadline.remaining())
        return wait_random(0.0, min(most, busy / lost * 4.0 ** min(lost - 1, 9)))(retry_state)
