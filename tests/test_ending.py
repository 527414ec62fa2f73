"""A run that a signal, its deadline or this machine ends says what was and was not done."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import contextmanager
from functools import partial
from operator import call
from typing import TYPE_CHECKING

import pytest

from promoter.cli.signals import ending_after, finishing, signals_deferred, stoppable
from promoter.domain.errors import Exit, PromoteError, RaceLostError
from promoter.domain.redaction import add_secret, forget_secrets
from promoter.engine import wiring
from promoter.engine.run import Run
from promoter.engine.run_context import open_run
from promoter.engine.run_errors import Stopped, error_of
from promoter.engine.selection.auto import Policies
from promoter.engine.selection.places import Scope
from promoter.engine.selection.work import Key
from promoter.output.printable import printable
from promoter.output.result import of_failure
from promoter.output.text import complaints_text
from promoter.planning.outcome import Outcome
from promoter.planning.plan import Action, Request
from promoter.settings import Settings
from promoter.system.deadline import Deadline
from tests.many_apps import BY_PULL, DEV, make
from tests.servers import git_http
from tests.servers.github import GitHub
from tests.servers.registry import Registry
from tests.thorough import thorough_after
from tests.world import promote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

SEMVER = DEV + '    policy: {semver: "*"}\n'
TOKEN = {"GITHUB_TOKEN": "good-token"}


@pytest.fixture
def registry() -> Iterator[Registry]:
    """An empty registry."""
    with Registry() as server:
        yield server


@pytest.fixture
def mute() -> Iterator[str]:
    """A host that takes every connection and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def fleet(tmp_path: Path, registry: Registry, mute: str) -> Path:
    """Three apps that have a newer tag; the registry of the second never answers."""
    for name in ("a", "c"):
        registry.push(name, "1.4.1", "1.4.2")
    images = {"a": registry.name("a"), "b": f"{mute}/b", "c": registry.name("c")}
    return make(tmp_path / "fleet.git", images, SEMVER).path


@contextmanager
def running(path: Path, seconds: float) -> Iterator[tuple[Run, list[str]]]:
    """Give a run of promote auto over a repository, within this process."""
    progress: list[str] = []
    settings = Settings(repo=str(path), timeout=seconds)
    wired = wiring.wire(settings, Deadline(seconds))
    with open_run(wired, progress, patience=60) as world:
        yield Run(world, Policies(world, Scope(), Request("", scheduled=True))), progress


def told(results: list[Outcome]) -> dict[str | None, tuple[str, int]]:
    """Return what became of each app."""
    return {one.app: (one.action.value, int(one.exit_code)) for one in results}


def printed(results: list[dict[str, Any]]) -> dict[str, tuple[str, int]]:
    """Return what became of each app, as JSON says it."""
    return {one["app"]: (one["action"], one["exit_code"]) for one in results}


def test_a_run_that_has_ended_says_what_it_did_though_a_signal_comes() -> None:
    before, said = signal.getsignal(signal.SIGTERM), False
    with finishing():
        signal.raise_signal(signal.SIGTERM)
        said = True
    assert said
    assert signal.getsignal(signal.SIGTERM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_signal_that_compiled_code_turned_into_its_own_exception_is_still_the_end() -> None:
    with stoppable():
        try:
            signal.raise_signal(signal.SIGTERM)
        except Stopped:
            assert error_of(ValueError("as of a class that was being built")).exit == 143
    assert error_of(ValueError("of another run")).exit == 1


@pytest.mark.thorough
def test_a_run_that_cannot_say_what_it_did_is_ended_by_a_signal() -> None:
    code = (
        "import os, signal; from promoter.cli.signals import finishing\n"
        "with finishing():\n signal.raise_signal(signal.SIGTERM); os.read(os.pipe()[0], 1)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGTERM


def test_what_is_known_is_delivered_though_a_registry_takes_all_the_time(fleet: Path) -> None:
    with running(fleet, 6) as (run, _):
        results = run.results()
    assert told(results) == {"a": ("pushed", 0), "b": ("failed", 5), "c": ("pushed", 0)}
    assert "not done within" in str(results[1].error)


def test_deadline_is_no_apps_failure_that_the_run_survives(fleet: Path) -> None:
    with running(fleet, 60) as (run, _), stoppable(), ending_after(1.0):
        results = run.results()
    assert told(results) == dict.fromkeys("abc", ("failed", 5))
    for one in results:
        assert str(one.error) == "not done within 1 s: nothing was written"


def test_what_was_done_before_the_end_is_kept_and_the_rest_is_told(fleet: Path) -> None:
    class Cut(Run):
        def keep(self, key: Key, outcome: Outcome) -> None:
            super().keep(key, outcome)
            if outcome.action is Action.PUSHED:
                raise Stopped(PromoteError("cut", ""))

    with running(fleet, 4) as (run, _):
        results = Cut(run.context, run.selection).results()
    assert [one.action for one in results] == ["pushed", "failed", "failed"]
    assert [one.app for one in results] == ["a", "b", "c"]


def until(done: Callable[[], bool]) -> None:
    """Wait for something that is about to happen."""
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def stopped(number: signal.Signals, seen: Callable[[], bool], *arguments: str) -> tuple[int, Any]:
    """Run the command, send it a signal once something was seen; returns its code and its JSON."""
    command = [sys.executable, "-m", "promoter", *arguments, "--output", "json"]
    process = subprocess.Popen(
        command, env={**os.environ, **TOKEN}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until(seen)
    sent = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert b"Traceback" not in err
    # No thread that still waits for a server holds the end up.
    assert time.monotonic() - sent < 10
    return process.returncode, json.loads(out)


@pytest.mark.parametrize(
    ("number", "code"),
    thorough_after(1, [(signal.SIGHUP, 143), (signal.SIGINT, 130), (signal.SIGTERM, 143)]),
    ids=["SIGHUP", "SIGINT", "SIGTERM"],
)
def test_signal_while_a_registry_is_silent_ends_at_once_and_a_rerun_goes_on(
    fleet: Path, registry: Registry, number: signal.Signals, code: int
) -> None:
    before = promote("pulls", "--repo", str(fleet)).stdout
    found, out = stopped(number, lambda: bool(registry.seen), "auto", "--repo", str(fleet))
    assert (found, out["exit_code"]) == (code, code)
    assert printed(out["results"]) == dict.fromkeys("abc", ("failed", code))
    assert all("nothing was written" in one["error"]["message"] for one in out["results"])
    assert promote("pulls", "--repo", str(fleet)).stdout == before
    again = promote("auto", "--app", "a", "--repo", str(fleet), "--output", "json")
    assert printed(again.json["results"]) == {"a": ("pushed", 0)}


@pytest.mark.thorough  # a start of Python; an error in that place is told in tests/test_github_faults.py
@pytest.mark.parametrize("command", ["auto", "promote"])
def test_signal_after_the_push_says_so_and_the_rerun_opens_the_pulls(
    tmp_path: Path, registry: Registry, command: str
) -> None:
    github = GitHub(tmp_path / "srv")
    for name in ("a", "b"):
        registry.push(name, "1.4.1", "1.4.2")
    policy = BY_PULL + '    policy: {semver: "*"}\n'
    make(github.repository, {name: registry.name(name) for name in ("a", "b")}, policy)
    git_http.configure(github.repository)
    words = ("auto",) if command == "auto" else ("--app", "a", "--app", "b", "--tag", "1.4.2")
    where = (*words, "--repo", github.url)
    with github:
        github.fail("POST", "mutation Open", delay=3)

        def asked() -> bool:
            return any("mutation Open" in str(one.body) for one in github.seen)

        code, out = stopped(signal.SIGTERM, asked, *where)
        assert code == 143
        for one in out["results"]:
            assert "pushed" in one["error"]["message"]
            assert "its pull request was under way" in one["error"]["message"]
        again = promote(*where, "--output", "json", env=TOKEN)
        assert again.code == 0, again.stderr
        branches = sorted(one["head"]["ref"] for one in github.open_pulls())
    assert branches == ["promote/dev/a", "promote/dev/b"]


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    def send() -> None:
        with stoppable():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(Stopped) as caught:
            send()
    finally:
        signal.signal(signal.SIGINT, before)
    assert caught.value.error.exit is Exit.TERMINATED
    assert "pushed x" in caught.value.after(["pushed x"]).message


def _signalled_just_before(number: signal.Signals, wait: Callable[[], object]) -> None:
    """Wait with a signal of which only Python has not heard yet: no code of Python's is between."""
    send = partial(ctypes.CDLL(None).__getattr__("raise"), int(number))
    both: tuple[Callable[[], object], ...] = (send, wait)
    deque(map(call, both), maxlen=0)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGALRM, 5)])
def test_a_signal_that_comes_just_before_a_wait_without_end_ends_it(
    number: signal.Signals, code: int
) -> None:
    never = threading.Lock()
    never.acquire()
    # Sent by us, an alarm is the deadline's only at the end of its time.
    seconds = 600.05 if number is signal.SIGTERM else 0.05
    with stoppable(), pytest.raises(Stopped) as caught, ending_after(seconds):
        _signalled_just_before(number, never.acquire)
    assert caught.value.error.exit == code


def test_a_deadline_waits_for_what_takes_no_signals() -> None:
    passed: list[str] = []

    def load() -> None:
        with signals_deferred():
            signal.raise_signal(signal.SIGALRM)
            passed.append("loaded")
        signal.raise_signal(signal.SIGALRM)
        passed.append("ended")

    with stoppable(), pytest.raises(Stopped), ending_after(0.0):
        load()
    assert passed == ["loaded"]


@pytest.mark.parametrize("delay", thorough_after(1, [0.1, 0.2, 0.05, 0.4]))
def test_interrupt_at_any_moment_of_the_start_is_no_traceback(delay: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _LATE, str(delay)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _, err = process.communicate(timeout=60)
    assert process.returncode in (2, 130), err
    assert b"Traceback" not in err


def test_where_it_cannot_run_it_says_where_it_does() -> None:
    code = "import os, sys; from promoter.__main__ import main; os.name = 'nt'; sys.exit(main())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr == (
        "promote: error: it runs on Linux and macOS\n  On Windows, run it in WSL.\n"
    )


# The signal is sent from within, so that Python's own start is not what it meets.
_LATE = """
import os, signal, sys, threading, time
from promoter.__main__ import main
timer = threading.Timer(float(sys.argv[1]), os.kill, (os.getpid(), signal.SIGINT))
timer.daemon = True
timer.start()
sys.argv[1:] = ["--app", "a"]
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/x/k.yaml"), 2, "/x/k.yaml: permission denied"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found"), 2, "temporary"),
        (OSError(errno.ENOSPC, "No space left on device", b"/x"), 5, "/x: no space left on device"),
        (OSError(errno.EMFILE, "Too many open files"), 5, "too many open files"),
        (ConnectionResetError(), 5, "connectionreseterror"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (RaceLostError("lost", ""), 5, "lost"),
        (MemoryError(), 5, "out of memory"),
        (ZeroDivisionError(), 1, "an internal error: ZeroDivisionError"),
    ],
)  # fmt: skip
def test_what_this_machine_refuses_is_told_with_its_path(
    error: BaseException, code: int, said: str
) -> None:
    found = error_of(error)
    assert found.exit == code
    assert said in found.message


def test_a_trace_that_was_asked_for_shows_no_secret_and_commands_no_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROMOTER_TRACEBACK", "1")
    monkeypatch.setenv("GITHUB_TOKEN", "hunter2hunter2")
    add_secret("hunter2hunter2")
    reason = ValueError("the answer to hunter2hunter2 is \x1b[2J")
    reason.__cause__ = KeyError("hunter2hunter2")
    result = of_failure(error_of(reason)).redacted()
    told = printable(complaints_text(result.complaints))
    forget_secrets()
    assert "ValueError: the answer to *** is \ufffd[2J" in told
    assert "KeyError: '***'" in told


def test_a_current_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    line = f"cd {gone} && rmdir {gone} && {sys.executable} -m promoter --app a --tag 1"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        ["bash", "-c", line], env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "the current folder is no longer there" in done.stderr


def test_nothing_that_was_opened_outlives_its_world(fleet: Path) -> None:
    with running(fleet, 30) as (run, _):
        forge = run.context.forge()
        assert forge.all() == ()
        run.context.registry()
    children = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "args="],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cat-file" not in children.stdout
