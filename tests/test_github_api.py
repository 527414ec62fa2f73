"""The API as transport: what it costs in requests, and that it is right where answers are not whole."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from urllib3 import HTTPConnectionPool, Retry
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from promoter.domain.errors import RemoteError
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.http import GitHubHttp, NoAnswerError, rest_request
from promoter.forges.github.api.rest import reads_only
from promoter.forges.github.forge import GitHubForge
from promoter.system.deadline import Deadline
from tests.many_apps import BY_PULL, make
from tests.matrices.process import run as promote_forked
from tests.servers import git_http
from tests.servers.github import GitHub, Token, merging
from tests.thorough import thorough_after
from tests.world import AURORA, BRANCH, Repository, Run, numstat, promote, promote_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def plain(github: GitHub) -> GitHub:
    """Aurora without rendering."""
    repo = Repository(github.repository)
    text = repo.read("promoter.yaml")
    for path in ("dev-kind", "prod"):
        place = f"path: clusters/{path}/apps/{{app}}\n"
        assert place in text
        text = text.replace(place, f"{place}    render: off\n")
    repo.commit("main", "promoter.yaml", text)
    return github


def run(github: GitHub, tag: str, *more: str) -> Run:
    return promote(
        "--app", "aurora", "--tag", tag, "--repo", github.url, "--output", "json",
        *(() if "--transport" in more else ("--transport", "api")), *more, env={"GITHUB_TOKEN": "good-token"},
    )  # fmt: skip


def asked(github: GitHub, work: Callable[[], Run]) -> tuple[Run, list[str]]:
    """Do something, and return what it asked of the API."""
    before = len(github.seen)
    done = work()
    assert done.code == 0, done.stderr
    return (
        done,
        [
            re.search(r"(query|mutation) (\w+)", one.body["query"])[0]  # type: ignore[index]  # ours
            if one.graphql
            else f"{one.method} {one.path}"
            for one in github.seen[before:]
        ],
    )


def test_a_fresh_pull_costs_two_requests_and_an_unchanged_rerun_one(plain: GitHub) -> None:
    done, requests = asked(plain, lambda: run(plain, "9.9.1"))
    assert done.json["action"] == "created"
    assert requests == ["query Overview", "mutation Deliver"]
    assert numstat(Repository(plain.repository), "main", BRANCH) == [f"3\t3\t{AURORA}"]
    (pull,) = plain.open_pulls()
    assert pull["head"]["sha"] == done.json["commit"]
    done, requests = asked(plain, lambda: run(plain, "9.9.1"))
    assert (done.json["action"], requests) == ("unchanged", ["query Overview"])


def test_an_unrelated_commit_on_the_base_does_not_make_a_rerun_dearer(plain: GitHub) -> None:
    run(plain, "9.9.1")
    Repository(plain.repository).commit("main", "notes.md", "hello\n")
    done, requests = asked(plain, lambda: run(plain, "9.9.1"))
    assert (done.json["action"], requests) == ("unchanged", ["query Overview"])


def test_an_update_leaves_one_pull_and_no_branch_aside(plain: GitHub) -> None:
    run(plain, "9.9.1")
    done, requests = asked(plain, lambda: run(plain, "9.9.2"))
    assert done.json["action"] == "updated"
    # GitHub signs the commit, so that its id is known with the answer alone: what replaces a branch
    # takes two writes.
    assert requests == ["query Overview", "mutation Aside", "mutation Replace"]
    (said,) = plain.comments[1]
    assert said.startswith("Proposes `9.9.2` now, in place of `9.9.1`.")
    (pull,) = plain.open_pulls()
    assert (pull["number"], "9.9.2" in pull["title"]) == (1, True)
    assert set(plain.store.refs()) == {"refs/heads/main", f"refs/heads/{BRANCH}"}


@pytest.mark.parametrize("method", thorough_after(1, ["merge", "squash"]))
def test_a_branch_that_is_left_of_a_merged_pull_costs_no_request_more(
    plain: GitHub, method: str
) -> None:
    run(plain, "9.9.1")
    with plain.lock:
        plain.look()
        merging.merge(plain, plain.pulls[0], method, "alice", {})
    assert plain.head(BRANCH)
    done, requests = asked(plain, lambda: run(plain, "9.9.2"))
    assert (done.json["action"], done.json["pull_request"]["number"]) == ("created", 2)
    assert requests == ["query Overview", "mutation Deliver"]
    (made,) = plain.store.read([str(plain.head(BRANCH))])
    assert made.parents == (plain.head("main"),)
    assert numstat(Repository(plain.repository), "main", BRANCH) == [f"3\t3\t{AURORA}"]


@pytest.mark.parametrize("transport", ["git", "api"])
def test_what_is_not_there_ends_with_4_and_says_what_is(plain: GitHub, transport: str) -> None:
    by = ("--transport", transport)
    done = run(plain, "9.9.1", *by, "--base", "nope")
    assert (done.code, done.json["error"]["code"]) == (4, "selection"), done.stdout
    assert "has no branch 'nope'" in done.json["error"]["message"]
    assert "Did you mean 'main', its default branch?" in done.json["error"]["hint"]
    gone = promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", f"{plain.url.removesuffix('.git')}x.git", *by,
        "--output", "json", env={"GITHUB_TOKEN": "good-token"},
    )  # fmt: skip
    assert (gone.code, gone.json["error"]["code"]) == (4, "selection"), gone.stdout


@pytest.mark.parametrize(
    ("transport", "method"),
    thorough_after(
        1,
        [
            ("api", "merge"),
            *(("git", one) for one in ("squash", "merge", "rebase")),
            *(("api", one) for one in ("squash", "rebase")),
        ],
    ),
)
def test_a_branch_that_is_left_and_may_not_be_replaced_is_deleted_and_made_anew(
    plain: GitHub, transport: str, method: str
) -> None:
    plain.protect("promote/**", force=False, deletions=True, ruleset=True)
    by = ("--transport", transport)
    run(plain, "9.9.1", *by)
    with plain.lock:
        plain.look()
        merging.merge(plain, plain.pulls[0], method, "alice", {})
    done = run(plain, "9.9.2", *by)
    assert done.json["action"] == "created", done.stdout
    assert [one["number"] for one in plain.open_pulls()] == [done.json["pull_request"]["number"]]
    (made,) = plain.store.read([str(plain.head(BRANCH))])
    assert made.parents == (plain.head("main"),)
    assert run(plain, "9.9.2", *by).json["action"] == "unchanged"


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_a_branch_that_may_neither_be_replaced_nor_deleted_gets_the_base_merged_into_it(
    plain: GitHub, transport: str
) -> None:
    plain.protect("promote/**", force=False, deletions=False, ruleset=transport == "api")
    repo, by = Repository(plain.repository), ("--transport", transport)
    run(plain, "9.9.1", *by)
    with plain.lock:
        plain.look()
        merging.merge(plain, plain.pulls[0], "squash", "alice", {})
    made = run(plain, "9.9.2", *by)
    assert made.json["action"] == "created", made.stdout
    assert "exempt promote/prod/aurora from the rule" in made.json["warnings"][0]
    # What the base changes meanwhile in the same lines is no conflict that people have to resolve.
    repo.commit("main", AURORA, f"{repo.read(AURORA)}\n".replace("9.9.1", "9.9.3"))
    newer = run(plain, "9.9.4", *by)
    assert (newer.json["action"], newer.json["pull_request"]["number"]) == ("updated", 2)
    assert repo.git("merge-tree", "--write-tree", "main", BRANCH) == repo.git(
        "rev-parse", f"{BRANCH}^{{tree}}"
    )
    assert numstat(repo, "main", BRANCH) == [f"3\t3\t{AURORA}"]
    assert repo.git("merge-base", "main", BRANCH) == plain.head("main")
    if transport == "git":
        plain.protect("main", checks=("build",), strict=True)
        repo.commit("main", "notes.md", "the base has moved\n")
        assert run(plain, "9.9.5", *by).json["action"] == "updated"
        assert run(plain, "9.9.5", *by).json["action"] == "unchanged", "it stands on the base"
        assert repo.git("merge-base", "main", BRANCH) == plain.head("main")
    # That it cannot go is no reason to fail once the base has what it proposes.
    repo.commit("main", AURORA, repo.read(AURORA, BRANCH) + "\n")
    ends = [run(plain, "9.9.5" if transport == "git" else "9.9.4", *by) for _ in range(2)]
    assert [(one.code, one.json["action"]) for one in ends] == [(0, "superseded"), (0, "unchanged")]
    assert not plain.open_pulls()


@pytest.mark.parametrize("signs", [True, False], ids=["an App's token", "a person's token"])
def test_the_merge_of_the_base_is_signed_for_an_app_where_the_branch_demands_it(
    plain: GitHub, signs: bool
) -> None:
    run(plain, "9.9.1")
    plain.protect("promote/**", force=False, deletions=False, signatures=True, ruleset=True)
    with plain.lock:
        plain.look()
        merging.merge(plain, plain.pulls[0], "squash", "alice", {})
    plain.tokens["good-token"] = Token.of_actions(plain.full_name) if signs else True
    made = run(plain, "9.9.2")
    assert made.code == (0 if signs else 5)
    if not signs:
        assert "use a GitHub App's token, whose commits GitHub signs" in made.stderr


@pytest.mark.parametrize(
    "fault", thorough_after(1, [{"status": 502}, {"status": None, "after": True}])
)
def test_a_branch_that_is_left_is_begun_anew_though_the_delivery_breaks(
    plain: GitHub, fault: dict[str, Any]
) -> None:
    run(plain, "9.9.1")
    plain.merge(1)
    plain.fail("POST", "mutation Deliver", **fault)
    done, _ = asked(plain, lambda: run(plain, "9.9.2"))
    assert (done.json["action"], done.json["pull_request"]["number"]) == ("created", 2)
    assert set(plain.store.refs()) == {"refs/heads/main", f"refs/heads/{BRANCH}"}
    assert len(plain.pulls) == 2
    assert run(plain, "9.9.2").json["action"] == "unchanged"


@pytest.mark.parametrize(
    ("transport", "spared"),
    thorough_after(1, [("api", {"git", "github", "requests"}), ("git", {"github", "requests"})]),
)
def test_a_run_imports_no_library_that_it_has_no_use_for(
    plain: GitHub, transport: str, spared: set[str]
) -> None:
    done = promote_process(
        "--app", "aurora", "--tag", "9.9.1", "--repo", plain.url, "--transport", transport,
        env={"GITHUB_TOKEN": "good-token", "PYTHONPROFILEIMPORTTIME": "1"},
    )  # fmt: skip
    assert done.code == 0, done.stderr
    imported = set(re.findall(r"^import time:.*\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert "promoter.engine.run" in imported
    assert not imported & {*spared, "jwt", "cryptography"}


def test_an_update_of_a_branch_that_is_only_added_to_costs_two_requests(plain: GitHub) -> None:
    run(plain, "9.9.1")
    plain.protect("promote/*", force=False)
    done, requests = asked(plain, lambda: run(plain, "9.9.2"))
    assert done.json["action"] == "updated"
    assert requests == ["query Overview", "mutation Update"]
    (pull,) = plain.open_pulls()
    assert "9.9.2" in pull["title"]
    assert len(plain.comments[1]) == 1


def test_a_rerun_on_a_branch_of_several_commits_asks_one_question_for_each(plain: GitHub) -> None:
    plain.protect("promote/*", force=False)
    run(plain, "9.9.1")
    run(plain, "9.9.2")
    done, requests = asked(plain, lambda: run(plain, "9.9.2"))
    assert done.json["action"] == "unchanged"
    base, first, second = plain.head("main"), plain.store.text("rev-parse", f"{BRANCH}^"), done.json
    compared = [one.rpartition("/")[2] for one in requests if "compare" in one]
    assert compared == [
        f"{base}...{second['commit']}", f"{first}...{second['commit']}", f"{base}...{first}",
    ]  # fmt: skip
    assert len(requests) <= 5


def test_a_persons_commit_is_found_by_few_questions(plain: GitHub) -> None:
    run(plain, "9.9.1")
    Repository(plain.repository).commit(BRANCH, "notes.md", "please wait\n", "Wait")
    before = len(plain.seen)
    done = run(plain, "9.9.2")
    assert done.json["refusals"][0]["rule"] == "human-commits"
    assert len(plain.seen) - before <= 6


@pytest.mark.parametrize(
    "path",
    thorough_after(
        1, ["/git/trees/", "/compare/", "/git/commits/", "/git/blobs/", "/git/matching-refs/"]
    ),
)
def test_an_answer_of_another_shape_is_the_apis_failure(plain: GitHub, path: str) -> None:
    run(plain, "9.9.1")
    Repository(plain.repository).commit(BRANCH, "notes.md", "please wait\n", "Wait")
    plain.has_graphql = False
    for body in ([1], {"x": 1}, "x", None):
        plain.fail("GET", path, status=200, body=body)
        done = run(plain, "9.9.2", "--dry-run")
        assert (done.code, plain.faults) == (5, []), done.stderr


@pytest.mark.thorough
def test_a_branch_with_more_commits_than_github_shows_is_a_persons(plain: GitHub) -> None:
    run(plain, "9.9.1")
    begun = f"from {plain.head(BRANCH)}\n"
    commits = "".join(
        f"commit refs/heads/{BRANCH}\ncommitter Al <a@example.org> {1798761600 + n} +0000\n"
        f"data 4\nWork\n{begun if n == 0 else ''}M 100644 inline notes-{n}\ndata 1\nx\n"
        for n in range(251)
    )
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=plain.repository, input=commits.encode(), check=True
    )
    before = plain.head(BRANCH)
    done = run(plain, "9.9.2")
    assert (done.code, done.json["refusals"][0]["rule"]) == (3, "human-commits"), done.stdout
    assert plain.head(BRANCH) == before


def test_a_base_that_has_superseded_the_pull_costs_three_requests(plain: GitHub) -> None:
    run(plain, "9.9.1")
    repo = Repository(plain.repository)
    repo.commit("main", AURORA, repo.read(AURORA).replace("1.4.1", "9.9.1"))
    done, requests = asked(plain, lambda: run(plain, "9.9.1"))
    assert done.json["action"] == "superseded"
    assert requests == ["query Overview", "mutation Renew", "mutation Move"]
    assert plain.pulls[0]["state"] == "closed"
    assert set(plain.store.refs()) == {"refs/heads/main"}


def propose_before(plain: GitHub, mutation: str) -> None:
    """Open a pull whose next change is made by a mutation: where branches are only added to, Update."""
    run(plain, "9.9.1")
    if mutation.endswith("Update"):
        plain.protect("promote/*", force=False)


@pytest.mark.parametrize("place", thorough_after(1, ["mutation Replace", "mutation Update"]))
def test_a_pull_whose_branch_a_person_has_moved_meanwhile_says_what_it_said(
    plain: GitHub, place: str
) -> None:
    propose_before(plain, place)
    before = {key: plain.pulls[0][key] for key in ("title", "body")}
    repo = Repository(plain.repository)
    plain.just_before("POST", place, lambda: repo.commit(BRANCH, "notes.md", "wait\n", "Wait"))
    done = run(plain, "9.9.2")
    assert not plain.meanwhile
    assert (done.code, done.json["refusals"][0]["rule"]) == (3, "human-commits"), done.stderr
    assert {key: plain.pulls[0][key] for key in before} == before
    assert not plain.comments.get(1)


@pytest.mark.thorough  # a start of Python; a person moves the branch above
@pytest.mark.parametrize("place", ["mutation Replace", "mutation Update"])
def test_what_is_said_of_a_branch_that_another_run_has_moved_is_taken_back(
    plain: GitHub, place: str
) -> None:
    propose_before(plain, place)
    words = ("--app", "aurora", "--tag", "9.9.3", "--repo", plain.url, "--transport", "api")
    token = {"GITHUB_TOKEN": "good-token"}
    plain.just_before("POST", place, lambda: promote_process(*words, env=token))
    done = run(plain, "9.9.2")
    assert done.json["action"] == "superseded", done.stderr
    assert not plain.meanwhile
    (said,) = plain.comments[1]
    assert said.startswith("Proposes `9.9.3` now, in place of `9.9.1`.")
    (pull,) = plain.open_pulls()
    assert "9.9.3" in pull["title"]
    assert "9.9.2" not in pull["body"]


def test_the_first_query_is_sent_before_libraries_and_the_engine_are_loaded() -> None:
    code = (
        "import sys, promoter.cli.commands.promote, promoter.forges.github.first_look.first_query as first\n"
        "late = ('config.config', 'gates', 'planning.decide', 'output.result', 'engine.run')\n"
        "late = {'git', 'github', *(f'promoter.{name}' for name in late)}\n"
        "print(first.begin.__name__, late & set(sys.modules))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert shown == "begin set()\n"


def test_a_first_query_that_fails_again_and_again_is_asked_by_rest(plain: GitHub) -> None:
    plain.fail("POST", "query Overview", status=502, times=3)
    done, requests = asked(plain, lambda: run(plain, "9.9.1"))
    assert done.json["action"] == "created"
    assert requests.count("query Overview") == 3
    assert numstat(Repository(plain.repository), "main", BRANCH) == [f"3\t3\t{AURORA}"]


def test_a_direct_push_costs_two_requests(plain: GitHub) -> None:
    done, requests = asked(plain, lambda: run(plain, "9.9.1", "--env", "dev"))
    assert done.json["action"] == "pushed"
    assert requests == ["query Overview", "mutation Commit"]


@pytest.mark.parametrize("by", ["graphql", pytest.param("rest", marks=pytest.mark.thorough)])
def test_a_history_that_is_never_answered_costs_a_promotion_its_since_and_no_more(
    tmp_path: Path, by: str
) -> None:
    github = GitHub(tmp_path / "srv")
    layout = BY_PULL.replace("apps/{app}/overlays/dev", "services/{app}/dev")
    repo = make(github.repository, {"a": "example.org/a"}, layout)
    for path in ("base/deployment.yaml", "base/kustomization.yaml"):
        repo.commit("main", f"services/a/{path}", repo.read(f"apps/a/{path}"))
    text = repo.read("apps/a/overlays/dev/kustomization.yaml")
    repo.commit("main", "services/a/dev/kustomization.yaml", text.replace("../../base", "../base"))
    git_http.configure(github.repository)
    if by == "rest":
        github.fail("POST", "query [A-Z]", status=400, body={"message": "Problems"}, times=99)
    # Never, as far as the run can tell: it has a fraction of this time.
    silent = r"query History" if by == "graphql" else r"/commits$|/commits/\w+/pulls$"
    github.fail("POST" if by == "graphql" else "GET", silent, delay=900, times=99)
    with github:
        done = promote(
            "--app", "a", "--tag", "1.4.2", "--repo", github.url, "--transport", "api",
            "--output", "json", "--timeout", "30", env={"GITHUB_TOKEN": "good-token"},
        )  # fmt: skip
        assert done.code == 0, done.stderr
        assert any(
            one.path.endswith("/commits") or "History" in str(one.body) for one in github.seen
        )
        (pull,) = github.open_pulls()
        assert re.search(r"since \| +\?", pull["body"]) or "since" not in pull["body"], pull["body"]


def test_without_graphql_for_reading_rest_tells_the_same(plain: GitHub) -> None:
    first = run(plain, "9.9.1", "--dry-run").json
    plain.has_graphql = False
    second = run(plain, "9.9.1", "--dry-run").json
    assert (first["diff"], first["base"]) == (second["diff"], second["base"])


@pytest.mark.parametrize(
    "answer",
    thorough_after(
        1,
        [
            {"data": {"repository": None}, "errors": [{"message": "Something went wrong"}]},
            {"errors": [{"message": "Something went wrong while executing your query."}]},
        ],
    ),
    ids=["errors beside data", "errors alone"],
)
def test_a_query_that_fails_in_part_is_asked_of_rest(plain: GitHub, answer: dict[str, Any]) -> None:
    plain.fail("POST", r"query Overview", status=200, body=answer, times=3)
    done, requests = asked(plain, lambda: run(plain, "9.9.1"))
    assert done.json["action"] == "created"
    assert any(one.startswith("GET") for one in requests)
    assert numstat(Repository(plain.repository), "main", BRANCH) == [f"3\t3\t{AURORA}"]


@pytest.mark.parametrize(
    "fault", thorough_after(2, [{"status": 502}, {"status": 502, "after": True}, {"after": True}])
)
def test_a_delivery_that_breaks_ends_in_one_commit_and_one_pull(
    plain: GitHub, fault: dict[str, Any]
) -> None:
    plain.fail("POST", r"mutation Deliver", **fault)
    done, _ = asked(plain, lambda: run(plain, "9.9.1"))
    assert done.json["action"] == "created"
    assert not plain.faults
    (pull,) = plain.open_pulls()
    assert len(plain.pulls) == 1
    assert pull["head"]["sha"] == done.json["commit"] == plain.head(BRANCH)
    assert len(plain.store.between(str(plain.head("main")), str(plain.head(BRANCH)))) == 1


def test_a_file_that_is_no_text_is_read_and_left_as_it_is(plain: GitHub) -> None:
    repo = Repository(plain.repository)
    repo.commit("main", "clusters/prod/apps/aurora/logo.txt", "caf\u00e9 \x01\n")
    blob = repo.git("hash-object", "-w", "--stdin", stdin="\ufeffbom: 1\n")
    assert blob
    assert asked(plain, lambda: run(plain, "9.9.1"))[1] == ["query Overview", "mutation Deliver"]


def test_a_commit_of_a_person_is_not_taken_for_ours(plain: GitHub) -> None:
    run(plain, "9.9.1")
    human = Repository(plain.repository).commit(BRANCH, "notes.md", "please wait\n")
    assert run(plain, "9.9.2").code == 3
    amended = Repository(plain.repository).commit(BRANCH, AURORA, "x: 1\n")
    assert run(plain, "9.9.2").code == 3
    assert plain.head(BRANCH) == amended != human


@pytest.mark.parametrize(
    ("transport", "rules"),
    # Each rule first; then each with each transport.
    thorough_after(
        3,
        [
            ("api", {"checks": ("build",)}),
            ("api", {"queue": True}),
            ("api", {"reviews": 1, "ruleset": False}),
            ("api", {"reviews": 1}),
            ("git", {"reviews": 1}),
            *(("api", {one: ("build",), "ruleset": False}) for one in ("checks", "queue")),
            ("git", {"checks": ("build",)}),
            ("git", {"queue": True}),
        ],
    ),
    ids=str,
)
def test_what_a_rule_forbids_is_told_as_what_it_is(
    plain: GitHub, transport: str, rules: dict[str, Any]
) -> None:
    plain.protect("main", **{"ruleset": True, **rules})
    done = run(plain, "9.9.1", "--env", "dev", "--transport", transport)
    assert done.code == 5, done.stderr
    assert "deliver: pull-request" in done.json["error"]["hint"]
    assert "again is safe" not in done.stderr


def test_an_environment_that_was_not_guessed_costs_one_query_more(tmp_path: Path) -> None:
    github = GitHub(tmp_path / "srv")
    make(github.repository, {"web": "ghcr.io/o/web"}, BY_PULL + "    checks: {exists: off}\n")
    git_http.configure(github.repository)
    asking = ("--app", "web", "--tag", "1.5.0", "--repo", github.url, "--transport", "api")

    def ask(*more: str) -> Run:
        return promote(*asking, "--output", "json", *more, env={"GITHUB_TOKEN": "good-token"})

    with github:
        done, requests = asked(github, ask)
        assert done.json["action"] == "created"
        assert requests == ["query Overview", "query Overview", "mutation Deliver"]
        _, requests = asked(github, lambda: ask("--env", "dev"))
        assert requests == ["query Overview"]


def test_what_a_killed_update_left_aside_is_gone_after_the_next_run(plain: GitHub) -> None:
    run(plain, "9.9.1")
    aside = f"promote-commit/{BRANCH}"
    made = str(plain.head(BRANCH))
    Repository(plain.repository).commit("main", "notes.md", "the base has moved\n")
    plain.store.move((f"refs/heads/{aside}", None, made))
    assert run(plain, "9.9.2").code == 0
    assert plain.head(aside) is None


@pytest.mark.parametrize("on", thorough_after(1, ["nothing", BRANCH, "main"]))
def test_a_persons_branch_of_the_name_of_the_one_aside_is_left_as_it_is(
    plain: GitHub, on: str
) -> None:
    run(plain, "9.9.1")
    repository, aside = Repository(plain.repository), f"promote-commit/{BRANCH}"
    if on == "nothing":
        tree = repository.git("rev-parse", "main^{tree}")
        theirs = repository.git("commit-tree", tree, "-m", "A person's")
        plain.store.move((f"refs/heads/{aside}", None, theirs))
    else:
        repository.git("branch", aside, on)
        theirs = repository.commit(aside, "notes.md", "a person's\n")
    before = plain.head(BRANCH)
    done = run(plain, "9.9.2")
    assert (done.code, done.json["refusals"][0]["rule"]) == (3, "human-commits"), done.stdout
    assert f"branch {aside} holds {theirs[:9]}, which promote did not make" in done.stderr
    assert f"Rename or delete {aside}" in done.stderr
    assert (plain.head(aside), plain.head(BRANCH)) == (theirs, before)


@pytest.mark.parametrize("count", thorough_after(1, [2, 4]))
def test_tags_at_once_end_in_one_pull_at_the_newest(plain: GitHub, count: int) -> None:
    tags = [f"2.0.{number}" for number in range(count)]

    def one_of_many(tag: str) -> Run:
        return promote_forked(
            "--app", "aurora", "--tag", tag, "--repo", plain.url, "--output", "json",
            "--transport", "api", "--timeout", "300", env={"GITHUB_TOKEN": "good-token"},
        )  # fmt: skip

    with ThreadPoolExecutor(count) as pool:
        runs = list(pool.map(one_of_many, tags))
    assert [one.code for one in runs] == [0] * count, [one.stderr for one in runs]
    (pull,) = plain.open_pulls()
    assert tags[-1] in pull["title"]
    assert numstat(Repository(plain.repository), "main", BRANCH) == [f"3\t3\t{AURORA}"]
    assert set(plain.store.refs()) == {"refs/heads/main", f"refs/heads/{BRANCH}"}


class _Bomb(BaseHTTPRequestHandler):
    """Answers with far more than it sends, or with something that has no end."""

    bomb = b""

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if self.bomb:
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(self.bomb)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(self.bomb)
            return
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(b" ")
                time.sleep(0.05)

    do_GET = do_POST  # noqa: N815 - the name of http.server


@pytest.mark.parametrize(
    ("endless", "said"), [(False, "larger than any"), (True, "no answer")], ids=["bomb", "drip"]
)
def test_a_body_is_bounded_in_bytes_and_in_time(endless: bool, said: str) -> None:
    # Made before the run's time begins: it takes a second on a busy machine.
    bomb = b"" if endless else gzip.compress(b" " * 50_000_000, compresslevel=1)
    handler = type("Bomb", (_Bomb,), {"bomb": bomb})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    seconds = 3 if endless else 60
    forge = GitHubForge(Client(url, ("o", "n"), None, GitHubHttp(Deadline(seconds))))
    with pytest.raises(RemoteError, match=said):
        forge.pulls(["b"], "main")
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "said", "hint"),
    [(503, "503, each time that it was asked", "GitHub has a problem"), (429, "429 too many requests", "run again later")],
)  # fmt: skip
def test_an_api_that_fails_each_time_is_told_with_its_status(
    github: GitHub, status: int, said: str, hint: str
) -> None:
    github.fail("GET", r"/pulls$", status=status, times=9)
    request = rest_request("GET", f"{github.api_url}/repos/acme/gitops/pulls", None, None)
    with pytest.raises(NoAnswerError, match=re.escape(said)) as caught:
        GitHubHttp(Deadline(60)).send(request, Retry(1, status_forcelist={status}))
    assert hint in caught.value.hint


def test_an_api_that_is_silent_is_not_waited_for_again() -> None:
    silent = ReadTimeoutError(HTTPConnectionPool("localhost"), "/", "silent")
    with pytest.raises(ReadTimeoutError):
        reads_only(Deadline(60)).increment("GET", "/", error=silent)
    cut = ProtocolError("cut")
    assert reads_only(Deadline(60)).increment("GET", "/", error=cut).total == 4


def test_a_read_waits_for_no_attempt_after_the_run() -> None:
    failed: Retry = reads_only(Deadline(0.5))
    for _ in range(4):
        failed = failed.increment("GET", "/", error=ProtocolError("cut"))
    assert failed.get_backoff_time() <= 0.5
