"""The first fetch, begun before the settings are read: it is the run's own, or it leaves nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from promoter.git.clone import Clone
from promoter.git.first_fetch import begin_fetch, fetched_tips, likely_refs, taken_fetch
from promoter.git.isolation import Credential, remote_settings
from promoter.git.repository import GitRepository
from promoter.system.deadline import Deadline
from tests.servers.github import GitHub
from tests.thorough import thorough_after
from tests.world import AURORA, BRANCH, Repository, promote

TOKEN = {"GITHUB_TOKEN": "good-token"}
WHAT = ("--app", "aurora", "--tag", "9.9.1")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder for temporary files."""
    found = tmp_path / "temporary"
    found.mkdir()
    return found


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which a program in git's place writes its id and arguments before it becomes git."""
    file, folder = tmp_path / "log", tmp_path / "bin"
    folder.mkdir()
    program = folder / "git"
    path = os.environ["PATH"]
    program.write_text(f'#!/bin/sh\necho "$$ $*" >> {file}\nPATH={path} exec git "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{path}")
    return file


def settings(github: GitHub) -> dict[str, str]:
    """Return git's settings for a server."""
    return remote_settings(Credential(github.url, "good-token"), None)


def at_work_in(folder: Path) -> list[str]:
    """Return the processes that have their working directory in a folder."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if link.readlink().is_relative_to(folder):
                found.append(link.parent.name)
    return found


def test_it_is_begun_before_the_large_libraries_are_imported() -> None:
    code = (
        "import sys, promoter.cli.main, promoter.git.first_fetch\n"
        "import promoter.config.refs, promoter.forges.github, promoter.forges.tokens\n"
        "print({'git', 'pydantic', 'tenacity', 'urllib3', 'yaml', 'ssl'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown == "set()\n"


def test_a_run_goes_on_with_it_and_fetches_once(github: GitHub, place: Path, log: Path) -> None:
    done = promote(*WHAT, "--repo", github.url, env={**TOKEN, "TMPDIR": str(place)})
    assert done.code == 0, done.stderr
    assert "9.9.1" in Repository(github.repository).read(AURORA, BRANCH)
    # In the order of their starts: the first to start may be the second to write.
    begun = sorted(
        (line.split() for line in log.read_text().splitlines()), key=lambda one: int(one[0])
    )
    verbs = [verb for _, verb, *_ in begun]
    assert verbs.count("fetch") == 1
    # What is asked at first, by whatever git there is.
    assert verbs.index("fetch") < verbs.index("version")
    assert not list(place.iterdir())


def test_it_is_logged_as_every_git_command_is(github: GitHub) -> None:
    done = promote(*WHAT, "--repo", github.url, "--dry-run", "-v", env=TOKEN)
    assert done.stderr.count("+ git fetch --depth=2") == 1


@pytest.mark.parametrize(
    ("more", "env"),
    [
        (("--transport", "api"), TOKEN),
        (("--cache", "{tmp}/cache"), TOKEN),
        (("--config", "{tmp}/promoter.yaml"), TOKEN),
        (("--group", "shops"), TOKEN),
        (("--base", "a..b"), TOKEN),
        (("--app", "a b"), TOKEN),
        (("--app", "x:refs/heads/main"), TOKEN),
        (("--forge", "gitlab"), TOKEN),
        ((), {}),
        ((), {"GITHUB_TOKEN": '"good-token"'}),
        ((), {"PROMOTER_TOKEN": "${TOKEN}", **TOKEN}),
        ((), {"PROMOTER_GITHUB_APP_ID": "1", **TOKEN}),
    ],
)
def test_it_is_not_begun_where_the_settings_decide_who_is_asked_for_what(
    more: tuple[str, ...], env: dict[str, str], github: GitHub, log: Path, tmp_path: Path
) -> None:
    words = (one.replace("{tmp}", str(tmp_path)) for one in more)
    done = promote(*WHAT, "--repo", github.url, "--timeout", "soon", *words, env=env)
    assert done.code == 2
    assert not log.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("status", "--app", "aurora"),
        ("history", "--app", "aurora"),
        ("auto", "--app", "aurora"),
        ("pulls", "list"),
    ],
)
def test_commands_that_look_at_more_than_some_apps_do_not_begin_it(
    words: tuple[str, ...], github: GitHub, log: Path
) -> None:
    done = promote(*words, "--repo", github.url, env={**TOKEN, "PROMOTER_TIMEOUT": "soon"})
    assert done.code == 2
    assert not log.exists()


@pytest.mark.parametrize("repo", ["ssh://git@127.0.0.1:9/x/y", "file:///nowhere", "ext::sh -c id"])
def test_no_other_protocol_begins_it(repo: str, log: Path) -> None:
    done = promote(*WHAT, "--repo", repo, "--timeout", "soon", env=TOKEN)
    assert done.code == 2
    assert not log.exists()


def test_a_run_whose_settings_are_refused_ends_it_and_leaves_nothing(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as mute:
        repo = f"http://127.0.0.1:{mute.getsockname()[1]}/x/y.git"
        env = {**TOKEN, "TMPDIR": str(place)}
        done = promote(*WHAT, "--repo", repo, "--timeout", "soon", env=env)
        assert done.code == 2
        assert "--timeout" in done.stderr
        assert not at_work_in(place)
        assert not list(place.iterdir())


@pytest.mark.parametrize("number", thorough_after(1, [signal.SIGTERM, signal.SIGINT]))
def test_a_signal_ends_it_with_the_run_and_leaves_nothing(
    number: signal.Signals, place: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as mute:
        repo = f"http://127.0.0.1:{mute.getsockname()[1]}/x/y.git"
        command = [sys.executable, "-m", "promoter", *WHAT, "--repo", repo]
        env = {**os.environ, **TOKEN, "TMPDIR": str(place)}
        process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE)
        # Git has connected, which the run may not have noticed yet: it still imports.
        with closing(mute.accept()[0]):
            process.send_signal(number)
            _, said = process.communicate(timeout=60)
        assert process.returncode == 128 + number
        assert b": nothing was written" in said
        assert not at_work_in(place)
        assert not list(place.iterdir())


def test_no_argument_of_it_holds_the_token(github: GitHub, log: Path) -> None:
    done = promote(*WHAT, "--repo", github.url, env={"PROMOTER_TOKEN": "good-token"})
    assert done.code == 0, done.stderr
    assert "good-token" not in log.read_text()


@pytest.mark.parametrize("differs", ["url", "settings"])
def test_what_was_begun_of_another_remote_is_ended_and_not_taken(
    differs: str, github: GitHub, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(place))
    begun = begin_fetch(github.url, settings(github), None, ("aurora",))
    url = github.url if differs == "settings" else f"{github.url}x"
    wanted = settings(github) if differs == "url" else {}
    assert taken_fetch(url, wanted) is None
    assert begun.process.returncode is not None
    assert not list(place.iterdir())
    assert taken_fetch(github.url, settings(github)) is None


def test_a_fetch_that_has_been_ended_is_not_taken(github: GitHub) -> None:
    begin_fetch(github.url, settings(github), None, ("aurora",)).end()
    assert taken_fetch(github.url, settings(github)) is None


def test_a_look_at_another_branch_fetches_anew(github: GitHub) -> None:
    hub_repository = Repository(github.repository)
    hub_repository.git("branch", "release", "main")
    hub_repository.commit("release", "only-there", "x")
    begun = begin_fetch(github.url, settings(github), None, ("aurora",))
    with Clone(github.url, Deadline(60), configuration=settings(github), begun=begun) as clone:
        name, tree = GitRepository(clone, 1767225601).base("release", ("aurora",))
        assert name == "release"
        assert tree.commit == hub_repository.git("rev-parse", "release")
    assert begun.process.returncode is not None
    assert not begun.home.exists()


def test_a_fetch_that_fails_at_first_is_tried_again(github: GitHub) -> None:
    github.fail("GET", "info/refs", status=503)
    done = promote(*WHAT, "--repo", github.url, env=TOKEN)
    assert done.code == 0, done.stderr
    asked = [one.path for one in github.seen if one.path.endswith("/info/refs")]
    assert len(asked) == 3, "the fetch, the fetch, the push"


def test_what_it_has_brought_is_known_from_what_the_remote_lists() -> None:
    refs = {
        "HEAD": "1" * 40,
        "refs/heads/main": "1" * 40,
        "refs/heads/promote/prod/aurora": "2" * 40,
        "refs/heads/promote/eu/prod/aurora": "3" * 40,
        "refs/heads/promote/prod/other": "4" * 40,
        "refs/heads/promote-hold/prod/aurora": "5" * 40,
    }
    assert fetched_tips(refs, None, ()) == ("1" * 40,)
    brought = tuple(number * 40 for number in "1235")
    assert fetched_tips(refs, "main", likely_refs(["aurora"])) == brought
    assert fetched_tips(refs, "gone", likely_refs(["nothing"])) == ()
