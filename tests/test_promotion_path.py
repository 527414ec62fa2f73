"""The promotion path: what one environment had, and for how long, decides what goes to the next."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.github import merging, pulls
from tests.thorough import thorough_after
from tests.world import AURORA, BRANCH, Repository, Run, aurora, promote

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.github import GitHub

DEV = "clusters/dev-kind/apps/aurora/kustomization.yaml"
START = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEFORE = START - timedelta(days=1)
DEV_DELIVERS = "    deliver: push\n"
PROD_DELIVERS = "    deliver: pull-request\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return aurora(tmp_path / "aurora.git")


def configure(repo: Repository, prod: str) -> None:
    """Give prod more settings, one a line."""
    text = repo.read("promoter.yaml")
    lines = "".join(f"    {line}\n" for line in prod.splitlines())
    text = text.replace(PROD_DELIVERS, PROD_DELIVERS + lines)
    repo.commit("main", "promoter.yaml", text, date=BEFORE.isoformat())


def ask(repo: Repository, *arguments: str, hours: float = 0, **env: str) -> Run:
    """Promote aurora so many hours after the start."""
    now = (START + timedelta(hours=hours)).isoformat()
    where = ("--app", "aurora", "--repo", str(repo.path), "--output", "json")
    return promote(*where, *arguments, env={"PROMOTER_NOW": now, "GITHUB_ACTOR": "alice", **env})


def dev(repo: Repository, tag: str, hours: float = 0, *more: str) -> None:
    """Have dev run a tag from so many hours after the start."""
    run = ask(repo, "--env", "dev", "--tag", tag, *more, hours=hours)
    assert run.code == 0, run.stderr


def rules(run: Run) -> list[str]:
    return [one["rule"] for one in run.json["refusals"]]


def gate(run: Run, name: str) -> dict[str, Any]:
    return next(one for one in run.json["gates"] if one["gate"] == name)


def test_what_dev_runs_is_proposed_to_prod_tags_and_digests_of_all_images(
    repo: Repository,
) -> None:
    digest = f"sha256:{'a' * 64}"
    dev(repo, "1.4.2")
    text = repo.read(DEV).replace(
        "aurora-fraud\n    newTag: 1.4.2", f"aurora-fraud\n    newTag: 1.4.3\n    digest: {digest}"
    )
    repo.commit("main", DEV, text)
    run = ask(repo, "--from", "dev", "--env", "prod")
    assert (run.code, run.json["action"]) == (0, "created")
    assert {(i["name"][-5:], i["to"], i["digest"]) for i in run.json["images"]} == {
        ("tomer", "1.4.2", None), ("fraud", "1.4.3", digest), ("ation", "1.4.2", None),
    }  # fmt: skip
    again = ask(repo, "--from", "dev")
    assert (again.code, again.json["action"]) == (0, "unchanged")


def test_from_needs_no_value_where_the_configuration_says_it(repo: Repository) -> None:
    dev(repo, "1.4.2")
    run = ask(repo, "--from", "--env", "prod")
    assert run.code == 2
    assert "prod has no promotes-from" in run.json["error"]["message"]
    configure(repo, "promotes-from: dev")
    run = ask(repo, "--env", "prod", "--from")
    assert (run.code, run.json["action"]) == (0, "created")
    assert repo.read(AURORA, BRANCH).count("1.4.2") == 3


@pytest.mark.parametrize("more", [("--tag", "1.4.2"), ("--image", "ghcr.io/o/a=1.4.2")])
def test_from_and_a_tag_exclude_each_other(repo: Repository, more: tuple[str, str]) -> None:
    run = ask(repo, "--from", "dev", *more)
    assert run.code == 2
    assert "both given" in run.json["error"]["message"]


def test_an_environment_is_not_promoted_from_itself_nor_from_an_unknown_one(
    repo: Repository,
) -> None:
    assert ask(repo, "--from", "prod").code == 2
    run = ask(repo, "--from", "devv")
    assert run.code == 4
    assert "dev" in run.json["error"]["hint"]


def test_images_of_one_environment_alone_are_named(repo: Repository) -> None:
    text = repo.read("promoter.yaml")
    start, end = text.index("    images:"), text.index("    source:")
    comment = text.index("    # One CI run")
    repo.commit("main", "promoter.yaml", text[:comment] + text[end:])
    assert start < end
    dev(repo, "1.4.2")
    only_dev = "  - name: ghcr.io/aurora-cloud/aurora-fraud\n    newTag: 1.4.1\n"
    repo.commit("main", AURORA, repo.read(AURORA).replace(only_dev, ""))
    only_prod = "  - name: ghcr.io/aurora-cloud/aurora-notification\n    newTag: 1.4.2\n"
    repo.commit("main", DEV, repo.read(DEV).removesuffix("\n").replace(only_prod.rstrip(), ""))
    run = ask(repo, "--from", "dev")
    assert run.code == 0, run.stderr
    assert [one["name"] for one in run.json["images"]] == ["ghcr.io/aurora-cloud/aurora-customer"]
    told = "\n".join(run.json["warnings"])
    assert "aurora-notification is left as it is: dev has none" in told
    assert "aurora-fraud is in dev alone: prod does not have it" in told


def test_prod_refuses_what_dev_has_never_had(repo: Repository) -> None:
    configure(repo, "promotes-from: dev")
    run = ask(repo, "--tag", "1.4.2")
    assert (run.code, rules(run)) == (3, ["previous-environment"])
    assert "dev has never had 1.4.2 (3 images)" in run.stdout
    dev(repo, "1.4.2")
    dev(repo, "1.4.3", 1)
    run = ask(repo, "--tag", "1.4.2", hours=2)
    assert (run.code, run.json["action"]) == (0, "created")
    assert gate(run, "previous-environment")["detail"] == "dev has had what is promoted"


def test_a_tag_soaks_in_dev_and_it_is_said_when_it_may_go_on(repo: Repository) -> None:
    configure(repo, "promotes-from: dev\nsoak: 24h")
    dev(repo, "1.4.2", 1)
    run = ask(repo, "--from", hours=3.5)
    assert (run.code, rules(run)) == (3, ["soak"])
    assert "has been in dev for 2h30m of 24h" in run.json["refusals"][0]["reason"]
    assert "It passes at 2026-11-24 11:00 UTC" in run.json["refusals"][0]["hint"]
    assert gate(run, "soak")["until"] == "2026-11-24T11:00:00+00:00"
    assert "promote/prod" not in str(repo.refs())
    assert ask(repo, "--from", hours=24.99).code == 3
    run = ask(repo, "--from", hours=25)
    assert (run.code, gate(run, "soak")["verdict"]) == (0, "passed")


def test_time_after_a_break_counts_anew_and_time_before_one_counts_whole(repo: Repository) -> None:
    configure(repo, "promotes-from: dev\nsoak: 24h")
    dev(repo, "1.4.2", 0)
    dev(repo, "1.4.3", 30)
    assert ask(repo, "--tag", "1.4.2", "--dry-run", hours=31).code == 0
    dev(repo, "1.4.2", 32, "--allow", "downgrade")
    run = ask(repo, "--tag", "1.4.2", hours=33)
    assert (run.code, rules(run)) == (3, ["soak"])
    run = ask(repo, "--tag", "1.4.3", hours=100)
    assert (run.code, rules(run)) == (3, ["soak"])
    assert "was in dev for 2h of 24h, and is there no longer" in run.stdout
    assert gate(run, "soak")["until"] is None


def test_a_commit_from_the_future_has_no_age(repo: Repository) -> None:
    configure(repo, "promotes-from: dev\nsoak: 1h")
    dev(repo, "1.4.2", 0.1)
    run = ask(repo, "--from", hours=0)
    assert (run.code, rules(run)) == (3, ["soak"])
    assert "for 0s of 1h" in run.json["refusals"][0]["reason"]
    assert ask(repo, "--from", hours=1.1).code == 0


def test_what_was_pushed_away_by_force_was_never_there(repo: Repository) -> None:
    configure(repo, "promotes-from: dev")
    before = repo.refs()["refs/heads/main"]
    dev(repo, "1.4.2")
    repo.git("update-ref", "refs/heads/main", before)
    run = ask(repo, "--tag", "1.4.2", hours=48)
    assert (run.code, rules(run)) == (3, ["previous-environment"])


def test_an_app_that_the_previous_environment_lacks_is_refused(repo: Repository) -> None:
    text = repo.read("promoter.yaml")
    staging = "  staging:\n    path: clusters/staging/apps/{app}\n  prod:\n"
    repo.commit("main", "promoter.yaml", text.replace("  prod:\n", staging))
    configure(repo, "promotes-from: staging\nsoak: 1h")
    run = ask(repo, "--tag", "1.4.2")
    assert (run.code, rules(run)) == (3, ["previous-environment"])
    assert ask(repo, "--from").code == 4
    allowed = ("--allow", "previous-environment", "--allow", "soak")
    assert ask(repo, "--tag", "1.4.2", *allowed).code == 0


def test_a_digest_is_the_image_and_a_tag_that_moved_is_another(repo: Repository) -> None:
    configure(repo, "promotes-from: dev")
    name = "ghcr.io/aurora-cloud/aurora-fraud"
    digests = [f"sha256:{letter * 64}" for letter in "ab"]
    run = ask(repo, "--env", "dev", "--image", f"{name}=1.4.2@{digests[0]}")
    assert run.code == 0
    run = ask(repo, "--image", f"{name}=1.4.2@{digests[1]}")
    assert (run.code, rules(run)) == (3, ["previous-environment"])
    assert ask(repo, "--image", f"{name}=1.4.2@{digests[0]}").code == 0


@pytest.mark.parametrize("deliver", thorough_after(1, ["pull-request", "push"]))
def test_who_asked_from_which_run_and_what_the_gates_said_is_recorded_everywhere(
    repo: Repository, deliver: str
) -> None:
    configure(repo, "promotes-from: dev\nsoak: 24h")
    text = repo.read("promoter.yaml").replace("deliver: pull-request", f"deliver: {deliver}")
    repo.commit("main", "promoter.yaml", f"{text}# as ever\n", date=BEFORE.isoformat())
    dev(repo, "1.4.2")
    job = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "aurora-cloud/aurora",
        "GITHUB_RUN_ID": "77",
    }
    run = ask(repo, "--from", "--allow", "soak", hours=1, **job)
    assert run.code == 0, run.stderr
    url = "https://github.com/aurora-cloud/aurora/actions/runs/77"
    assert run.json["asked"] == {"by": "alice", "run": url, "allow": ["soak"]}
    said = {one["gate"]: one["verdict"] for one in run.json["gates"]}
    assert said["soak"] == "allowed"
    lines = repo.git("log", "-1", "--format=%B", run.json["commit"]).splitlines()
    assert {f"Promoter-Run: {url}", "Promoter-Actor: alice", "Promoter-Allow: soak"} <= {*lines}
    recorded = f"Promoter-Gates: {', '.join(f'{gate} {verdict}' for gate, verdict in said.items())}"
    assert recorded in lines
    if deliver == "pull-request":
        assert "--allow soak by alice" in run.json["pull_request"]["body"]
        assert f"run 77]({url})" in run.json["pull_request"]["body"]


def test_a_clock_that_was_set_is_told_and_recorded_where_something_is_written(
    repo: Repository,
) -> None:
    said = "PROMOTER_NOW set the clock to 2026-11-23 10:00 UTC"
    done = ask(repo, "--tag", "1.4.2")
    assert said in done.json["warnings"][-1]
    assert "Promoter-Clock: 2026-11-23T10:00:00Z" in repo.git("log", "-1", "--format=%B", BRANCH)
    assert said.partition("NOW ")[2] in done.json["pull_request"]["body"]
    again = promote(
        "--app", "aurora", "--tag", "1.4.2", "--repo", str(repo.path), "--output", "json"
    )
    assert (again.json["action"], again.json["warnings"]) == ("unchanged", [])


@pytest.mark.parametrize(
    ("text", "said", "line"),
    thorough_after(
        2,
        [
            ("promotes-from: devv", "there is no environment 'devv'", 10),
            ("promotes-from: prod", "promotes-from goes in a circle: prod from prod", 10),
            ("soak: 24h", "soak needs promotes-from", 10),
            ("promotes-from: dev\nsoak: soon", "is not a duration", 11),
            ("tags: '['", "is not a regular expression", 10),
            ("allow: [downgrad]", "allow", 10),
            ("freeze: [{weekly: Foo}]", "weekly", 10),
        ],
    ),
)
def test_what_is_wrong_with_a_path_or_a_gate_is_said_with_its_place(
    repo: Repository, text: str, said: str, line: int
) -> None:
    configure(repo, text)
    run = ask(repo, "--tag", "1.4.2")
    assert run.code == 2
    error = run.json["error"]
    assert said in error["message"]
    assert (error["file"], error["line"]) == ("promoter.yaml", line)


def test_a_circle_through_an_apps_own_path_is_found(repo: Repository) -> None:
    configure(repo, "promotes-from: dev")
    text = repo.read("promoter.yaml")
    own = "    environments: {dev: {promotes-from: prod}}\n"
    repo.commit("main", "promoter.yaml", text.removesuffix("\n") + "\n" + own)
    run = ask(repo, "--tag", "1.4.2")
    assert run.code == 2
    assert "goes in a circle: dev from prod from dev" in run.json["error"]["message"]


def test_an_app_may_go_another_way_or_none(repo: Repository) -> None:
    configure(repo, "promotes-from: dev\nsoak: 24h")
    text = repo.read("promoter.yaml")
    own = "    environments: {prod: {promotes-from: null, soak: null}}\n"
    repo.commit("main", "promoter.yaml", text.removesuffix("\n") + "\n" + own)
    assert ask(repo, "--tag", "1.4.2").code == 0


def test_the_result_is_json_with_all_gates_on_every_end(repo: Repository) -> None:
    configure(repo, "promotes-from: dev")
    run = ask(repo, "--tag", "1.4.2")
    assert {one["gate"]: one["verdict"] for one in json.loads(run.stdout)["gates"]}[
        "previous-environment"
    ] == "failed"


def auto(repo: Repository, hours: float, *more: str) -> Run:
    """Run a schedule so many hours after the start."""
    now = (START + timedelta(hours=hours)).isoformat()
    where = ("auto", "--repo", str(repo.path), "--output", "json")
    return promote(*where, *more, env={"PROMOTER_NOW": now})


def action(run: Run, environment: str = "prod") -> str:
    results = run.json["results"]
    return next(str(one["action"]) for one in results if one["environment"] == environment)


def test_what_has_soaked_in_dev_goes_on_by_itself(repo: Repository) -> None:
    configure(repo, "promotes-from: dev\nsoak: 24h")
    run = auto(repo, 0)
    assert (run.code, action(run)) == (0, "unchanged")
    dev(repo, "1.4.2")
    run = auto(repo, 1)
    assert (run.code, action(run)) == (0, "unchanged")
    (waiting,) = run.json["results"]
    assert gate(Run(0, json.dumps(waiting), ""), "soak")["until"] == "2026-11-24T10:00:00+00:00"
    assert "promote/prod" not in str(repo.refs())
    told = promote(
        "auto", "--repo", str(repo.path), env={"PROMOTER_NOW": (START + timedelta(hours=1)).isoformat()}
    )  # fmt: skip
    assert "waiting until 2026-11-24 10:00 UTC (soak): aurora in prod stays at 1.4.1" in told.stdout
    run = auto(repo, 24)
    assert (run.code, action(run)) == (0, "created")
    assert repo.read(AURORA, BRANCH).count("1.4.2") == 3
    run = auto(repo, 25)
    assert (run.code, action(run)) == (0, "unchanged")


def test_a_schedule_never_follows_back_and_heeds_a_no(repo: Repository) -> None:
    configure(repo, "promotes-from: dev")
    dev(repo, "1.4.2")
    assert action(auto(repo, 1)) == "created"
    assert promote("pulls", "close", "1", "--repo", str(repo.path)).code == 0
    run = auto(repo, 2)
    assert (run.code, action(run)) == (0, "unchanged")
    dev(repo, "1.4.0", 3, "--allow", "downgrade")
    run = auto(repo, 4)
    assert (run.code, action(run)) == (0, "superseded")


def test_an_app_that_is_not_in_the_previous_environment_has_nothing_to_follow(
    repo: Repository,
) -> None:
    configure(repo, "promotes-from: dev")
    text = repo.read("promoter.yaml")
    repo.commit("main", "promoter.yaml", text.replace("apps:\n", "apps:\n  lone: {}\n"))
    lone = "clusters/prod/apps/lone/kustomization.yaml"
    repo.commit("main", lone, "images:\n- name: ghcr.io/o/lone\n  newTag: 1.0.0\n")
    run = auto(repo, 1)
    assert run.code == 0
    assert {one["app"] for one in run.json["results"]} == {"aurora"}
    run = auto(repo, 1, "--app", "lone", "--env", "prod")
    assert run.code == 4
    assert "clusters/dev-kind/apps/lone" in run.stdout


def test_three_environments_are_a_chain_in_which_each_waits_for_the_one_before(
    repo: Repository,
) -> None:
    text = repo.read("promoter.yaml")
    staging = (
        "  staging:\n    path: clusters/staging/apps/{app}\n    deliver: push\n"
        "    checks: {exists: off}\n    promotes-from: dev\n    soak: 1h\n  prod:\n"
    )
    repo.commit("main", "promoter.yaml", text.replace("  prod:\n", staging))
    configure(repo, "promotes-from: staging\nsoak: 2h")
    place = "clusters/staging/apps/aurora/kustomization.yaml"
    repo.commit("main", place, repo.read(AURORA))
    dev(repo, "1.4.2")
    assert (action(auto(repo, 0.5), "staging"), action(auto(repo, 0.5))) == ("unchanged",) * 2
    run = auto(repo, 1)
    assert (action(run, "staging"), action(run)) == ("pushed", "unchanged")
    assert action(auto(repo, 2)) == "unchanged"
    assert action(auto(repo, 3)) == "created"
    assert ask(repo, "--tag", "1.4.3", hours=3).code == 3


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_on_github_the_path_is_read_through_git_and_the_api(github: GitHub, transport: str) -> None:
    repo = Repository(github.repository)
    configure(repo, "promotes-from: dev\nsoak: 1h")
    where = ("--app", "aurora", "--repo", github.url, "--transport", transport, "--output", "json")

    def run(hours: float, *more: str) -> Run:
        now = (START + timedelta(hours=hours)).isoformat()
        return promote(*where, *more, env={"GITHUB_TOKEN": "good-token", "PROMOTER_NOW": now})

    done = run(0, "--tag", "1.4.2")
    assert (done.code, rules(done)) == (3, ["previous-environment"]), done.stderr
    assert run(0, "--env", "dev", "--tag", "1.4.2").code == 0
    brought = datetime.fromisoformat(repo.git("log", "-1", "--format=%cI", "main"))
    passed = (brought - START) / timedelta(hours=1)
    done = run(passed + 0.5, "--from")
    assert (done.code, rules(done)) == (3, ["soak"])
    assert gate(done, "soak")["until"] == (brought + timedelta(hours=1)).isoformat()
    done = run(passed + 1, "--from")
    assert (done.code, done.json["action"]) == (0, "created"), done.stderr


def test_through_the_api_a_longer_history_is_read_where_the_gates_need_it(github: GitHub) -> None:
    repo = Repository(github.repository)
    configure(repo, "promotes-from: dev")
    for number in range(2, 9):
        repo.commit("main", DEV, repo.read(DEV).replace(f"1.4.{number - 1}", f"1.4.{number}"))
    where = ("--app", "aurora", "--repo", github.url, "--transport", "api", "--output", "json")
    done = promote(*where, "--tag", "1.4.2", env={"GITHUB_TOKEN": "good-token"})
    assert (done.code, done.json["action"]) == (0, "created"), done.stderr
    done = promote(*where, "--tag", "1.4.9", env={"GITHUB_TOKEN": "good-token"})
    assert (done.code, rules(done)) == (3, ["previous-environment"])
    assert "never" in done.json["refusals"][0]["reason"]


def test_time_in_dev_begins_when_the_pull_is_merged_and_not_when_its_commit_was_made(
    repo: Repository,
) -> None:
    text = repo.read("promoter.yaml").replace("    deliver: push\n", "")
    repo.commit("main", "promoter.yaml", text)
    configure(repo, "promotes-from: dev\nsoak: 24h")
    dev(repo, "1.4.2")
    merged = {"PROMOTER_NOW": (START + timedelta(hours=30)).isoformat()}
    assert promote("pulls", "merge", "1", "--repo", str(repo.path), env=merged).code == 0
    run = ask(repo, "--from", hours=31)
    assert (run.code, rules(run)) == (3, ["soak"])
    assert gate(run, "soak")["until"] == (START + timedelta(hours=54)).isoformat()
    assert ask(repo, "--from", hours=54).code == 0


def test_versions_that_people_broke_and_a_removed_file_end_a_stay(repo: Repository) -> None:
    configure(repo, "promotes-from: dev\nsoak: 1h")
    dev(repo, "1.4.2")
    good = repo.read(DEV)
    repo.commit("main", DEV, "images: [")
    repo.commit("main", DEV, good)
    came = datetime.fromisoformat(repo.git("log", "-1", "--format=%cI", "main"))
    run = ask(repo, "--from", hours=(came - START) / timedelta(hours=1) + 0.5)
    assert (run.code, rules(run)) == (3, ["soak"])
    assert gate(run, "soak")["until"] == (came + timedelta(hours=1)).isoformat()


def test_a_pull_merged_into_another_branch_does_not_say_when_its_commits_reached_the_base(
    github: GitHub,
) -> None:
    repo = Repository(github.repository)
    configure(repo, "promotes-from: dev\nsoak: 1h")
    repo.git("branch", "develop", "main")
    repo.git("branch", "feature", "main")
    tip = repo.commit("feature", DEV, repo.read(DEV).replace("1.4.1", "1.4.2"))
    pull = pulls.new(github, ("feature", tip), "develop", {"title": "1.4.2", "body": ""})
    github.pulls.append(pull)
    merging.merge(github, pull, "merge", "alice", {})
    repo.git("update-ref", "refs/heads/main", tip)
    brought = datetime.fromisoformat(repo.git("log", "-1", "--format=%cI", "main"))
    pull["merged_at"] = "2026-01-01T00:00:00Z"
    run = promote(
        "--app", "aurora", "--repo", github.url, "--transport", "api", "--output", "json", "--from",
        env={"GITHUB_TOKEN": "good-token", "PROMOTER_NOW": (brought + timedelta(minutes=30)).isoformat()},
    )  # fmt: skip
    assert (run.code, rules(run)) == (3, ["soak"])
    assert gate(run, "soak")["until"] == (brought + timedelta(hours=1)).isoformat()


LONG_AGO, LATER = "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"


DATES = (LONG_AGO,), (LONG_AGO, LONG_AGO), (LATER, LONG_AGO)
# Each of the dates and each of the transports first; then each with each.
PAIRS = list(zip(("local", "api", "git"), DATES, strict=True))
PAIRS += [one for one in product(("git", "api", "local"), DATES) if one not in PAIRS]


@pytest.mark.parametrize(("transport", "dates"), thorough_after(2, PAIRS))
def test_a_date_in_the_past_does_not_shorten_a_soak(
    github: GitHub, transport: str, dates: tuple[str, ...]
) -> None:
    repo = Repository(github.repository)
    configure(repo, "promotes-from: dev\nsoak: 1h")
    came = BEFORE
    for date in dates[:-1]:
        repo.commit("main", "README.md", "A remark.\n", date=date)
    repo.commit("main", DEV, repo.read(DEV).replace("1.4.1", "1.4.2"), date=dates[-1])
    where = (
        ("--repo", str(repo.path))
        if transport == "local"
        else ("--repo", github.url, "--transport", transport)
    )

    def run(after: timedelta) -> Run:
        now = (came + after).isoformat()
        return promote(
            "--app", "aurora", *where, "--from", "--output", "json",
            env={"GITHUB_TOKEN": "good-token", "PROMOTER_NOW": now},
        )  # fmt: skip

    early = run(timedelta(minutes=59))
    assert (early.code, rules(early)) == (3, ["soak"]), early.stderr
    assert gate(early, "soak")["until"] == (came + timedelta(hours=1)).isoformat()
    assert run(timedelta(hours=1)).code == 0


@pytest.mark.parametrize("transport", [pytest.param("git", marks=pytest.mark.thorough), "api"])
def test_the_way_to_prod_and_back_is_the_same_by_git_and_by_api(
    github: GitHub, transport: str
) -> None:
    repo = Repository(github.repository)
    configure(repo, "promotes-from: dev\nsoak: 24h")
    prod = ("--app", "aurora", "--env", "prod")

    def run(hours: float, *arguments: str, by: str = transport) -> Run:
        """Run a command so many hours after the newest commit of the base."""
        newest = datetime.fromisoformat(repo.git("log", "-1", "--format=%cI", "main"))
        moment = (newest.astimezone(UTC) + timedelta(hours=hours)).isoformat()
        return promote(
            *arguments, "--repo", github.url, "--transport", by, "--output", "json",
            env={"GITHUB_TOKEN": "good-token", "PROMOTER_NOW": moment},
        )  # fmt: skip

    def merge() -> None:
        github.merge(github.pulls[-1]["number"])

    assert run(0, "--app", "aurora", "--env", "dev", "--tag", "1.4.2").code == 0
    assert rules(run(23.9, *prod, "--from")) == ["soak"]
    assert action(run(23.9, "auto")) == "unchanged"
    assert run(24, *prod, "--from").json["action"] == "created"
    merge()
    assert run(0, "--app", "aurora", "--env", "dev", "--tag", "1.4.3").code == 0
    assert action(run(24, "auto")) == "created"
    merge()
    back = run(0, "rollback", *prod, "--reason", "1.4.3 loses orders")
    assert {(one["from"], one["to"]) for one in back.json["images"]} == {("1.4.3", "1.4.2")}
    for is_merged in (False, True):
        if is_merged:
            merge()
        assert rules(run(25, *prod, "--tag", "1.4.3")) == ["hold"]
        assert action(run(25, "auto")) == "unchanged"
    assert repo.read(AURORA).count("1.4.2") == 3
    assert run(0, "unhold", *prod, "--reason", "fixed").code == 0
    merge()
    assert action(run(24, "auto")) == "created"
    ways = [run(0, "history", *prod, by=one).json["entries"] for one in ("git", "api")]
    assert ways[0] == ways[1]
    assert [one["kind"] for one in ways[0]] == ["hold", *["promotion"] * 3, "added"]
