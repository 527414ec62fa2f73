"""The real command in processes that are quick to start: each is forked from one that has all loaded."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import subprocess
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
    usage: Path
    memory: int = 0
    """MiB that it took at most; known once it has ended."""
    memory_of_git: int = 0
    """MiB that the largest of the processes took which it started."""
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
        if used := self.usage.read_text().split():
            self.memory, self.memory_of_git = (int(one) >> 10 for one in used)
        for one in (self.out, self.err, self.usage):
            one.unlink()
        return Run(self.process.exitcode or 0, *texts)


def start(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    first: Callable[[], object] | None = None,
) -> Started:
    """Start the command, in whose process a function may have to be called first."""
    files = (_new_file(), _new_file(), _new_file())
    variables = {**os.environ, **(env or {})}
    process = _FORKS.Process(
        target=_run, args=(arguments, variables, cwd or Path.cwd(), files, first)
    )
    process.start()
    # Only `end` may ask how it ended: who asks first gets the answer, and nobody else.
    multiprocessing.process._children.discard(process)  # type: ignore[attr-defined]
    return Started(process, *files)


def _new_file() -> Path:
    handle, name = tempfile.mkstemp(prefix="stream-")
    os.close(handle)
    return Path(name)


def run_by_shell(line: str, *arguments: str, env: Mapping[str, str]) -> Run:
    """Run the command in a process of its own, by a line of the shell that becomes `"$@"`."""
    command = ["sh", "-c", line, "sh", sys.executable, "-m", "promoter", *arguments]
    environment = {**os.environ, **env}
    done = subprocess.run(
        command, env=environment, capture_output=True, timeout=LONGEST, check=False
    )
    return Run(
        done.returncode, *(one.decode("utf-8", "replace") for one in (done.stdout, done.stderr))
    )


def run(*arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Run:
    """Run the command to its end."""
    return start(*arguments, env=env, cwd=cwd).end()


def _run(
    arguments: tuple[str, ...],
    env: Mapping[str, str],
    cwd: Path,
    files: tuple[Path, Path, Path],
    first: Callable[[], object] | None,
) -> None:
    """Be the command, as `promoter.__main__` is."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    out, err, usage = files
    with out.open("wb") as told, err.open("wb") as complained, usage.open("wb", 0) as used:
        if first is not None:
            first()
        try:
            code = run_here(arguments, env, cwd, told, complained)
        except KeyboardInterrupt:
            code = 130
        with suppress(OSError):
            whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            used.write(b"%d %d" % tuple(resource.getrusage(one).ru_maxrss for one in whose))
    sys.stdout.flush()
    # As there: no thread that waits for a server holds the end up.
    os._exit(code)
