"""`promote status`: what runs where, and since when, what is newer, proposed and refused, by few requests."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from promoter.config.layout import Target
from promoter.config.sections import Environment
from promoter.domain.evidence import GateResult, GateStatus
from promoter.domain.model import RunningImage, SetBy
from promoter.domain.pull import Pull, PullState
from promoter.domain.trees import FilesTree
from promoter.edits.targets import ManifestTarget
from promoter.output.status import of_status
from promoter.output.terminal_page import render
from promoter.planning.running_images import running_images
from promoter.planning.status import (
    Arrival,
    PolicyChoice,
    PreviousEnvironment,
    Relation,
    Status,
    relation_of,
)
from tests.many_apps import BY_PULL, kustomization, make, with_files
from tests.servers import git_http
from tests.servers.github import GitHub, merging
from tests.servers.registry import Registry
from tests.thorough import thorough_after
from tests.world import AURORA, Repository, aurora, promote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATHS = """\
environments:
  dev:
    path: apps/{app}/overlays/dev
    deliver: push
    policy: {semver: "*"}
  prod:
    path: apps/{app}/overlays/prod
    promotes-from: dev
"""
SOAK = PATHS + "    soak: 24h\n"


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A registry with five tags of one app."""
    with Registry() as server:
        server.push("api", *(f"1.4.{n}" for n in range(5)), created="2026-01-01T00:00:00Z")
        yield server


def chain(path: Path, registry: Registry, policy: str = PATHS) -> Repository:
    """Make a repository of one app at 1.4.1 in dev and in prod."""
    repo = make(path / "gitops.git", {"api": registry.name("api")}, policy)
    repo.commit("main", kustomization("api", "prod"), repo.read(kustomization("api")))
    return repo


def rows(repo: str, *more: str, **env: str) -> list[dict[str, Any]]:
    """Return what the command says of each app and environment."""
    run = promote("status", "--repo", repo, "--output", "json", *more, env=env)
    assert run.code == 0, run.stderr
    found: list[dict[str, Any]] = run.json["apps"]
    return found


def at(repo: Repository, after: timedelta) -> str:
    """Return a moment after the newest commit of the base."""
    newest = int(repo.git("log", "-1", "--format=%ct", "main"))
    return (datetime.fromtimestamp(newest).astimezone() + after).isoformat()


def test_each_row_says_what_runs_since_when_and_by_whom(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    where = ("--app", "aurora", "--repo", str(repo.path))
    assert promote(*where, "--tag", "1.4.2", env={"USER": "alice"}).code == 0
    assert promote("pulls", "merge", "1", "--repo", str(repo.path)).code == 0
    repo.commit("main", AURORA, f"# A remark\n{repo.read(AURORA)}")
    merge = repo.git("rev-parse", "main~")
    dev, prod = rows(str(repo.path))
    assert (dev["environment"], prod["environment"]) == ("dev", "prod")
    assert {one["tag"] for one in dev["images"]} == {"1.4.1"}
    assert {one["tag"] for one in prod["images"]} == {"1.4.2"}
    since = prod["since"]
    assert (since["commit"], since["by"], since["pull_request"]) == (merge, "alice", 1)
    assert prod["open_pull_request"] is None


def test_what_cannot_be_read_is_not_said_to_be_the_same(tmp_path: Path, registry: Registry) -> None:
    repo = chain(tmp_path, registry)
    file = kustomization("api", "prod")
    repo.commit("main", file, f"{repo.read(file)}\nx: [\n")
    _, prod = rows(str(repo.path))
    assert (prod["images"], prod["previous"]["relation"]) == ([], "unknown")


def test_how_far_each_is_behind_the_registry_and_the_environment_before(
    tmp_path: Path, registry: Registry
) -> None:
    repo = chain(tmp_path, registry)
    file = kustomization("api")
    repo.commit("main", file, repo.read(file).replace("1.4.1", "1.4.2"))
    dev, prod = rows(str(repo.path))
    assert dev["newest"] == {"tag": "1.4.4", "behind": 2, "note": ""}
    assert prod["newest"] is None
    assert prod["previous"] == {"environment": "dev", "tags": ["1.4.2"], "relation": "behind"}
    (only,) = rows(str(repo.path), "--env", "prod")
    assert only["previous"] == prod["previous"]
    # What the environment does not take is not newer.
    narrow = repo.read("promoter.yaml").replace("    deliver", "    tags: '[0-3]$'\n    deliver", 1)
    repo.commit("main", "promoter.yaml", narrow)
    assert rows(str(repo.path))[0]["newest"] == {"tag": "1.4.3", "behind": 1, "note": ""}


def test_registries_are_not_asked_where_nobody_wants_it_and_a_silent_one_is_no_failure(
    tmp_path: Path, registry: Registry
) -> None:
    repo = chain(tmp_path, registry)
    registry.seen.clear()
    assert rows(str(repo.path), "--no-registry")[0]["newest"] is None
    assert not registry.seen
    registry.refusals.append((".*", 403, b"{}"))
    newest = rows(str(repo.path))[0]["newest"]
    assert (newest["tag"], newest["behind"]) == (None, None)
    assert newest["note"]


def test_gates_that_refuse_now_say_when_they_would_pass(tmp_path: Path, registry: Registry) -> None:
    repo = chain(tmp_path, registry, SOAK)
    file = kustomization("api")
    repo.commit("main", file, repo.read(file).replace("1.4.1", "1.4.2"))
    brought = datetime.fromtimestamp(
        int(repo.git("log", "-1", "--format=%ct", "main"))
    ).astimezone()
    _, prod = rows(str(repo.path), "--no-registry", PROMOTER_NOW=at(repo, timedelta(hours=1)))
    (soak,) = prod["gates"]
    assert (soak["gate"], soak["verdict"]) == ("soak", "failed")
    assert datetime.fromisoformat(soak["until"]) == brought + timedelta(hours=24)
    _, prod = rows(str(repo.path), "--no-registry", PROMOTER_NOW=at(repo, timedelta(hours=25)))
    assert prod["gates"] == []


def test_a_tag_of_the_previous_environment_that_this_one_does_not_take_is_said(
    tmp_path: Path, registry: Registry
) -> None:
    repo = chain(tmp_path, registry, PATHS + "    tags: '^1[.]4[.][0-3]$'\n")
    file = kustomization("api")
    repo.commit("main", file, repo.read(file).replace("1.4.1", "1.4.4"))
    _, prod = rows(str(repo.path), "--no-registry")
    (tags,) = prod["gates"]
    assert (tags["gate"], tags["verdict"]) == ("tags", "failed")
    assert "1.4.4" in tags["detail"]
    repo.commit("main", file, repo.read(file).replace("1.4.4", "1.4.3"))
    assert rows(str(repo.path), "--no-registry")[1]["gates"] == []


def test_holds_and_open_pulls_are_shown(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    where = ("--app", "aurora", "--repo", str(repo.path))
    assert promote(*where, "--tag", "1.4.2").code == 0
    repo.commit("main", ".promoter/holds/prod/aurora.yaml", "reason: payday\n")
    _, prod = rows(str(repo.path))
    assert prod["open_pull_request"]["number"] == 1
    assert prod["hold"]["reason"] == "payday"
    assert [one["gate"] for one in prod["gates"]] == ["hold"]
    text = promote("status", *where).stdout.splitlines()
    assert "#1" in text[2]
    assert "hold" in text[2]


def test_what_a_kustomization_sets_over_the_file_of_a_target_is_what_runs(tmp_path: Path) -> None:
    files = {
        "promoter.yaml": "environments: {dev: {path: env/dev}, prod: {path: env/prod}}\n"
        "apps: {ad: {targets: [{kind: manifest, file: '/{environment}/ad.yaml'}]}}\n",
        "dev/kustomization.yaml": "resources: [ad.yaml]\n",
        "prod/ad.yaml": "kind: Pod\nspec: {containers: [{name: ad, image: 'o/ad:1.0.2'}]}\n",
        "dev/ad.yaml": "kind: Pod\nspec: {containers: [{name: ad, image: 'o/ad:1.0.2'}]}\n",
        "env/dev/kustomization.yaml": "resources: [../../dev]\nimages:\n"
        "- {name: o/ad, newTag: 1.0.5}\n",
    }
    repo = with_files(tmp_path / "r.git", files)
    run, other = (
        promote("status", "--env", name, "--repo", str(repo.path), "--output", "json")
        for name in ("dev", "prod")
    )
    (row,) = run.json["apps"]
    assert [one["tag"] for one in row["images"]] == ["1.0.5"]
    said = "dev/ad.yaml says 1.0.2 of o/ad, and env/dev/kustomization.yaml:3 sets 1.0.5"
    assert said in run.stderr + run.stdout
    assert "o/ad, and" not in other.stderr + other.stdout


def test_what_a_kustomization_sets_over_a_file_is_pulled_by_its_new_name() -> None:
    files = {
        "ad.yaml": "kind: Pod\nspec: {containers: [{name: ad, image: 'o/ad:1.0.2'}]}\n",
        "kustomization.yaml": "resources: [ad.yaml]\nimages:\n"
        "- {name: o/ad, newName: mirror/ad, newTag: 1.0.5}\n",
    }
    tree = FilesTree(
        "", {PurePosixPath("dev", name): text.encode() for name, text in files.items()}
    )
    target = Target(
        "ad", "dev", Environment(path="dev"), PurePosixPath("dev/kustomization.yaml"),
        (ManifestTarget(kind="manifest", file="ad.yaml"),),
    )  # fmt: skip
    (image,) = running_images(target, tree)
    assert image == RunningImage("o/ad", "1.0.5", None, "mirror/ad")
    assert str(image.first_place(SetBy.OVERRIDE)) == "dev/kustomization.yaml:3"


def test_a_file_that_cannot_be_read_is_told_in_its_row(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    repo.commit("main", AURORA, "images: [\n")
    dev, prod = rows(str(repo.path))
    assert dev["error"] is None
    assert prod["error"]


@pytest.mark.parametrize("has_graphql", thorough_after(1, [True, False]))
def test_a_pull_that_no_message_names_is_asked_of_the_forge_in_one_request(
    github: GitHub, has_graphql: bool
) -> None:
    token = {"GITHUB_TOKEN": "good-token"}
    done = promote("--app", "aurora", "--tag", "9.9.1", "--repo", github.url, env=token)
    assert done.code == 0, done.stderr
    merging.merge(github, github.pulls[0], "rebase", "alice", {})
    github.has_graphql, before = has_graphql, len(github.seen)
    dev, prod = rows(github.url, **token)
    assert (dev["since"]["pull_request"], prod["since"]["pull_request"]) == (None, 1)
    asked = [one for one in github.seen[before:] if one.api]
    assert len(asked) == (2 if has_graphql else 3)


def test_an_answer_of_another_shape_leaves_only_the_pull_unknown(github: GitHub) -> None:
    repo = Repository(github.repository)
    repo.commit("main", AURORA, repo.read(AURORA).replace("1.4.1", "9.9.1"))
    github.fail("POST", "query CommitPulls", status=200, body={"data": {"repository": {}}})
    _, prod = rows(github.url, GITHUB_TOKEN="good-token")
    assert (prod["images"][0]["tag"], prod["since"]["pull_request"]) == ("9.9.1", None)
    assert not github.faults


def test_through_the_api_no_pull_is_asked_for_that_the_history_would_name(github: GitHub) -> None:
    repo = Repository(github.repository)
    repo.commit("main", AURORA, repo.read(AURORA).replace("1.4.1", "9.9.1"))
    run = promote(
        "status", "--repo", github.url, "--transport", "api", env={"GITHUB_TOKEN": "good-token"}
    )
    assert run.code == 0, run.stderr
    assert not [one for one in github.graphql() if "CommitPulls" in one.body["query"]]


@pytest.mark.parametrize("transport", thorough_after(1, ["git", "api"]))
def test_a_forge_that_does_not_answer_leaves_only_the_pulls_unknown(
    github: GitHub, transport: str
) -> None:
    github.fail("GET", "/pulls", status=500, times=99)
    github.fail("POST", "query OpenPulls", status=500, times=99)
    run = promote(
        "status", "--repo", github.url, "--transport", transport, "--output", "json",
        "--timeout", "8s", env={"GITHUB_TOKEN": "good-token"},
    )  # fmt: skip
    assert run.code == 0, run.stderr
    assert [one["environment"] for one in run.json["apps"]] == ["dev", "prod"]
    assert "open pull requests are not known" in run.json["warnings"][0]


@pytest.mark.parametrize("count", [50, pytest.param(1_000, marks=pytest.mark.thorough)])
def test_any_number_of_apps_in_two_environments_costs_one_clone_and_three_requests(
    tmp_path: Path, count: int
) -> None:
    server = GitHub(tmp_path / "srv")
    names = [f"app-{n:03}" for n in range(count)]
    policy = f"{BY_PULL}  prod:\n    path: apps/{{app}}/overlays/prod\n    promotes-from: dev\n"
    repo = make(server.repository, {one: f"example.org/{one}" for one in names}, policy)
    trees = repo.git("rev-parse", *(f"main:apps/{one}/overlays/dev" for one in names)).split()
    overlays = [
        line
        for one, tree in zip(names, trees, strict=True)
        for folder, text in [
            (f"apps/{one}/overlays/prod", f"kustomize: {{images: [sidecar/{one}:1]}}")
        ]
        for line in (
            f"M 040000 {tree} {folder}",
            f"M 100644 inline {folder}/.argocd-source-{one}.yaml",
            f"data {len(text)}",
            text,
        )
    ]
    head = ["commit refs/heads/main", "committer A <a@b.c> 1767229200 +0000", "data 4", "Prod"]
    repo.git(
        "fast-import", "--quiet", stdin="\n".join([*head, "from refs/heads/main^0", *overlays, ""])
    )
    git_http.configure(server.repository)
    with server:
        found = rows(server.url, "--no-registry", "--timeout", "10m", GITHUB_TOKEN="good-token")
        seen = [one.path for one in server.seen]
    assert len(found) == 2 * count
    assert all(one["since"] and one["images"] for one in found)
    assert {one["previous"]["relation"] for one in found if one["previous"]} == {"same"}
    of_git = [one for one in seen if one.startswith(f"/{server.full_name}.git/")]
    assert len(seen) - len(of_git) <= 3
    # One git process asks for the branches, one for history, one for contents.
    assert len([one for one in seen if one.endswith("/info/refs")]) <= 4


def many(count: int) -> list[Status]:
    """Return rows of which the last alone waits for somebody."""
    image = RunningImage("example.org/team/app", "1.4.1")
    found = [
        Status(app=f"app-{n}", environment="prod", images=(image,), newest=PolicyChoice("1.4.1", 0))
        for n in range(count)
    ]
    last = Status(app="last", environment="prod", images=(image,), newest=PolicyChoice("1.4.2", 1))
    return [*found, last]


def test_markdown_fits_one_issue_and_what_waits_comes_first() -> None:
    text = of_status(many(1_500), base="main", now=0, warnings=()).markdown
    assert len(text) < 65_536
    lines = text.splitlines()
    assert lines[2].startswith("| last |")
    shown = sum(line.startswith("| ") for line in lines) - 2
    assert f"{1_501 - shown} more rows do not fit here" in lines[-1]


@pytest.mark.parametrize("width", [80, 200])
def test_a_terminal_shows_the_table_within_its_width(width: int) -> None:
    wide = replace(many(0)[0], app="a-service-with-quite-a-long-name", error="no " * 100)
    lines = shown_in_a_terminal([*many(3), wide], width)
    assert len([line for line in lines if "prod" in line]) == 5
    assert all(len(line) <= width for line in lines)
    assert " ".join(lines).count("no ") == 100


def shown_in_a_terminal(rows: list[Status], width: int) -> list[str]:
    """Return the lines of a table as a terminal shows them, without its colours."""
    result = of_status(rows, base="main", now=2_000_000, warnings=())
    text = render(result.pieces, width=width, terminal=True, colours=False)
    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


def waiting() -> Status:
    """Return a row with something in every column."""
    return replace(
        many(0)[0],
        environment="production",
        arrival=Arrival(time=745_000, commit="1" * 40, by="alice", pull=11),
        newest=PolicyChoice("1.5.0", 4),
        previous=PreviousEnvironment("staging", ("1.5.0",), Relation.BEHIND),
        open_pull=Pull(14, "", PullState.OPEN, "b", "main", "", "", ""),
        refusals=(GateResult("soak", GateStatus.FAILED, "", 2_082_740),),
    )


@pytest.mark.parametrize("width", [70, 80, 160])
def test_no_word_and_no_time_is_cut_in_a_narrow_terminal(width: int) -> None:
    lines = shown_in_a_terminal([waiting()], width)
    assert all(len(line) <= width for line in lines)
    words = " ".join(lines).split()
    for word in (
        "production",
        "1.4.1",
        "14d12h",
        "(1.5.0)",
        "#14",
        "1970-01-25",
        "02:33",
        "UTC",
    ):
        assert word in words, lines
    assert {"environment", "newest", "blocked", "compared"} <= set(words)
    assert ("#11" in words) == (width == 160)


def test_a_pipe_gets_one_whole_line_a_row() -> None:
    result = of_status([waiting()], base="main", now=2_000_000, warnings=())
    text = render(result.pieces, width=80, terminal=False, colours=False)
    assert re.split(r"  +", text.splitlines()[0]) == [
        "app", "environment", "runs", "since", "merged PR", "newest", "compared with", "open PR",
        "blocked by",
    ]  # fmt: skip
    (row,) = text.splitlines()[1:]
    assert row.endswith("behind staging (1.5.0)  #14      soak until 1970-01-25 02:33 UTC")


@pytest.mark.parametrize(
    ("newest", "said"),
    [
        (PolicyChoice("1.4.1", 0), "up to date"),
        (PolicyChoice("1.4.4", 2), "1.4.4 (2 newer)"),
        (PolicyChoice(None, note="the registry does not answer"), "unknown"),
        (PolicyChoice(None, note="none of the 4 tags fits ^2", fits=False), "none fits"),
    ],
)
def test_what_is_newest_is_said_with_why_it_is_not_known(newest: PolicyChoice, said: str) -> None:
    rows = [replace(one, newest=newest) for one in many(2)]
    result = of_status(rows, base="main", now=0, warnings=())
    assert said in render(result.pieces, width=80, terminal=False, colours=False)
    told = [one.reason for one in result.complaints]
    assert told == ([f"app-0 in prod and 2 more: {newest.note}"] if newest.note else [])
    assert (newest.note in result.markdown) or not newest.note.startswith("the")


def test_a_digest_that_one_of_two_environments_writes_makes_no_difference() -> None:
    target = Target(
        "web", "prod", Environment(path="prod"), PurePosixPath("prod/kustomization.yaml")
    )
    digest = f"sha256:{'a' * 64}"
    own, other = RunningImage("web", "1.4.2", digest), RunningImage("web", "1.4.2")
    assert relation_of(target, [own], [other]) is Relation.SAME
    moved = replace(own, digest=digest.replace("a", "b"))
    assert relation_of(target, [own], [moved]) is Relation.DIFFERENT


def test_an_environment_is_compared_by_what_it_pulls_where_its_entry_has_another_name() -> None:
    target = Target(
        "web", "prod", Environment(path="prod"), PurePosixPath("prod/kustomization.yaml")
    )
    old, new = (
        RunningImage("ghcr.io/o/web", "1.4.1"),
        RunningImage("web", "1.4.2", None, "ghcr.io/o/web"),
    )
    assert relation_of(target, [old], [new]) is Relation.BEHIND
    assert relation_of(target, [new], [old]) is Relation.AHEAD


def test_tags_and_commits_are_copied_from_markdown_as_they_are() -> None:
    image = RunningImage("example.org/team/app", "3a6d29ea1")
    row = replace(many(0)[0], images=(image,), newest=PolicyChoice("3a6d29ea2", 1))
    text = of_status([row], base="main", now=0, warnings=()).markdown
    assert "| `3a6d29ea1` | `3a6d29ea2 (1 newer)` |" in text
