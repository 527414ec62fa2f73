"""The real command for tests: in this process, which is quick, or in a process of its own.

A run in this process sees what a process would see: its own arguments, variables, folder and
standard streams, down to the file descriptors. Afterwards all of them are as they were.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promoter.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


@dataclass(frozen=True)
class Run:
    """One run of the command."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The envelope on stdout."""
        envelope: dict[str, Any] = json.loads(self.stdout)
        return envelope


class Mode:
    """How `promote` runs the command; pytest's option --processes sets it."""

    processes = False


def promote(*arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Run:
    """Run the real command, in this process unless pytest has the option --processes.

    What a test says about processes, or starts from several threads, needs `promote_process`.
    """
    if Mode.processes:
        return promote_process(*arguments, env=env, cwd=cwd)
    with ExitStack() as stack:
        out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        code = run_here(arguments, {**os.environ, **(env or {})}, cwd or Path.cwd(), out, err)
        return Run(code, *(_text(one) for one in (out, err)))


def promote_process(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Run:
    """Run the real command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "promoter", *arguments],
        capture_output=True,
        # What ends a run is its own deadline; this ends one that does not heed it.
        timeout=600,
        check=False,
        cwd=cwd,
        env={**os.environ, **(env or {})},
    )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def run_here(
    arguments: tuple[str, ...], env: Mapping[str, str], cwd: Path, out: BinaryIO, err: BinaryIO
) -> int:
    """Run the command in this process, as a process of its own would run, and return its code."""
    with _environment(env), _folder(cwd), _streams(out, err), _interpreter(arguments):
        return run(arguments)


@contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    """Have just these variables."""
    before = dict(os.environ)
    changed = {name for name in {*before, *env} if before.get(name) != env.get(name)}
    assert not any(name.startswith("PYTHON") for name in changed), (
        "Python reads them when it starts"
    )
    _replace(env)
    # Python looks for the folder of temporary files a single time.
    directory, tempfile.tempdir = tempfile.tempdir, None
    try:
        yield
    finally:
        _replace(before)
        tempfile.tempdir = directory


def _replace(env: Mapping[str, str]) -> None:
    """Replace what differs in this process's environment."""
    for name in set(os.environ) - set(env):
        del os.environ[name]
    for name, value in env.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


@contextmanager
def _folder(cwd: Path) -> Iterator[None]:
    """Be in this folder."""
    before = Path.cwd()
    os.chdir(cwd)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _streams(out: BinaryIO, err: BinaryIO) -> Iterator[None]:
    """Have stdout and stderr go to these files, for child processes, too; stdin is empty."""
    before = sys.stdin, sys.stdout, sys.stderr
    with ExitStack() as stack, Path(os.devnull).open("rb") as nothing:
        for number, file in enumerate((nothing, out, err)):
            saved = os.dup(number)
            stack.callback(os.close, saved)
            stack.callback(os.dup2, saved, number)
            os.dup2(file.fileno(), number)
        opened = [
            open(number, mode, encoding="utf-8", newline="", closefd=False)  # noqa: SIM115 - closed below
            for number, mode in enumerate(("r", "w", "w"))
        ]
        sys.stdin, sys.stdout, sys.stderr = opened
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr = before
            for stream in opened:
                stream.close()


@contextmanager
def _interpreter(arguments: tuple[str, ...]) -> Iterator[None]:
    """Have Python's own state as it is when a process starts."""
    argv, handlers = sys.argv, {one: signal.getsignal(one) for one in _SIGNALS}
    root, thresholds = logging.getLogger(), gc.get_threshold()
    listening = root.handlers[:]
    sys.argv = ["promote", *arguments]
    # pytest listens to what libraries log, and what has no listener is printed on stderr.
    root.handlers.clear()
    try:
        with warnings.catch_warnings():
            yield
        assert {one: signal.getsignal(one) for one in _SIGNALS} == handlers
    finally:
        sys.argv = argv
        root.handlers[:] = listening
        gc.unfreeze()
        gc.set_threshold(*thresholds)


def _text(file: BinaryIO) -> str:
    """Return all that was written to a file."""
    file.seek(0)
    return file.read().decode()
