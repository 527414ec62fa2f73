"""Rolling back: to what ran before, by the history of the file itself, and it stays there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promoter.config.holds import hold_file
from tests.world import AURORA, BRANCH, Repository, aurora, promote

if TYPE_CHECKING:
    from pathlib import Path

HOLD = str(hold_file("aurora", "prod"))
WHY = ("--reason", "1.4.3 loses orders")


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    """A fresh Aurora repository, whose prod is at 1.4.1."""
    return aurora(tmp_path / "aurora.git")


def run(repo: Repository, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run a command on the repository and return its envelope."""
    done = promote(*arguments, "--repo", str(repo.path), "--output", "json")
    assert done.code == code, done.stdout + done.stderr
    return done.json


def merge(repo: Repository, envelope: dict[str, Any]) -> None:
    """Merge the pull of an envelope, as its reviewers would."""
    number = envelope["pull_request"]["number"]
    assert promote("pulls", "merge", str(number), "--repo", str(repo.path)).code == 0


def promoted(repo: Repository, *tags: str) -> None:
    """Promote tags to prod one after the other, each merged."""
    for tag in tags:
        merge(repo, run(repo, "--app", "aurora", "--tag", tag))


def tags(repo: Repository, ref: str = "main") -> list[str]:
    """Return the distinct tags that prod has."""
    lines = [line.split(":")[1] for line in repo.read(AURORA, ref).splitlines() if "newTag" in line]
    return sorted({line.strip() for line in lines})


def test_a_rollback_stays_whatever_asks_for_the_bad_tag_until_the_hold_is_ended(
    repo: Repository,
) -> None:
    promoted(repo, "1.4.2", "1.4.3")
    back = run(repo, "rollback", "--app", "aurora", *WHY)
    assert (back["action"], back["branch"]) == ("created", BRANCH)
    assert back["files"] == [AURORA, HOLD]
    assert back["pull_request"]["title"] == "Roll back aurora in prod: 1.4.3 → 1.4.2"
    # Neither before the merge nor after it does an older pipeline bring the bad tag back.
    late = run(repo, "--app", "aurora", "--tag", "1.4.3", code=3)
    assert late["refusals"][0]["rule"] == "hold"
    newer = run(repo, "--app", "aurora", "--tag", "1.4.4", code=3)
    assert "1.4.3 loses orders" in newer["refusals"][0]["reason"]
    assert run(repo, "rollback", "--app", "aurora", *WHY)["action"] == "unchanged"
    merge(repo, back)
    assert tags(repo) == ["1.4.2"]
    assert run(repo, "--app", "aurora", "--tag", "1.4.3", code=3)["refusals"][0]["file"] == HOLD
    assert tags(repo) == ["1.4.2"]
    assert run(repo, "--app", "aurora", "--tag", "1.4.2")["action"] == "unchanged"
    ended = run(repo, "unhold", "--app", "aurora", "--env", "prod", "--reason", "1.4.4 is fixed")
    assert ended["pull_request"]["title"] == "End the hold of aurora in prod"
    merge(repo, ended)
    assert HOLD not in repo.git("ls-tree", "-r", "--name-only", "main")
    promoted(repo, "1.4.4")
    assert tags(repo) == ["1.4.4"]


def test_the_commit_says_what_it_undoes_and_why(repo: Repository) -> None:
    promoted(repo, "1.4.2", "1.4.3")
    bad = repo.git("rev-parse", "main")
    body = run(repo, "rollback", "--app", "aurora", *WHY)["pull_request"]["body"]
    message = repo.git("log", "-1", "--format=%B", BRANCH)
    assert message.startswith("Roll back aurora in prod: 1.4.3 → 1.4.2\n")
    for line in ("Hold: begin", "Reason: 1.4.3 loses orders", f"Rollback: {bad}", "Undone-Pull: 2"):
        assert f"Promoter-{line}\n" in f"{message}\n"
    assert bad[:12] in body
    assert "#2" in body
    assert "promote unhold --app aurora --env prod" in body
    assert 'reason: "1.4.3 loses orders"' in repo.read(HOLD, BRANCH)


def test_asked_again_after_the_merge_it_is_done_and_steps_go_further(repo: Repository) -> None:
    promoted(repo, "1.4.2", "1.4.3")
    merge(repo, run(repo, "rollback", "--app", "aurora", *WHY))
    refs = repo.refs()
    again = run(repo, "rollback", "--app", "aurora", *WHY)
    assert (again["action"], again["changed"]) == ("unchanged", False)
    assert repo.refs() == refs
    further = run(repo, "rollback", "--app", "aurora", "--steps", "2", *WHY)
    assert further["pull_request"]["title"].endswith("1.4.2 → 1.4.1")
    merge(repo, further)
    assert tags(repo) == ["1.4.1"]
