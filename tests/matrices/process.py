"""The real command in processes that are quick to start: each is forked from one that has all loaded."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.command import Run, run_here

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.context import ForkServerProcess

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.matrices.loaded"])
# What ends a run is its own deadline; this ends one that does not heed it.
LONGEST = 600.0


@dataclass
class Started:
    """A run of the command that is under way."""

    process: ForkServerProcess
    out: Path
    err: Path
    over: threading.Event = field(default_factory=threading.Event)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, and wait until it is over; another thread waits in `end`."""
        with suppress(ProcessLookupError):
            os.kill(self.process.pid or 0, number)
        self.over.wait(LONGEST)

    def end(self) -> Run:
        """Wait for its end; the code of one that a signal has ended is negative, as Python has it."""
        self.process.join(LONGEST)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.over.set()
        texts = [one.read_text(encoding="utf-8", errors="replace") for one in (self.out, self.err)]
        for one in (self.out, self.err):
            one.unlink()
        return Run(self.process.exitcode or 0, *texts)


def start(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    first: Callable[[], object] | None = None,
) -> Started:
    """Start the command, in whose process a function may have to be called first."""
    out, err = (Path(tempfile.mkstemp(prefix="stream-")[1]) for _ in range(2))
    variables = {**os.environ, **(env or {})}
    process = _FORKS.Process(
        target=_run, args=(arguments, variables, cwd or Path.cwd(), out, err, first)
    )
    process.start()
    # Only `end` may ask how it ended: who asks first gets the answer, and nobody else.
    multiprocessing.process._children.discard(process)  # type: ignore[attr-defined]
    return Started(process, out, err)


def run(*arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Run:
    """Run the command to its end."""
    return start(*arguments, env=env, cwd=cwd).end()


def _run(  # noqa: PLR0917 - what a process is made of
    arguments: tuple[str, ...],
    env: Mapping[str, str],
    cwd: Path,
    out: Path,
    err: Path,
    first: Callable[[], object] | None,
) -> None:
    """Be the command, as `promoter.__main__` is."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if first is not None:
        first()
    with out.open("wb") as told, err.open("wb") as complained:
        try:
            code = run_here(arguments, env, cwd, told, complained)
        except KeyboardInterrupt:
            code = 130
    sys.stdout.flush()
    # As there: no thread that waits for a server holds the end up.
    os._exit(code)
