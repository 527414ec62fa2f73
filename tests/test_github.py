"""The main job on GitHub: the real command, real PyGithub over the wire, real git behind it."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.matrices.process import run as promote_forked
from tests.servers.github import GitHub
from tests.thorough import thorough_after
from tests.world import AURORA, BRANCH, Repository, Run, numstat, promote, promote_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.provisioned


def run(
    github: GitHub,
    tag: str,
    *more: str,
    token: str | None = "good-token",
    start: Callable[..., Run] = promote,
) -> Run:
    env = {"GITHUB_TOKEN": token} if token else {}
    return start(
        "--app", "aurora", "--tag", tag, "--repo", github.url, "--output", "json", *more, env=env
    )  # fmt: skip


def ask(github: GitHub, tag: str, *more: str) -> dict[str, Any]:
    done = run(github, tag, *more)
    assert done.code == done.json["exit_code"], done.stderr
    return done.json


def repository(github: GitHub) -> Repository:
    return Repository(github.repository)


def test_first_run_opens_exactly_one_pull(github: GitHub) -> None:
    out = ask(github, "9.9.1")
    assert out["action"] == "created", out
    (pull,) = github.open_pulls()
    assert (pull["head"]["ref"], pull["base"]["ref"]) == (BRANCH, "main")
    assert pull["head"]["sha"] == out["commit"]
    assert numstat(repository(github), "main", BRANCH) == [f"3\t3\t{AURORA}"]
    assert "9.9.1" in pull["title"]


def test_fresh_pull_costs_two_requests_and_an_unchanged_rerun_one(github: GitHub) -> None:
    ask(github, "9.9.1")
    fresh = len(github.rest()) + len(github.graphql())
    assert fresh == 2
    assert ask(github, "9.9.1")["action"] == "unchanged"
    assert len(github.rest()) + len(github.graphql()) - fresh == 1


def test_newer_tag_renews_the_same_pull(github: GitHub) -> None:
    first = ask(github, "9.9.1")
    second = ask(github, "9.9.2")
    assert (second["action"], second["pull_request"]["number"]) == (
        "updated",
        first["pull_request"]["number"],
    )
    (pull,) = github.open_pulls()
    assert "9.9.2" in pull["title"]
    assert "9.9.2" in pull["body"]


def test_dry_run_needs_no_write_access_and_writes_nothing(github: GitHub) -> None:
    refs = repository(github).refs()
    done = run(github, "9.9.1", "--dry-run", token="read-token")
    assert done.json["action"] == "planned", done.stderr
    assert repository(github).refs() == refs
    assert not github.pulls
    assert {one.method for one in github.rest()} <= {"GET"}
    assert all(one.body["query"].lstrip().startswith("query") for one in github.graphql())


@pytest.mark.parametrize(
    "fault",
    thorough_after(
        1,
        [
            {"status": None, "after": True},
            {"status": 422, "after": True, "body": {"message": "Validation Failed"}},
            {"status": 502, "after": True},
            {"status": None, "after": False, "times": 1},
        ],
    ),
    ids=[
        "dropped after processing",
        "422 after creation",
        "502 after processing",
        "dropped before",
    ],
)
def test_broken_creation_converges_to_one_pull(github: GitHub, fault: dict[str, Any]) -> None:
    # By GraphQL, and then by REST.
    for _ in range(2):
        github.fail("POST", r"/pulls$|mutation Open", **fault)
    done = run(github, "9.9.1")
    if done.code:
        assert done.code == 5
        done = run(github, "9.9.1")
    assert done.code == 0, done.stderr
    assert len(github.pulls) == 1
    assert github.open_pulls()[0]["head"]["sha"] == done.json["commit"]


def test_broken_reads_are_repeated(github: GitHub) -> None:
    github.fail("GET", r"/pulls$", status=503, times=2)
    assert ask(github, "9.9.1")["action"] == "created"


@pytest.mark.parametrize("count", thorough_after(1, [2, 16]))
def test_many_tags_at_once_end_in_one_pull_at_the_newest(github: GitHub, count: int) -> None:
    tags = [f"2.0.{n}" for n in range(count)]
    with ThreadPoolExecutor(count) as pool:

        def one_of_many(tag: str) -> Run:
            # Many processes at once may take long: their end is not what is looked at.
            return run(github, tag, "--timeout", "500", start=promote_forked)

        runs = list(pool.map(one_of_many, tags))
    assert [one.code for one in runs] == [0] * count, [one.stderr for one in runs if one.code]
    (pull,) = github.open_pulls()
    assert len(github.pulls) == 1
    assert tags[-1] in pull["title"]
    assert tags[-1] in pull["body"]
    assert repository(github).read(AURORA, BRANCH).count(tags[-1]) == 3
    assert numstat(repository(github), "main", BRANCH) == [f"3\t3\t{AURORA}"]


def test_token_is_in_no_output_no_argument_and_no_file(github: GitHub, tmp_path: Path) -> None:
    github.tokens["ghp_secretsecret"] = True
    done = run(github, "9.9.1", "-v", token="ghp_secretsecret", start=promote_process)
    assert done.code == 0
    assert "ghp_secretsecret" not in done.stdout + done.stderr
    found = subprocess.run(
        ["grep", "-rl", "ghp_secretsecret", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.stdout == ""


def renamed(github: GitHub) -> str:
    """Rename the repository, as GitHub does, and return the URL that it had before."""
    github.old_names.add("aurora-cloud/config")
    return github.url.replace("/gitops", "/config")


def test_renamed_repository_is_named_by_its_new_url(github: GitHub) -> None:
    words = ("--app", "aurora", "--tag", "9.9.1", "--repo", renamed(github))
    done = promote(*words, env={"GITHUB_TOKEN": "good-token"})
    assert done.code == 5
    assert f"The repository has moved: give --repo {github.url}\n" in done.stderr


def test_renamed_repository_is_written_to_through_the_api_with_a_warning(github: GitHub) -> None:
    words = ("--app", "aurora", "--repo", renamed(github), "--transport", "api")
    for tag in ("9.9.1", "9.9.2"):
        done = promote(*words, "--tag", tag, env={"GITHUB_TOKEN": "good-token"})
        assert done.code == 0, done.stderr
        said = "aurora-cloud/config is called aurora-cloud/gitops now: give that as --repo"
        assert done.stderr.count(said) == 1
    assert len(github.open_pulls()) == 1


def test_redirect_does_not_carry_the_token_away(github: GitHub, tmp_path: Path) -> None:
    other = GitHub(tmp_path / "other")
    with other:
        github.redirect = other.origin
        done = run(github, "9.9.1")
        assert done.code == 5
        assert "moved" in done.stderr
        assert other.seen == []


@pytest.mark.parametrize(
    ("token", "code", "said"),
    [
        ("wrong", 5, "GITHUB_TOKEN"),
        ("read-token", 5, "write"),
        (None, 2, "no token"),
    ],
)
def test_token_that_does_not_do_is_told_and_leaves_nothing(
    github: GitHub, token: str | None, code: int, said: str
) -> None:
    refs = repository(github).refs()
    done = run(github, "9.9.1", token=token)
    assert (done.code, done.json["exit_code"]) == (code, code), done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert repository(github).refs() == refs
    assert not github.pulls


def test_api_that_is_none_is_told(github: GitHub) -> None:
    done = run(github, "9.9.1", "--api-url", f"{github.origin}/nothing")
    assert done.code == 5
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("transport", "ruleset"),
    [
        ("api", True),
        pytest.param("git", False, marks=pytest.mark.thorough),
        pytest.param("git", True, marks=pytest.mark.thorough),
        pytest.param("api", False, marks=pytest.mark.thorough),
    ],
)
def test_branch_that_may_not_be_replaced_is_added_to(
    github: GitHub, transport: str, ruleset: bool
) -> None:
    where = ("--transport", transport)
    first = ask(github, "9.9.1", *where)
    github.protect("promote/*/*", ruleset=ruleset)
    second = ask(github, "9.9.2", *where)
    assert (second["action"], second["pull_request"]["number"]) == ("updated", 1)
    repo = repository(github)
    assert repo.git("rev-parse", f"{BRANCH}^") == first["commit"]
    assert numstat(repo, "main", BRANCH) == [f"3\t3\t{AURORA}"]
    assert ask(github, "9.9.2", *where)["action"] == "unchanged"
    repo.commit("main", "README.md", "changed\n")
    assert ask(github, "9.9.2", *where)["action"] == "unchanged"
    third = ask(github, "9.9.3", *where)
    assert (third["action"], third["pull_request"]["title"].count("9.9.3")) == ("updated", 1)
    assert numstat(repo, second["commit"], BRANCH) == [f"3\t3\t{AURORA}"]


def test_human_commit_survives_any_number_of_runs(github: GitHub) -> None:
    by = ("--transport", "api")
    ask(github, "9.9.1", *by)
    human = repository(github).commit(BRANCH, "notes.md", "please wait\n")
    assert ask(github, "9.9.1", *by)["action"] == "unchanged"
    for tag in ("9.9.2", "9.9.3"):
        assert ask(github, tag, *by)["exit_code"] == 3
    assert github.head(BRANCH) == human


def test_closed_pull_stays_closed_and_a_new_one_links_it(github: GitHub) -> None:
    ask(github, "9.9.1")
    github.close(1)
    out = ask(github, "9.9.1")
    assert out["pull_request"]["number"] == 2
    assert "#1" in out["pull_request"]["body"]
    assert github.pulls[0]["state"] == "closed"


@pytest.mark.parametrize(
    ("transport", "fork", "state"),
    thorough_after(
        1,
        [
            ("api", "stranger/gitops", "open"),
            ("api", "aurora-cloud/fork", "closed"),
            ("git", "aurora-cloud/fork", "closed"),
            ("git", "stranger/gitops", "open"),
            *((one, "aurora-cloud/fork", "open") for one in ("git", "api")),
            *((one, None, "open") for one in ("git", "api")),
        ],
    ),
)
def test_a_pull_from_a_fork_is_never_ours_whatever_its_branch_is_called(
    github: GitHub, transport: str, fork: str | None, state: str
) -> None:
    foreign = github.pull_from_fork(BRANCH, fork)
    foreign["state"] = state
    before = dict(foreign)
    for tag, action in (("9.9.1", "created"), ("9.9.2", "updated")):
        out = ask(github, tag, "--transport", transport)
        assert (out["action"], out["pull_request"]["number"]) == (action, 2), out
        assert "#1" not in out["pull_request"]["body"]
    assert foreign == before
    assert 1 not in github.comments


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_many_pulls_from_a_fork_hide_none_of_ours(github: GitHub, transport: str) -> None:
    ask(github, "9.9.1", "--transport", transport)
    for _ in range(35):
        github.pull_from_fork(BRANCH)["state"] = "closed"
    assert ask(github, "9.9.1", "--transport", transport)["action"] == "unchanged"
    out = ask(github, "9.9.2", "--transport", transport)
    assert (out["action"], out["pull_request"]["number"]) == ("updated", 1)
    assert "9.9.2" in github.pulls[0]["title"]
    github.close(1)
    assert "#1" in ask(github, "9.9.2", "--transport", transport)["pull_request"]["body"]
