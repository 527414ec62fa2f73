"""What GitHub does not answer now is asked again, as it wants it: no more often, and not too early."""

from __future__ import annotations

import re
import time
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from promoter.forges.github.api.rate_limits import seconds_to_wait
from tests.servers.github.errors import SECONDARY
from tests.test_github_permissions import settle
from tests.thorough import thorough_after
from tests.world import BRANCH, Repository, Run, promote

if TYPE_CHECKING:
    from tests.servers.github import GitHub
    from tests.world import Run

_WHOLE = {"api": ["Overview", "Deliver"], "git": ["Pulls", "Open"]}
_PASSING: dict[str, dict[str, Any]] = {
    "an outage": {"status": 502},
    "no answer": {"status": None},
    "a lost answer": {"status": None, "after": True},
    "a cut-off answer": {"cut": True},
    "another's answer": {"status": 200, "body": "<html>Welcome</html>"},
    "an answer without data": {"status": 200, "body": {}},
    "a failure within": {
        "status": 200,
        "body": {"errors": [{"message": "Something went wrong while executing your query."}]},
    },
}


@pytest.fixture(autouse=True)
def _plain(github: GitHub) -> None:
    """Leave rendering and the registry out."""
    settle(github)


def run(github: GitHub, transport: str, *more: str) -> Run:
    """Ask for a tag."""
    return promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", github.url, "--output", "json",
        "--transport", transport, *more, env={"GITHUB_TOKEN": "good-token"},
    )  # fmt: skip


def asked(github: GitHub) -> list[str]:
    """Return the requests to the API, in order."""
    names = ("Overview", "Pulls", "Deliver", "Open")
    return [
        next((name for name in names if f" {name}(" in one.body["query"]), "?")
        if one.graphql
        else f"{one.method} {one.path}"
        for one in github.seen
        if one.api
    ]


@pytest.mark.parametrize(
    ("transport", "fault"),
    # The first fault through the API and beside git; then the others.
    thorough_after(
        2, [*product(["api", "git"], [*_PASSING][:1]), *product(["api", "git"], [*_PASSING][1:])]
    ),
)
def test_a_failure_of_the_first_query_that_passes_costs_one_request(
    github: GitHub, transport: str, fault: str
) -> None:
    look, write = _WHOLE[transport]
    github.fail("POST", f"query {look}", **_PASSING[fault])
    done = run(github, transport)
    assert (done.code, done.json["action"]) == (0, "created"), done.stderr
    assert asked(github) == [look, look, write]


def _timeless(text: str) -> str:
    return re.sub(r':\d\dZ|"key": "\w+"', "", text)


_IN_PASSING = pytest.mark.parametrize(
    "fault", thorough_after(1, [{"cut": True}, {"status": 502}]), ids=["cut off", "an outage"]
)


@_IN_PASSING
def test_a_history_that_fails_in_passing_changes_nothing(
    github: GitHub, fault: dict[str, Any]
) -> None:
    def back(*more: str) -> Run:
        return promote(
            "rollback", "--app", "aurora", "--reason", "it loses orders", "--repo", github.url,
            "--transport", "api", "--output", "json", *more, env={"GITHUB_TOKEN": "good-token"},
        )  # fmt: skip

    assert run(github, "api").code == 0
    github.merge(1)
    expected = back("--dry-run").json["pull_request"]["body"]
    github.fail("POST", "query Versions", **fault)
    done = back()
    assert done.code == 0, done.stderr
    assert not github.faults
    assert _timeless(done.json["pull_request"]["body"]) == _timeless(expected)


@_IN_PASSING
def test_a_comparison_that_fails_in_passing_changes_nothing(
    github: GitHub, fault: dict[str, Any]
) -> None:
    assert run(github, "api").code == 0
    Repository(github.repository).commit(BRANCH, "notes.md", "please wait\n", "Wait for the team")
    expected = run(github, "api", "--dry-run")
    assert "that promote did not make" in expected.stdout + expected.stderr
    github.fail("GET", "/compare/", **fault)
    assert run(github, "api", "--dry-run").json == expected.json
    assert not github.faults


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_nothing_is_sent_before_a_secondary_limit_has_passed(
    github: GitHub, transport: str
) -> None:
    look, write = _WHOLE[transport]
    ends: list[float] = []
    github.just_before("POST", f"query {look}", lambda: ends.append(time.monotonic() + 1))
    github.slow_down("POST", f"query {look}", seconds=1)
    done = run(github, transport)
    assert (done.code, done.json["action"]) == (0, "created"), done.stderr
    assert asked(github) == [look, look, write]
    assert time.monotonic() > ends[0]


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_a_limit_that_is_longer_than_the_run_ends_it_in_githubs_words(
    github: GitHub, transport: str
) -> None:
    look, _ = _WHOLE[transport]
    github.slow_down("POST", f"query {look}", seconds=300, times=99)
    github.slow_down("GET", "/repos/", seconds=300, times=99)
    done = run(github, transport)
    assert (done.code, asked(github)) == (5, [look])
    assert SECONDARY[:40] in done.json["error"]["message"]
    assert "run again after 300 s" in done.json["error"]["hint"]


@pytest.mark.parametrize(
    ("transport", "requests"), [("api", ["Overview"]), ("git", ["Pulls", "GET /pulls"])]
)
def test_a_primary_limit_is_asked_about_once_and_told_with_its_end(
    github: GitHub, transport: str, requests: list[str]
) -> None:
    github.limit.remaining = github.graphql_limit.remaining = 0
    done = run(github, transport)
    assert done.code == 5
    assert [one.rpartition("gitops")[2] or one for one in asked(github)][:1] == requests[:1]
    assert len(asked(github)) == len(requests)
    assert "run again after 20" in done.json["error"]["hint"]


def test_the_limit_of_graphql_leaves_rest_to_ask(github: GitHub) -> None:
    github.graphql_limit.remaining = 0
    done = run(github, "git")
    assert (done.code, done.json["action"]) == (0, "created"), done.stderr
    assert len(github.graphql()) == 1


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_a_primary_limit_that_ends_within_the_run_is_waited_for(
    github: GitHub, transport: str
) -> None:
    look, write = _WHOLE[transport]
    said = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 2)}
    github.fail("POST", f"query {look}", status=200, headers=headers, body=said)
    done = run(github, transport)
    assert (done.code, done.json["action"]) == (0, "created"), done.stderr
    assert asked(github) == [look, look, write]


def test_a_limit_that_has_ended_by_a_clock_that_is_ahead_is_asked_about_after_a_pause() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) - 60)}
    assert seconds_to_wait(headers, "API rate limit exceeded for user ID 1.") == 1


def test_a_limit_of_rest_is_told_in_githubs_words(github: GitHub) -> None:
    github.has_graphql = False
    github.slow_down("GET", r"/pulls", seconds=300, times=99)
    done = run(github, "git")
    assert done.code == 5
    assert SECONDARY[:40] in done.json["error"]["message"]
    assert "run again after 300 s" in done.json["error"]["hint"]


@pytest.mark.parametrize("transport", thorough_after(1, ["git", "api"]))
def test_a_server_without_graphql_is_asked_for_it_a_single_time(
    github: GitHub, transport: str
) -> None:
    github.has_graphql = False
    done = run(github, transport)
    assert len(github.graphql()) == 1
    assert done.code == (5 if transport == "api" else 0)
