"""The product's one sentence, end to end: the real command, real git, the local forge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.thorough import thorough_after
from tests.world import AURORA, BRANCH, Repository, aurora, copy_of, numstat, promote

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    """A fresh Aurora repository."""
    return aurora(tmp_path / "aurora.git")


def ask(repo: Repository, tag: str, *more: str) -> dict[str, object]:
    """Ask for a tag in prod and return the envelope."""
    run = promote(
        "--app", "aurora", "--tag", tag, "--repo", str(repo.path), "--output", "json", *more
    )
    assert run.code == run.json["exit_code"], run.stderr
    return run.json


@pytest.fixture
def opened(tmp_path: Path) -> Repository:
    """An Aurora repository with the open pull of 9.9.1."""
    return copy_of("aurora-9.9.1", tmp_path / "aurora.git", lambda path: ask(aurora(path), "9.9.1"))


def test_first_run_opens_one_pull_with_one_line_an_image(repo: Repository) -> None:
    out = ask(repo, "9.9.1")
    assert (out["action"], out["changed"], out["exit_code"]) == ("created", True, 0)
    assert out["branch"] == BRANCH
    assert out["files"] == [AURORA]
    assert repo.refs()[f"refs/heads/{BRANCH}"] == out["commit"]
    assert numstat(repo, "main", BRANCH) == [f"3\t3\t{AURORA}"]
    assert repo.git("rev-parse", f"{BRANCH}^") == repo.git("rev-parse", "main")


def test_rerun_is_unchanged_with_the_same_commit_and_pull(repo: Repository) -> None:
    first = ask(repo, "9.9.1")
    refs = repo.refs()
    again = ask(repo, "9.9.1")
    assert (again["action"], again["changed"]) == ("unchanged", False)
    assert again["commit"] == first["commit"]
    assert again["pull_request"] == first["pull_request"]
    assert repo.refs() == refs


def test_newer_tag_updates_the_same_pull_on_top_of_the_base(opened: Repository) -> None:
    second = ask(opened, "9.9.2")
    assert second["action"] == "updated"
    assert second["pull_request"]["number"] == 1  # type: ignore[index]
    assert opened.git("rev-parse", f"{BRANCH}^") == opened.git("rev-parse", "main")
    assert "9.9.2" in opened.read(AURORA, BRANCH)
    assert "9.9.2" in second["pull_request"]["title"]  # type: ignore[index]


def test_older_tag_never_replaces_the_open_pull(repo: Repository) -> None:
    first = ask(repo, "9.9.2")
    late = ask(repo, "9.9.1")
    assert (late["action"], late["exit_code"], late["changed"]) == ("superseded", 0, False)
    assert repo.refs()[f"refs/heads/{BRANCH}"] == first["commit"]
    assert ask(repo, "9.9.1", "--allow", "downgrade")["action"] == "updated"


def test_dry_run_prints_the_diff_and_the_pull_and_leaves_every_ref(repo: Repository) -> None:
    refs = repo.refs()
    out = ask(repo, "9.9.1", "--dry-run")
    assert (out["action"], out["changed"], out["commit"]) == ("planned", True, None)
    assert out["pull_request"]["number"] is None  # type: ignore[index]
    assert str(out["diff"]).count("\n+    newTag: ") + str(out["diff"]).count("\n+  newTag: ") == 3
    assert repo.refs() == refs


def test_check_exits_10_only_while_something_would_be_written(repo: Repository) -> None:
    arguments = ("--app", "aurora", "--tag", "9.9.1", "--repo", str(repo.path))
    assert promote(*arguments, "--check").code == 10
    assert promote(*arguments).code == 0
    assert promote(*arguments, "--check").code == 0


def test_base_that_moves_behind_a_merge_or_a_commit_of_ours_is_no_humans_change(
    repo: Repository,
) -> None:
    number = ask(repo, "9.9.0")["pull_request"]["number"]  # type: ignore[index]
    assert promote("pulls", "merge", str(number), "--repo", str(repo.path)).code == 0
    first = ask(repo, "9.9.1")
    ask(repo, "9.9.1", "--env", "dev")
    again = ask(repo, "9.9.1")
    assert again["action"] == "unchanged"
    ask(repo, "9.9.2", "--env", "dev")
    last = ask(repo, "9.9.2")
    assert last["action"] == "updated"
    assert last["pull_request"]["number"] == first["pull_request"]["number"]  # type: ignore[index]
    assert repo.git("rev-parse", f"{BRANCH}^") == repo.git("rev-parse", "main")
    assert "It proposed `" in last["pull_request"]["body"]  # type: ignore[index]


def test_commit_to_other_files_of_the_base_moves_no_branch(opened: Repository) -> None:
    first = opened.refs()[f"refs/heads/{BRANCH}"]
    opened.commit("main", "README.md", "changed\n")
    again = ask(opened, "9.9.1")
    assert (again["action"], again["commit"]) == ("unchanged", first)
    assert opened.git("rev-parse", BRANCH) == first
    assert ask(opened, "9.9.1", "--check")["exit_code"] == 0


def test_commit_elsewhere_in_the_file_that_it_edits_moves_no_branch(repo: Repository) -> None:
    first = ask(repo, "9.9.1")
    repo.commit("main", AURORA, f"# changed\n{repo.read(AURORA)}\n")
    again = ask(repo, "9.9.1")
    assert (again["action"], again["commit"]) == ("unchanged", first["commit"])
    assert again["pull_request"] == first["pull_request"]
    number = str(first["pull_request"]["number"])  # type: ignore[index]
    assert promote("pulls", "merge", number, "--repo", str(repo.path)).code == 0
    merged = repo.read(AURORA)
    assert merged.startswith("# changed\n")
    assert merged.count("9.9.1") == 3


def test_branch_is_rebuilt_where_the_base_changes_the_lines_beside_its_edit(
    opened: Repository,
) -> None:
    text = opened.read(AURORA).replace("newTag: 1.4.1", "newTag: 1.4.1 # kept by hand")
    moved = opened.commit("main", AURORA, f"{text}\n")
    again = ask(opened, "9.9.1")
    assert again["action"] == "updated"
    assert again["pull_request"]["number"] == 1  # type: ignore[index]
    assert opened.git("rev-parse", f"{BRANCH}^") == moved
    assert numstat(opened, "main", BRANCH) == [f"3\t3\t{AURORA}"]


def test_persons_commit_is_no_refusal_where_there_is_nothing_to_write(opened: Repository) -> None:
    human = opened.commit(BRANCH, "notes.md", "please wait\n", "Wait for the fraud team")
    again = ask(opened, "9.9.1")
    assert (again["action"], again["exit_code"]) == ("unchanged", 0)
    assert "a commit that promote did not make" in again["warnings"][0]  # type: ignore[index]
    opened.commit("main", AURORA, opened.read(AURORA, BRANCH))
    settled = ask(opened, "9.9.1")
    assert (settled["action"], settled["exit_code"]) == ("unchanged", 0)
    assert opened.refs()[f"refs/heads/{BRANCH}"] == human


def test_persons_change_of_the_edit_itself_is_not_what_was_asked_for(opened: Repository) -> None:
    opened.commit(BRANCH, AURORA, opened.read(AURORA, BRANCH).replace("9.9.1", "9.9.0"))
    assert ask(opened, "9.9.1")["refusals"][0]["rule"] == "human-commits"  # type: ignore[index]


def test_branch_of_a_pull_that_was_closed_as_superseded_is_deleted_by_the_rerun(
    opened: Repository,
) -> None:
    first = opened.refs()[f"refs/heads/{BRANCH}"]
    opened.commit("main", AURORA, opened.read(AURORA).replace("1.4.1", "9.9.2"))
    assert ask(opened, "9.9.2")["action"] == "superseded"
    # As a run leaves it that was killed between closing the pull and deleting its branch.
    opened.git("update-ref", f"refs/heads/{BRANCH}", str(first))
    rerun = ask(opened, "9.9.2")
    assert rerun["exit_code"] == 0
    assert f"refs/heads/{BRANCH}" not in opened.refs()


def base_gets(repo: Repository, tag: str) -> None:
    """Have a person bring a tag to the base past the pull."""
    repo.commit("main", AURORA, repo.read(AURORA).replace("1.4.1", tag))


@pytest.mark.parametrize("asked", thorough_after(1, ["9.9.0", "9.9.1"]))
def test_pull_whose_tag_is_older_than_the_bases_is_closed_by_whoever_asks_for_an_older_one(
    opened: Repository, asked: str
) -> None:
    base_gets(opened, "9.9.2")
    preview = ask(opened, asked, "--check")
    assert (preview["action"], preview["exit_code"]) == ("superseded", 10)
    out = ask(opened, asked)
    assert (out["action"], out["changed"], out["exit_code"]) == ("superseded", True, 0)
    assert out["pull_request"]["state"] == "closed"  # type: ignore[index]
    assert f"refs/heads/{BRANCH}" not in opened.refs()
    again = ask(opened, asked)
    assert (again["action"], again["changed"]) == ("superseded", False)


def test_closing_a_superseded_pull_is_what_the_run_says_it_did(opened: Repository) -> None:
    base_gets(opened, "9.9.2")
    words = ("--app", "aurora", "--tag", "9.9.1", "--repo", str(opened.path))
    said = "aurora in prod already has 9.9.2 on main, which is newer than 9.9.1"
    assert f"would close pull request 1: {said}" in promote(*words, "--dry-run").stdout
    assert f"closed pull request 1: {said}" in promote(*words).stdout


def test_pull_that_was_made_to_go_back_stays_open_where_the_base_goes_on(repo: Repository) -> None:
    base_gets(repo, "9.9.2")
    ask(repo, "9.9.1", "--allow", "downgrade")
    assert ask(repo, "9.9.1")["changed"] is False
    assert ask(repo, "9.9.0")["changed"] is False
    assert f"refs/heads/{BRANCH}" in repo.refs()


def test_superseded_pull_to_which_people_have_added_stays_open(opened: Repository) -> None:
    human = opened.commit(BRANCH, "notes.md", "please wait\n", "Wait for the fraud team")
    base_gets(opened, "9.9.2")
    assert ask(opened, "9.9.1")["changed"] is False
    assert opened.refs()[f"refs/heads/{BRANCH}"] == human


def test_pull_of_which_one_image_is_still_newer_than_the_base_stays_open(
    opened: Repository,
) -> None:
    newer = opened.read(AURORA).replace("1.4.1", "9.9.2", 1)
    opened.commit("main", AURORA, newer)
    ask(opened, "9.9.0")
    assert f"refs/heads/{BRANCH}" in opened.refs()


def test_a_merge_of_the_base_into_the_branch_is_ours_and_one_of_a_persons_branch_is_not(
    opened: Repository,
) -> None:
    for onto, code in (("main", 0), ("main", 0), ("side", 3)):
        opened.git("branch", "--force", "side", "main")
        opened.commit(onto, f"{onto}.md", "work\n", "The work of a person")
        merged = opened.git("merge-tree", "--write-tree", BRANCH, onto)
        merge = opened.git("commit-tree", merged, "-p", BRANCH, "-p", onto, "-m", f"Merge {onto}")
        opened.git("update-ref", f"refs/heads/{BRANCH}", merge)
        out = ask(opened, "9.9.2", "--dry-run")
        assert out["exit_code"] == code
    assert merge[:9] in out["refusals"][0]["reason"]  # type: ignore[index]


def test_human_commit_on_the_branch_stops_us_until_take_over(opened: Repository) -> None:
    human = opened.commit(BRANCH, "notes.md", "please wait\n", "Wait for the fraud team")
    out = ask(opened, "9.9.2")
    assert out["exit_code"] == 3
    assert out["refusals"][0]["rule"] == "human-commits"  # type: ignore[index]
    assert "Wait for the fraud team" in out["refusals"][0]["reason"]  # type: ignore[index]
    assert opened.refs()[f"refs/heads/{BRANCH}"] == human
    lost = (
        f"the branch {BRANCH} loses a commit that promote did not make: "
        f"{human[:9]} Wait for the fraud team (A Human)"
    )
    for more in (("--dry-run",), ()):
        taken = ask(opened, "9.9.2", "--take-over", *more)
        assert taken["warnings"] == [lost]
    assert taken["action"] == "updated"
    told = "Wait for the fraud team (A Human): asked for with --take-over"
    assert told in taken["pull_request"]["body"]  # type: ignore[index]
    assert "human-commits allowed" in opened.git("log", "-1", "--format=%B", BRANCH)
    assert ask(opened, "9.9.2", "--take-over")["warnings"] == []


def test_closing_what_a_person_has_added_to_names_what_is_lost(opened: Repository) -> None:
    opened.commit(BRANCH, "notes.md", "please wait\n", "Wait for the fraud team")
    opened.commit("main", AURORA, opened.read(AURORA).replace("1.4.1", "9.9.1"))
    closed = ask(opened, "9.9.1", "--take-over")
    assert "Wait for the fraud team (A Human)" in str(closed["warnings"])
    assert f"refs/heads/{BRANCH}" not in opened.refs()


def test_commit_with_our_trailers_but_other_content_is_a_humans(opened: Repository) -> None:
    message = opened.git("log", "-1", "--format=%B", BRANCH)
    smuggled = opened.commit(BRANCH, "notes.md", "smuggled\n", message)
    refused = ask(opened, "9.9.2")
    assert refused["exit_code"] == 3
    assert "that promote did not make" in refused["refusals"][0]["reason"]  # type: ignore[index]
    assert smuggled[:9] in str(ask(opened, "9.9.2", "--take-over")["warnings"])


def test_of_a_branch_of_many_commits_no_number_is_made_up(opened: Repository) -> None:
    for number in range(21):
        opened.commit(BRANCH, "notes.md", f"{number}\n", f"Note {number}")
    reason = ask(opened, "9.9.2")["refusals"][0]["reason"]  # type: ignore[index]
    assert f"branch {BRANCH} holds 20 or more commits that promote did not make" in reason


def test_merged_base_brought_into_the_branch_is_not_a_humans_change(opened: Repository) -> None:
    opened.commit("main", "README.md", "changed\n")
    tree = opened.git("merge-tree", "--write-tree", BRANCH, "main")
    merge = opened.git("commit-tree", tree, "-p", BRANCH, "-p", "main", "-m", "Merge main")
    opened.git("update-ref", f"refs/heads/{BRANCH}", merge)
    assert ask(opened, "9.9.2")["action"] == "updated"


def test_pull_is_closed_when_the_base_got_the_tag_by_other_ways(opened: Repository) -> None:
    opened.commit("main", AURORA, opened.read(AURORA).replace("1.4.1", "9.9.2") + "\n")
    out = ask(opened, "9.9.2")
    assert (out["action"], out["exit_code"]) == ("superseded", 0)
    assert out["pull_request"]["state"] == "closed"  # type: ignore[index]
    assert f"refs/heads/{BRANCH}" not in opened.refs()
    assert ask(opened, "9.9.2")["action"] == "unchanged"


def test_explicit_run_after_a_human_closed_the_pull_opens_a_new_one_that_links_it(
    opened: Repository,
) -> None:
    assert promote("pulls", "close", "1", "--repo", str(opened.path)).code == 0
    out = ask(opened, "9.9.1")
    assert out["action"] == "created"
    assert out["pull_request"]["number"] == 2  # type: ignore[index]
    assert "#1" in out["pull_request"]["body"]  # type: ignore[index]
    assert ask(opened, "9.9.1")["action"] == "unchanged"


def test_merged_pull_leaves_nothing_to_do(opened: Repository) -> None:
    assert promote("pulls", "merge", "1", "--repo", str(opened.path)).code == 0
    assert "9.9.1" in opened.read(AURORA)
    assert ask(opened, "9.9.1")["action"] == "unchanged"
    assert ask(opened, "9.9.2")["pull_request"]["number"] == 2  # type: ignore[index]


def test_killed_after_the_push_the_rerun_opens_the_pull(opened: Repository) -> None:
    first = opened.refs()[f"refs/heads/{BRANCH}"]
    opened.git("update-ref", "-d", "refs/promoter/pulls/1")
    again = ask(opened, "9.9.1")
    assert (again["action"], again["commit"]) == ("created", first)


def test_push_delivery_commits_on_the_base(repo: Repository) -> None:
    before = repo.git("rev-parse", "main")
    out = ask(repo, "9.9.1", "--env", "dev")
    assert out["action"] == "pushed"
    assert repo.git("rev-parse", "main") == out["commit"]
    assert repo.git("rev-parse", "main^") == before
    assert ask(repo, "9.9.1", "--env", "dev")["action"] == "unchanged"


def test_part_of_an_app_joins_the_open_pull_and_leaves_it_when_merged_elsewhere(
    repo: Repository,
) -> None:
    def one(name: str, tag: str) -> dict[str, object]:
        image = f"ghcr.io/aurora-cloud/aurora-{name}={tag}"
        run = promote(
            "--app", "aurora", "--image", image, "--repo", str(repo.path), "--output", "json"
        )  # fmt: skip
        assert run.code == 0, run.stderr
        return run.json

    first = one("customer", "2.0.0")
    second = one("fraud", "3.0.0")
    assert second["action"] == "updated"
    assert second["pull_request"]["number"] == first["pull_request"]["number"]  # type: ignore[index]
    assert numstat(repo, "main", BRANCH) == [f"2\t2\t{AURORA}"]
    assert one("customer", "2.0.0")["action"] == "unchanged"
    assert one("fraud", "3.0.0")["action"] == "unchanged"
    assert one("customer", "1.9.0")["action"] == "superseded"
    text = repo.read(AURORA).replace("customer\n    newTag: 1.4.1", "customer\n    newTag: 2.0.0")
    repo.commit("main", AURORA, text + "\n")
    assert one("customer", "2.0.0")["action"] == "updated"
    assert numstat(repo, "main", BRANCH) == [f"1\t1\t{AURORA}"]
    assert "3.0.0" in repo.read(AURORA, BRANCH)


def test_commit_carries_the_trailers(repo: Repository) -> None:
    ask(repo, "9.9.1", "--source-revision", "abc1234")
    message = repo.git("log", "-1", "--format=%B", BRANCH)
    assert "Promoter-App: aurora" in message
    assert "Promoter-Environment: prod" in message
    assert message.count("Promoter-Image: ghcr.io/aurora-cloud/aurora-") == 3
    assert "Promoter-Source-Revision: abc1234" in message


def test_rules_are_broken_only_where_that_is_allowed_and_the_commit_says_so(
    repo: Repository,
) -> None:
    text = repo.read(AURORA) + "\n"
    repo.commit("main", AURORA, text.replace("newTag: 1.4.1", 'newTag: "${TAG}"'))
    assert ask(repo, "9.9.1")["refusals"][0]["rule"] == "placeholder"  # type: ignore[index]
    assert ask(repo, "9.9.1", "--allow", "placeholder")["action"] == "created"
    assert "Promoter-Allow: placeholder" in repo.git("log", "-1", "--format=%B", BRANCH)
    assert ask(repo, "9.9.1", "--allow", "placeholder")["action"] == "unchanged"
    assert ask(repo, "9.9.2", "--allow", "placeholder")["action"] == "updated"


def test_no_flag_is_offered_for_a_file_that_is_an_unrendered_template(repo: Repository) -> None:
    text = repo.read(AURORA)
    repo.commit("main", AURORA, text.replace("newTag: 1.4.1", "newTag: {{ TAG }}", 1))
    refusal: dict[str, str] = ask(repo, "9.9.1")["refusals"][0]  # type: ignore[index]
    assert refusal["rule"] == "template"
    assert "--allow" not in refusal["hint"]


def test_clone_with_a_work_tree_is_served_and_its_work_tree_untouched(
    repo: Repository, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    repo.git("clone", "--quiet", str(repo.path), str(work))
    clone = Repository(work)
    out = ask(clone, "9.9.1")
    assert out["action"] == "created"
    assert clone.git("status", "--porcelain") == ""
    assert clone.git("rev-parse", "--abbrev-ref", "HEAD") == "main"


def test_repository_is_the_origin_of_the_current_directory(
    repo: Repository, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    repo.git("clone", "--quiet", str(repo.path), str(work))
    run = promote("--app", "aurora", "--tag", "9.9.1", "--output", "json", cwd=work)
    assert run.json["action"] == "created"
    assert f"refs/heads/{BRANCH}" in repo.refs()


def test_two_apps_give_one_envelope_each(repo: Repository) -> None:
    run = promote(
        "--app", "aurora", "--app", "nowhere", "--tag", "9.9.1", "--repo", str(repo.path),
        "--output", "json",
    )  # fmt: skip
    assert [one["exit_code"] for one in run.json["results"]] == [0, 4]
    assert run.code == 4


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--tag", "1.0.0"), 2, "no app"),
        (("--app", "aurora"), 2, "no tag"),
        (("--app", "aurora", "--tag", "a b"), 2, "tag 'a b' holds a blank"),
        (("--app", "aurora", "--tag", ""), 2, "is empty"),
        (("--app", "../x", "--tag", "1.0.0"), 2, "'../x'"),
        (("--app", "aurorra", "--tag", "1.0.0"), 4, "Did you mean aurora?"),
        (("--app", "aurora", "--tag", "1.0.0", "--env", "prd"), 4, "Did you mean prod?"),
        (("--app", "aurora", "--image", "nginx"), 2, "NAME=TAG"),
        (("--app", "aurora", "--image", "x@sha256:12"), 2, "digest"),
        (("--app", "aurora", "--tag", "1.0.0", "--base", "nope"), 4, "no branch 'nope'"),
        (("--app", "aurora", "--tag", "1.0.0", "--outptu", "json"), 2, "has no flag"),
        (("--app", "aurora", "--tag", "1.0.0", "--allow", "downgrad"), 2, "Did you mean downgrade"),
        (("--app", "aurora", "--tag", "1.0.0", "--api-url", "ftp://x"), 2, "not an http(s) URL"),
        (("--app", "aurora", "--tag", "1.0.0", "--source-revision", "zz"), 2, "not a commit's id"),
        (("promot",), 2, "no command"),
    ],
)
def test_bad_input_is_told_with_the_contracts_exit_code(
    repo: Repository, arguments: tuple[str, ...], code: int, said: str
) -> None:
    refs = repo.refs()
    where = ("--repo", str(repo.path)) if arguments[0].startswith("-") else ()
    text = promote(*arguments, *where)
    assert text.code == code
    assert said in text.stderr
    assert "Traceback" not in text.stderr
    assert text.stdout == ""
    told = promote(*arguments, *where, "--output", "json")
    assert told.code == code
    envelope = json.loads(told.stdout)
    assert envelope["exit_code"] == code
    assert envelope["error"]["message"]
    assert repo.refs() == refs


@pytest.mark.parametrize(
    ("where", "code"), [("/nonexistent/place", 2), ("https://127.0.0.1:9/o/r", 5)]
)
def test_repository_that_is_not_there_is_told(where: str, code: int) -> None:
    run = promote("--app", "a", "--env", "e", "--tag", "1", "--repo", where, "--output", "json",
                  env={"GITHUB_TOKEN": "s3cret-token"})  # fmt: skip
    assert run.code == code
    assert (run.json["app"], run.json["environment"]) == ("a", "e")
    assert "s3cret" not in run.stdout + run.stderr
