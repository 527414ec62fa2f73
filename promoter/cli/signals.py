"""Signals and the deadline: each ends the run in order."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager

from promoter.domain.errors import InterruptedRunError, RemoteError, TerminatedRunError
from promoter.engine.run_errors import RUN_AGAIN, Stopped

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Seconds between two looks for the deadline.
_EACH = 1.0
_ROUNDED = 0.001
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def finishing() -> Iterator[None]:
    """Let a run that has ended say what it did: a signal ends it where that takes a second more."""
    before = {one: signal.getsignal(one) for one in _ENDS}
    before = {one: was for one, was in before.items() if was is not signal.SIG_IGN}

    def wait(number: int, _: FrameType | None) -> None:
        def end(_: int, __: FrameType | None) -> None:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

        signal.signal(signal.SIGALRM, end)
        signal.setitimer(signal.ITIMER_REAL, _EACH)

    for one in before:
        signal.signal(one, wait)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for one, was in before.items():
            signal.signal(one, was)


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Stopped` on SIGINT, SIGTERM and SIGHUP, so that the run cleans up and reports what it did.

    A second signal ends the process at once. One that is ignored, as by nohup, stays so.
    """
    ends = {
        signal.SIGINT: InterruptedRunError("interrupted", RUN_AGAIN),
        signal.SIGTERM: TerminatedRunError("terminated", RUN_AGAIN),
        signal.SIGHUP: TerminatedRunError("terminated: the terminal was closed", RUN_AGAIN),
    }

    def stop(number: int, _: FrameType | None) -> None:
        if _deferred.depth:
            _deferred.number = number
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        for one in before:
            signal.signal(one, signal.SIG_DFL)
        Stopped.latest = Stopped(ends[signal.Signals(number)])
        raise Stopped.latest

    before = {one: signal.getsignal(one) for one in ends}
    before = {one: was for one, was in before.items() if was is not signal.SIG_IGN}
    Stopped.latest = None
    for one in before:
        signal.signal(one, stop)
    try:
        yield
    finally:
        Stopped.latest = None
        for one, was in before.items():
            signal.signal(one, was)


class _Deferred:
    """Whether signals are deferred, and which one came meanwhile."""

    depth = 0
    number: int | None = None


_deferred = _Deferred()


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Defer signals for a short piece of work: compiled modules take none while they load."""
    _deferred.depth += 1
    try:
        yield
    finally:
        _deferred.depth -= 1
        if not _deferred.depth and _deferred.number is not None:
            number, _deferred.number = _deferred.number, None
            signal.raise_signal(number)


@contextmanager
def ending_after(seconds: float) -> Iterator[None]:
    """Raise `Stopped` at the run's deadline, wherever the run then is, and look for it each second.

    A signal that comes just before the main thread blocks in a wait is noticed once that wait is
    interrupted: the next look does so, for the deadline as for every other signal.
    """
    end = time.monotonic() + seconds

    def look(_: int, __: FrameType | None) -> None:
        # The timer and the clock may differ by as much as either rounds.
        if _deferred.depth or time.monotonic() < end - _ROUNDED:
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        Stopped.latest = Stopped(
            RemoteError(
                f"not done within {seconds:g} s",
                "Check the network, or give more time with --timeout; running again is safe.",
            )
        )
        raise Stopped.latest

    before = signal.signal(signal.SIGALRM, look)
    # The last look is at the deadline itself.
    signal.setitimer(signal.ITIMER_REAL, seconds % _EACH or _EACH, _EACH)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
