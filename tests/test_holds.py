"""A hold keeps an app where it is, until it is ended or its time is over."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from promoter.config.holds import Hold, hold_file, ignored_holds, read_hold
from promoter.git.folder import DirectoryTree
from tests.many_apps import DEV, make
from tests.thorough import thorough_after
from tests.world import AURORA, BRANCH, aurora, promote

if TYPE_CHECKING:
    from pathlib import Path

FILE = str(hold_file("aurora", "prod"))
SINCE = int(datetime(2026, 11, 27, 10, tzinfo=UTC).timestamp())
DAY = 86_400


def write(folder: Path, text: str) -> DirectoryTree:
    file = folder / FILE
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return DirectoryTree(folder)


@pytest.mark.parametrize(
    "reason",
    ["1.4.3 loses orders", "yes", "1.10", 'quotes " and \\ and # and \n', "größer", "- {x"],
)
def test_a_hold_that_is_written_is_read_again(reason: str, tmp_path: Path) -> None:
    hold = Hold("aurora", "prod", reason, "alice", SINCE, SINCE + 30 * DAY)
    tree = write(tmp_path, hold.text().decode())
    assert read_hold(tree, "aurora", "prod") == hold
    assert ignored_holds(tree, ["aurora"], ["prod"]) == ()
    assert read_hold(tree, "aurora", "dev") is None


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("reason: [", "not valid YAML", 2),
        ("", "reason: is missing", None),
        ("order migration", "must be a mapping", 1),
        ("reason: 1.10", "put it in quotes", 1),
        ("reason: x\nuntill: 2026-11-27T10:00:00Z", "unknown key untill", 2),
        ("reason: x\nuntil: tomorrow", "until", 2),
        ("reason: x\nuntil: 2026-11-27T10:00:00", "has no time zone", 2),
        ("reason: x\nuntil: 2026-11-27 10:00:00", "has no time zone", 2),
        ("reason: x\nuntil: 2026-11-27", "names no hour", 2),
        ("reason: x\nuntil: 2027", "is not a time", 2),
        ("reason: x\nuntil: '2027'", "is not a time", 2),
        ("reason: x\nuntil: 0", "is not a time", 2),
        ("reason: x\nuntil: 1e3", "is not a time", 2),
        ("reason: x\nuntil: true", "is not a time", 2),
        (
            "reason: x\nsince: 2026-12-20T10:00:00Z\nuntil: 2026-01-10T10:00:00Z",
            "which is not after since",
            3,
        ),
    ],
)
def test_a_file_that_is_broken_by_hand_holds_and_is_told(
    text: str, said: str, line: int | None, tmp_path: Path
) -> None:
    held = read_hold(write(tmp_path, text), "aurora", "prod")
    assert held is not None
    assert held.broken is not None
    assert said in held.broken.message
    assert "environments:" not in held.broken.hint
    assert (held.broken.file, held.broken.line) == (FILE, line)
    assert not held.is_over(2**40)


def test_a_hold_without_a_reason_holds_and_says_so(tmp_path: Path) -> None:
    held = read_hold(write(tmp_path, 'reason: " "\n'), "aurora", "prod")
    assert held is not None
    assert held.reason == "no reason is given"


def test_a_hold_ends_by_itself() -> None:
    hold = Hold("aurora", "prod", "x", until=SINCE)
    assert hold.is_over(SINCE)
    assert not hold.is_over(SINCE - 1)


def test_a_promotion_of_what_is_held_is_refused_until_the_hold_is_over(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "gitops.git")
    hold = Hold("aurora", "prod", "1.4.1 must stay", "alice", SINCE, SINCE + DAY)
    repo.commit("main", FILE, hold.text().decode(), "Hold")
    where = ("--app", "aurora", "--tag", "1.4.2", "--repo", str(repo.path), "--output", "json")
    run = promote(*where, env={"PROMOTER_NOW": "2026-11-27T12:00:00Z"})
    assert run.code == 3
    (refusal,) = run.json["refusals"]
    assert (refusal["rule"], refusal["file"]) == ("hold", FILE)
    assert "by alice: 1.4.1 must stay" in refusal["reason"]
    assert "promote unhold --app aurora --env prod" in refusal["hint"]
    assert BRANCH not in str(repo.refs())
    assert promote(*where, env={"PROMOTER_NOW": "2026-11-28T10:00:00Z"}).code == 0
    # What else there is in the environment, and other environments, are not held.
    assert promote(*where, "--env", "dev").code == 0


def test_what_is_held_can_be_allowed_once_and_that_is_recorded(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "gitops.git")
    repo.commit("main", FILE, Hold("aurora", "prod", "wait").text().decode(), "Hold")
    run = promote(
        "--app", "aurora", "--tag", "1.4.2", "--repo", str(repo.path), "--allow", "hold",
        "--output", "json",
    )  # fmt: skip
    assert run.code == 0
    assert "Promoter-Allow: hold" in repo.git("log", "-1", "--format=%B", BRANCH)
    assert "--allow hold" in run.json["pull_request"]["body"]
    assert "newTag: 1.4.2" in repo.read(AURORA, BRANCH)
    assert PurePosixPath(FILE).name in repo.git("ls-tree", "-r", "--name-only", BRANCH)


@pytest.mark.parametrize("name", thorough_after(1, ["AURORA.YML", "aurora.yml", "Aurora.yaml"]))
def test_a_file_whose_name_is_misspelt_holds_and_is_told(name: str, tmp_path: Path) -> None:
    repo = aurora(tmp_path / "gitops.git")
    file = f".promoter/holds/prod/{name}"
    repo.commit("main", file, "reason: wait\n", "Hold")
    where = ("--app", "aurora", "--repo", str(repo.path), "--output", "json")
    (refusal,) = promote(*where, "--tag", "1.4.2").json["refusals"]
    assert (refusal["rule"], refusal["file"]) == ("hold", file)
    assert "aurora.yaml is read" in refusal["reason"]
    for command in ("hold", "unhold"):
        run = promote(command, *where, "--env", "prod", "--reason", "x")
        assert run.code == 3
        assert run.json["refusals"][0]["file"] == file
        assert "Rename it to aurora.yaml" in run.json["refusals"][0]["hint"]
    repo.commit("main", FILE, "reason: wait\n", "Rename")
    assert promote(*where, "--tag", "1.4.2").json["refusals"][0]["file"] == FILE


def test_what_is_in_the_place_of_a_hold_is_told_and_not_written_over(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "gitops.git")
    repo.commit("main", f"{FILE}/readme", "x", "A folder")
    for command in ("hold", "unhold"):
        run = promote(
            command, "--app", "aurora", "--env", "prod", "--reason", "x", "--repo", str(repo.path)
        )
        assert run.code == 3
        assert "is not a file" in run.stderr


def test_another_repository_in_the_place_of_a_hold_is_told_and_ends_no_run(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "gitops.git")
    repo.git("read-tree", "main")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{FILE}")
    commit = repo.git("commit-tree", repo.git("write-tree"), "-p", "main", "-m", "A submodule")
    repo.git("update-ref", "refs/heads/main", commit)
    where = ("--repo", str(repo.path), "--output", "json")
    assert promote("--app", "aurora", "--tag", "1.4.2", *where).code == 3
    for command in ("history", "status"):
        run = promote(command, *where)
        assert run.code == 0, run.stderr
    assert "is not a file" in run.json["apps"][-1]["hold"]["reason"]


def test_a_reason_of_any_length_is_told_in_part(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "gitops.git")
    repo.commit("main", FILE, f"reason: {'long ' * 40_000}\nby: {'x' * 100_000}\n")
    for words in (("history",), ("history", "--output", "json"), ("status", "--output", "json"),
                  ("--app", "aurora", "--tag", "1.4.2")):  # fmt: skip
        run = promote(*words, "--repo", str(repo.path))
        assert run.code in (0, 3), run.stderr
        assert len(run.stdout + run.stderr) < 30_000


def test_files_that_hold_nothing_are_told_by_status_and_auto(tmp_path: Path) -> None:
    repo = make(
        tmp_path / "r.git", {"web": "ghcr.io/acme/web"}, DEV + '    policy: {semver: "*"}\n'
    )
    ignored = ("web.yaml", "production/web.yaml", "dev/wbe.yaml", "dev/web", "dev/web.yaml.txt")
    for name in (*ignored, "dev/web.yml"):
        repo.commit("main", f".promoter/holds/{name}", "reason: payday\n")
    where = ("--repo", str(repo.path))
    status = promote("status", *where, "--no-registry", "--output", "json").json
    assert status["apps"][0]["hold"] is not None
    told = status["warnings"]
    assert len(told) == len(ignored)
    for name in ("web.yaml", "production", "dev/wbe.yaml", "dev/web", "dev/web.yaml.txt"):
        assert any(one.startswith(f".promoter/holds/{name} holds nothing: ") for one in told)
    stderr = promote("auto", *where).stderr
    assert all(one in stderr for one in told)
