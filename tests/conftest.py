"""A session that depends on nothing of the machine: its own home, no tokens, loopback only."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import sys
import tempfile
import threading
import warnings
from contextlib import suppress
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.command import Mode
from tests.many_apps import serving_many
from tests.world import Templates, serving_aurora

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tests.servers.github import GitHub

_DROPPED = ("PROMOTER_", "GITHUB_", "GIT_", "XDG_")
_KEPT = ("PROMOTER_TEST_",)
_PATH = os.environ["PATH"]
_RENDERERS = ("kustomize", "kubectl")
_LEFT_OUT, _COUNT = "thorough tests left out", pytest.StashKey[int]()
# A folder in memory, where there is one, and the bytes that it must have free.
_MEMORY, _ROOM = Path("/dev/shm"), 2 << 30


def _is_dropped(name: str) -> bool:
    """Say whether a variable of the machine could change what a test sees."""
    if name.startswith(_KEPT):
        return False
    return name.startswith(_DROPPED) or name == "GH_TOKEN" or name.lower().endswith("_proxy")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--processes",
        action="store_true",
        help="run each command in a process of its own, not in that of the tests",
    )
    parser.addoption(
        "--thorough",
        action="store_true",
        help="run the thorough tests, too, and render wherever kustomize is on PATH",
    )


def pytest_xdist_auto_num_workers() -> int:
    # Three more than there are cores, as tests wait for servers, repeats and processes; each takes two
    # seconds to begin.
    return min(len(os.sched_getaffinity(0)) + 3, 5)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    Mode.processes = config.getoption("--processes")
    # Thousands of tests and all modules stay: looking through them for garbage took a tenth of the time.
    gc.set_threshold(20_000, 20, 20)
    if "TMPDIR" not in os.environ and _has_room(_MEMORY):
        # On a disk, making and removing the files of so many repositories is a tenth of the work.
        os.environ["TMPDIR"], tempfile.tempdir = str(_MEMORY), None
    # Else each worker and each of the command's processes would compile all modules anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if hasattr(config, "workerinput"):
        # All is reported by then, and taking modules and tests apart takes a worker half a second.
        atexit.register(os._exit, 0)
    if _is_controller(config) and not config.getoption("--hypothesis-profile"):
        return
    # Late, and where tests run: this is a large part of what is imported.
    from hypothesis import settings

    settings.register_profile(
        "steady", max_examples=25, derandomize=True, deadline=None, print_blob=True
    )
    settings.register_profile("thorough", settings.get_profile("steady"), max_examples=600)
    settings.load_profile("steady")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Have all objects looked through once in the end: pytest does so twice, and it takes long."""
    gc.freeze()


def _is_controller(config: pytest.Config) -> bool:
    """Say whether this process gives the tests to others."""
    return config.getoption("dist") != "no" and not hasattr(config, "workerinput")


def _has_room(folder: Path) -> bool:
    """Say whether programs can be written to a folder and run there, and whether it has room."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    is_free = found.f_bavail * found.f_frsize >= _ROOM and not found.f_flag & os.ST_NOEXEC
    return is_free and os.access(folder, os.W_OK)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Do first what takes long once there are thousands of tests, or as many workers as there are."""
    if not _is_controller(session.config):
        _run_empty_property()
    folder = Path(__file__).parent
    names = [one.stem for one in folder.glob("test_*.py")]
    is_new = not any(folder.glob("__pycache__/test_*-pytest-*.pyc"))
    if is_new and _is_controller(session.config):
        # What many of them import is read before there are two of these.
        for name in ("hypothesis", "tests.servers.github", "promoter.forges.github.api.app"):
            import_module(name)
        halves = [_importing([f"tests.{name}" for name in names[start::2]]) for start in (0, 1)]
        for pid in halves:
            os.waitpid(pid, 0)


def _importing(names: list[str]) -> int:
    """Import modules in a process of their own, which is returned; what is wrong is seen later."""
    pid = os.fork()
    if not pid:
        for name in names:
            with suppress(BaseException):
                import_module(name)
        with suppress(BaseException):
            _run_empty_property()
        os._exit(0)
    return pid


def _run_empty_property() -> None:
    """Have Hypothesis do what comes with the first property of a process.

    It looks through all objects, and collects all constants of the code, which it keeps on disk.
    """
    from hypothesis import given, strategies
    from hypothesis.errors import HypothesisSideeffectWarning

    with warnings.catch_warnings():
        # Hypothesis warns of what is slow before tests are collected, which is why it is here.
        warnings.simplefilter("ignore", HypothesisSideeffectWarning)
        given(strategies.none())(lambda _: None)()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the thorough tests out, unless they are asked for: skipping them takes as long as a test."""
    if config.getoption("--thorough"):
        return
    thorough = [one for one in items if one.get_closest_marker("thorough")]
    items[:] = [one for one in items if not one.get_closest_marker("thorough")]
    config.hook.pytest_deselected(items=thorough)
    if hasattr(config, "workeroutput"):
        config.workeroutput[_LEFT_OUT] = len(thorough)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Keep how many tests a worker has left out, which is the same for each of them."""
    node.config.stash[_COUNT] = getattr(node, "workeroutput", {}).get(_LEFT_OUT, 0)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, dict[str, Any], dict[str, Any]]:
    """Send no keywords of what has passed: they are most of the reports."""
    data = yield
    if data.get("outcome") == "passed":
        data["keywords"] = {}
    return data


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if count := config.stash.get(_COUNT, 0):
        terminalreporter.write_line(f"{count} thorough tests left out; pytest --thorough runs them")


@pytest.fixture(scope="session", autouse=True)
def _hermetic(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> None:
    """Give the session a home of its own and an environment without surprises."""
    folder = tmp_path_factory.mktemp("session")
    isolate(folder)
    base = tmp_path_factory.getbasetemp()
    Templates.shared = (base.parent if hasattr(request.config, "workerinput") else base) / "shared"
    Templates.shared.mkdir(exist_ok=True)
    if not request.config.getoption("--thorough"):
        os.environ["PATH"] = _without_renderers(folder)


@pytest.fixture
def real_renderer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have kustomize and kubectl where this machine has them; other tests are quicker without."""
    monkeypatch.setenv("PATH", _PATH)


def _without_renderers(folder: Path) -> str:
    """Return PATH with folders of links in place of those that hold a renderer."""
    places = []
    # Each once: some machines have one folder under two names.
    for place in dict.fromkeys(map(os.path.realpath, os.environ["PATH"].split(os.pathsep))):
        if not any(shutil.which(name, path=place) for name in _RENDERERS):
            places.append(place)
            continue
        links = folder / f"path-{len(places)}"
        links.mkdir()
        for program in os.scandir(place):
            if program.name not in _RENDERERS:
                (links / program.name).symlink_to(program.path)
        places.append(str(links))
    return os.pathsep.join(places)


def isolate(folder: Path) -> None:
    """Give this process a home in a folder, and an environment without surprises."""
    home, templates = folder / "home", folder / "templates"
    for one in (home, templates):
        one.mkdir()
    for name in [name for name in os.environ if _is_dropped(name)]:
        del os.environ[name]
    os.environ |= {"HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC", "USER": "tester"}
    if threading.current_thread() is threading.main_thread():
        # A shell has what runs in its background ignore SIGINT, and children inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    Templates.directory = Templates.shared = templates


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHub]:
    """A GitHub with the Aurora repository."""
    with serving_aurora(tmp_path / "srv") as server:
        yield server


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHub]:
    """A GitHub with a repository of a hundred apps."""
    with serving_many(tmp_path / "srv") as server:
        yield server


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse connections to anything but this machine."""
    if event != "socket.connect":
        return
    where = arguments[1]
    if not isinstance(where, tuple) or not where:
        return
    try:
        outside = not ip_address(str(where[0])).is_loopback
    except ValueError:
        outside = where[0] != "localhost"
    if outside:
        msg = f"a test tried to reach {where[0]}, and tests stay on this machine"
        raise RuntimeError(msg)


sys.addaudithook(_guard)
