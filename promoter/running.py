"""A command from its settings to its end, which a signal or the deadline may bring about in order."""

from __future__ import annotations

import gc
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from promoter import commands
from promoter.errors import Exit, InterruptedRunError, RemoteError
from promoter.settings import taken_environment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from promoter.settings import Settings


def run_command(command: str, parsed: argparse.Namespace) -> dict[str, Any]:
    """Run a command that a signal or the deadline ends in an orderly way."""
    # What was imported stays: looking through it for garbage takes a tenth of a run over many apps.
    gc.freeze()
    work = getattr(commands, command.replace("-", "_"))
    with taken_environment(parsed) as settings, _orderly_end(settings) as progress:
        try:
            result: dict[str, Any] = work(settings, parsed, progress)
        except KeyboardInterrupt:
            raise _interrupted("interrupted", Exit.INTERRUPTED, progress) from None
        except _Terminated:
            raise _interrupted("terminated", Exit.TERMINATED, progress) from None
    return {
        **result,
        "_progress": progress if settings.verbose else (),
        "_quiet": settings.quiet,
    }


class _Terminated(BaseException):
    """SIGTERM arrived."""


@contextmanager
def _orderly_end(settings: Settings) -> Iterator[list[str]]:
    """Turn SIGTERM and the deadline into exceptions, so that what was begun is cleaned up."""

    def terminate(_: int, __: FrameType | None) -> None:
        raise _Terminated

    def expire(_: int, __: FrameType | None) -> None:
        raise RemoteError(
            f"not done within {settings.timeout:g} s",
            "Check the network, or give more time with --timeout; running again is safe.",
        )

    progress: list[str] = []
    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, terminate)}
    if hasattr(signal, "setitimer"):
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, expire)
        signal.setitimer(signal.ITIMER_REAL, settings.timeout)
    try:
        yield progress
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupted(word: str, code: Exit, progress: Sequence[str]) -> InterruptedRunError:
    """Return the error that says what was and was not done."""
    done = "; ".join(progress) or "nothing was written"
    error = InterruptedRunError(f"{word}: {done}", "Run the same command again: it goes on there.")
    error.exit = code
    return error
