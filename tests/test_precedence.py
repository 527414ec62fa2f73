"""Which of two images is newer where the tags do not say, and which commit an image was built from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promoter.demo.repository import make_source
from promoter.system.deadline import Deadline
from tests.many_apps import BY_PULL, DEV, kustomization, make
from tests.servers.registry import Registry
from tests.thorough import thorough_after
from tests.world import AURORA, BRANCH, Repository, aurora, promote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OLD, NEW = "0ld-build", "new-build"


@pytest.fixture
def source(tmp_path: Path) -> Repository:
    """The source repository, with the commits of releases v1.4.1 and v1.4.2."""
    make_source(tmp_path / "source.git", Deadline(30)).close()
    return Repository(tmp_path / "source.git")


@pytest.fixture
def repo(tmp_path: Path, source: Repository) -> Repository:
    """The Aurora repository, whose images are built there."""
    made = aurora(tmp_path / "aurora.git")
    text = made.read("promoter.yaml").splitlines()
    kept = [line for line in text if not line.strip().startswith("source")]
    made.commit("main", "promoter.yaml", "\n".join([*kept, f"    source: {source.path}", ""]))
    return made


def ask(repo: Repository, tag: str, *more: str, env: dict[str, str] | None = None) -> Any:
    """Ask for a tag and return the envelope."""
    command = ["--app", "aurora", "--tag", tag, "--repo", str(repo.path), "--output", "json"]
    run = promote(*command, *more, env=env)
    assert run.code == run.json["exit_code"], run.stderr
    return run.json


def test_ancestry_of_the_source_orders_tags_that_say_nothing(
    repo: Repository, source: Repository
) -> None:
    older, newer = (source.git("rev-parse", name) for name in ("v1.4.1", "v1.4.2"))
    first = ask(repo, NEW, "--source-revision", newer)
    late = ask(repo, OLD, "--source-revision", older)
    assert (late["action"], late["exit_code"]) == ("superseded", 0)
    assert repo.git("rev-parse", BRANCH) == first["commit"]
    assert ask(repo, OLD, "--source-revision", older, "--allow", "downgrade")["action"] == "updated"
    again = ask(repo, NEW, "--source-revision", newer)
    assert (again["action"], again["warnings"]) == ("updated", [])


@pytest.mark.parametrize("name", ["kustomization.yaml", "web.yaml"])
def test_ancestry_orders_what_the_base_has_by_its_history(
    repo: Repository, source: Repository, name: str
) -> None:
    file = AURORA.replace("kustomization.yaml", name)
    if file != AURORA:
        repo.commit("main", file, "tag: 1.4.1\n")
        lines = repo.read("promoter.yaml").splitlines()
        kept = [line for line in lines if "images:" not in line and "- ghcr.io" not in line]
        target = f"    targets: [{{kind: yaml-path, file: {name}, tag: tag, image: o/web}}]"
        repo.commit("main", "promoter.yaml", "\n".join([*kept, target, ""]))
    older, newer = (source.git("rev-parse", name) for name in ("v1.4.1", "v1.4.2"))
    number = ask(repo, NEW, "--source-revision", newer)["pull_request"]["number"]
    assert promote("pulls", "merge", str(number), "--repo", str(repo.path)).code == 0
    assert NEW in repo.read(file)
    assert ask(repo, OLD, "--source-revision", older)["action"] == "superseded"


def test_where_nobody_knows_the_last_request_wins_with_a_warning(repo: Repository) -> None:
    assert "or new-build is newer is not known" in ask(repo, NEW)["warnings"][0]
    out = ask(repo, OLD)
    assert out["action"] == "updated"
    assert out["warnings"] == [
        f"whether {NEW} or {OLD} is newer is not known; {OLD} replaces it all the same"
    ]
    pushed = ask(repo, OLD, "--env", "dev")
    assert pushed["action"] == "pushed"
    assert "replaces it all the same" in pushed["warnings"][0]


@pytest.mark.parametrize(
    ("event", "repository", "known"),
    thorough_after(
        2,
        [
            ("push", "aurora-cloud/aurora", True),
            ("schedule", "aurora-cloud/aurora", False),
            ("push", "GITOPS/aurora", False),
            ("release", "aurora-cloud/aurora", True),
            ("workflow_dispatch", "aurora-cloud/aurora", False),
            ("issue_comment", "aurora-cloud/aurora", False),
            ("pull_request_target", "aurora-cloud/aurora", False),
        ],
    ),
)
def test_commit_of_a_workflow_counts_where_it_builds_the_image(
    tmp_path: Path, event: str, repository: str, *, known: bool
) -> None:
    repo = aurora(tmp_path / "gitops" / "aurora.git")
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "a" * 40, "GITHUB_REPOSITORY": repository}
    out = ask(repo, "9.9.1", env={**runner, "GITHUB_EVENT_NAME": event})
    message = repo.git("show", "-s", "--format=%B", out["commit"])
    assert (f"Promoter-Source-Revision: {'a' * 40}" in message) is known


@pytest.mark.parametrize("built_by", ["aurora-cloud/aurora", "aurora-cloud/deploy"])
def test_commit_of_a_workflow_counts_in_the_configured_source_alone(
    tmp_path: Path, built_by: str
) -> None:
    repo = aurora(tmp_path / "gitops/aurora.git")
    lines = repo.read("promoter.yaml").splitlines()
    kept = [line for line in lines if "source" not in line]
    address = "https://127.0.0.1:1/Aurora-Cloud/aurora.git"
    repo.commit("main", "promoter.yaml", "\n".join([*kept, f"    source: {address}", ""]))
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": "a" * 40, "GITHUB_EVENT_NAME": "push"}
    out = ask(repo, "9.9.1", "--dry-run", env={**runner, "GITHUB_REPOSITORY": built_by})
    assert ("a" * 40 in str(out)) is (built_by == "aurora-cloud/aurora")


@pytest.mark.parametrize("given", thorough_after(1, ["GITHUB_SHA", "PROMOTER_SOURCE_REVISION"]))
def test_what_another_run_has_built_is_declared_by_no_commit_of_this_one(
    tmp_path: Path, given: str
) -> None:
    repo = aurora(tmp_path / "gitops" / "aurora.git")
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", given: "a" * 40}
    env = {**runner, "GITHUB_REPOSITORY": "aurora-cloud/aurora"}
    ask(repo, "9.9.1", "--env", "dev", "--source-revision", "b" * 40)
    command = ["rollback", "--app", "aurora", "--env", "dev", "--reason", "it leaks"]
    run = promote(*command, "--repo", str(repo.path), "--output", "json", env=env)
    assert (run.code, run.json["action"]) == (0, "pushed"), run.stderr
    assert "Promoter-Source-Revision" not in repo.git("show", "-s", "--format=%B", "main")


EARLY, LATE = "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"
FILE = kustomization("app")
SEMVER, NEWEST = "policy: {semver: '*'}", "policy: {newest: 9}"
BY_NUMBER = "policy: {regex: '-(?P<n>[0-9]+)$'}"


@pytest.fixture
def registry() -> Iterator[Registry]:
    """An empty registry."""
    with Registry() as server:
        yield server


def at(path: Path, registry: Registry, tag: str, settings: str = "") -> Repository:
    """Make a repository of one app that runs a tag, in an environment with these settings."""
    policy = BY_PULL + "".join(f"    {line}\n" for line in settings.splitlines())
    return make(path / "gitops.git", {"app": registry.name("app")}, policy, tag=tag)


def action(repo: Repository, tag: str, *more: str) -> str:
    """Ask for a tag and return what became of it."""
    command = ["--app", "app", "--tag", tag, "--repo", str(repo.path), "--output", "json"]
    run = promote(*command, *more)
    assert run.code == 0, run.stderr
    return str(run.json["action"])


@pytest.mark.parametrize(
    ("old", "new", "settings"),
    thorough_after(
        2,
        [
            ("1.4.0-f3a9c21", "1.4.0-1b2c3d4", ""),
            ("1.5.0", "1.4.0", NEWEST),
            ("2026.1.0", "1.0.0", ""),
            ("1.4.0", "1.4.0-alpine", ""),
            ("1.4.0-f3a9c21", "1.4.0-1b2c3d4", SEMVER),
            ("1.4-f3a9c21", "1.4-1b2c3d4", ""),
            ("2026.01.09-f3a9c21", "2026.01.09-1b2c3d4", ""),
            ("1.4.0", "1.4.0-1", ""),
            ("1.4.2", "1.4", ""),
            ("1.4.0-7654321", "1.4.0-1234567", ""),
        ],
    ),
)
def test_the_image_that_was_made_later_is_newer_where_its_tag_does_not_deny_it(
    tmp_path: Path, registry: Registry, old: str, new: str, settings: str
) -> None:
    registry.push("app", old, created=EARLY)
    registry.push("app", new, created=LATE)
    repo = at(tmp_path, registry, old, settings)
    assert action(repo, new) == "created"
    assert action(repo, old) == "superseded"
    assert new in repo.read(FILE, "promote/dev/app").replace('"', "").split()


@pytest.mark.parametrize(
    ("old", "new", "settings"),
    thorough_after(
        1,
        [
            ("1.4.1", "1.4.2", ""),
            ("v1.4.2", "v1.4.2-3-g1a2b3c4", ""),
            ("b-9", "a-10", BY_NUMBER),
            ("1.5.0", "1.10.0", "policy: {alphabetical: desc}"),
            ("1.4.0-rc.9", "1.4.0-rc.10", ""),
            ("v1.4.2-9-gf3a9c21", "v1.4.2-10-g1b2c3d4", ""),
            ("1.4.0-f3a9c21", "1.5.0-1b2c3d4", ""),
        ],
    ),
)
def test_what_tags_or_a_policy_say_for_certain_decides_whenever_images_were_made(
    tmp_path: Path, registry: Registry, old: str, new: str, settings: str
) -> None:
    registry.push("app", old, created=LATE)
    registry.push("app", new, created=EARLY)
    repo = at(tmp_path, registry, old, settings)
    assert action(repo, new) == "created"
    assert action(repo, old) == "superseded"
    repo.commit("main", FILE, repo.read(FILE, "promote/dev/app"))
    assert action(repo, old) == "superseded"
    assert action(repo, old, "--allow", "downgrade") in ("created", "updated")


def test_a_likely_order_holds_where_nothing_else_is_known(
    tmp_path: Path, registry: Registry
) -> None:
    registry.push("app", "1.4", "1.4.2", "1.4.3")
    repo = at(tmp_path, registry, "1.4.2")
    assert action(repo, "1.4") == "superseded"
    assert action(repo, "1.4.3") == "created"


@pytest.mark.parametrize("exists", thorough_after(1, ["refuse", "off"]))
def test_newest_goes_by_when_images_were_made_and_does_not_stick(
    tmp_path: Path, registry: Registry, exists: str
) -> None:
    registry.push("app", "1.4.0-f3a9c21", "1.5.0", created=EARLY)
    registry.push("app", "1.4.0-1b2c3d4", created=LATE)
    config = f"{DEV}    {NEWEST}\n    checks: {{exists: {exists}}}\n"
    for running in ("1.4.0-f3a9c21", "1.5.0"):
        repo = make(tmp_path / running, {"app": registry.name("app")}, config, tag=running)
        command = ("auto", "--repo", str(repo.path), "--output", "json")
        first, second = (promote(*command).json["results"][0]["action"] for _ in range(2))
        assert (first, second) == ("pushed", "unchanged")
        assert "newTag: 1.4.0-1b2c3d4" in repo.read(FILE)
