"""Tokens with no more than what the README names cost no more requests, and lose no answer."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.servers.github import GitHub, Token
from tests.thorough import thorough_after
from tests.world import Repository, promote

if TYPE_CHECKING:
    from tests.world import Run

_POLICY = """\
environments:
  prod:
    path: clusters/prod/apps/{{app}}
    checks: {{exists: off}}
    render: off
{more}
apps:
  aurora: {{images: [ghcr.io/aurora-cloud/aurora-fraud]}}
"""
_GRANTED = {"contents": "write", "pull_requests": "write", "metadata": "read"}
_TOKENS = {
    "classic": Token(scopes="repo"),
    "App": Token(user="promoter[bot]", integration=True, permissions=_GRANTED),
    "fine-grained": Token.fine_grained(),
}
# The App's through the API and another's by git first; then each with each.
_FIRST = [("App", "api"), ("fine-grained", "git"), ("classic", "api")]
_WAYS = _FIRST + [one for one in product(_TOKENS, ("api", "git")) if one not in _FIRST]
WAYS = pytest.mark.parametrize(("kind", "transport"), thorough_after(1, _WAYS))


@pytest.fixture(autouse=True)
def _protected(github: GitHub) -> None:
    """Give the server the tokens, and the base a classic protection."""
    github.tokens |= _TOKENS
    github.protect("main", reviews=1)
    settle(github)


def settle(github: GitHub, *lines: str) -> None:
    """Give prod these settings."""
    text = _POLICY.format(more="\n".join(f"    {line}" for line in lines))
    Repository(github.repository).commit("main", "promoter.yaml", text)


def run(github: GitHub, kind: str, transport: str, tag: str, *more: str) -> tuple[Run, list[str]]:
    """Ask for a tag; return what came of it, and the requests to the API.

    Without a transport it is what the environment says.
    """
    before = len(github.seen)
    done = promote(
        "--app", "aurora", "--tag", tag, "--repo", github.url, "--output", "json",
        *(("--transport", transport) if transport else ()), *more, env={"GITHUB_TOKEN": kind},
    )  # fmt: skip
    assert done.code == 0, done.stderr
    return done, [
        re.findall(r"(?:query|mutation) (\w+)", one.body["query"])[0]
        if one.graphql
        else f"{one.method} {one.path}"
        for one in github.seen[before:]
        if one.api
    ]


REQUESTS = {
    "api": (["Overview", "Deliver"], ["Overview"], ["Overview", "Aside", "Replace"]),
    "git": (["Pulls", "Open"], ["Pulls"], ["Pulls", "Renew"]),
}


@WAYS
def test_the_tokens_that_the_readme_names_cost_no_request_more(
    github: GitHub, kind: str, transport: str
) -> None:
    fresh, again, update = REQUESTS[transport]
    done, asked = run(github, kind, transport, "9.9.1")
    assert (done.json["action"], asked) == ("created", fresh)
    github.pulls[0]["teams"].append("platform")
    done, asked = run(github, kind, transport, "9.9.1")
    assert (done.json["action"], asked) == ("unchanged", again)
    done, asked = run(github, kind, transport, "9.9.2")
    assert (done.json["action"], asked) == ("updated", update)


@WAYS
def test_a_team_is_asked_a_single_time_by_a_token_that_may_not_read_teams(
    github: GitHub, kind: str, transport: str
) -> None:
    settle(github, "reviewers: ['team:platform']")
    done, asked = run(github, kind, transport, "9.9.1")
    assert done.json["warnings"] == []
    assert [one["slug"] for one in github.open_pulls()[0]["requested_teams"]] == ["platform"]
    assert [one for one in asked if "requested_reviewers" in one]
    assert len(asked) == 3
    done, asked = run(github, kind, transport, "9.9.1")
    assert (done.json["action"], done.json["changed"], len(asked)) == ("unchanged", False, 1)


@WAYS
def test_a_merge_is_armed_though_the_protection_may_not_be_read(
    github: GitHub, kind: str, transport: str
) -> None:
    github.allow_auto_merge = True
    settle(github, "deliver: auto-merge")
    done, asked = run(github, kind, transport, "9.9.1")
    assert done.json["warnings"] == []
    assert github.open_pulls()[0]["auto_merge"]
    assert asked[-1] == "Extras"
    github.fail("POST", "mutation Extras", status=502)
    done, asked = run(github, kind, transport, "9.9.2")
    assert done.json["warnings"] == []
    assert github.open_pulls()[0]["auto_merge"]


@WAYS
def test_a_branch_that_may_not_be_replaced_is_added_to_though_its_protection_may_not_be_read(
    github: GitHub, kind: str, transport: str
) -> None:
    github.protect("promote/**", force=False)
    first, _ = run(github, kind, transport, "9.9.1")
    second, _ = run(github, kind, transport, "9.9.2")
    assert second.json["action"] == "updated"
    (made,) = github.store.read([second.json["commit"]])
    assert made.parents == (first.json["commit"],)


@pytest.mark.parametrize("kind", thorough_after(1, ["fine-grained", "App", "classic"]))
def test_signatures_are_demanded_though_the_protection_may_not_be_read(
    github: GitHub, kind: str
) -> None:
    github.protect("main", reviews=1, signatures=True)
    before = len(github.seen)
    done = promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", github.url, "--output", "json",
        env={"GITHUB_TOKEN": kind},
    )  # fmt: skip
    assert (done.code, done.json["refusals"][0]["rule"]) == (3, "verified-commits")
    assert sum(one.api for one in github.seen[before:]) == 1


@pytest.mark.parametrize("kind", thorough_after(1, ["fine-grained", "App", "classic"]))
def test_an_environment_that_is_written_through_the_api_costs_no_request_more(
    github: GitHub, kind: str
) -> None:
    settle(github, "transport: api")
    done, asked = run(github, kind, "", "9.9.1")
    assert (done.json["action"], asked) == ("created", ["Pulls", "Deliver"])
    done, asked = run(github, kind, "", "9.9.2")
    assert (done.json["action"], asked) == ("updated", ["Pulls", "Aside", "Replace"])


@pytest.mark.parametrize(("times", "asked"), [(1, 2), (9, 3)])
def test_rules_that_github_fails_to_tell_are_asked_for_again_and_then_done_without(
    github: GitHub, times: int, asked: int
) -> None:
    github.untold = times
    done, requests = run(github, "classic", "api", "9.9.1")
    assert done.json["action"] == "created"
    assert requests == [*["Overview"] * asked, "Deliver"]


def test_what_graphql_does_not_answer_is_said_with_v(github: GitHub) -> None:
    refused = {"errors": [{"type": "INSUFFICIENT_SCOPES", "message": "lacks 'read:org'"}]}
    github.fail("POST", "query Overview", status=200, body=refused)
    done, _ = run(github, "classic", "api", "9.9.1", "-v")
    assert "GraphQL did not answer Overview: lacks 'read:org'" in done.stderr
