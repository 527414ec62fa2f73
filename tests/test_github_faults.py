"""GitHub where it fails, lags or says no: every write converges, and every no is told as one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from promoter.domain.branch import CommitDraft
from promoter.domain.declaration import AppDeclaration
from promoter.domain.errors import (
    NotFoundError,
    PromoteError,
    RaceLostError,
    RemoteError,
    UsageError,
)
from promoter.domain.image import Tag
from promoter.domain.model import ImageRequest
from promoter.domain.pull import Pull, PullDraft, PullExtras
from promoter.engine import deliver
from promoter.forges.github.api import rest
from promoter.forges.github.api.app import app_token
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.failures import GitHubError, github_error
from promoter.forges.github.api.http import GitHubHttp
from promoter.forges.github.forge import GitHubForge
from promoter.forges.github.repository import GitHubRepository
from promoter.output import actions
from promoter.output.envelope import envelope
from promoter.output.result import of_promotion
from promoter.planning.outcome import failed
from promoter.system.deadline import Deadline
from tests.servers.github import App, GitHub
from tests.servers.github.errors import SECONDARY
from tests.servers.github.tokens import Token
from tests.thorough import thorough_after
from tests.world import AURORA, BRANCH, Repository, Run, promote, promote_process

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.provisioned

_NAME = ("aurora-cloud", "gitops")
NOW = 2**33
_FAULTS: dict[str, dict[str, Any]] = {
    "dropped before": {"status": None},
    "502 before": {"status": 502},
    "429 before": {"status": 429},
    "a secondary limit": {
        "status": 403,
        "headers": {"Retry-After": "1"},
        "body": {"message": SECONDARY},
    },
    "dropped after": {"status": None, "after": True},
    "502 after": {"status": 502, "after": True},
}
# One that is before the write and one that is after it first; then the others.
_ORDER = sorted(_FAULTS, key=lambda name: name not in {"502 before", "dropped after"})
SOME_FAULTS = pytest.mark.parametrize(
    "fault", thorough_after(2, [_FAULTS[name] for name in _ORDER]), ids=_ORDER
)
_TEXT = PullDraft("a title", "a body")


def forge(github: GitHub, seconds: float = 30) -> GitHubForge:
    return GitHubForge(
        Client(github.api_url, _NAME, SecretStr("good-token"), GitHubHttp(Deadline(seconds)))
    )


def run(github: GitHub, tag: str, *more: str) -> Run:
    return promote(
        "--app", "aurora", "--tag", tag, "--repo", github.url, "--output", "json", *more,
        env={"GITHUB_TOKEN": "good-token"},
    )  # fmt: skip


def draft(github: GitHub, lease: str | None = None, text: str = "x: 1\n") -> CommitDraft:
    """A commit that changes one file of the base."""
    files: Mapping[PurePosixPath, bytes] = {PurePosixPath(AURORA): text.encode()}
    asked = ImageRequest("a", Tag.parse("1.4.2"))
    message = AppDeclaration("aurora", "prod", (asked,)).alone.message(f"A title\n\nBy {text}")
    return CommitDraft(BRANCH, str(github.head("main")), lease, files, message, "a <a@x>")


def write(github: GitHub, made: CommitDraft) -> str:
    """Make a commit through the API alone, or raise why there is none."""
    (done,) = GitHubRepository(forge(github).client, now=NOW).publish([made])
    if isinstance(done, PromoteError):
        raise done
    return done


def opened(github: GitHub) -> tuple[GitHubForge, Pull]:
    """A branch with a commit, and its open pull."""
    Repository(github.repository).git("branch", BRANCH, "main")
    Repository(github.repository).commit(BRANCH, AURORA, "x: 1\n", "A branch's commit")
    one = forge(github)
    return one, one.open(_TEXT, branch=BRANCH, base="main").pull


class TestApiTransport:
    """Writes through the API alone."""

    @SOME_FAULTS
    @pytest.mark.parametrize("place", [r"/git/refs$", r"createCommitOnBranch"])
    def test_new_branch_gets_its_one_commit(
        self, github: GitHub, place: str, fault: dict[str, Any]
    ) -> None:
        github.fail("POST", place, **fault)
        commit = write(github, draft(github))
        assert not github.faults
        assert github.head(BRANCH) == commit
        assert github.store.read([commit])[0].parents == (github.head("main"),)

    @SOME_FAULTS
    @pytest.mark.parametrize(
        "place", [r"/git/refs$", "mutation Aside", "mutation Commit", "updateRefs"]
    )
    def test_branch_is_replaced_and_nothing_else_is_left(
        self, github: GitHub, place: str, fault: dict[str, Any]
    ) -> None:
        opened(github)
        if place != "updateRefs":
            github.fail("POST", "mutation Aside", **fault)
        if place != "mutation Aside":
            github.fail("POST", place, **fault)
        lease = github.head(BRANCH)
        commit = write(github, draft(github, lease, "x: 2\n"))
        assert not github.faults
        assert github.store.refs() == {
            "refs/heads/main": github.head("main"), f"refs/heads/{BRANCH}": commit,
        }  # fmt: skip
        assert len(github.open_pulls()) == 1

    def test_what_a_killed_run_left_aside_is_taken_over(self, github: GitHub) -> None:
        opened(github)
        lease = str(github.head(BRANCH))
        left = write(github, replace(draft(github), branch=f"promote-commit/{BRANCH}"))
        Repository(github.repository).commit("main", "notes.md", "the base has moved\n")
        assert github.head(f"promote-commit/{BRANCH}") == left
        commit = write(github, draft(github, lease, "x: 2\n"))
        assert github.head(BRANCH) == commit
        assert github.head(f"promote-commit/{BRANCH}") is None

    def test_server_without_graphql_is_named_and_no_branch_stays(self, github: GitHub) -> None:
        github.fail("POST", r"/graphql", status=404, body={"message": "Not Found"}, times=9)
        with pytest.raises(RemoteError, match="no GraphQL") as told:
            write(github, draft(github))
        assert "--transport git" in told.value.hint
        assert github.head(BRANCH) is None

    def test_somebody_elses_commit_is_a_lost_race(self, github: GitHub) -> None:
        opened(github)
        made = draft(github, str(github.head("main")))
        with pytest.raises(RaceLostError):
            write(github, made)

    def test_history_tells_when_a_commit_reached_the_base(self, github: GitHub) -> None:
        one, pull = opened(github)
        merged = one.client.ask("PUT", f"/pulls/{pull.number}/merge", input={})
        found = GitHubRepository(one.client, now=NOW).arrivals(
            GitHubRepository(one.client, now=NOW).base("main")[1], [PurePosixPath(AURORA)]
        )
        newest = next(iter(found[PurePosixPath(AURORA)]))
        assert newest.commit == merged["sha"]
        assert newest.message == "A branch's commit"
        assert newest.data == b"x: 1\n"


# A secondary limit is waited for in another quick test as well.
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=name, marks=[pytest.mark.thorough] * ("limit" in name))
        for name, fault in _FAULTS.items()
    ],
)
def test_opening_renewing_and_commenting_outlast_a_fault(
    github: GitHub, fault: dict[str, Any]
) -> None:
    github.fail("POST", r"/pulls$", **fault)
    one, pull = opened(github)
    github.fail("POST", "mutation Renew", **fault)
    github.fail("PATCH", r"/pulls/1$", **fault)
    assert one.renew(pull, PullDraft("another", "text"))[0].title == "another"
    github.fail("POST", r"/comments$", **fault)
    one.renew(pull, PullDraft("another", "text"), "said", may_be_said=True)
    assert not github.faults
    assert len(github.pulls) == 1
    assert github.comments == {1: ["said"]}


@SOME_FAULTS
@pytest.mark.parametrize("change", ["renew", "close"])
def test_a_change_in_one_request_is_found_or_done_step_by_step_after_a_fault(
    github: GitHub, change: str, fault: dict[str, Any]
) -> None:
    one, pull = opened(github)
    github.fail("POST", "mutation Renew", **fault)
    draft = PullDraft("another", "text")
    if change == "renew":
        assert one.renew(pull, draft, "said")[0].title == "another"
    else:
        assert one.close(pull, draft, "said").state == "closed"
    assert not github.faults
    assert github.comments == {1: ["said"]}
    assert (github.pulls[0]["title"], github.pulls[0]["body"]) == ("another", "text")


def test_runs_that_close_a_pull_in_one_moment_leave_one_comment(github: GitHub) -> None:
    one, pull = opened(github)
    github.comments[1] = ["said"]
    assert one.close(pull, PullDraft("another", "text"), "said").state == "closed"
    assert github.comments == {1: ["said"]}


def test_a_comment_that_github_refuses_is_a_warning_and_the_text_is_renewed(
    github: GitHub,
) -> None:
    one, pull = opened(github)
    renewed, missing = one.renew(pull, PullDraft("another", "text"), " ")
    assert renewed.title == "another"
    assert "blank" in missing[0]
    assert github.comments == {}


def test_lag_after_a_push_is_waited_for(github: GitHub) -> None:
    for error in (
        {"resource": "PullRequest", "field": "head", "code": "invalid"},
        {
            "resource": "PullRequest",
            "code": "custom",
            "message": f"No commits between main and {BRANCH}",
        },
    ):
        body = {"message": "Validation Failed", "errors": [error]}
        github.fail("POST", r"/pulls$", status=422, body=body)
    opened(github)
    assert len(github.pulls) == 1


def test_a_pull_that_is_said_to_be_there_is_looked_for_until_it_shows(github: GitHub) -> None:
    github.fail("POST", r"/pulls$", status=None, after=True)
    github.fail("GET", r"/pulls$", status=200, body=[], times=3)
    _, pull = opened(github)
    assert pull.number == 1
    assert len(github.pulls) == 1


@pytest.mark.parametrize(("transport", "most"), thorough_after(1, [("api", 7), ("git", 5)]))
def test_a_pull_that_lists_do_not_show_yet_is_already_open_and_asked_for_with_patience(
    github: GitHub, transport: str, most: int
) -> None:
    assert run(github, "9.9.1", "--transport", transport).json["action"] == "created"
    before, github.unlisted = len(github.seen), 3
    again = run(github, "9.9.1", "--transport", transport)
    assert (again.json["action"], again.json["changed"]) == ("unchanged", False)
    assert again.json["pull_request"]["number"] == 1
    asked = [one for one in github.seen[before:] if one.api]
    assert sum("createPullRequest" in str(one.body) for one in asked) == 1
    assert not [one for one in asked if one.method == "POST" and not one.graphql]
    assert len(asked) <= most


@pytest.mark.parametrize("fault", thorough_after(1, ["dropped after", "502 after"]))
def test_a_pull_whose_opening_was_answered_late_is_opened_by_this_run(
    github: GitHub, fault: str
) -> None:
    github.fail("POST", "mutation Open", **_FAULTS[fault])
    github.unlisted = 2
    done = run(github, "9.9.1")
    assert (done.json["action"], done.json["changed"]) == ("created", True)
    assert len(github.pulls) == 1


def test_a_limit_longer_than_the_run_is_told_at_once(github: GitHub) -> None:
    _, pull = opened(github)
    github.slow_down("POST", "mutation Renew", seconds=300)
    github.slow_down("PATCH", r"/pulls/1$", seconds=300)
    with pytest.raises(RemoteError) as told:
        forge(github, 5).renew(pull, PullDraft("another", "text"))
    assert "limit" in told.value.hint


def test_answers_of_writes_are_not_asked_for_again(github: GitHub) -> None:
    github.has_graphql = False
    spent = []
    for tag in ("9.9.1", "9.9.1", "9.9.2"):
        before = len(github.rest()) + len(github.graphql())
        assert run(github, tag).code == 0
        spent.append(len(github.rest()) + len(github.graphql()) - before)
    # In vain by GraphQL, list, two questions for the rules, open; the first two; all but the last,
    # two for the branch's own rules, look, read and say what replaces it, look and renew.
    assert spent == [5, 2, 12]


@pytest.mark.parametrize("has_graphql", [True, False])
def test_all_open_pulls_are_listed_page_by_page(github: GitHub, has_graphql: bool) -> None:
    _, pull = opened(github)
    shown = github.pulls[0]
    github.pulls += [{**shown, "number": number} for number in range(2, 104)]
    github.pulls[1]["state"] = "closed"
    github.pull_from_fork("somebody-elses")
    github.has_graphql = has_graphql
    numbers = [one.number for one in forge(github).all()]
    assert numbers == [*range(103, 2, -1), pull.number]


@pytest.mark.parametrize("has_graphql", [True, False])
def test_more_open_pulls_than_are_read_are_an_error_and_not_left_out(
    github: GitHub, has_graphql: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(github)
    github.pulls += [{**github.pulls[0], "number": number} for number in range(2, 104)]
    github.has_graphql = has_graphql
    monkeypatch.setattr("promoter.forges.github.api.pages._PAGES", 1)
    monkeypatch.setattr("promoter.forges.github.pulls.open_pulls._PAGES", 1)
    with pytest.raises(RemoteError, match="list the pull requests: there are more than"):
        forge(github).all()


@pytest.mark.parametrize("status", [302, 307, 308])
def test_redirect_of_the_api_says_where_to(github: GitHub, status: int) -> None:
    where = "http://localhost:1/elsewhere?token=x"
    github.has_graphql = False
    github.fail("GET", r"/pulls$", status=status, headers={"Location": where})
    with pytest.raises(RemoteError, match="redirects to http://localhost:1/elsewhere, ") as told:
        forge(github).pulls([BRANCH], "main")
    assert "--api-url" in told.value.hint


def test_an_api_that_answers_everything_alike_ends_the_run_before_it_writes(github: GitHub) -> None:
    github.fail("GET", r"/pulls$", status=200, body=[])
    github.fail("POST", r"/graphql", status=200, body=[], times=3)
    done = run(github, "9.9.1")
    assert done.code == 5
    assert "the answer is not GitHub's" in done.json["error"]["message"]
    assert github.head(BRANCH) is None


@pytest.mark.parametrize("answer", [[], [1], {}, "x", None], ids=str)
def test_transport_api_on_what_is_no_api_is_told(github: GitHub, answer: Any) -> None:
    github.has_graphql = False
    github.fail("GET", r"/gitops$", status=200, body=answer)
    with pytest.raises(RemoteError, match="the answer is not GitHub's"):
        GitHubRepository(forge(github).client, now=NOW).base(None)


@pytest.mark.parametrize(("name", "requests"), [("{}/prod", 4), ("promote/prod/{}", 1)])
def test_very_many_branches_are_asked_for_in_few_requests_whatever_they_are_called(
    github: GitHub, name: str, requests: int
) -> None:
    repository = GitHubRepository(forge(github).client, now=NOW)
    repository.base(None, ["app-1", "app-2"])
    before = len(github.seen)
    assert not repository.branches([name.format(f"app-{n}") for n in range(301)])
    # A promotion's own are known from the look at the base, or are listed.
    assert len(github.seen) - before <= requests


def test_classic_protection_is_read_where_neither_graphql_nor_the_rules_answer(
    github: GitHub,
) -> None:
    github.fail("POST", r"/graphql", status=404, body={"message": "Not Found"})
    github.fail("GET", r"/rules/branches/main$", status=404, body={"message": "Not Found"})
    shown = {"required_signatures": {"enabled": True}}
    github.fail("GET", r"/branches/main/protection$", status=200, body=shown)
    assert forge(github).rules("main").verified_commits


@pytest.mark.parametrize("told", thorough_after(1, ["client_id", "id"]))
def test_token_of_an_app_reaches_the_one_repository_alone(github: GitHub, told: str) -> None:
    github.app = App.make()
    key = SecretStr(github.app.key.replace("\n", "\\n"))
    github.fail("POST", r"/access_tokens$", status=502)
    app_token(
        github.api_url, _NAME, (str(getattr(github.app, told)), key), GitHubHttp(Deadline(30))
    )
    asked = [one for one in github.seen if one.path.endswith("/access_tokens")]
    assert [one.body["repositories"] for one in asked] == [["gitops"]] * 2


def test_one_who_can_not_be_asked_keeps_nobody_else_from_being_asked(github: GitHub) -> None:
    one, pull = opened(github)
    wanted = PullExtras(reviewers=("nobody", "alice", "team:platform"))
    _, done, warnings = one.add_extras(pull, wanted)
    assert done == ("asked alice for a review", "asked team:platform for a review")
    assert len(warnings) == 1
    assert "nobody" in warnings[0]


def test_what_can_not_be_had_is_known_without_trying(github: GitHub) -> None:
    one, pull = opened(github)
    github.protect("main", checks=("build",))
    wanted = PullExtras(
        labels=("a",), reviewers=("nobody", "alice"), milestone="none such", auto_merge=True
    )
    assert one.possible_extras(pull, wanted) == PullExtras(labels=("a",), reviewers=("alice",))
    github.allow_auto_merge = True
    assert one.possible_extras(pull, wanted).auto_merge
    github.merge_methods = {"squash"}
    assert not one.possible_extras(pull, wanted).auto_merge


def test_auto_merge_needs_no_graphql_where_nothing_is_waited_for(github: GitHub) -> None:
    one, pull = opened(github)
    github.fail("POST", r"/graphql", status=404, body={"message": "Not Found"}, times=9)
    after, done, _ = one.add_extras(pull, PullExtras(auto_merge=True))
    assert done == ("merged at once (merge)",)
    assert after.state == "merged"


@pytest.mark.parametrize(
    "said", thorough_after(1, [True, False]), ids=["after the comment", "before it"]
)
def test_what_replaced_what_is_said_once_wherever_a_run_ends(github: GitHub, *, said: bool) -> None:
    assert run(github, "9.9.1").code == 0
    github.fail("POST", "mutation Renew", status=502)
    if not said:
        github.fail("POST", r"/comments$", status=404, body={"message": "Not Found"})
    github.fail("PATCH", r"/pulls/1$", status=404, body={"message": "Not Found"})
    assert run(github, "9.9.2").code == 5
    assert run(github, "9.9.2").code == 0
    (comment,) = github.comments[1]
    assert comment.startswith("Proposes `9.9.2` now, in place of `9.9.1`.")


def test_summary_of_an_early_end_names_no_environment() -> None:
    told = envelope(failed(UsageError("no", ""), "web"))
    text = actions.summary(of_promotion(told))
    assert text.startswith("`web`: failed\n")


def test_a_pull_that_a_person_closes_during_a_long_run_is_not_told_as_there(
    github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(github, "9.9.1").code == 0
    monkeypatch.setattr(deliver, "_FRESH", 0.0)
    github.just_before("GET", r"/pulls/1$", lambda: github.close(1))
    done = run(github, "9.9.1")
    assert done.code == 0, done.stderr
    assert done.json["action"] == "created"
    assert [one["number"] for one in github.open_pulls()] == [2]


@pytest.mark.parametrize("end", ["merge", pytest.param("close", marks=pytest.mark.thorough)])
@pytest.mark.parametrize(
    "moment",
    thorough_after(
        1,
        [
            (("POST", r"git-receive-pack"),),
            (("POST", "mutation Renew"),),
            (("PATCH", r"/pulls/1$"),),
            (("GET", r"/pulls/1$"),),
            (("POST", r"/issues/1/comments$"),),
        ],
    ),
    ids=["at the push", "at once", "at the renewal", "before the look", "at the comment"],
)
def test_a_pull_that_a_person_ends_under_way_keeps_its_text_and_another_is_opened(
    github: GitHub, end: str, moment: tuple[str, str]
) -> None:
    assert run(github, "9.9.1").code == 0
    before = {key: github.pulls[0][key] for key in ("title", "body")}
    github.just_before(*moment, lambda: getattr(github, end)(1))
    step_by_step = "pulls" in moment[1] or "issues" in moment[1]
    if step_by_step:
        github.fail("POST", "mutation Renew", status=502)
    done = run(github, "9.9.2")
    assert done.code == 0, done.stderr
    assert not github.meanwhile
    if not step_by_step:
        assert not github.comments.get(1), "what is said of an ended pull is taken back"
    assert {key: github.pulls[0][key] for key in before} == before
    if "9.9.2" in Repository(github.repository).read(AURORA):
        # What was pushed before the merge went with it.
        assert not github.open_pulls()
        return
    (pull,) = github.open_pulls()
    assert pull["number"] == 2
    assert "9.9.2" in pull["title"]
    assert done.json["action"] == "created"


@pytest.mark.thorough  # a start of Python; a person ends the pull request above
@pytest.mark.parametrize("transport", ["api", "git"])
def test_a_pull_that_another_run_renewed_before_it_was_merged_keeps_the_text_of_that_run(
    github: GitHub, transport: str
) -> None:
    run(github, "9.9.1")

    def meanwhile() -> None:
        newer = promote_process(
            "--app", "aurora", "--tag", "9.9.9", "--repo", github.url,
            env={"GITHUB_TOKEN": "good-token"},
        )  # fmt: skip
        assert newer.code == 0, newer.stderr
        github.merge(1)

    github.just_before("POST", "mutation (Renew|Replace)", meanwhile)
    done = run(github, "9.9.2", "--transport", transport)
    assert done.json["action"] == "superseded", done.stderr
    assert github.pulls[0]["title"].endswith("9.9.9")
    assert "9.9.9" in github.pulls[0]["body"]


def test_a_branch_that_a_person_deletes_before_its_pull_is_opened_is_made_again(
    github: GitHub,
) -> None:
    store = github.store
    github.just_before(
        "POST", "mutation Open", lambda: store.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    )
    done = run(github, "9.9.1")
    assert done.code == 0, done.stderr
    (pull,) = github.open_pulls()
    assert "9.9.1" in pull["title"]
    assert github.head(BRANCH) is not None
    # GitHub is asked a second time, as it may not know yet what was just pushed, and no more.
    assert sum(one.method == "POST" for one in github.rest()) == 2


@pytest.mark.parametrize(
    "newer", thorough_after(1, [None, "9.9.2"]), ids=["by hand", "by a newer run's pull"]
)
def test_a_branch_that_is_merged_before_its_pull_is_opened_is_looked_at_again(
    github: GitHub, newer: str | None
) -> None:
    repository = Repository(github.repository)
    words = ("--app", "aurora", "--repo", github.url)

    def merge() -> None:
        if newer is None:
            repository.git("update-ref", "refs/heads/main", f"refs/heads/{BRANCH}")
            return
        # In a process of its own, as it runs within the other run.
        faster = promote_process(*words, "--tag", newer, env={"GITHUB_TOKEN": "good-token"})
        assert faster.code == 0, faster.stderr
        github.merge(1)

    github.just_before("POST", "mutation Open", merge)
    done = run(github, "9.9.1")
    assert done.code == 0, done.stderr
    assert done.json["action"] == ("superseded" if newer else "unchanged")
    assert not github.meanwhile
    assert not github.open_pulls()
    assert (newer or "9.9.1") in repository.read(AURORA)
    assert sum(one.method == "POST" and "9.9.1" in str(one.body) for one in github.rest()) == 2


@pytest.mark.parametrize(
    ("transport", "write", "first"),
    thorough_after(
        1,
        [
            ("api", "mutation Deliver", None),
            ("git", "mutation Renew", "9.9.0"),
            ("git", "mutation Open", None),
            ("api", "mutation Replace", "9.9.0"),
        ],
    ),
)
def test_a_newer_tag_that_reaches_the_base_during_the_run_closes_the_pull_that_it_writes(
    github: GitHub, transport: str, write: str, first: str | None
) -> None:
    repository = Repository(github.repository)
    if first:
        run(github, first)
    newer = repository.read(AURORA).replace("1.4.1", "9.9.9")
    github.just_before("POST", write, lambda: repository.commit("main", AURORA, newer))
    done = run(github, "9.9.1", "--transport", transport)
    assert done.code == 0, done.stderr
    assert (done.json["action"], done.json["changed"]) == ("superseded", True)
    assert done.json["pull_request"]["state"] == "closed"
    assert not github.open_pulls()
    assert github.head(BRANCH) is None


@pytest.mark.parametrize(("transport", "most"), thorough_after(1, [("api", 3), ("git", 3)]))
def test_another_commit_that_reaches_the_base_during_the_run_costs_one_more_look(
    github: GitHub, transport: str, most: int
) -> None:
    repository = Repository(github.repository)
    write = "mutation Open" if transport == "git" else "mutation Deliver"
    github.just_before("POST", write, lambda: repository.commit("main", "notes.md", "x\n"))
    done = run(github, "9.9.1", "--transport", transport)
    assert (done.json["action"], done.json["changed"]) == ("created", True)
    assert done.json["commit"] == github.head(BRANCH)
    assert sum(one.api for one in github.seen) <= most


def test_a_pull_is_open_though_the_second_look_fails(github: GitHub) -> None:
    repository = Repository(github.repository)

    def meanwhile() -> None:
        repository.commit("main", "notes.md", "x\n")
        github.fail("GET", "info/refs", status=404, times=9)

    github.just_before("POST", "mutation Open", meanwhile)
    done = run(github, "9.9.1")
    assert (done.code, done.json["action"]) == (0, "created")


def test_a_push_whose_answer_was_lost_is_told_as_pushed(github: GitHub) -> None:
    github.fail("POST", "git-receive-pack", after=True)
    done = run(github, "9.9.1", "--env", "dev")
    assert (done.json["action"], done.json["changed"]) == ("pushed", True)
    assert done.json["commit"] == github.head("main")
    assert {one["from"] for one in done.json["images"]} == {"1.4.1"}


def test_a_branch_without_commits_of_its_own_is_a_lost_race_whatever_its_base_is_called(
    github: GitHub,
) -> None:
    base = "release/50%#1"
    for name in (BRANCH, base):
        Repository(github.repository).git("branch", name, "main")
    with pytest.raises(RaceLostError, match=f"{BRANCH} was merged into {base} before"):
        forge(github).open(_TEXT, branch=BRANCH, base=base)


def test_a_branch_that_a_person_replaces_by_another_history_is_looked_at_again(
    github: GitHub,
) -> None:
    repository = Repository(github.repository)

    def replace_branch() -> None:
        tree = repository.git("rev-parse", "main^{tree}").strip()
        orphan = repository.git("commit-tree", "-m", "mine", tree).strip()
        repository.git("update-ref", f"refs/heads/{BRANCH}", orphan)

    words = f"The main branch has no history in common with {BRANCH}"
    error = {"resource": "PullRequest", "code": "custom", "message": words}
    body = {"message": "Validation Failed", "errors": [error]}
    github.just_before("POST", "mutation Open", replace_branch)
    github.fail("POST", "mutation Open", status=502)
    github.fail("POST", r"/pulls$", status=422, body=body)
    done = run(github, "9.9.1")
    assert done.code == 3, done.stderr
    assert "human-commits" in done.stdout


def test_an_error_after_the_push_says_what_was_pushed(github: GitHub) -> None:
    github.tokens["half"] = Token(permissions={"contents": "write", "metadata": "read"})
    done = promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", github.url, "--output", "json",
        env={"GITHUB_TOKEN": "half"},
    )  # fmt: skip
    assert done.code == 5
    tip = str(github.head(BRANCH))
    said = done.json["error"]
    assert said["message"].endswith(f"; done before that: pushed {tip[:9]} to {BRANCH}")
    assert "pull-requests: write" in said["hint"]


@pytest.mark.parametrize("transport", ["git", "api"])
def test_a_limit_whose_headers_are_no_numbers_is_told_as_one(
    github: GitHub, transport: str
) -> None:
    headers = {"Retry-After": "-5", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "NaN"}
    github.fail(
        "POST", "graphql", status=429, headers=headers, body={"message": SECONDARY}, times=3
    )
    done = run(github, "9.9.1", "--transport", transport, "--timeout", "20s")
    assert done.code == 5
    error = done.json["error"]
    assert "429" in error["message"]
    assert "limit is reached: run again later" in error["hint"]


def test_an_answer_without_end_ends_the_run(
    github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "LIMIT", 50_000)
    github.has_graphql = False
    github.fail("GET", r"/pulls$", status=200, body={"a": "b" * 60_000})
    with pytest.raises(RemoteError, match="larger than any"):
        forge(github).pulls([BRANCH], "main")


@pytest.mark.parametrize(
    "header", thorough_after(1, ["Retry-After", "X-RateLimit-Reset", "X-RateLimit-Remaining"])
)
@pytest.mark.parametrize(
    "value", thorough_after(1, ["nan", "99999999999999999999", "inf", "-1", "\u00b2"])
)
@pytest.mark.parametrize("status", [200, 403])
def test_headers_that_no_server_means_are_passed_over(
    github: GitHub, header: str, value: str, status: int
) -> None:
    github.has_graphql = False
    body = {"message": "API rate limit exceeded for somebody"} if status == 403 else []
    headers = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
    headers = {**headers, header: value}
    github.fail("GET", r"/pulls$", status=status, headers=headers, body=body, times=99)
    one = forge(github, 3)
    if status == 200:
        assert one.pulls([BRANCH], "main") == {BRANCH: ()}
        return
    with pytest.raises(RemoteError) as told:
        one.pulls([BRANCH], "main")
    assert "limit is reached" in told.value.hint


def test_what_a_server_says_in_a_refusal_reaches_no_stream_of_its_own(github: GitHub) -> None:
    github.has_graphql = False
    hostile = {"Retry-After": "0", "X-Reason": "::stop-commands::x"}
    body = {"message": "You have exceeded a secondary rate limit ::error::hostile"}
    github.fail("GET", r"/pulls$", status=403, headers=hostile, body=body, times=2)
    done = run(github, "9.9.1", "-q")
    assert done.code == 0
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("is_known", "kind", "hint"),
    [
        (True, RemoteError, "'pull-requests: write'"),
        (False, NotFoundError, "The repository's name is wrong"),
    ],
)
def test_what_is_not_found_in_a_repository_that_has_answered_is_no_wrong_name(
    *, is_known: bool, kind: type[RemoteError], hint: str
) -> None:
    missing = GitHubError(404, {"message": "Not Found"}, {})
    error = github_error("could not open the pull request", missing, is_known=is_known)
    assert type(error) is kind
    assert hint in error.hint
