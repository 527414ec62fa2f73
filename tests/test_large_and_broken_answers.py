"""Answers that are cut, strange or missing, and disks that are full: a clear end, and a right next run."""

from __future__ import annotations

import copy
import math
import os
import socket
import subprocess
import sys
from functools import reduce
from operator import getitem
from typing import TYPE_CHECKING, cast

import pytest

from promoter.forges.github.api.field_types import check_types
from tests.many_apps import kustomization
from tests.servers.github import GitHub
from tests.thorough import thorough_after
from tests.world import Repository, promote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from tests.world import Run

TOKEN = {"GITHUB_TOKEN": "good-token"}
LFS = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


def run(hub: GitHub, *more: str) -> Run:
    """Promote one app to 9.9.1."""
    return promote(
        "--app", "app-7", "--tag", "9.9.1", "--repo", hub.url, "--output", "json", *more, env=TOKEN
    )


def proposed(hub: GitHub) -> str:
    """Return the kustomization that the app's branch has."""
    return Repository(hub.repository).read(kustomization("app-7"), "promote/dev/app-7")


def test_a_server_that_knows_no_filters_serves_as_well(hub: GitHub) -> None:
    hub.store.git("config", "--replace-all", "uploadpack.allowFilter", "false")
    done = run(hub)
    assert (done.code, done.json["action"]) == (0, "created"), done.stderr
    assert "9.9.1" in proposed(hub)


def test_a_tree_that_the_api_cuts_off_is_read_folder_by_folder(github: GitHub) -> None:
    cut = {"sha": "0" * 40, "url": "", "tree": [], "truncated": True}
    github.fail("GET", "/git/trees/", status=200, body=cut)
    done = promote(
        "status", "--app", "aurora", "--repo", github.url, "--transport", "api", "--output", "json",
        env=TOKEN,
    )  # fmt: skip
    assert done.code == 0, done.stderr
    assert not github.faults, "the whole tree was asked for"
    assert '"1.4.1"' in done.stdout


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
@pytest.mark.parametrize("held", ["images: \0\1\2\n", LFS], ids=["binary", "LFS"])
def test_what_is_no_kustomization_is_refused_by_its_name(
    hub: GitHub, transport: str, held: str
) -> None:
    Repository(hub.repository).commit("main", kustomization("app-7"), held)
    done = run(hub, "--transport", transport)
    assert done.code in (3, 4), done.stderr
    assert kustomization("app-7") in done.stdout
    assert hub.head("promote/dev/app-7") is None


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_an_api_that_takes_connections_and_never_answers_ends_with_the_time(
    hub: GitHub, transport: str
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as mute:
        silent = f"http://127.0.0.1:{mute.getsockname()[1]}/api/v3"
        done = run(hub, "--transport", transport, "--api-url", silent, "--timeout", "3s")
    assert done.code == 5, done.stderr
    assert "--timeout" in done.stderr or "Check the network" in done.stderr
    assert hub.head("promote/dev/app-7") is None
    assert run(hub, "--transport", transport).json["action"] == "created"


@pytest.mark.thorough  # a start of Python that waits for its end
def test_a_disk_that_is_full_is_told_and_the_next_run_is_right(hub: GitHub, tmp_path: Path) -> None:
    # No file may be larger than a few kilobytes, neither the clone's nor the mirror's.
    command = [
        sys.executable, "-m", "promoter", "--app", "app-7", "--tag", "9.9.1", "--repo", hub.url,
        # A git that such a limit has killed says too little to be known for one that cannot go on.
        "--cache", str(tmp_path / "cache"), "--timeout", "5s",
    ]  # fmt: skip
    limited = ["bash", "-c", 'ulimit -f 3; exec "$@"', "bash", *command]
    # Python would leave its own compiled files cut, and every later run would fail of them.
    given = {**os.environ, **TOKEN, "PYTHONDONTWRITEBYTECODE": "1"}
    full = subprocess.run(limited, env=given, capture_output=True, text=True, check=False)
    assert full.returncode == 5, full.stderr
    assert full.stderr.startswith("promote: error: "), full.stderr
    done = run(hub, "--cache", str(tmp_path / "cache"))
    assert (done.code, done.json["action"]) == (0, "created"), done.stderr
    assert "9.9.1" in proposed(hub)


_ANSWER = {
    "repository": {
        "nameWithOwner": "o/r",
        "base": {"rules": {"nodes": [{"type": "CREATION"}]}, "branchProtectionRule": None},
        "f0": {"entries": [{"name": "a", "mode": 33188, "oid": "0", "object": {"text": "x"}}]},
        "h0": {"nodes": [{"committedDate": "2026-11-28T00:00:00Z", "message": "m"}]},
        "pull": {"number": 1, "mergedAt": None, "isDraft": False},
    }
}


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value of an answer, without the one of its repository."""
    named = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in named:
        if len(way) > 0:
            yield (*way, key)
        if isinstance(one, dict | list):
            yield from _places(one, (*way, key))


@pytest.mark.parametrize("wrong", [[[]], ["x"], -1, 1.5, math.nan], ids=repr)
def test_a_value_of_another_type_anywhere_in_an_answer_is_no_answer(wrong: object) -> None:
    check_types(_ANSWER)
    for *way, last in _places(_ANSWER):
        answer = copy.deepcopy(_ANSWER)
        reduce(getitem, way, cast("Any", answer))[last] = wrong
        with pytest.raises(TypeError, match="is not what GitHub's is"):
            check_types(answer)
