"""What `promote auto` over many apps asks of GitHub and of the registry, by the servers' logs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import product
from math import ceil
from typing import TYPE_CHECKING, Any

import pytest

from promoter.engine import deliver
from tests.many_apps import BY_PULL, CLUSTERS, DEV, kustomization, make
from tests.servers import git_http
from tests.servers.github import GitHub
from tests.servers.registry import Registry
from tests.thorough import thorough_after
from tests.world import Repository, promote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.servers.github.faults import Seen

# One more than a query for branches holds.
APPS = 26
# Of a repository with so many apps git brings all at once, with its history.
SMALL = 40
POLICY = '    policy: {semver: "*"}\n'


_PLACES = ("mutation Deliver", "mutation Aside", "mutation Replace")
_FAULTS: dict[str, dict[str, Any]] = {
    "not done": {"status": 502},
    "done, the answer lost": {"status": None, "after": True},
    "done, and failed": {"status": 502, "after": True},
    "another's answer": {"status": 200},
}


@dataclass
class Fleet:
    """Many apps on GitHub, and a registry with their images."""

    github: GitHub
    registry: Registry
    transport: str
    apps: Sequence[str]

    def build(self, tag: str) -> None:
        """Push a tag of every app's image."""
        for one in self.apps:
            self.registry.push(one, tag)

    def auto(self) -> tuple[Counter[str], Counter[str]]:
        """Run the command; return how often each action was taken, and each request made."""
        self.github.seen.clear()
        self.registry.seen.clear()
        words = ("--transport", self.transport, "--output", "json")
        done = promote(
            "auto", "--repo", self.github.url, *words, env={"GITHUB_TOKEN": "good-token"}
        )
        assert done.code == 0, done.stderr
        taken = Counter(one["action"] for one in done.json["results"])
        return taken, Counter(filter(None, map(_kind, self.github.seen)))


def _kind(seen: Seen) -> str:
    """Return what a request is, by the name of its document or the beginning of its path."""
    path = seen.path
    if seen.graphql:
        found = re.search(r"(?:query|mutation) \w+", seen.body["query"])
        assert found
        return found[0]
    if path.endswith("/info/refs"):
        return ""
    if ".git/" in path:
        return path.rpartition("/")[2]
    return f"REST {re.sub('[0-9a-f]{40}', 'ID', path.partition('/gitops')[2])}"


def world(
    path: Path, registry: Registry, transport: str, policy: str, *, count: int = APPS
) -> Fleet:
    """Make the fleet, all of it at 1.4.1."""
    apps = [f"app-{number:03}" for number in range(count)]
    found = Fleet(GitHub(path / "srv"), registry, transport, apps)
    images = {name: registry.name(name) for name in found.apps}
    make(found.github.repository, images, policy if policy == CLUSTERS else policy + POLICY)
    git_http.configure(found.github.repository)
    found.build("1.4.1")
    return found


@pytest.fixture
def registry() -> Iterator[Registry]:
    """An empty registry."""
    with Registry() as server:
        yield server


@pytest.mark.parametrize("count", thorough_after(1, [6, APPS, 60]))
def test_by_api_many_apps_are_looked_at_in_batches(
    tmp_path: Path, registry: Registry, count: int
) -> None:
    fleet = world(tmp_path, registry, "api", BY_PULL, count=count)
    look = {"query Base": 1, "REST /git/trees/ID": 1, "query Folders": 1}
    with fleet.github:
        assert fleet.auto() == ({"unchanged": count}, look)
        assert len(registry.seen) == count
        fleet.build("1.4.2")
        taken, asked = fleet.auto()
        assert taken == {"created": count}
        branches = {"query Branches": ceil(count / 25)}
        assert asked.pop("mutation Deliver") == ceil(count / 4)
        assert asked == {**look, **branches, "query Folders": 2, "query History": ceil(count / 30)}
        taken, asked = fleet.auto()
        assert taken == {"unchanged": count}
        assert asked == {**look, **branches, "query Folders": 3}
        fleet.build("1.4.3")
        taken, asked = fleet.auto()
        assert taken == {"updated": count}
        assert asked.pop("mutation Aside") == ceil(count / 4)
        assert asked.pop("mutation Replace") == ceil(count / 4)
        assert asked == {**look, **branches, "query Folders": 3, "query History": ceil(count / 30)}
        assert len(fleet.github.open_pulls()) == count
        assert all("1.4.3" in one["title"] for one in fleet.github.open_pulls())


@pytest.mark.parametrize("count", thorough_after(1, [6, APPS, 60]))
def test_by_git_one_push_carries_all_and_the_pulls_are_asked_for_in_batches(
    tmp_path: Path, registry: Registry, count: int
) -> None:
    fleet = world(tmp_path, registry, "git", BY_PULL, count=count)
    with fleet.github:
        taken, asked = fleet.auto()
        assert (taken, set(asked)) == ({"unchanged": count}, {"git-upload-pack"})
        fleet.build("1.4.2")
        taken, asked = fleet.auto()
        assert taken == {"created": count}
        assert asked.pop("git-upload-pack") <= (7 if count > SMALL else 3)
        rest = {"git-receive-pack": 1, "query Branches": ceil(count / 25)}
        if count > SMALL:
            rest["query History"] = ceil(count / 30)
        assert asked == {**rest, "mutation Open": ceil(count / 4)}
        taken, asked = fleet.auto()
        assert taken == {"unchanged": count}
        assert asked.pop("git-upload-pack") <= 7
        assert asked == {"query Branches": ceil(count / 25)}
        fleet.build("1.4.3")
        taken, asked = fleet.auto()
        assert taken == {"updated": count}
        assert asked.pop("git-upload-pack") <= 7
        assert asked == {**rest, "mutation Renew": ceil(count / 4)}


@pytest.mark.parametrize("count", thorough_after(1, [2, 3]))
@pytest.mark.thorough  # fewer apps than above
def test_by_git_a_few_apps_take_two_requests(
    tmp_path: Path, registry: Registry, count: int
) -> None:
    fleet = world(tmp_path, registry, "git", BY_PULL, count=count)
    with fleet.github:
        for tag, write in (("1.4.2", "Open"), ("1.4.3", "Renew")):
            fleet.build(tag)
            _, asked = fleet.auto()
            assert asked.pop("git-upload-pack") == 3, (
                "refs, the base, and all files with the branches"
            )
            assert asked == {
                "git-receive-pack": 1, "query Branches": 1, f"mutation {write}": 1,
            }  # fmt: skip


def test_a_branch_that_is_deleted_while_git_looks_keeps_no_run_from_going_on(
    tmp_path: Path, registry: Registry
) -> None:
    fleet = world(tmp_path, registry, "git", BY_PULL, count=2)
    repo = Repository(fleet.github.repository)
    with fleet.github:
        fleet.build("1.4.2")
        fleet.auto()
        repo.git("config", "--replace-all", "uploadpack.allowAnySHA1InWant", "false")
        gone = "refs/heads/promote/dev/app-000"

        def delete() -> None:
            fleet.github.just_before(
                "POST", "git-upload-pack", lambda: repo.git("update-ref", "-d", gone)
            )

        # After the refs and the base, before the files.
        fleet.github.just_before("POST", "git-upload-pack", lambda: None)
        fleet.github.just_before("POST", "git-upload-pack", delete)
        registry.push("app-001", "1.4.3")
        fleet.auto()
        assert not fleet.github.meanwhile
        assert gone not in repo.refs()


@pytest.mark.parametrize(
    ("write", "fault"),
    # Each write with a fault first; then each with each.
    thorough_after(
        1,
        sorted(
            product(["Open", "Renew"], _FAULTS),
            key=lambda one: one not in {("Open", "not done"), ("Renew", "done, the answer lost")},
        ),
    ),
)
def test_pulls_that_one_request_did_not_write_for_certain_are_written_alone(
    tmp_path: Path, registry: Registry, write: str, fault: str
) -> None:
    fleet = world(tmp_path, registry, "git", BY_PULL, count=3)
    with fleet.github:
        fleet.build("1.4.2")
        if write == "Renew":
            assert fleet.auto()[0] == {"created": 3}
            fleet.build("1.4.3")
        fleet.github.fail("POST", f"mutation {write}", **_FAULTS[fault])
        assert fleet.auto()[0] == {"created" if write == "Open" else "updated": 3}
        assert not fleet.github.faults
        _check(fleet, "1.4.2" if write == "Open" else "1.4.3")


@pytest.mark.thorough  # tests/test_github_faults.py shows it of one
def test_a_pull_that_a_person_ends_as_several_are_renewed_keeps_its_text(
    tmp_path: Path, registry: Registry
) -> None:
    fleet = world(tmp_path, registry, "git", BY_PULL, count=3)
    with fleet.github:
        fleet.build("1.4.2")
        fleet.auto()
        before = dict(fleet.github.pulls[1])
        fleet.build("1.4.3")
        fleet.github.just_before("POST", "mutation Renew", lambda: fleet.github.close(2))
        fleet.auto()
        ended = fleet.github.pulls[1]
        assert (ended["title"], ended["body"]) == (before["title"], before["body"])
        assert not fleet.github.comments.get(2)
        _check(fleet, "1.4.3")


@pytest.mark.thorough  # tests/test_github_faults.py shows it of one
def test_at_the_end_of_a_long_run_all_pulls_that_need_nothing_are_looked_for_at_once(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = world(tmp_path, registry, "git", BY_PULL, count=3)
    with fleet.github:
        fleet.build("1.4.2")
        fleet.auto()
        monkeypatch.setattr(deliver, "_FRESH", 0.0)
        taken, asked = fleet.auto()
        assert (taken, asked["query OpenPulls"]) == ({"unchanged": 3}, 1)
        assert not [one for one in asked if one.startswith("REST")]
        fleet.github.just_before("POST", "query OpenPulls", lambda: fleet.github.close(2))
        taken, asked = fleet.auto()
        assert (taken, asked["REST /pulls/2"], asked["query OpenPulls"]) == ({"unchanged": 3}, 1, 1)


@pytest.mark.parametrize(
    ("transport", "count"),
    thorough_after(1, [*product(["api", "git"], [6]), *product(["api", "git"], [APPS, 60])]),
)
def test_what_apps_stand_on_and_have_elsewhere_comes_for_all_together(
    tmp_path: Path, registry: Registry, transport: str, count: int
) -> None:
    fleet = world(tmp_path, registry, transport, CLUSTERS, count=count)
    # Refs, the base's commit and its files; of a larger repository configuration, images and bases
    # come one after the other.
    more = 0 if count <= SMALL else 1
    looks = {
        "git": {"git-upload-pack": 3 + more},
        "api": {"query Base": 1, "REST /git/trees/ID": 2},
    }
    folders = {"query Folders": 2} if transport == "api" else {}
    branches = {"query Branches": ceil(count / 25)}
    with fleet.github:
        assert fleet.auto() == ({"unchanged": count}, {**looks[transport], **folders})
        fleet.build("1.4.2")
        taken, asked = fleet.auto()
        assert taken == {"created": count}
        if transport == "api" or more:
            assert asked.pop("query History") == ceil(2 * count / 40)
        if transport == "git":
            assert asked.pop("git-receive-pack") == 1
            assert asked.pop("mutation Open") == ceil(count / 4)
            assert asked == {"git-upload-pack": 3 + 2 * more, **branches}
        else:
            assert asked.pop("mutation Deliver") == ceil(count / 4)
            # Names, then texts: of some hundred folders in each.
            assert asked.pop("query Folders") == 2 + ceil(3 * count / 100) + ceil(count / 100)
            assert asked == {**looks[transport], **branches}
        taken, asked = fleet.auto()
        assert taken == {"unchanged": count}
        if transport == "git":
            # Of a small repository the branches come with the files.
            assert asked == {"git-upload-pack": 5 + 2 * more if more else 3, **branches}
        else:
            assert asked.pop("query Folders") <= 2 + ceil(6 * count / 100) + 2
            assert asked == {**looks[transport], **branches}


def test_by_api_it_is_asked_at_once_what_the_commits_of_many_apps_stand_on(
    tmp_path: Path, registry: Registry
) -> None:
    fleet = world(tmp_path, registry, "api", CLUSTERS, count=3)
    repo = Repository(fleet.github.repository)
    follows = "promotes-from: dev, soak: 1h, checks: {exists: off}"
    repo.commit("main", "promoter.yaml", CLUSTERS.replace('policy: {semver: "*"}', follows))
    for app in fleet.apps:
        file = f"clusters/dev/apps/{app}/kustomization.yaml"
        repo.commit("main", file, repo.read(file).replace("1.4.1", "1.4.2"))
    with fleet.github:
        taken, asked = fleet.auto()
    assert (taken, asked["query Dates"]) == ({"unchanged": 3}, 1)
    assert not [one for one in asked if "commits" in one]


@pytest.mark.thorough  # branches by the usual names are asked for together above
def test_by_git_branches_that_begin_with_their_apps_are_asked_for_together(
    tmp_path: Path, registry: Registry
) -> None:
    named = 'templates: {branch: "{app}/{environment}"}\n' + CLUSTERS
    fleet = world(tmp_path, registry, "git", CLUSTERS, count=9)
    Repository(fleet.github.repository).commit("main", "promoter.yaml", named)
    with fleet.github:
        assert fleet.auto() == ({"unchanged": 9}, {"git-upload-pack": 4})
        fleet.build("1.4.2")
        taken, asked = fleet.auto()
        assert (taken, asked["git-upload-pack"]) == ({"created": 9}, 4)
        taken, asked = fleet.auto()
        assert (taken, asked["git-upload-pack"]) == ({"unchanged": 9}, 6)


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_pushes_to_the_base_ask_for_no_pull(
    tmp_path: Path, registry: Registry, transport: str
) -> None:
    fleet = world(tmp_path, registry, transport, DEV + "    batch: true\n")
    with fleet.github:
        fleet.build("1.4.2")
        taken, asked = fleet.auto()
        assert taken == {"pushed": APPS}
        written = "git-receive-pack" if transport == "git" else "mutation Commit"
        assert asked[written] == 1
        assert sum(asked.values()) <= 8, asked
    repo = Repository(fleet.github.repository)
    assert all("1.4.2" in repo.read(kustomization(one)) for one in fleet.apps[::20])


@pytest.mark.thorough  # tests/test_github_api.py shows it of one branch
def test_without_graphql_for_reading_each_branch_is_read_by_rest(
    tmp_path: Path, registry: Registry
) -> None:
    fleet = world(tmp_path, registry, "api", BY_PULL, count=5)
    fleet.apps = fleet.apps[:3]
    fleet.github.fail("POST", "query [A-Z]", status=400, body={"message": "Problems"}, times=9_999)
    with fleet.github:
        fleet.build("1.4.2")
        assert fleet.auto()[0] == {"unchanged": 2, "created": 3}
        assert fleet.auto()[0] == {"unchanged": 5}
        fleet.build("1.4.3")
        assert fleet.auto()[0] == {"unchanged": 2, "updated": 3}
        assert len(fleet.github.open_pulls()) == 3


def test_a_pull_that_was_closed_among_many_is_a_no_by_api(
    tmp_path: Path, registry: Registry
) -> None:
    fleet = world(tmp_path, registry, "api", BY_PULL, count=5)
    with fleet.github:
        fleet.build("1.4.2")
        fleet.auto()
        fleet.github.close(3)
        assert fleet.auto()[0] == {"unchanged": 5}
        assert len(fleet.github.open_pulls()) == 4
        registry.push("app-002", "1.4.3")
        assert fleet.auto()[0]["created"] == 1


@pytest.mark.parametrize(
    ("place", "fault"),
    # Each place with a fault first; then each with each.
    thorough_after(
        1,
        [
            ("mutation Deliver", "done, the answer lost"),
            ("mutation Aside", "not done"),
            ("mutation Replace", "done, the answer lost"),
            ("mutation Deliver", "not done"),
            ("mutation Aside", "done, the answer lost"),
            ("mutation Replace", "not done"),
            *product(_PLACES, ["done, and failed", "another's answer"]),
        ],
    ),
)
def test_what_a_request_for_several_branches_has_not_done_is_done_for_each(
    tmp_path: Path, registry: Registry, place: str, fault: str
) -> None:
    fleet = world(tmp_path, registry, "api", BY_PULL, count=5)
    with fleet.github:
        fleet.build("1.4.2")
        if place != "mutation Deliver":
            assert fleet.auto()[0] == {"created": 5}
            fleet.build("1.4.3")
        fleet.github.fail("POST", place, **_FAULTS[fault])
        taken = fleet.auto()[0]
        assert taken == {"created" if place == "mutation Deliver" else "updated": 5}
        assert not fleet.github.faults
        _check(fleet, "1.4.2" if place == "mutation Deliver" else "1.4.3")


@pytest.mark.parametrize(
    "fault", thorough_after(1, [{"cut": True}, {"status": 502}]), ids=["cut off", "an outage"]
)
def test_histories_that_are_not_answered_in_passing_are_told_all_the_same(
    tmp_path: Path, registry: Registry, fault: dict[str, Any]
) -> None:
    fleet = world(tmp_path, registry, "api", BY_PULL, count=4)
    with fleet.github:
        fleet.build("1.4.2")
        fleet.github.fail("POST", "query History", **fault)
        assert fleet.auto()[0] == {"created": 4}
        assert not fleet.github.faults
        (line,) = {
            one
            for pull in fleet.github.open_pulls()
            for one in re.findall("^.* since .*$", pull["body"], re.MULTILINE)
        }
        assert "?" not in line


def test_one_branch_that_moves_under_way_is_planned_anew_and_keeps_no_other(
    tmp_path: Path, registry: Registry
) -> None:
    fleet = world(tmp_path, registry, "api", BY_PULL, count=5)
    repo = Repository(fleet.github.repository)
    with fleet.github:
        fleet.build("1.4.2")
        fleet.auto()
        fleet.build("1.4.3")
        branch = "refs/heads/promote/dev/app-002"
        fleet.github.just_before(
            "POST", "mutation Replace", lambda: repo.git("update-ref", "-d", branch)
        )
        fleet.auto()
        assert not fleet.github.meanwhile
        fleet.auto()
        _check(fleet, "1.4.3")


def _check(fleet: Fleet, tag: str) -> None:
    """Fail where the branches, the pulls or what is said of them are not as one run makes them."""
    opened = fleet.github.open_pulls()
    assert len(opened) == len(fleet.apps)
    assert all(tag in one["title"] for one in opened)
    assert len({one["head"]["ref"] for one in opened}) == len(fleet.apps)
    refs = set(fleet.github.store.refs())
    assert refs == {"refs/heads/main", *(f"refs/heads/promote/dev/{one}" for one in fleet.apps)}
    assert all(len(said) <= 1 for said in fleet.github.comments.values())
