"""Which of two images is newer where the tags do not say, and which commit an image was built from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promoter.demo.source import make_source
from promoter.domain.deadline import Deadline
from tests.world import AURORA, BRANCH, Repository, aurora, promote

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = "0ld-build", "new-build"


@pytest.fixture
def source(tmp_path: Path) -> Repository:
    """The source repository, with the commits of releases v1.4.1 and v1.4.2."""
    make_source(tmp_path / "source.git", Deadline(30)).close()
    return Repository(tmp_path / "source.git")


@pytest.fixture
def repo(tmp_path: Path, source: Repository) -> Repository:
    """The Aurora repository, whose images are built there."""
    made = aurora(tmp_path / "aurora.git")
    text = made.read("promoter.yaml").splitlines()
    kept = [line for line in text if not line.strip().startswith("source")]
    made.commit("main", "promoter.yaml", "\n".join([*kept, f"    source: {source.path}", ""]))
    return made


def ask(repo: Repository, tag: str, *more: str, env: dict[str, str] | None = None) -> Any:
    """Ask for a tag and return the envelope."""
    command = ["--app", "aurora", "--tag", tag, "--repo", str(repo.path), "--output", "json"]
    run = promote(*command, *more, env=env)
    assert run.code == run.json["exit_code"], run.stderr
    return run.json


def test_ancestry_of_the_source_orders_tags_that_say_nothing(
    repo: Repository, source: Repository
) -> None:
    older, newer = (source.git("rev-parse", name) for name in ("v1.4.1", "v1.4.2"))
    first = ask(repo, NEW, "--source-revision", newer)
    late = ask(repo, OLD, "--source-revision", older)
    assert (late["action"], late["exit_code"]) == ("superseded", 0)
    assert repo.git("rev-parse", BRANCH) == first["commit"]
    assert ask(repo, OLD, "--source-revision", older, "--allow", "downgrade")["action"] == "updated"
    again = ask(repo, NEW, "--source-revision", newer)
    assert (again["action"], again["warnings"]) == ("updated", [])


def test_ancestry_orders_what_the_base_has_by_its_history(
    repo: Repository, source: Repository
) -> None:
    older, newer = (source.git("rev-parse", name) for name in ("v1.4.1", "v1.4.2"))
    number = ask(repo, NEW, "--source-revision", newer)["pull_request"]["number"]
    assert promote("pulls", "merge", str(number), "--repo", str(repo.path)).code == 0
    assert f"newTag: {NEW}" in repo.read(AURORA)
    assert ask(repo, OLD, "--source-revision", older)["action"] == "superseded"


def test_where_nobody_knows_the_last_request_wins_with_a_warning(repo: Repository) -> None:
    ask(repo, NEW)
    out = ask(repo, OLD)
    assert out["action"] == "updated"
    assert out["warnings"] == [
        f"whether {NEW} or {OLD} is newer is not known: the last request wins"
    ]
    pushed = ask(repo, OLD, "--env", "dev")
    assert pushed["action"] == "pushed"
    assert "the last request wins" in pushed["warnings"][0]


@pytest.mark.parametrize(
    ("event", "repository", "known"),
    [
        ("push", "aurora-cloud/aurora", True),
        ("release", "aurora-cloud/aurora", True),
        ("schedule", "aurora-cloud/aurora", False),
        ("workflow_dispatch", "aurora-cloud/aurora", False),
        ("push", "GITOPS/aurora", False),
    ],
)
def test_commit_of_a_workflow_counts_where_it_builds_the_image(
    tmp_path: Path, event: str, repository: str, *, known: bool
) -> None:
    repo = aurora(tmp_path / "gitops" / "aurora.git")
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "a" * 40, "GITHUB_REPOSITORY": repository}
    out = ask(repo, "9.9.1", env={**runner, "GITHUB_EVENT_NAME": event})
    message = repo.git("show", "-s", "--format=%B", out["commit"])
    assert (f"Promoter-Source-Revision: {'a' * 40}" in message) is known
