"""A promotion's branch that git cannot have beside another is refused, with the name of that one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promoter.domain.branch import in_conflict
from tests.thorough import thorough_after
from tests.world import BRANCH, Repository, aurora, promote

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.servers.github import GitHub
    from tests.world import Run

_APP = ("--app", "aurora", "--output", "json")
_ASK = (*_APP, "--tag", "1.4.2")
_OTHERS = pytest.mark.parametrize(
    "other", thorough_after(2, ["promote", f"{BRANCH}/old", "promote/prod"])
)
_OWN_NAME = '\ntemplates:\n  branch: "deploy/{environment}/{app}"\n'


def on_github(github: GitHub, transport: str, *more: str) -> Run:
    """Run the command on a GitHub."""
    asked = _APP if more else _ASK
    arguments = (*asked, *more, "--repo", github.url, "--transport", transport)
    return promote(*arguments, env={"GITHUB_TOKEN": "good-token"})


def assert_refused(done: Run, branch: str, other: str) -> None:
    """Assert that a run was refused for one branch beside another."""
    assert done.code == 3, done.stderr
    (refusal,) = done.json["refusals"]
    assert refusal["rule"] == "branch-name"
    assert f"the branch {branch} cannot be made, as there is {other}:" in refusal["reason"]
    assert f"Delete or rename {other}, or set templates.branch" in refusal["hint"]


@_OTHERS
def test_a_branch_in_the_way_is_named_before_anything_is_pushed(tmp_path: Path, other: str) -> None:
    repo = aurora(tmp_path / "gitops.git")
    repo.git("branch", other, "main")
    before = repo.refs()
    for more in ((), ("--dry-run",), ("--take-over",)):
        assert_refused(promote(*_ASK, "--repo", str(repo.path), *more), BRANCH, other)
    assert repo.refs() == before


@_OTHERS
@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_a_branch_in_the_way_on_github_is_named(github: GitHub, transport: str, other: str) -> None:
    Repository(github.repository).git("branch", other, "main")
    assert_refused(on_github(github, transport), BRANCH, other)
    assert not github.pulls


def test_a_base_whose_name_has_a_number_sign_is_not_read_as_another(github: GitHub) -> None:
    Repository(github.repository).git("branch", "release", "main")
    github.has_graphql = False
    done = on_github(github, "api", "--tag", "1.4.2", "--base", "release#1")
    assert (done.code, done.json["pull_request"]) == (4, None), done.stderr
    assert "has no branch 'release#1'" in done.stderr


@pytest.mark.parametrize("other", thorough_after(1, ["deploy", "deploy/prod/aurora/old"]))
@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_a_branch_in_the_way_of_a_name_of_the_users_own_is_named(
    github: GitHub, transport: str, other: str
) -> None:
    repo = Repository(github.repository)
    repo.commit("main", "promoter.yaml", repo.read("promoter.yaml") + _OWN_NAME)
    repo.git("branch", other, "main")
    assert_refused(on_github(github, transport), "deploy/prod/aurora", other)


def test_a_branch_in_the_way_that_the_server_hides_is_named_by_the_push(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "gitops.git")
    repo.git("branch", f"{BRANCH}/old", "main")
    repo.git("config", "transfer.hideRefs", f"refs/heads/{BRANCH}/old")
    assert_refused(promote(*_ASK, "--repo", str(repo.path)), BRANCH, f"{BRANCH}/old")


def test_what_needs_no_branch_is_done_beside_one_in_the_way(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "gitops.git")
    repo.git("branch", "promote", "main")
    done = promote(*_ASK, "--env", "dev", "--repo", str(repo.path))
    assert (done.code, done.json["action"]) == (0, "pushed")


def test_a_hold_is_refused_as_well(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "gitops.git")
    repo.git("branch", "promote-hold", "main")
    arguments = ("hold", "--app", "aurora", "--env", "prod", "--reason", "x", "--output", "json")
    done = promote(*arguments, "--repo", str(repo.path))
    assert done.code == 3
    (refusal,) = done.json["refusals"]
    assert refusal["rule"] == "branch-name"
    assert refusal["hint"] == "Delete or rename promote-hold."


def test_a_branch_whose_pull_to_another_base_is_open_is_not_moved_for_this_one(
    tmp_path: Path,
) -> None:
    repo = aurora(tmp_path / "gitops.git")
    repo.git("branch", "release", "main")
    _promote_to_both(repo, lambda *more: promote(*_APP, "--repo", str(repo.path), *more))
    assert promote("pulls", "merge", "1", "--repo", str(repo.path)).code == 0


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_a_branch_whose_pull_to_another_base_is_open_on_github_is_not_moved(
    github: GitHub, transport: str
) -> None:
    repo = Repository(github.repository)
    repo.git("branch", "release", "main")
    _promote_to_both(repo, lambda *more: on_github(github, transport, *more))
    github.merge(1)
    done = on_github(github, transport, "--tag", "1.4.3", "--base", "release", "--take-over")
    assert (done.code, done.json["action"]) == (0, "created"), done.stdout
    assert [one["base"] for one in github.pulls] == ["main", "release"]


def _promote_to_both(repo: Repository, ask: Callable[..., Run]) -> None:
    """Promote to main, and be refused for another base whatever is asked for there."""
    assert ask("--tag", "1.4.2").code == 0
    before = repo.refs()
    for more in (("--tag", "1.4.3"), ("--tag", "1.4.2"), ("--tag", "1.4.3", "--take-over")):
        done = ask(*more, "--base", "release")
        assert done.code == 3, done.stdout
        (refusal,) = done.json["refusals"]
        assert refusal["rule"] == "branch-name"
        assert "is that of pull request 1 to main, which is open" in refusal["reason"]
        assert "templates.branch in promoter.yaml on release" in refusal["hint"]
    assert repo.refs() == before


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ("promote", True),
        ("promote/prod", True),
        ("promote/prod/aurora/x/y", True),
        ("promote/prod/aurora", False),
        ("promote/prod/aurora-2", False),
        ("promoted", False),
        ("promote/dev", False),
    ],
)
def test_branches_conflict_where_one_name_is_the_folder_of_the_other(
    other: str, found: bool
) -> None:
    assert bool(in_conflict("promote/prod/aurora", [other])) is found
