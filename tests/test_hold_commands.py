"""`promote hold` and `promote unhold`: holds that are made, read, reviewed and ended through git."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promoter.config.holds import hold_file
from tests.many_apps import BY_PULL, DEV, make
from tests.world import Repository, aurora, promote

if TYPE_CHECKING:
    from pathlib import Path

AT = {"PROMOTER_NOW": "2026-11-27T10:00:00Z", "USER": "alice"}
FILE = str(hold_file("aurora", "prod"))
WEB = str(hold_file("web", "dev"))


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    """A fresh Aurora repository, whose prod is delivered by pulls."""
    return aurora(tmp_path / "aurora.git")


def pushed(path: Path) -> Repository:
    """Make a repository of one app whose environment takes pushes."""
    return make(path, {"web": "ghcr.io/acme/web"}, f"{DEV}    checks: {{exists: off}}\n")


def run(
    repo: Repository, *arguments: str, code: int = 0, now: str = AT["PROMOTER_NOW"]
) -> dict[str, Any]:
    """Run a command on the repository at a time and return its envelope."""
    env = {**AT, "PROMOTER_NOW": now}
    done = promote(*arguments, "--repo", str(repo.path), "--output", "json", env=env)
    assert done.code == code, done.stdout + done.stderr
    return done.json


def test_a_hold_is_a_file_that_says_who_why_and_until_when(tmp_path: Path) -> None:
    repo = pushed(tmp_path / "r.git")
    out = run(
        repo, "hold", "--app", "web", "--reason", 'a "migration": 50 %',
        "--until", "2026-12-01T08:00:00+01:00",
    )  # fmt: skip
    assert (out["action"], out["files"], out["images"]) == ("pushed", [WEB], [])
    assert repo.read(WEB).splitlines() == [
        "# web stays in dev at what it runs. Remove this file, or run:",
        "#   promote unhold --app web --env dev --reason TEXT",
        'reason: "a \\"migration\\": 50 %"',
        'by: "alice"',
        "since: 2026-11-27T10:00:00Z",
        "until: 2026-12-01T07:00:00Z",
    ]
    assert repo.git("log", "-1", "--format=%s", "main") == "Hold web in dev"
    held = run(repo, "--app", "web", "--tag", "1.4.2", code=3)
    assert "2026-12-01 07:00 UTC" in held["refusals"][0]["hint"]
    assert held["gates"][[one["gate"] for one in held["gates"]].index("hold")]["until"] is not None
    later = run(repo, "--app", "web", "--tag", "1.4.2", now="2026-12-01T07:00:00Z")
    assert later["action"] == "pushed"


def test_an_actor_that_is_no_text_is_named_as_far_as_it_is_one(tmp_path: Path) -> None:
    repo = pushed(tmp_path / "r.git")
    arguments = ("hold", "--app", "web", "--reason", "wait", "--repo", str(repo.path))
    done = promote(*arguments, env={**AT, "GITHUB_ACTOR": "al\udcffice\n-- x"})
    assert done.code == 0, done.stderr
    assert 'by: "al ice -- x"' in repo.read(WEB)


def test_asked_again_it_stays_as_it_was_begun_and_another_reason_is_written(tmp_path: Path) -> None:
    repo = pushed(tmp_path / "r.git")
    run(repo, "hold", "--app", "web", "--reason", "wait")
    before = repo.refs()
    again = run(repo, "hold", "--app", "web", "--reason", "wait", now="2026-11-28T10:00:00Z")
    assert (again["action"], again["changed"], repo.refs()) == ("unchanged", False, before)
    other = run(repo, "hold", "--app", "web", "--reason", "wait longer")
    assert other["action"] == "pushed"
    assert 'reason: "wait longer"' in repo.read(WEB)


def test_unhold_removes_the_file_and_says_where_there_is_none(tmp_path: Path) -> None:
    repo = pushed(tmp_path / "r.git")
    ended = run(repo, "unhold", "--app", "web", "--reason", "why not")
    assert (ended["action"], ended["changed"]) == ("unchanged", False)
    run(repo, "hold", "--app", "web", "--reason", "wait")
    run(repo, "hold", "--app", "web", "--env", "dev", "--reason", "wait")
    ended = run(repo, "unhold", "--app", "web", "--reason", "done")
    assert (ended["action"], ended["files"]) == ("pushed", [WEB])
    assert "deleted" not in ended["diff"]
    assert "+++ /dev/null" in ended["diff"]
    assert WEB not in repo.git("ls-tree", "-r", "--name-only", "main")
    assert "Promoter-Reason: done" in repo.git("log", "-1", "--format=%B", "main")
    assert run(repo, "--app", "web", "--tag", "1.4.2")["action"] == "pushed"


def test_a_hold_by_pull_holds_while_it_is_open_and_keeps_out_of_the_promotions_branch(
    repo: Repository,
) -> None:
    promotion = run(repo, "--app", "aurora", "--tag", "1.4.2")
    hold = run(repo, "hold", "--app", "aurora", "--reason", "wait for the fraud team")
    assert (hold["action"], hold["branch"]) == ("created", "promote-hold/prod/aurora")
    assert hold["pull_request"]["number"] != promotion["pull_request"]["number"]
    assert "wait for the fraud team" in hold["pull_request"]["body"]
    assert run(repo, "hold", "--app", "aurora", "--reason", "wait for the fraud team")[
        "action"
    ] == ("unchanged")
    changed = run(repo, "hold", "--app", "aurora", "--reason", "wait for the fraud review")
    assert (changed["action"], changed["pull_request"]["number"]) == (
        "updated",
        hold["pull_request"]["number"],
    )
    number = str(hold["pull_request"]["number"])
    (refusal,) = run(repo, "--app", "aurora", "--tag", "1.4.3", code=3)["refusals"]
    assert f"held by pull request {number}" in refusal["reason"]
    assert promote("pulls", "merge", number, "--repo", str(repo.path)).code == 0
    assert run(repo, "--app", "aurora", "--tag", "1.4.4", code=3)["refusals"][0]["file"] == FILE


def test_a_hold_that_is_not_merged_yet_is_taken_back_by_closing_its_pull(repo: Repository) -> None:
    run(repo, "hold", "--app", "aurora", "--reason", "wait")
    back = run(repo, "unhold", "--app", "aurora", "--reason", "no need")
    assert back["pull_request"]["state"] == "closed"
    assert "refs/heads/promote-hold/prod/aurora" not in repo.refs()


def test_a_persons_commit_on_the_holds_branch_is_not_replaced(repo: Repository) -> None:
    run(repo, "hold", "--app", "aurora", "--reason", "wait")
    repo.commit("promote-hold/prod/aurora", FILE, "reason: mine\n", "My words")
    refused = run(repo, "hold", "--app", "aurora", "--reason", "other words", code=3)
    assert refused["refusals"][0]["rule"] == "human-commits"


def test_a_hold_that_people_broke_is_written_anew_or_ended(tmp_path: Path) -> None:
    repo = pushed(tmp_path / "r.git")
    for _ in range(2):
        repo.commit("main", WEB, "reason: [", "Broken by hand")
        refused = run(repo, "--app", "web", "--tag", "1.4.2", code=3)["refusals"][0]
        assert (refused["rule"], refused["file"], refused["line"]) == ("hold", WEB, 2)
        run(repo, "hold", "--app", "web", "--reason", "wait")
        assert 'reason: "wait"' in repo.read(WEB)
    repo.commit("main", WEB, "reason: [", "Broken by hand")
    run(repo, "unhold", "--app", "web", "--reason", "done")
    assert run(repo, "--app", "web", "--tag", "1.4.2")["action"] == "pushed"


def test_a_dry_run_shows_the_file_and_writes_nothing(repo: Repository) -> None:
    before = repo.refs()
    out = run(repo, "hold", "--app", "aurora", "--reason", "wait", "--dry-run")
    assert out["action"] == "planned"
    assert out["diff"].startswith(f"--- /dev/null\n+++ b/{FILE}\n")
    assert repo.refs() == before
    assert run(repo, "hold", "--app", "aurora", "--reason", "wait", "--check", code=10)["changed"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "no reason is given"),
        (("--reason", "\n\t"), 2, "no reason is given"),
        (("--reason", "x", "--until", "tomorrow"), 2, "is not a time"),
        (("--reason", "x", "--until", "2027"), 2, "is not a time"),
        (("--reason", "x", "--until", "2026-12-01T08:00:00"), 2, "has no time zone"),
        (("--reason", "x", "--until", "2026-11-27T09:59:59Z"), 2, "is over already"),
        (("--reason", "x", "--until", "2026-11-26"), 2, "is over already"),
        (("--reason", "x", "--until", "2026-11-27"), 2, "names no hour"),
        (("--reason", "x", "--env", "nowhere"), 4, "nowhere"),
    ],
)
def test_what_cannot_be_held_is_told(
    arguments: tuple[str, ...], code: int, said: str, repo: Repository
) -> None:
    before = repo.refs()
    error = run(repo, "hold", "--app", "aurora", *arguments, code=code)["error"]
    assert said in error["message"]
    assert repo.refs() == before


def test_holds_of_several_apps_are_a_pull_each(tmp_path: Path) -> None:
    images = {name: f"ghcr.io/acme/{name}" for name in ("api", "web")}
    repo = make(tmp_path / "r.git", images, f"{BY_PULL}    checks: {{exists: off}}\n")
    out = run(repo, "hold", "--app", "api", "--app", "web", "--reason", "wait")
    assert [one["branch"] for one in out["results"]] == [
        "promote-hold/dev/api", "promote-hold/dev/web",
    ]  # fmt: skip
