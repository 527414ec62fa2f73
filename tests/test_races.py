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
from tests.world import Repository, promote

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


def test_a_pull_that_lost_a_race_tells_since_when_its_environment_is_as_the_winner_left_it(
    tmp_path: Path,
) -> None:
    prod = "  prod: {path: 'apps/{app}/overlays/prod', checks: {exists: off}}\n"
    apps = ["app-0", "app-1"]
    repo = make(tmp_path / "r.git", {app: f"example.org/{app}" for app in apps}, DEV + prod)
    for app in apps:
        own = repo.read(kustomization(app))
        repo.commit("main", kustomization(app, "prod"), own, date="2026-01-02T00:00:00Z")
    repo.git("branch", "later", "main")
    older = repo.read(kustomization("app-1", "prod")).replace("1.4.1", "1.4.0")
    repo.commit("later", kustomization("app-1", "prod"), older, date="2026-01-09T00:00:00Z")
    # As the branches are pushed, the base moves, and somebody is faster with one of them.
    hook = repo.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\nrm hooks/pre-receive\n"
        "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        "git update-ref refs/heads/main later\n"
        "git update-ref refs/heads/promote/prod/app-1 later\n"
    )
    hook.chmod(0o755)
    names = [word for app in apps for word in ("--app", app)]
    where = ("--repo", str(repo.path), "--env", "prod", "--output", "json")
    done = promote(*names, "--tag", "1.4.2", *where, env={"PROMOTER_NOW": "2026-01-10T00:00:00Z"})
    assert (done.code, hook.exists()) == (0, False), done.stderr
    bodies = [one["pull_request"]["body"] for one in done.json["results"]]
    since = [line for one in bodies for line in one.splitlines() if line.startswith("| since |")]
    assert [line.strip("| ").rpartition("| ")[2] for line in since] == [
        "2 Jan (8 days)", "9 Jan (24 hours)",
    ]  # fmt: skip
