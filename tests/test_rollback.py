"""Rolling back: to what ran before, by the history of the file itself, and it stays there."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from promoter.config.holds import hold_file
from tests.many_apps import BY_PULL, DEV, kustomization, make
from tests.servers.registry import Registry
from tests.thorough import thorough_after
from tests.world import AURORA, BRANCH, Repository, aurora, copy_of, is_fresh, promote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.servers.github import GitHub

HOLD = str(hold_file("aurora", "prod"))
WHY = ("--reason", "1.4.3 loses orders")


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    """A fresh Aurora repository, whose prod is at 1.4.1."""
    return aurora(tmp_path / "aurora.git")


@pytest.fixture
def registry() -> Iterator[Registry]:
    """An empty registry."""
    with Registry() as server:
        yield server


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
    if not is_fresh(repo):
        _promote(repo, tags)
        return
    _begin(repo, "-".join(("aurora", *tags)), lambda made: _promote(made, tags))


def gone_back(repo: Repository) -> None:
    """Promote 1.4.2 and 1.4.3 to a fresh repository's prod, and merge the rollback to 1.4.2."""

    def make(made: Repository) -> None:
        promoted(made, "1.4.2", "1.4.3")
        merge(made, run(made, "rollback", "--app", "aurora", *WHY))

    _begin(repo, "aurora-gone-back", make)


def _begin(repo: Repository, name: str, do: Callable[[Repository], None]) -> None:
    """Do to a fresh repository what many tests begin with."""
    shutil.rmtree(repo.path)
    copy_of(name, repo.path, lambda path: do(aurora(path)))


def _promote(repo: Repository, tags: Sequence[str]) -> None:
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
    gone_back(repo)
    refs = repo.refs()
    again = run(repo, "rollback", "--app", "aurora", *WHY)
    assert (again["action"], again["changed"]) == ("unchanged", False)
    assert repo.refs() == refs
    further = run(repo, "rollback", "--app", "aurora", "--steps", "2", *WHY)
    assert further["pull_request"]["title"].endswith("1.4.2 → 1.4.1")
    merge(repo, further)
    assert tags(repo) == ["1.4.1"]


def fleet(path: Path, registry: Registry, settings: str) -> Repository:
    """Make a repository of one app at 1.4.1, of which the registry has two more tags."""
    for tag in ("1.4.1", "1.4.2", "1.4.3"):
        registry.push("web", tag)
    return make(path, {"web": registry.name("web")}, settings)


def test_no_schedule_brings_the_bad_tag_back_where_an_environment_takes_pushes(
    tmp_path: Path, registry: Registry
) -> None:
    repo = fleet(tmp_path / "r.git", registry, DEV + '    policy: {semver: "*"}\n')
    for tag in ("1.4.2", "1.4.3"):
        run(repo, "--app", "web", "--tag", tag)
    back = run(repo, "rollback", "--app", "web", *WHY)
    assert (back["action"], back["commit"]) == ("pushed", repo.git("rev-parse", "main"))
    assert len(repo.git("show", "--format=", "--name-only", "main").splitlines()) == 2
    refs = repo.refs()
    (auto,) = run(repo, "auto")["results"]
    assert (auto["action"], auto["exit_code"]) == ("unchanged", 0)
    assert "web is held in dev" in auto["warnings"][-1]
    assert run(repo, "--app", "web", "--tag", "1.4.3", code=3)["refusals"]
    # As after a run that was killed once it had pushed.
    assert run(repo, "rollback", "--app", "web", *WHY)["action"] == "unchanged"
    assert repo.refs() == refs
    run(repo, "unhold", "--app", "web", "--reason", "fixed")
    assert run(repo, "auto")["results"][0]["action"] == "pushed"
    assert "newTag: 1.4.3" in repo.read(kustomization("web"))


def test_no_schedule_replaces_or_closes_the_open_pull_of_a_rollback(
    tmp_path: Path, registry: Registry
) -> None:
    repo = fleet(tmp_path / "r.git", registry, BY_PULL + '    policy: {semver: "*"}\n')
    merge(repo, run(repo, "--app", "web", "--tag", "1.4.2"))
    merge(repo, run(repo, "auto")["results"][0])
    back = run(repo, "rollback", "--app", "web", *WHY)
    refs = repo.refs()
    (auto,) = run(repo, "auto")["results"]
    assert (auto["action"], auto["exit_code"]) == ("unchanged", 0)
    registry.push("web", "1.4.4")
    (auto,) = run(repo, "auto")["results"]
    assert (auto["action"], auto["exit_code"]) == ("unchanged", 0)
    assert repo.refs() == refs
    assert run(repo, "--app", "web", "--tag", "1.4.4", code=3)["refusals"][0]["rule"] == "hold"
    allowed = run(repo, "--app", "web", "--tag", "1.4.4", "--allow", "hold")
    assert allowed["action"] == "updated"
    assert allowed["pull_request"]["number"] == back["pull_request"]["number"]
    assert str(hold_file("web", "dev")) not in allowed["files"]


def test_an_older_tag_is_refused_for_the_open_pull_of_a_rollback_as_for_its_hold(
    repo: Repository,
) -> None:
    promoted(repo, "1.4.2", "1.4.3")
    back = run(repo, "rollback", "--app", "aurora", *WHY)
    refused = run(repo, "--app", "aurora", "--tag", "1.4.1", code=3)["refusals"]
    assert [one["rule"] for one in refused] == ["downgrade", "hold"]
    pull = f"pull request {back['pull_request']['number']}"
    assert pull in refused[1]["reason"]
    (warning,) = run(repo, "unhold", "--app", "aurora", *WHY)["warnings"]
    assert warning == f"only {pull}, which is open, holds aurora: merge it or close it"
    merge(repo, back)
    refused = run(repo, "--app", "aurora", "--tag", "1.4.1", code=3)["refusals"]
    assert [one["rule"] for one in refused] == ["downgrade", "hold"]


def test_a_tag_that_is_gone_is_refused_with_the_newest_that_is_still_there(
    tmp_path: Path, registry: Registry
) -> None:
    repo = fleet(tmp_path / "r.git", registry, DEV)
    for tag in ("1.4.2", "1.4.3"):
        run(repo, "--app", "web", "--tag", tag)
    del registry.repositories["web"].tags["1.4.2"]
    refs = repo.refs()
    gone = run(repo, "rollback", "--app", "web", *WHY, code=4)
    assert gone["refusals"][0]["rule"] == "missing-image"
    assert (
        "is 1.4.1: promote rollback --app web --env dev --to 1.4.1" in gone["refusals"][0]["hint"]
    )
    assert repo.refs() == refs
    run(repo, "rollback", "--app", "web", "--to", "1.4.1", *WHY)
    assert "newTag: 1.4.1" in repo.read(kustomization("web"))


def test_it_goes_back_behind_what_people_did_by_hand_or_squashed(repo: Repository) -> None:
    run(repo, "--app", "aurora", "--tag", "1.4.2")
    # A squash merge: the same content by another commit, and no trailers.
    repo.commit("main", AURORA, f"{repo.read(AURORA, BRANCH)}\n", "Promote aurora (#1)")
    by_hand = repo.commit(
        "main", AURORA, repo.read(AURORA).replace("1.4.2", "1.4.3-rc.1", 1), "Try it"
    )
    repo.commit("main", AURORA, f"# a comment\n{repo.read(AURORA)}\n", "Comment")
    back = run(repo, "rollback", "--app", "aurora", *WHY)
    assert {image["to"] for image in back["images"]} == {"1.4.2"}
    assert len(back["images"]) == 1
    assert f"Promoter-Rollback: {by_hand}" in repo.git("log", "-1", "--format=%B", BRANCH)
    assert "# a comment" in repo.read(AURORA, BRANCH)


def test_all_images_go_back_with_their_tags_and_digests(repo: Repository) -> None:
    before = repo.read(AURORA)
    digest = f"sha256:{'a' * 64}"
    names = [line.split()[-1] for line in before.splitlines() if line.strip().startswith("- name")]
    first = [f"--image={name}=2.0.{number}@{digest}" for number, name in enumerate(names)]
    merge(repo, run(repo, "--app", "aurora", *first))
    mixed = repo.read(AURORA)
    promoted(repo, "2.1.0")
    merge(repo, run(repo, "rollback", "--app", "aurora", *WHY))
    assert repo.read(AURORA) == mixed
    merge(repo, run(repo, "rollback", "--app", "aurora", "--to", "1.4.1", *WHY))
    assert repo.read(AURORA) == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--reason", " "), 2, "no reason is given"),
        (("--to", "1.4.1", "--steps", "2", *WHY), 2, "both given"),
        (("--to", "9.9.9", *WHY), 4, "has not had the tag 9.9.9"),
        (("--steps", "7", *WHY), 4, "has had 1 earlier state, and --steps asks for 7"),
        (("--steps", "0", *WHY), 2, "steps"),
        (("--env", "nowhere", *WHY), 4, "nowhere"),
    ],
)
def test_what_cannot_be_gone_back_to_is_told_and_nothing_is_written(
    arguments: tuple[str, ...], code: int, said: str, repo: Repository
) -> None:
    promoted(repo, "1.4.2")
    refs = repo.refs()
    error = run(repo, "rollback", "--app", "aurora", *arguments, code=code)["error"]
    assert said in error["message"]
    assert repo.refs() == refs


def test_killed_after_the_push_the_rerun_opens_the_one_pull(repo: Repository) -> None:
    promoted(repo, "1.4.2", "1.4.3")
    first = run(repo, "rollback", "--app", "aurora", *WHY)
    repo.git("update-ref", "-d", f"refs/promoter/pulls/{first['pull_request']['number']}")
    again = run(repo, "rollback", "--app", "aurora", *WHY)
    assert (again["action"], again["commit"]) == ("created", first["commit"])


def test_a_rollback_replaces_what_the_open_pull_proposes(repo: Repository) -> None:
    promoted(repo, "1.4.2", "1.4.3")
    ahead = run(repo, "--app", "aurora", "--tag", "1.4.4")
    back = run(repo, "rollback", "--app", "aurora", *WHY)
    assert (back["action"], tags(repo, BRANCH)) == ("updated", ["1.4.2"])
    assert back["pull_request"]["number"] == ahead["pull_request"]["number"]


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_on_github_it_is_the_same_through_git_and_the_api(github: GitHub, transport: str) -> None:
    repo = Repository(github.repository)
    token = {"GITHUB_TOKEN": "good-token"}
    where = ("--repo", github.url, "--transport", transport, "--output", "json")

    def ask(*arguments: str) -> dict[str, Any]:
        done = promote(*arguments, *where, env=token)
        assert done.code == done.json["exit_code"], done.stderr
        return done.json

    for tag in ("1.4.2", "1.4.3"):
        number = ask("--app", "aurora", "--tag", tag)["pull_request"]["number"]
        github.merge(number)
    back = ask("rollback", "--app", "aurora", *WHY)
    assert back["action"] == "created", back
    assert ask("rollback", "--app", "aurora", *WHY)["action"] == "unchanged"
    assert ask("--app", "aurora", "--tag", "1.4.3")["refusals"][0]["rule"] == "hold"
    github.merge(back["pull_request"]["number"])
    assert tags(repo) == ["1.4.2"]
    assert ask("rollback", "--app", "aurora", *WHY)["action"] == "unchanged"
    assert ask("--app", "aurora", "--tag", "1.4.3")["refusals"][0]["rule"] == "hold"
    ended = ask("unhold", "--app", "aurora", "--reason", "fixed")
    github.merge(ended["pull_request"]["number"])
    assert HOLD not in repo.git("ls-tree", "-r", "--name-only", "main")
    assert ask("--app", "aurora", "--tag", "1.4.3")["action"] == "created"


def test_what_was_taken_back_is_not_gone_back_to(repo: Repository) -> None:
    gone_back(repo)
    merge(repo, run(repo, "unhold", "--app", "aurora", "--reason", "mended"))
    further = run(repo, "rollback", "--app", "aurora", "--reason", "1.4.2 is bad, too")
    assert {one["to"] for one in further["images"]} == {"1.4.1"}
    merge(repo, further)
    nothing = run(repo, "rollback", "--app", "aurora", "--steps", "3", *WHY, code=4)
    assert "has had 1 earlier state, and --steps asks for 3" in nothing["error"]["message"]


def test_a_person_may_have_taken_it_back(repo: Repository) -> None:
    promoted(repo, "1.4.2", "1.4.3")
    repo.commit("main", AURORA, repo.read(AURORA).replace("1.4.3", "1.4.2"), "Back")
    back = run(repo, "rollback", "--app", "aurora", "--reason", "1.4.2 is bad, too")
    assert {(one["from"], one["to"]) for one in back["images"]} == {("1.4.2", "1.4.1")}


def test_while_it_is_held_another_reason_changes_nothing_and_says_how_to_go_further(
    repo: Repository,
) -> None:
    gone_back(repo)
    refs = repo.refs()
    again = promote(
        "rollback", "--app", "aurora", "--reason", "still bad", "--repo", str(repo.path)
    )
    assert again.code == 0
    assert again.stdout.startswith("nothing to do: aurora in prod has gone back already")
    assert "runs 1.4.2 already: it went back from 1.4.3, and is held" in again.stderr
    assert "--steps 2 goes on to 1.4.1" in again.stderr
    assert repo.refs() == refs


@pytest.mark.parametrize("is_held", thorough_after(1, [True, False]))
def test_what_is_newer_than_what_runs_is_no_way_back(repo: Repository, is_held: bool) -> None:
    gone_back(repo)
    if not is_held:
        merge(repo, run(repo, "unhold", "--app", "aurora", "--reason", "mended"))
    (refusal,) = run(repo, "rollback", "--app", "aurora", "--to", "1.4.3", *WHY, code=3)["refusals"]
    assert (refusal["rule"], refusal["reason"]) == (
        "rollback", "1.4.3 is newer than 1.4.2, which prod runs",
    )  # fmt: skip


def test_what_runs_already_is_held_and_not_taken_back(repo: Repository) -> None:
    promoted(repo, "1.4.2")
    (refusal,) = run(repo, "rollback", "--app", "aurora", "--to", "1.4.2", *WHY, code=3)["refusals"]
    assert "prod runs 1.4.2 already" in refusal["reason"]
    assert "promote hold --app aurora --env prod" in refusal["hint"]


def test_a_tag_means_the_state_in_which_all_images_had_it(repo: Repository) -> None:
    def change(*pairs: tuple[str, str]) -> None:
        text = f"{repo.read(AURORA)}\n"
        for image, tag in pairs:
            start = text.index("newTag: ", text.index(f"aurora-{image}\n")) + len("newTag: ")
            text = text[:start] + tag + text[text.index("\n", start) :]
        repo.commit("main", AURORA, text)

    promoted(repo, "1.4.3")
    change(("customer", "1.5.0"), ("notification", "1.5.0"))
    change(("customer", "1.6.0"), ("notification", "1.6.0"))
    back = run(repo, "rollback", "--app", "aurora", "--to", "1.4.3", "--dry-run", *WHY)
    assert {(i["name"][-5:], i["to"]) for i in back["images"]} == {
        ("tomer", "1.4.3"), ("ation", "1.4.3"),
    }  # fmt: skip
    change(("fraud", "1.7.0"))
    change(("fraud", "1.8.0"), ("customer", "1.8.0"), ("notification", "1.8.0"))
    several = run(repo, "rollback", "--app", "aurora", "--to", "1.6.0", *WHY, code=4)["error"]
    assert "has had 1.6.0 in 2 states, of all its images in none" in several["message"]
    assert "--steps" in several["hint"]
    change(("fraud", "9.0.0"))
    (refusal,) = run(repo, "rollback", "--app", "aurora", "--to", "9.0.0", *WHY, code=3)["refusals"]
    assert "fraud 9.0.0" in refusal["reason"]
    assert "already" in refusal["reason"]


def test_ends_and_beginnings_of_holds_are_told_as_such(repo: Repository) -> None:
    def first_line(*arguments: str) -> str:
        done = promote(*arguments, "--app", "aurora", "--reason", "r", "--repo", str(repo.path))
        return done.stdout.splitlines()[0]

    assert first_line("unhold") == "nothing to do: aurora is not held in prod"
    assert first_line("hold") == "opened pull request 1: hold aurora in prod (r)"
    assert promote("pulls", "merge", "1", "--repo", str(repo.path)).code == 0
    assert first_line("hold") == "nothing to do: aurora is already held in prod"
    assert first_line("unhold") == "opened pull request 2: end the hold of aurora in prod (r)"


def test_through_the_api_a_rollback_reads_as_many_versions_as_it_needs(github: GitHub) -> None:
    repo = Repository(github.repository)
    first = repo.read(AURORA)
    repo.commits("main", AURORA, (first.replace("1.4.1\n", f"1.4.{n}\n") for n in range(2, 72)))
    done = promote(
        "rollback", "--app", "aurora", "--to", "1.4.1", *WHY, "--repo", github.url, "--dry-run",
        "--transport", "api", "--output", "json", env={"GITHUB_TOKEN": "good-token"},
    )  # fmt: skip
    assert done.code == 0, done.stderr
    assert {one["to"] for one in done.json["images"]} == {"1.4.1"}


def set_tag(repo: Repository, tag: str, before: str) -> None:
    """Change all tags of prod by hand."""
    repo.commit("main", AURORA, repo.read(AURORA).replace(before, tag) + "\n", f"To {tag}")


def target_of(repo: Repository, *arguments: str) -> set[str]:
    """Return the tags that a rollback would go back to."""
    done = run(repo, "rollback", "--app", "aurora", "--dry-run", *arguments, *WHY)
    return {one["to"] for one in done["images"]}


def test_what_went_forward_again_took_nothing_back(repo: Repository) -> None:
    for before, tag in (("1.4.1", "1.4.3"), ("1.4.3", "1.4.1"), ("1.4.1", "1.4.2")):
        set_tag(repo, tag, before)
    set_tag(repo, "1.4.3", "1.4.2")
    assert target_of(repo) == {"1.4.2"}
    assert target_of(repo, "--steps", "2") == {"1.4.1"}


def test_what_went_back_to_a_tag_that_never_ran_took_the_newer_ones_back(repo: Repository) -> None:
    for before, tag in (("1.4.1", "1.4.3"), ("1.4.3", "1.5.0"), ("1.5.0", "1.4.2")):
        set_tag(repo, tag, before)
    assert target_of(repo) == {"1.4.1"}


def test_tags_without_an_order_were_taken_back_where_an_earlier_one_came_back(
    repo: Repository,
) -> None:
    for before, tag in (("1.4.1", "main-a1"), ("main-a1", "main-b2"), ("main-b2", "main-c3")):
        set_tag(repo, tag, before)
    assert target_of(repo) == {"main-b2"}
    set_tag(repo, "main-a1", "main-c3")
    assert target_of(repo) == {"1.4.1"}


def test_where_an_image_was_added_or_removed_only_a_named_state_is_gone_back_to(
    tmp_path: Path,
) -> None:
    file, off = kustomization("web"), DEV + "    checks: {exists: off}\n"
    repo = make(tmp_path / "r.git", {"web": "ghcr.io/acme/web"}, off)

    def ask(*arguments: str, code: int = 0) -> dict[str, Any]:
        return run(repo, "rollback", "--app", "web", "--dry-run", *arguments, *WHY, code=code)

    for tag in ("1.4.2", "1.4.3"):
        run(repo, "--app", "web", "--tag", tag)
    alone = f"{repo.read(file)}\n"
    added = repo.commit("main", file, alone + "  - name: ghcr.io/acme/worker\n    newTag: 2.0.0\n")
    (refusal,) = ask(code=3)["refusals"]
    assert "ghcr.io/acme/worker was not there" in refusal["reason"]
    assert f"Revert {added[:9]}" in refusal["hint"]
    named = ask("--to", "1.4.2")
    assert {one["to"] for one in named["images"]} == {"1.4.2"}
    assert "worker was added after" in named["warnings"][0]
    repo.commit("main", file, repo.read(file).replace("1.4.3", "1.4.4") + "\n")
    assert {one["to"] for one in ask()["images"]} == {"1.4.3"}
    repo.commit("main", file, alone.replace("1.4.3", "1.4.4"), "Remove the worker")
    (refusal,) = ask(code=3)["refusals"]
    assert "ghcr.io/acme/worker was there" in refusal["reason"]


def test_a_file_that_is_broken_now_is_told_with_its_place(repo: Repository) -> None:
    promoted(repo, "1.4.2")
    repo.commit("main", AURORA, f"{repo.read(AURORA)}\nx: [\n", "Broken")
    done = promote(
        "rollback", "--app", "aurora", *WHY, "--repo", str(repo.path), "--output", "json"
    )
    found = done.json["error"] or done.json["refusals"][0]
    assert (found["file"], found["line"] is not None) == (AURORA, True)


def test_images_that_are_gone_name_one_way_out(tmp_path: Path, registry: Registry) -> None:
    images = {name: registry.name(name) for name in ("api", "web")}
    groups = "groups: {shop: {apps: [api, web]}}\n"
    repo = make(tmp_path / "r.git", images, DEV + groups)
    for tag in ("1.4.1", "1.4.2", "1.4.3", "1.4.4"):
        for name in images:
            registry.push(name, tag)
    for tag in ("1.4.2", "1.4.3", "1.4.4"):
        run(repo, "--group", "shop", "--tag", tag)
    for name, gone in (("api", "1.4.3"), ("web", "1.4.3"), ("web", "1.4.2")):
        del registry.repositories[name].tags[gone]
    refusals = run(repo, "rollback", "--group", "shop", *WHY, code=4)["refusals"]
    ways = {
        one["reason"].partition(":1")[0]: one["hint"].partition("promote ")[2] for one in refusals
    }
    # Each is a whole command, with no full stop that would belong to its last word.
    assert sorted(ways.values()) == [
        f"rollback --app api --env dev --to 1.4.2 --reason TEXT --repo {repo.path}",
        f"rollback --app web --env dev --to 1.4.1 --reason TEXT --repo {repo.path}",
    ]


@pytest.mark.parametrize("rule", thorough_after(1, ["freeze", "hold"]))
def test_what_is_proposed_already_may_be_allowed_when_a_rule_refuses_it_since(
    tmp_path: Path, rule: str
) -> None:
    settings = BY_PULL + "    checks: {exists: off}\n"
    repo = make(tmp_path / "r.git", {"web": "ghcr.io/acme/web"}, settings)
    first = run(repo, "--app", "web", "--tag", "1.4.2")
    if rule == "hold":
        repo.commit("main", str(hold_file("web", "dev")), "reason: payday\n", "Hold")
    else:
        repo.commit(
            "main",
            "promoter.yaml",
            settings + "    freeze: [{dates: 01-01 - 12-31}]\n",
        )
    refs = repo.refs()
    (refusal,) = run(repo, "--app", "web", "--tag", "1.4.2", code=3)["refusals"]
    assert refusal["rule"] == rule
    again = run(repo, "--app", "web", "--tag", "1.4.2", "--allow", rule)
    assert (again["action"], again["commit"], repo.refs()) == ("unchanged", first["commit"], refs)


@pytest.mark.parametrize("allow", ["", "    allow: [downgrade]\n"])
def test_under_a_freeze_the_hint_is_the_command_that_goes_back_or_the_way_by_hand(
    tmp_path: Path, allow: str
) -> None:
    settings = DEV + "    checks: {exists: off}\n"
    repo = make(tmp_path / "r.git", {"web": "ghcr.io/acme/web"}, settings)
    run(repo, "--app", "web", "--tag", "1.4.2")
    brought = repo.git("rev-parse", "main").strip()
    frozen = f"{settings}    freeze: [{{dates: 01-01 - 12-31}}]\n{allow}"
    repo.commit("main", "promoter.yaml", frozen)
    back = ("rollback", "--app", "web", "--reason", "slow")
    (refusal,) = run(repo, *back, code=3)["refusals"]
    asked = "--app web --env dev --reason TEXT"
    assert refusal["rule"] == "freeze"
    if allow:
        assert "--allow freeze" not in refusal["hint"]
        assert f"git revert {brought[:9]} " in refusal["hint"]
        assert f"promote hold {asked} --repo {repo.path}" in refusal["hint"]
    else:
        assert f"promote rollback {asked} --allow freeze --repo {repo.path}" in refusal["hint"]


def two_images(repo: Repository, registry: Registry, pin: str) -> str:
    """Add an app with two images, whose tags have been pushed; return its file."""
    names = [registry.name(one) for one in ("web", "sidecar")]
    for number in range(1, 5):
        for one in ("web", "sidecar"):
            registry.push(one, f"1.4.{number}", labels={"of": f"{one} {number}"})
    repo.commit("main", "promoter.yaml", f"{BY_PULL}    pin: {pin}\n")
    listed = "".join(f"  - name: {one}\n    newTag: 1.4.1\n" for one in names)
    containers = "".join(f"{{name: c{n}, image: {one}}}, " for n, one in enumerate(names))
    repo.commit(
        "main",
        "apps/web/overlays/dev/deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
        f"spec: {{template: {{spec: {{containers: [{containers}]}}}}}}\n",
    )
    file = kustomization("web")
    repo.commit("main", file, f"resources:\n  - deployment.yaml\nimages:\n{listed}")
    return file


@pytest.mark.parametrize(
    ("transport", "pin"),
    [
        ("api", "both"),
        *(
            pytest.param(*one, marks=pytest.mark.thorough)
            for one in (
                ("local", "both"),
                ("local", "digest"),
                ("git", "digest"),
                ("git", "both"),
                ("api", "digest"),
            )
        ),
    ],
)
def test_digests_come_back_as_they_were_though_their_tags_have_moved(
    github: GitHub, registry: Registry, transport: str, pin: str
) -> None:
    repo = Repository(github.repository)
    file = two_images(repo, registry, pin)
    where = (
        ("--repo", str(repo.path))
        if transport == "local"
        else ("--repo", github.url, "--transport", transport)
    )

    def merged(*arguments: str) -> str:
        """Run a command, merge its pull, and return what the app's file is then."""
        token = {"GITHUB_TOKEN": "good-token"}
        done = promote(*arguments, "--app", "web", *where, "--output", "json", env=token)
        assert (done.code, done.json["action"]) == (0, "created"), done.stdout + done.stderr
        number = done.json["pull_request"]["number"]
        if transport == "local":
            assert promote("pulls", "merge", str(number), *where).code == 0
        else:
            github.merge(number)
        return repo.read(file)

    web, sidecar = registry.name("web"), registry.name("sidecar")
    merged("--tag", "1.4.2")
    mixed = merged("--image", f"{web}=1.4.3", "--image", f"{sidecar}=1.4.2")
    assert (mixed.count("digest: sha256:"), mixed.count("newTag")) == (2, 2 * (pin == "both"))
    merged("--image", f"{web}=1.4.4", "--image", f"{sidecar}=1.4.4")
    registry.push("web", "1.4.3", labels={"of": "another build"})
    assert merged("rollback", *WHY) == mixed
    if pin == "both":
        # A state from before there were digests has none, and is written as it was.
        oldest = merged("rollback", "--to", "1.4.1", *WHY)
        assert (oldest.count("digest: sha256:"), oldest.count("newTag: 1.4.1")) == (0, 2)


def test_a_part_of_a_history_is_not_told_as_the_whole(repo: Repository, tmp_path: Path) -> None:
    promoted(repo, "1.4.2")
    shallow = tmp_path / "shallow"
    repo.git("clone", "--quiet", "--depth", "1", repo.path.as_uri(), str(shallow))
    repo.git("-C", str(shallow), "remote", "set-url", "origin", "https://github.com/acme/gitops")
    done = promote("rollback", "--app", "aurora", "--repo", str(shallow), *WHY)
    assert done.code == 4
    assert "nothing to go back to in the part of the history that can be read" in done.stderr
    assert "git fetch --unshallow" in done.stderr
    said = (
        "for those of its origin, leave --repo out, or give --repo https://github.com/acme/gitops"
    )
    assert said in done.stderr
