"""The renderer's sandbox: what a build cannot reach, whatever it is asked; and a machine without one."""

from __future__ import annotations

import ctypes
import errno
import logging
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from promoter.cli.signals import ending_after
from promoter.render import Renderer, sandbox
from promoter.render.program import build_both, denied_use
from promoter.system.threads import in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promoter.render.program import BuildOutput

Answer = TypeVar("Answer")
_CREATE_RULESET = 444
_OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {key: hunter2}\n"


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _has_landlock() -> bool:
    return sys.platform == "linux" and int(_libc().syscall(_CREATE_RULESET, None, 0, 1)) > 0


pytestmark = [
    pytest.mark.provisioned,
    pytest.mark.usefixtures("real_renderer"),
    pytest.mark.skipif(not _has_landlock(), reason="the kernel has no Landlock"),
]


def _without_landlock(ask: Callable[[], Answer]) -> Answer:
    """Return an answer from a thread for which the kernel has no Landlock, as a container may have it."""

    def answer() -> Answer:
        # Load the call's number; one of them is answered by an error, the others pass.
        steps = (
            (0x20, 0, 0, 0),
            (0x15, 0, 1, _CREATE_RULESET),
            (0x06, 0, 0, 0x00050000 | errno.ENOSYS),
            (0x06, 0, 0, 0x7FFF0000),
        )
        code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *one) for one in steps))
        program = struct.pack("@HP", len(steps), ctypes.addressof(code))
        assert _libc().prctl(38, 1, 0, 0, 0) == 0
        assert _libc().prctl(22, 2, program, 0, 0) == 0, os.strerror(ctypes.get_errno())
        return ask()

    return in_background(answer).result()


def _found(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not on PATH")
    return found


@pytest.fixture
def kustomize() -> Renderer:
    """The real kustomize, for which no file is too far."""
    return Renderer(_found("kustomize"), reads_outside=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a render, in one that holds a secret."""
    (tmp_path / "secret.yaml").write_text(_OBJECT, encoding="utf-8")
    home = tmp_path / "home"
    (home / "web").mkdir(parents=True)
    return home


def _built(renderer: Renderer, home: Path, text: str) -> BuildOutput:
    (home / "web/kustomization.yaml").write_text(text, encoding="utf-8")
    (output,) = build_both(renderer, [home / "web"], home)
    return output


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A server of this machine that nobody has connected to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def _is_connected_to(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize(
    "text",
    [
        "resources: [../../secret.yaml]\n",
        "resources: [link.yaml]\n",
        "resources: [ABSOLUTE]\n",
        "configMapGenerator: [{name: x, files: [../../secret.yaml]}]\n",
        "configMapGenerator: [{name: x, files: [/proc/self/environ]}]\n",
    ],
)
def test_a_build_reads_nothing_outside_of_its_folder(
    text: str, kustomize: Renderer, home: Path
) -> None:
    secret = home.parent / "secret.yaml"
    (home / "web/link.yaml").symlink_to(secret)
    asked = text.replace("ABSOLUTE", str(secret))
    output = _built(kustomize, home, asked)
    assert (output.text, output.failure) == ("", "")
    assert "kustomize would read " in output.unmade
    assert output.unmade.endswith(", and a build is given the repository's files alone")
    # It is the sandbox that kept it from that.
    assert _without_landlock(lambda: _built(kustomize, home, asked)).text


@pytest.mark.parametrize(
    ("message", "is_denied"),
    [
        ("Error: open /etc/shadow: permission denied", True),
        ("Error: accumulating 'x': lstat HOME/../secret.yaml: permission denied", True),
        ("Error: fork/exec HOME/web/run: permission denied", True),
        ("Error: dial tcp 10.0.0.1:443: connect: permission denied", True),
        ("Error: chart c: permission denied: set image.tag", False),
        ("Error: open HOME/web/x.yaml: permission denied", False),
        ("Error: invalid file 'x: permission denied'", False),
        ("W open /etc/shadow: permission denied\nError: invalid Kustomization", False),
    ],
)
def test_a_failed_build_is_one_unless_the_sandbox_denied_it_something(
    message: str, home: Path, *, is_denied: bool
) -> None:
    use = denied_use(message.replace("HOME", str(home)), home)
    assert (use is not None) is is_denied


def test_a_build_connects_to_nothing(
    kustomize: Renderer, home: Path, server: socket.socket
) -> None:
    url = f"http://127.0.0.1:{server.getsockname()[1]}/web.yaml"
    output = _built(kustomize, home, f"resources: ['{url}']\n")
    assert output.text == ""
    assert "would connect to 127.0.0.1:" in output.unmade
    assert not _is_connected_to(server)


def test_a_build_with_helm_runs_helm_and_no_other_program(home: Path) -> None:
    programs = home.parent / "bin"
    programs.mkdir()
    shutil.copy(shutil.which("cat") or "", programs / "helm")
    environment = {"PATH": str(programs)}
    found = Renderer("/usr/bin/kustomize", frozenset({"helm"}), environment).confined_to
    assert found == ("/usr/bin/kustomize", str(programs / "helm"))
    assert Renderer("/usr/bin/kustomize", frozenset({"helm", "exec"})).confined_to is None
    assert Renderer("/usr/bin/kustomize", frozenset({"network"})).confined_to is None


def test_a_chart_is_built_in_the_sandbox_and_runs_no_program_of_the_repository(
    kustomize: Renderer, home: Path
) -> None:
    _found("helm")
    ran = home / "ran"
    for name, text in {
        "charts/c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
        "charts/c/values.yaml": "key: hunter2\n",
        "charts/c/templates/web.yaml": _OBJECT.replace("hunter2", "{{ .Values.key }}"),
        "run": f"#!/bin/sh\ntouch {ran}\ncat\n",
    }.items():
        (home / "web" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "web" / name).write_text(text, encoding="utf-8")
    (home / "web/run").chmod(0o700)
    renderer = replace(kustomize, allowed=frozenset({"helm"}), environment=os.environ)
    charts = "helmCharts: [{name: c, releaseName: %s}]\n"
    assert "hunter2" in _built(renderer, home, charts % "web").text
    asked = charts % f"--post-renderer={home}/web/run"
    assert "no program but its own" in _built(renderer, home, asked).unmade
    assert not ran.exists()


@pytest.mark.parametrize("program", ["kustomize", "kubectl"])
def test_what_stands_in_the_folder_is_built_in_the_sandbox_as_without_one(
    program: str, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    renderer = Renderer(_found(program), reads_outside=True)
    caplog.set_level(logging.DEBUG, "promoter")
    (home / "web/web.yaml").write_text(_OBJECT, encoding="utf-8")
    (home / "base").mkdir()
    (home / "base/kustomization.yaml").write_text("resources: [more.yaml]\n", encoding="utf-8")
    (home / "base/more.yaml").write_text(_OBJECT.replace("web", "more"), encoding="utf-8")
    text = "resources: [web.yaml, ../base]\n"
    output = _built(renderer, home, text)
    assert output.text.count("hunter2") == 2
    assert caplog.messages == [f"{program} runs in its sandbox"]
    assert _without_landlock(lambda: _built(renderer, home, text)) == output
    assert caplog.messages[1:] == [f"{program} runs without a sandbox"]


def test_a_sandbox_binds_no_thread_of_the_run(kustomize: Renderer, home: Path) -> None:
    _built(kustomize, home, "resources: []\n")
    for text in (Path("/proc/self/status"), Path("/proc/thread-self/status")):
        assert "NoNewPrivs:\t0" in text.read_text()
        assert "NoNewPrivs:\t0" in in_background(text.read_text).result()
    assert in_background((home.parent / "secret.yaml").read_text).result() == _OBJECT


def _cat(*files: Path) -> Callable[[], subprocess.Popen[bytes]]:
    return lambda: subprocess.Popen(["/bin/cat", *files], stdin=-3, stdout=-1, stderr=-1)


@pytest.mark.parametrize("program", ["a script", "another program"])
def test_a_program_of_which_nobody_knows_what_it_needs_is_not_confined(
    program: str, home: Path
) -> None:
    script = home / "script"
    script.write_text("#!/bin/sh\n", encoding="utf-8")
    # What it needs to start beside its own file is no program that may be run.
    given = str(script) if program == "a script" else os.path.realpath("/bin/ls")
    process, is_confined = sandbox.started(_cat(home.parent / "secret.yaml"), home, (given,))
    assert process.communicate()[0].decode() == _OBJECT
    assert not is_confined


def test_a_python_without_ctypes_confines_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ctypes", None)
    process, is_confined = sandbox.started(_cat(), home, ("/bin/cat",))
    process.communicate()
    assert (process.returncode, is_confined) == (0, False)


def test_a_program_that_is_not_there_is_told_as_that(home: Path) -> None:
    gone = str(home / "gone")
    with pytest.raises(FileNotFoundError):
        sandbox.started(lambda: subprocess.Popen([gone]), home, ("/bin/cat",))


def test_where_no_thread_can_be_started_nothing_is_built(kustomize: Renderer, home: Path) -> None:
    before = threading.stack_size(1 << 46)
    try:
        output = _built(kustomize, home, "resources: []\n")
    finally:
        threading.stack_size(before)
    assert "cannot be run" in output.unmade


def test_a_signal_while_a_program_starts_ends_the_program(home: Path) -> None:
    handled = threading.Event()
    found: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        # It reads what nobody writes.
        found.append(subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE))
        os.kill(os.getpid(), signal.SIGUSR1)
        handled.wait()
        return found[0]

    def stop(*_: object) -> None:
        handled.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        # The deadline's looks have a signal noticed that comes just before the wait.
        with pytest.raises(KeyboardInterrupt), ending_after(600.05):
            sandbox.started(start, home, ("/bin/cat",))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert found[0].wait() == -signal.SIGKILL
    found[0].communicate()
