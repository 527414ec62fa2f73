"""Ends that a run does not choose: a signal, its deadline, a no of this machine, a bug of ours."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

from promoter.cli.process import variable
from promoter.domain.errors import (
    InterruptedRunError,
    PromoteError,
    RemoteError,
    TerminatedRunError,
    UsageError,
)

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

# What somebody has to put right before it can go on; all else may be over the next time.
_WRONG_PLACE = (
    FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError,
)  # fmt: skip

_AGAIN = "Run the same command again: it goes on there."


class Stopped(BaseException):
    """The run is over before its work is; what takes one app's failure for its own lets it pass."""

    def __init__(self, error: PromoteError) -> None:
        super().__init__(error.message)
        self.error = error

    def after(self, done: Sequence[str]) -> PromoteError:
        """Return why, with what was done before."""
        said = f"{self.error.message}: {'; '.join(done) or 'nothing was written'}"
        return type(self.error)(said, self.error.hint)


@contextmanager
def stoppable() -> Iterator[None]:
    """Have SIGINT and SIGTERM raise `Stopped`, so that what was begun is cleaned up and told.

    A second signal ends the process at once. One that is ignored, as by nohup, stays so.
    """
    ends = {
        signal.SIGINT: InterruptedRunError("interrupted", _AGAIN),
        signal.SIGTERM: TerminatedRunError("terminated", _AGAIN),
    }

    def stop(number: int, _: FrameType | None) -> None:
        if _held.depth:
            _held.number = number
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        for one in before:
            signal.signal(one, signal.SIG_DFL)
        raise Stopped(ends[signal.Signals(number)])

    before = {one: signal.getsignal(one) for one in ends}
    before = {one: was for one, was in before.items() if was is not signal.SIG_IGN}
    for one in before:
        signal.signal(one, stop)
    try:
        yield
    finally:
        for one, was in before.items():
            signal.signal(one, was)


class _Held:
    """Whether signals wait, and which one does."""

    depth = 0
    number: int | None = None


_held = _Held()


@contextmanager
def held() -> Iterator[None]:
    """Have a signal wait for the end of a short work: compiled modules take none while they load."""
    _held.depth += 1
    try:
        yield
    finally:
        _held.depth -= 1
        if not _held.depth and _held.number is not None:
            number, _held.number = _held.number, None
            signal.raise_signal(number)


@contextmanager
def ending_after(seconds: float) -> Iterator[None]:
    """Have the run's deadline raise `Stopped`, wherever the run then is."""

    def expire(_: int, __: FrameType | None) -> None:
        raise Stopped(
            RemoteError(
                f"not done within {seconds:g} s",
                "Check the network, or give more time with --timeout; running again is safe.",
            )
        )

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def error_of(reason: BaseException) -> PromoteError:
    """Return whatever ended the work as one of our errors, with its exit code and the way out."""
    if isinstance(reason, PromoteError):
        return reason
    if isinstance(reason, Stopped):
        return reason.error
    if isinstance(reason, KeyboardInterrupt):
        return InterruptedRunError("interrupted", _AGAIN)
    if isinstance(reason, OSError):
        return _of_the_machine(reason)
    return _bug(reason)


def _of_the_machine(error: OSError) -> PromoteError:
    """Return what this machine did not do, with the path that it is about."""
    reason = (error.strerror or type(error).__name__).lower()
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    if not isinstance(error, _WRONG_PLACE):
        return RemoteError(f"{where}{reason}", "Once that is over, running again is safe.")
    if error.filename is None and not _is_somewhere():
        return UsageError("the current folder is no longer there", "Go to one that is.")
    return UsageError(f"{where}{reason}", "Check the path, and who may read and write there.")


def _is_somewhere() -> bool:
    """Say whether the current folder still exists."""
    try:
        os.getcwd()  # noqa: PTH109 - pathlib would cost more than --help may take
    except OSError:
        return False
    return True


def _bug(reason: BaseException) -> PromoteError:
    """Return an unexpected exception as an error that asks for a report, not for the user's help."""
    if variable("PROMOTER_TRACEBACK"):
        raise reason
    where = reason.__traceback__
    while where and where.tb_next:
        where = where.tb_next
    place = f" in {where.tb_frame.f_code.co_name}:{where.tb_lineno}" if where else ""
    return PromoteError(
        f"a bug of promote: {type(reason).__name__}{place}",
        "Please report it with the command. PROMOTER_TRACEBACK=1 shows the whole trace.",
    )
