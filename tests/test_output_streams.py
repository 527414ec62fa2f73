"""Nothing reaches a stream beside the one writer, and nothing that it writes commands a terminal."""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING

import pytest

from tests.command import promote
from tests.world import aurora

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.github import GitHub


@pytest.mark.parametrize(
    "status", [403, *(pytest.param(one, marks=pytest.mark.thorough) for one in (429, 500))]
)
def test_library_that_logs_what_a_server_says_is_not_heard(github: GitHub, status: int) -> None:
    github.fail(
        "GET", "/pulls", status=status, times=2,
        headers={"Retry-After": "1", "X-Note": "::stop-commands::x"},
        body={"message": "You have exceeded a secondary rate limit \x1b]0;title\x07"},
    )  # fmt: skip
    run = promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", github.url, "-q",
        env={"GITHUB_TOKEN": "good-token"},
    )  # fmt: skip
    assert run.code == 0, run.stderr
    assert not run.stderr


def test_no_library_has_a_way_to_a_stream_of_its_own(github: GitHub) -> None:
    github.has_graphql = False  # what is read by REST goes through PyGithub
    promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", github.url, env={"GITHUB_TOKEN": "good-token"}
    )  # fmt: skip
    known = logging.root.manager.loggerDict.values()
    loggers = [one for one in known if isinstance(one, logging.Logger)]
    assert {"git.cmd", "github.Requester", "urllib3.connectionpool"} <= {
        one.name for one in loggers
    }
    writing = [
        one.name for one in loggers for handler in one.handlers
        # pytest listens, too, where a logger of an earlier test passes nothing on.
        if isinstance(handler, logging.StreamHandler)
        and not type(handler).__module__.startswith("_pytest")
    ]  # fmt: skip
    assert not writing


def test_titles_of_pulls_are_printable_in_a_pipe_too(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    promote("--app", "aurora", "--tag", "9.9.1", "--repo", str(repo.path))
    ref = "refs/promoter/pulls/1"
    stored = json.loads(repo.git("cat-file", "blob", ref))
    stored["title"] = "a\x1b]0;pwned\x07\x9b31mb\rc"
    blob = repo.git("hash-object", "-w", "--stdin", stdin=json.dumps(stored))
    repo.git("update-ref", ref, blob)
    run = promote("pulls", "--repo", str(repo.path))
    assert run.code == 0, run.stderr
    assert "]0;pwned" in run.stdout
    assert all(one.isprintable() for one in run.stdout.replace("\n", ""))


def test_each_complaint_is_said_a_single_time_in_a_step(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    run = promote(
        "--app", "aurora", "--image", "ghcr.io/aurora-cloud/nobody=1.0", "--repo", str(repo.path),
        env={"GITHUB_ACTIONS": "true"},
    )  # fmt: skip
    said = run.stdout + run.stderr
    assert run.code == 3
    assert said.count("::error::") == 1
    assert run.stderr.count("nobody") <= said.count("::error::") * 2


@pytest.mark.parametrize("what", ["/dev/zero", "pipe", "directory", "binary"])
@pytest.mark.parametrize(
    "how", ["--config", "PROMOTER_GITHUB_APP_PRIVATE_KEY_FILE", "DOCKER_CONFIG"]
)
def test_file_that_never_ends_or_never_begins_ends_no_run(
    tmp_path: Path, what: str, how: str
) -> None:
    repo = aurora(tmp_path / "aurora.git")
    (folder := tmp_path / "given").mkdir()
    file = folder / "config.json"
    if what == "/dev/zero":
        file.symlink_to(what)
    elif what == "pipe":
        os.mkfifo(file)
    elif what == "directory":
        file.mkdir()
    else:
        file.write_bytes(b"\xff\xfe\x00{")
    env = {"PROMOTER_GITHUB_APP_ID": "1"} if "PRIVATE" in how else {}
    given = ("--config", str(file)) if how == "--config" else ()
    if how != "--config":
        env[how] = str(folder if how == "DOCKER_CONFIG" else file)
    run = promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", str(repo.path), "--dry-run", *given, env=env
    )
    assert run.code in (0, 2), run.stderr
    assert len(run.stderr) < 2000
