"""How often git connects for one promotion, by the server's log; a connection is one git process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.many_apps import base, deployment, kustomization, serving_many, with_files
from tests.servers import git_http
from tests.servers.github import GitHub, merging
from tests.thorough import thorough_after
from tests.world import AURORA, BRANCH, Repository, promote, promote_process, serving_aurora

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Hub:
    """A GitHub whose repository holds the app, and where the app's kustomization is."""

    server: GitHub
    app: str
    file: str
    is_guessed: bool
    """Whether the promotion's branch is where it most often is, so that its files are shown too."""
    api: int = 0
    """How many requests the API had from the last promotion."""

    @property
    def repository(self) -> Repository:
        """The repository as a folder."""
        return Repository(self.server.repository)

    def promote(self, tag: str) -> tuple[str, int]:
        """Promote the app, and return the action and how often git has connected for it."""
        before = len(self.server.seen)
        done = promote(
            "--app", self.app, "--tag", tag, "--repo", self.server.url, "--output", "json",
            env={"GITHUB_TOKEN": "good-token"},
        )  # fmt: skip
        assert done.code == 0, done.stderr
        asked = [one.path for one in self.server.seen[before:]]
        self.api = sum(one.api for one in self.server.seen[before:])
        return done.json["action"], sum(path.endswith("/info/refs") for path in asked)

    def other_commits(self, count: int) -> None:
        """Have people commit to other files of the base."""
        for number in range(count):
            self.repository.commit("main", f"other/{number}.yaml", f"number: {number}\n")


SIZES = ("small", "of-many-apps")


@pytest.fixture(params=thorough_after(1, SIZES))
def hub(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hub]:
    """A GitHub with a repository of some fifty files, or of some hundreds."""
    if request.param == "small":
        with serving_aurora(tmp_path / "srv") as server:
            yield Hub(server, "aurora", AURORA, is_guessed=True)
    else:
        with serving_many(tmp_path / "srv") as server:
            yield Hub(server, "app-7", kustomization("app-7"), is_guessed=False)


def test_a_fresh_pull_takes_a_look_and_a_push_as_the_api_shows_the_files(hub: Hub) -> None:
    hub.other_commits(3)
    assert hub.promote("9.9.1") == ("created", 2)
    assert hub.api == 2, "the pulls with the files and their history, and the new pull"


def test_without_an_api_that_shows_files_git_brings_them(hub: Hub) -> None:
    hub.server.has_graphql = False
    assert hub.promote("9.9.1") == ("created", 3)


def test_an_unchanged_promotion_takes_no_push(hub: Hub) -> None:
    hub.promote("9.9.1")
    assert hub.promote("9.9.1") == ("unchanged", 1 if hub.is_guessed else 2)
    assert hub.api == 1
    hub.other_commits(3)
    assert hub.promote("9.9.1") == ("unchanged", 2)


@pytest.mark.parametrize("hub", thorough_after(1, SIZES), indirect=True)
def test_a_newer_tag_takes_as_many_as_a_fresh_pull(hub: Hub) -> None:
    hub.promote("9.9.1")
    assert hub.promote("9.9.2") == ("updated", 2 if hub.is_guessed else 3)
    assert hub.api == 2, "the pulls with the files' history, and the comment with the new text"
    hub.other_commits(3)
    assert hub.promote("9.9.3") == ("updated", 3)
    assert hub.api == 2


@pytest.mark.parametrize("hub", thorough_after(1, SIZES), indirect=True)
def test_a_base_that_has_superseded_the_pull_takes_no_more(hub: Hub) -> None:
    hub.promote("9.9.1")
    held = hub.repository.read(hub.file)
    hub.repository.commit("main", hub.file, held.replace("1.4.1", "9.9.1"))
    action, connections = hub.promote("9.9.1")
    assert action == "superseded"
    assert connections <= 3
    assert hub.api == 2, "the pulls, and the comment with the mark that closes the pull"


@pytest.mark.parametrize("hub", thorough_after(1, SIZES), indirect=True)
def test_a_newer_tag_that_comes_between_the_first_answer_and_gits_look_is_not_replaced(
    hub: Hub,
) -> None:
    server = hub.server

    def newer() -> None:
        while not any("query Pulls" in str(one.body) for one in server.seen):
            time.sleep(0.01)
        with server.lock:  # the answer is on its way
            pass
        words = ("--app", hub.app, "--tag", "9.9.2", "--repo", server.url, "--transport", "api")
        done = promote_process(*words, env={"GITHUB_TOKEN": "good-token"})
        assert done.code == 0, done.stderr

    server.just_before("GET", "info/refs", newer)
    assert hub.promote("9.9.1")[0] == "superseded"
    (pull,) = server.open_pulls()
    assert "9.9.2" in pull["title"]
    assert "9.9.2" in hub.repository.read(hub.file, pull["head"]["ref"])


@pytest.mark.parametrize("command", ["status", "history"])
def test_of_a_small_repository_the_history_comes_with_the_files(
    tmp_path: Path, command: str
) -> None:
    with serving_aurora(tmp_path / "srv") as server:
        words = (command, "--app", "aurora", "--repo", server.url)
        done = promote(*words, env={"GITHUB_TOKEN": "good-token"})
        assert done.code == 0, done.stderr
        assert sum(one.path.endswith("/info/refs") for one in server.seen) == 2


def test_where_the_history_is_read_it_comes_with_the_look_and_its_contents_with_the_files(
    tmp_path: Path,
) -> None:
    with serving_many(tmp_path / "srv") as server:
        repository, file = Repository(server.repository), kustomization("app-7")
        repository.commit("main", file, f"{repository.read(file)}\n".replace("1.4.1", "1.4.2"))
        repository.commit("main", "other.yaml", "number: 1\n")
        for command in (("rollback", "--reason", "x", "--dry-run"), ("history",), ("status",)):
            before = len(server.seen)
            words = (*command, "--app", "app-7", "--repo", server.url)
            done = promote(*words, env={"GITHUB_TOKEN": "good-token"})
            assert done.code == 0, done.stderr
            assert sum(one.path.endswith("/info/refs") for one in server.seen[before:]) == 2


def test_an_open_hold_comes_with_the_look(tmp_path: Path) -> None:
    with serving_aurora(tmp_path / "srv") as server:
        where, token = ("--app", "aurora", "--repo", server.url), {"GITHUB_TOKEN": "good-token"}
        held = promote("hold", *where, "--env", "prod", "--reason", "a freeze", env=token)
        assert held.code == 0, held.stderr
        assert _counts(server) == (2, 2)
        refused = promote(*where, "--tag", "9.9.1", env=token)
        assert refused.code == 3
        assert "held by pull request 1" in refused.stderr
        assert _counts(server) == (2, 1)


def _counts(server: GitHub) -> tuple[int, int]:
    """Return how often git has connected since the last time, and the requests to the API."""
    seen, server.seen[:] = list(server.seen), []
    return sum(one.path.endswith("/info/refs") for one in seen), sum(one.api for one in seen)


@pytest.mark.parametrize("method", thorough_after(1, ["squash", "merge"]))
@pytest.mark.thorough  # tests/test_github_api.py shows it of the API
def test_a_branch_that_is_left_of_a_merged_pull_takes_no_connection_more(
    tmp_path: Path, method: str
) -> None:
    with serving_aurora(tmp_path / "srv") as server:
        hub = Hub(server, "aurora", AURORA, is_guessed=True)
        hub.promote("9.9.1")
        merging.merge(server, server.pulls[0], method, "alice", {})
        assert hub.promote("9.9.2") == ("created", 2)
        assert hub.api == 2
        merging.merge(server, server.pulls[1], method, "alice", {})
        assert hub.promote("9.9.2") == ("unchanged", 2), "a look, and the branch's deletion"
        assert server.head(BRANCH) is None


def test_commits_of_people_on_a_branch_that_was_merged_are_kept(tmp_path: Path) -> None:
    with serving_aurora(tmp_path / "srv") as server:
        hub = Hub(server, "aurora", AURORA, is_guessed=True)
        hub.promote("9.9.1")
        server.merge(1)
        theirs = hub.repository.commit(BRANCH, "notes.md", "more to do\n")
        words = ("--app", "aurora", "--tag", "9.9.2", "--repo", server.url)
        done = promote(*words, env={"GITHUB_TOKEN": "good-token"})
        assert done.code == 3
        assert server.head(BRANCH) == theirs


def test_what_bases_set_before_many_apps_had_an_entry_comes_for_all_together(
    tmp_path: Path,
) -> None:
    config = "environments: {dev: {path: 'apps/{app}/dev', deliver: push}}\n"
    apps = [f"app-{number}" for number in range(70)]
    files = {"promoter.yaml": config}
    for app in apps:
        files |= base(app, f"o/{app}:1.0.0")
        files[f"apps/{app}/dev/kustomization.yaml"] = "resources: [../base]\n"
    with GitHub(tmp_path) as server:
        repository = with_files(server.repository, files)
        git_http.configure(server.repository)
        for app in apps[:5]:
            own = f"resources: [../base]\nimages: [{{name: o/{app}, newTag: 2.0.0}}]\n"
            repository.commit("main", f"apps/{app}/dev/kustomization.yaml", own)
            newer = deployment(app, f"o/{app}:9.0.0")
            repository.commit("main", f"apps/{app}/base/deployment.yaml", newer)
        asked = {}
        for transport in ("git", "api"):
            before = len(server.seen)
            done = promote(
                "history", "-n", "5", "--repo", server.url, "--transport", transport,
                "--output", "json", env={"GITHUB_TOKEN": "good-token"},
            )  # fmt: skip
            moves = [one["images"][0] for one in done.json["entries"]]
            assert [(one["from"], one["to"]) for one in moves] == [("1.0.0", "2.0.0")] * 5
            seen = server.seen[before:]
            asked[transport] = sum(one.api or one.path.endswith("/info/refs") for one in seen)
    assert asked == {"git": 5, "api": 11}
