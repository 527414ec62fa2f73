"""What a pull gets beside its text, and who opens it: labels, reviewers, merging, Apps, signatures."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from promoter.domain.pull import PullDraft
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.http import GitHubHttp
from promoter.forges.github.forge import GitHubForge
from promoter.system.deadline import Deadline
from tests.servers.github import App, GitHub, Token
from tests.thorough import thorough_after
from tests.world import AURORA, BRANCH, Repository, Run, promote

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.provisioned

TOKEN = {"GITHUB_TOKEN": "good-token"}
POLICY = """\
environments:
  prod:
    path: clusters/prod/apps/{{app}}
    checks: {{exists: off}}
{more}
apps:
  aurora:
    images:
      - ghcr.io/aurora-cloud/aurora-customer
      - ghcr.io/aurora-cloud/aurora-fraud
      - ghcr.io/aurora-cloud/aurora-notification
"""


# What a pull gets is the same by git, which takes longer.
BY_API = ("--transport", "api")


def settle(github: GitHub, *lines: str) -> None:
    """Give prod these settings."""
    text = POLICY.format(more="\n".join(f"    {line}" for line in lines))
    Repository(github.repository).commit("main", "promoter.yaml", text)


def run(github: GitHub, *more: str, tag: str = "9.9.1", **env: str) -> Run:
    """Ask for a tag."""
    given = TOKEN | env
    return promote(
        "--app", "aurora", "--tag", tag, "--repo", github.url, "--output", "json", *more, env=given
    )  # fmt: skip


def ask(github: GitHub, *more: str, tag: str = "9.9.1", **env: str) -> dict[str, Any]:
    """Ask for a tag, and return what was answered well."""
    done = run(github, *more, tag=tag, **env)
    assert done.code == 0, done.stderr + done.stdout
    return done.json


def test_labels_reviewers_assignees_and_milestone_are_given_once(github: GitHub) -> None:
    github.milestones = ["Q1"]
    settle(github, "labels: [promotion, bug]", 'reviewers: [alice, "team:platform"]',
           "assignees: [bob]", "milestone: Q1")  # fmt: skip
    ask(github, *BY_API)
    (pull,) = github.open_pulls()
    assert {one["name"] for one in pull["labels"]} == {"promotion", "bug"}
    assert [one["login"] for one in pull["requested_reviewers"]] == ["alice"]
    assert [one["slug"] for one in pull["requested_teams"]] == ["platform"]
    assert [one["login"] for one in pull["assignees"]] == ["bob"]
    assert pull["milestone"]["title"] == "Q1"
    before = len(github.rest())
    assert ask(github, *BY_API)["action"] == "unchanged"
    assert len(github.rest()) - before <= 2


_WANTED = (
    "labels: [bug]", 'reviewers: [alice, "team:platform"]', "assignees: [bob]", "milestone: Q1"
)  # fmt: skip


def _are_given(github: GitHub) -> None:
    """Fail where the pull has not all that is wanted."""
    (pull,) = github.open_pulls()
    assert [one["name"] for one in pull["labels"]] == ["bug"]
    assert [one["login"] for one in pull["requested_reviewers"]] == ["alice"]
    assert [one["slug"] for one in pull["requested_teams"]] == ["platform"]
    assert [one["login"] for one in pull["assignees"]] == ["bob"]
    assert pull["milestone"]["title"] == "Q1"


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_all_that_a_new_pull_is_to_have_costs_one_request(github: GitHub, transport: str) -> None:
    github.milestones = ["Q1"]
    settle(github, *_WANTED)
    out = ask(github, "--transport", transport)
    assert not out["warnings"]
    _are_given(github)
    assert len([one for one in github.seen if one.api]) == 3, "look, open, give it all"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 502},
        {"status": None, "after": True},
        pytest.param({"status": 200}, marks=pytest.mark.thorough),
        pytest.param({"status": 502, "after": True}, marks=pytest.mark.thorough),
    ],
    ids=["not done", "done, the answer lost", "another's answer", "done, and failed"],
)
@pytest.mark.parametrize("place", ["mutation Extras", "mutation (Open|Deliver)"])
@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_what_a_new_pull_is_to_have_arrives_after_a_fault(
    github: GitHub, transport: str, place: str, fault: dict[str, Any]
) -> None:
    github.milestones = ["Q1"]
    settle(github, *_WANTED)
    github.fail("POST", place, **fault)
    ask(github, "--transport", transport)
    assert not github.faults
    _are_given(github)


def test_whoever_is_not_known_by_id_is_asked_by_name_beside_the_rest(github: GitHub) -> None:
    settle(github, "labels: [bug, new]", "reviewers: [alice, nobody]", "assignees: [bob]",
           "milestone: Q9")  # fmt: skip
    out = ask(github, *BY_API)
    (pull,) = github.open_pulls()
    assert {one["name"] for one in pull["labels"]} == {"bug", "new"}
    assert [one["login"] for one in pull["requested_reviewers"]] == ["alice"]
    assert [one["login"] for one in pull["assignees"]] == ["bob"]
    assert any("nobody" in one for one in out["warnings"])
    assert "there is no milestone 'Q9'" in out["warnings"]


@pytest.mark.parametrize(
    ("method", "pattern"),
    thorough_after(2, [("PUT", "/merge$"), ("POST", "/requested_reviewers$"), ("PATCH", "/issues/1$"), ("POST", "/labels$")]),
)  # fmt: skip
def test_a_write_whose_answer_does_not_show_it_is_told(
    github: GitHub, method: str, pattern: str
) -> None:
    settle(github, "labels: [promotion]", "reviewers: [alice]", "assignees: [bob]",
           "deliver: auto-merge")  # fmt: skip
    github.fail("POST", "mutation Extras", status=502)
    github.fail(method, pattern, status=200)
    out = ask(github, *BY_API)
    assert len(out["warnings"]) == 1
    assert "could not" in out["warnings"][0]


def test_labels_are_made_where_github_does_not(github: GitHub) -> None:
    github.creates_labels = False
    settle(github, "labels: [promotion]")
    ask(github, *BY_API)
    assert [one["name"] for one in github.open_pulls()[0]["labels"]] == ["promotion"]


def test_who_can_not_review_is_a_warning_and_a_reviewer_is_not_asked_again(github: GitHub) -> None:
    settle(github, "reviewers: [nobody]")
    out = ask(github, *BY_API)
    assert any("nobody" in one for one in out["warnings"]), out["warnings"]
    settle(github, "reviewers: [alice]")
    ask(github, *BY_API)
    github.approve(1)
    before = len(github.seen)
    ask(github, *BY_API, tag="9.9.2")
    assert github.open_pulls()[0]["requested_reviewers"] == []
    assert sum(one.api for one in github.seen[before:]) == 3, "reviews come with the pulls"


def test_draft_is_opened_as_one(github: GitHub) -> None:
    settle(github, "draft: true")
    ask(github, *BY_API)
    assert github.open_pulls()[0]["draft"] is True


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_where_there_are_no_drafts_the_pull_is_opened_with_a_warning(
    github: GitHub, transport: str
) -> None:
    github.has_drafts = False
    settle(github, "draft: true")
    out = ask(github, "--transport", transport)
    (pull,) = github.open_pulls()
    assert (out["action"], pull["draft"]) == ("created", False)
    assert "no drafts in this repository" in out["warnings"][-1]
    again = ask(github, "--transport", transport)
    assert (again["action"], again["warnings"]) == ("unchanged", [])


def test_auto_merge_merges_at_once_where_nothing_is_waited_for(github: GitHub) -> None:
    github.allow_auto_merge = True
    settle(github, "deliver: auto-merge", "merge-method: squash")
    out = ask(github, *BY_API)
    assert out["pull_request"]["state"] == "merged"
    assert github.head(BRANCH) is None
    assert "newTag: 9.9.1" in Repository(github.repository).read(AURORA)
    assert ask(github, *BY_API)["action"] == "unchanged"
    assert github.head(BRANCH) is None


def test_auto_merge_is_armed_and_says_what_it_waits_for(github: GitHub) -> None:
    github.allow_auto_merge = True
    settle(github, "deliver: auto-merge")
    github.protect("main", reviews=1, checks=("build",))
    done = promote("--app", "aurora", "--tag", "9.9.1", "--repo", github.url, "-v", env=TOKEN)
    assert done.code == 0, done.stderr
    assert "an approving review" in done.stderr
    assert "; it merges by itself once its checks and reviews allow it\n" in done.stdout
    assert github.open_pulls()[0]["auto_merge"]
    github.succeed("build")
    github.approve(1)
    assert github.pulls[0]["merged_at"]


def test_blocked_merge_without_auto_merge_names_the_rule_and_the_setting(github: GitHub) -> None:
    settle(github, "deliver: auto-merge")
    github.protect("main", reviews=2)
    out = ask(github, *BY_API)
    (warning,) = [one for one in out["warnings"] if "not merged" in one]
    assert "2 approving reviews" in warning
    assert "Allow auto-merge" in warning
    again = ask(github, *BY_API)
    assert (again["action"], again["changed"]) == ("unchanged", False)
    assert run(github, *BY_API, "--check").code == 0


def test_merge_queue_takes_the_pull(github: GitHub) -> None:
    settle(github, "deliver: auto-merge")
    github.protect("main", queue=True, ruleset=True)
    ask(github, *BY_API)
    assert github.queue == [1]


def test_signed_base_refuses_an_unsigned_commit_before_anything_is_pushed(github: GitHub) -> None:
    github.protect("main", signatures=True)
    done = run(github)
    assert done.code == 3
    assert done.json["refusals"][0]["rule"] == "verified-commits"
    assert github.head(BRANCH) is None


def test_ssh_signature_is_made_and_verifies(github: GitHub, tmp_path: Path) -> None:
    key = tmp_path / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("ssh-keygen is not on PATH")
    public = key.with_suffix(".pub").read_text()
    signers = tmp_path / "signers"
    signers.write_text(f"* {public}")
    github.allowed_signers = signers
    github.protect("main", signatures=True)
    ask(github, "--signing-key", str(key))
    commit = github.store.read([str(github.head(BRANCH))])[0]
    assert github.verification(commit)["verified"]


def test_actions_own_token_is_told_that_it_starts_no_checks(github: GitHub) -> None:
    github.tokens["own"] = Token.of_actions(github.full_name)
    out = ask(github, *BY_API, GITHUB_TOKEN="own")
    assert any("starts no checks" in one for one in out["warnings"])


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (Token.of_actions("aurora-cloud/source"), ("Resource not accessible by integration",)),
        (Token(scopes="read:org"), ("repo",)),
        (Token(needs_sso=True), ("sso",)),
    ],
)
def test_classic_traps_are_told_with_the_way_out(
    github: GitHub, token: Token, words: tuple[str, ...]
) -> None:
    github.tokens["odd"] = token
    done = run(github, GITHUB_TOKEN="odd")
    # To a token of another repository's run, this one is not there.
    assert done.code == (4 if token.repository else 5)
    told = (done.json["error"]["message"] + done.json["error"]["hint"]).lower()
    assert any(word.lower() in told for word in words) or "token" in told, told
    assert not github.pulls


def test_archived_and_moved_repositories_are_named(github: GitHub) -> None:
    github.archived = True
    assert run(github).code == 5


class TestApp:
    """A GitHub App, from its key to the pull."""

    @pytest.mark.parametrize("place", [r"/installation$", r"/access_tokens$"])
    def test_what_is_wrong_with_an_app_says_nothing_of_a_token(
        self, github: GitHub, app: App, place: str
    ) -> None:
        method = "POST" if "tokens" in place else "GET"
        said = {"message": "A JSON web token could not be decoded"}
        github.fail(method, place, status=401, body=said, times=9)
        done = promote("--app", "aurora", "--tag", "9.9.1", "--repo", github.url, env=self.env(app))
        assert done.code == 5
        assert "its id is wrong" in done.stderr
        assert "GITHUB_TOKEN" not in done.stderr

    @pytest.fixture
    def app(self, github: GitHub) -> App:
        """An App that is installed; its new tokens are not known everywhere at once."""
        github.app = App.make(lag=2)
        return github.app

    def env(self, app: App, **more: str) -> dict[str, str]:
        return {
            "GITHUB_TOKEN": "",
            "PROMOTER_GITHUB_APP_ID": str(app.id),
            "PROMOTER_GITHUB_APP_PRIVATE_KEY": app.key,
            **more,
        }

    def test_key_becomes_a_pull_by_the_app(self, github: GitHub, app: App) -> None:
        out = ask(github, "-v", **self.env(app))
        assert out["action"] == "created"
        assert github.open_pulls()[0]["user"]["login"] == "promoter[bot]"
        assert not [one for one in github.seen if "good-token" in one.authorization]

    @pytest.mark.parametrize("granted", [True, False])
    def test_its_token_may_ask_teams_where_the_app_may(
        self, github: GitHub, app: App, *, granted: bool
    ) -> None:
        if granted:
            app.permissions["members"] = "write"
        assert run(github, **self.env(app), PROMOTER_CHECK="1").code == 10
        (token,) = (one for text, one in github.tokens.items() if text.startswith("ghs_"))
        assert isinstance(token, Token)
        assert (token.permissions or {}).get("members") == ("read" if granted else None)

    def test_key_by_file_and_key_that_is_none(
        self, github: GitHub, app: App, tmp_path: Path
    ) -> None:
        file = tmp_path / "key.pem"
        file.write_text(app.key)
        env = self.env(app, PROMOTER_GITHUB_APP_PRIVATE_KEY="")
        assert ask(github, **env, PROMOTER_GITHUB_APP_PRIVATE_KEY_FILE=str(file))["changed"]
        bad = run(github, **self.env(app, PROMOTER_GITHUB_APP_PRIVATE_KEY="not a key"))
        assert bad.code == 2
        assert "not a key" not in bad.stdout + bad.stderr

    def test_app_that_is_not_installed_or_not_granted_is_named(
        self, github: GitHub, app: App
    ) -> None:
        app.installed = False
        missing = run(github, **self.env(app))
        assert missing.code == 5
        assert "Install App" in missing.json["error"]["hint"]
        unknown = run(github, **self.env(app, PROMOTER_GITHUB_APP_ID="999999"))
        assert unknown.code == 5
        assert "Check PROMOTER_GITHUB_APP_ID" in unknown.json["error"]["hint"]
        app.installed, app.permissions = True, {"metadata": "read"}
        poor = run(github, **self.env(app))
        assert poor.code == 5
        assert "Grant App" in poor.json["error"]["hint"]


class TestApiTransport:
    """No clone: the commit is made by GitHub, on the expected head."""

    def test_commit_is_githubs_with_the_right_parent_and_files(self, github: GitHub) -> None:
        base = github.head("main")
        out = ask(github, "--transport", "api")
        commit = github.store.read([out["commit"]])[0]
        assert commit.parents == (base,)
        assert github.verification(commit)["verified"]
        changed = Repository(github.repository).git("diff", "--name-only", str(base), commit.sha)
        assert changed == AURORA
        assert not [one for one in github.seen if not one.api]
        assert ask(github, "--transport", "api")["action"] == "unchanged"

    def test_branch_is_replaced_without_closing_its_pull(self, github: GitHub) -> None:
        ask(github, "--transport", "api")
        out = ask(github, "--transport", "api", tag="9.9.2")
        assert (out["action"], out["pull_request"]["number"]) == ("updated", 1)
        assert len(github.open_pulls()) == 1
        refs = Repository(github.repository).refs()
        assert not [ref for ref in refs if "promote-commit" in ref]
        assert github.store.read([out["commit"]])[0].parents == (github.head("main"),)

    def test_signed_base_takes_it(self, github: GitHub) -> None:
        github.protect("main", signatures=True)
        assert ask(github, "--transport", "api")["action"] == "created"

    def test_transport_of_the_environment_reads_by_git_and_writes_by_the_api(
        self, github: GitHub
    ) -> None:
        settle(github, "transport: api")
        out = ask(github)
        assert github.verification(github.store.read([out["commit"]])[0])["verified"]

    @pytest.mark.parametrize("said", ["by-flag", "by-environment"])
    def test_the_bill_has_every_request(self, said: str, github: GitHub) -> None:
        if said == "by-environment":
            settle(github, "transport: api")
        flag = ("--transport", "api") if said == "by-flag" else ()
        run(github, *flag)
        before = len([one for one in github.seen if one.api])
        done = run(github, *flag, "-v", tag="9.9.2")
        asked = len([one for one in github.seen if one.api]) - before
        assert f"github: {asked} requests" in done.stderr

    def test_direct_push_and_auto_are_the_apis_too(self, github: GitHub) -> None:
        settle(github, "deliver: push")
        out = ask(github, "--transport", "api")
        assert out["action"] == "pushed"
        assert github.head("main") == out["commit"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("status", thorough_after(1, [None, 502, 504]))
def test_faults_around_opening_still_make_one_pull(
    github: GitHub, status: int | None, *, after: bool
) -> None:
    for _ in range(2):
        github.fail("POST", r"/pulls$|mutation Open", status=status, after=after)
    ask(github)
    assert len(github.pulls) == 1


def test_one_fault_after_the_other_still_makes_one_pull(github: GitHub) -> None:
    github.fail("POST", "mutation Open", status=502)
    github.fail("POST", r"/pulls$", after=True)
    github.fail("POST", r"/pulls$", status=502, after=True)
    github.slow_down("POST", r"/pulls$", seconds=1)
    github.fail("GET", r"/pulls/1$", status=503)
    ask(github)
    ask(github, tag="9.9.2")
    assert len(github.pulls) == 1
    assert "9.9.2" in github.open_pulls()[0]["title"]


def test_a_comment_whose_answer_was_lost_is_found_among_many(github: GitHub) -> None:
    ask(github)
    github.comments[1] = [f"comment {number}" for number in range(250)]
    github.fail("POST", "/comments", after=True)
    token = SecretStr("good-token")
    forge = GitHubForge(
        Client(github.api_url, (github.owner, github.name), token, GitHubHttp(Deadline(30)))
    )
    forge.renew(forge.read(1), PullDraft("another", "text"), "said once", may_be_said=True)
    forge.disconnect()
    assert github.comments[1].count("said once") == 1


def test_runs_that_say_the_same_in_one_moment_leave_one_comment(github: GitHub) -> None:
    ask(github, *BY_API)
    token = SecretStr("good-token")

    def say(_: int) -> None:
        forge = GitHubForge(
            Client(github.api_url, (github.owner, github.name), token, GitHubHttp(Deadline(30)))
        )
        pull = forge.read(1)
        forge.renew(pull, PullDraft("another", "text"), "said once", may_be_said=True)
        forge.disconnect()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(say, range(4)))
    assert github.comments[1] == ["said once"]


def test_secondary_limit_is_waited_for_as_told(github: GitHub) -> None:
    github.slow_down("POST", "mutation Open", seconds=1)
    github.slow_down("POST", r"/pulls$", seconds=1)
    ask(github)
    assert len(github.pulls) == 1


@pytest.mark.parametrize("kind", thorough_after(1, ["createCommitOnBranch", "updateRefs"]))
def test_faults_of_graphql_still_make_one_right_branch(github: GitHub, kind: str) -> None:
    ask(github, "--transport", "api")
    github.fail("POST", kind, status=502, after=True)
    out = ask(github, "--transport", "api", tag="9.9.2")
    assert len(github.pulls) == 1
    assert github.head(BRANCH) == out["commit"]
    assert "newTag: 9.9.2" in Repository(github.repository).read(AURORA, BRANCH)


def test_a_humans_commit_stays_until_it_is_taken_over(github: GitHub) -> None:
    ask(github, *BY_API)
    repo = Repository(github.repository)
    theirs = repo.commit(BRANCH, "notes.md", "mine")
    for tag in ("9.9.2", "9.9.3"):
        done = run(github, *BY_API, tag=tag)
        assert (done.code, done.json["refusals"][0]["rule"]) == (3, "human-commits")
        assert theirs[:9] in done.json["refusals"][0]["reason"]
        assert github.head(BRANCH) == theirs
    out = ask(github, *BY_API, "--take-over", tag="9.9.2")
    (said,) = (str(one).replace("\u2060", "") for one in github.comments[1])
    assert f"loses a commit that promote did not make: {theirs[:9]}" in said
    assert github.head(BRANCH) == out["commit"] != theirs
