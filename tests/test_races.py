"""Many runs that push to one branch at once: all land, and each after few pushes."""

from __future__ import annotations

import base64
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.many_apps import DEV, kustomization, make
from tests.matrices.process import run as promote_forked
from tests.servers import git_http
from tests.servers.github import GitHub
from tests.world import Repository

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import Run

_MANY = [2, pytest.param(32, marks=pytest.mark.thorough)]
# So many pushes a writer, of 32 at once; by API nothing tells before it that another was faster.
_MOST = {"git": 6, "api": 8}


def _world(path: Path, apps: list[str], policy: str) -> GitHub:
    github = GitHub(path / "srv")
    make(github.repository, {app: f"example.org/{app}" for app in apps}, policy)
    git_http.configure(github.repository)
    return github


def _pushes(github: GitHub) -> Counter[str]:
    """Return how often each writer has pushed, by its token."""
    found: Counter[str] = Counter()
    for one in github.seen:
        kind, _, given = one.authorization.partition(" ")
        if one.graphql and "mutation" in one.body["query"]:
            found[given] += 1
        elif kind == "Basic" and one.method == "POST" and one.path.endswith("git-receive-pack"):
            found[base64.b64decode(given).decode().partition(":")[2]] += 1
    return found


@pytest.mark.parametrize("count", _MANY)
@pytest.mark.parametrize("transport", ["git", "api"])
def test_each_of_many_writers_of_one_branch_lands_after_few_pushes(
    tmp_path: Path, transport: str, count: int
) -> None:
    apps = [f"app-{number}" for number in range(count)]
    policy = f"{DEV}    transport: {transport}\n    checks: {{exists: off}}\n"

    def push(app: str) -> Run:
        words = ("--app", app, "--tag", "2.0.0", "--repo", github.url, "--timeout", "500")
        return promote_forked(*words, "--transport", transport, env={"GITHUB_TOKEN": app})

    with _world(tmp_path, apps, policy) as github, ThreadPoolExecutor(count) as pool:
        github.tokens |= dict.fromkeys(apps, True)
        ended = list(pool.map(push, apps))
        assert not [run.stderr for run in ended if run.code]
        pushes = _pushes(github)
    repo = Repository(github.repository)
    assert all("2.0.0" in repo.read(kustomization(app)) for app in apps)
    assert repo.git("rev-list", "--count", "main") == str(count + 1)
    assert set(pushes) == set(apps)
    assert max(pushes.values()) <= _MOST[transport], pushes


@pytest.mark.parametrize("count", _MANY)
def test_the_newest_of_many_tags_that_are_pushed_at_once_wins(tmp_path: Path, count: int) -> None:
    tags = [f"2.0.{number}" for number in range(count)]

    def push(tag: str) -> Run:
        words = ("--app", "a", "--tag", tag, "--repo", github.url, "--timeout", "500")
        return promote_forked(*words, env={"GITHUB_TOKEN": "good-token"})

    policy = f"{DEV}    checks: {{exists: off}}\n"
    with _world(tmp_path, ["a"], policy) as github, ThreadPoolExecutor(count) as pool:
        ended = list(pool.map(push, tags))
    assert not [run.stderr for run in ended if run.code not in (0, 3)]
    assert f"newTag: {tags[-1]} " in Repository(github.repository).read(kustomization("a"))
