"""Each of several apps that go together counts for itself: its refusals, its policy, its reviewers."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from promoter.config.holds import hold_file
from promoter.demo.repository import make_source
from promoter.system.deadline import Deadline
from tests.many_apps import BY_PULL, kustomization, make, with_files
from tests.servers import git_http
from tests.servers.github import GitHub
from tests.servers.registry import Registry
from tests.test_together import BOTH, OFF, repository, run
from tests.thorough import thorough_after
from tests.world import Repository, promote

if TYPE_CHECKING:
    from pathlib import Path

IMAGES = {name: f"ghcr.io/acme/{name}" for name in ("api", "web")}


def test_what_cannot_be_edited_is_told_of_its_own_app_alone(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r.git")
    text = repo.read(kustomization("web")).replace("newTag: 1.4.1", "newTag: ${TAG}")
    repo.commit("main", kustomization("web"), text + "\n")
    (refusal,) = run(repo, *BOTH, "--tag", "1.4.2", code=3)["refusals"]
    assert refusal["reason"] == "web: the value is a placeholder: '${TAG}'"


@pytest.mark.parametrize("app", ["api", "web"])
def test_the_tags_of_each_app_are_ordered_by_its_own_policy(tmp_path: Path, app: str) -> None:
    by_name = "{environments: {dev: {policy: {alphabetical: asc}}}}"
    apps = "".join(f"  {name}: {by_name if name == app else '{}'}\n" for name in IMAGES)
    repo = make(tmp_path / "r.git", IMAGES, f"{BY_PULL}{OFF}apps:\n{apps}", tag="m")
    done = run(repo, *BOTH, "--tag", "a")
    assert done["action"] == "superseded"
    assert done["warnings"][0].startswith("superseded: main already has m")


def test_the_source_of_each_app_says_which_of_its_images_is_newer(tmp_path: Path) -> None:
    make_source(tmp_path / "source.git", Deadline(30)).close()
    source = Repository(tmp_path / "source.git")
    older, newer = (source.git("rev-parse", name) for name in ("v1.4.1", "v1.4.2"))
    apps = f"apps: {{api: {{source: {source.path}}}, web: {{source: {source.path}}}}}\n"
    repo = make(tmp_path / "r.git", IMAGES, BY_PULL + OFF + apps)
    made = run(repo, *BOTH, "--tag", "new-build", "--source-revision", newer)
    late = run(repo, *BOTH, "--tag", "0ld-build", "--source-revision", older)
    assert (made["action"], late["action"]) == ("created", "superseded")


def test_the_pull_has_the_labels_and_reviewers_of_all_its_apps(tmp_path: Path) -> None:
    apps = """\
apps:
  api: {environments: {dev: {labels: [both, api], reviewers: [alice]}}}
  web: {environments: {dev: {labels: [both, web], reviewers: ["team:platform"], milestone: Q1}}}
"""
    github = GitHub(tmp_path / "srv")
    github.milestones = ["Q1"]
    make(github.repository, IMAGES, BY_PULL + OFF + apps)
    git_http.configure(github.repository)
    with github:
        command = [*BOTH, "--tag", "1.4.2", "--repo", github.url]
        for _ in range(2):
            done = promote(*command, env={"GITHUB_TOKEN": "good-token"})
            assert done.code == 0, done.stderr
        (pull,) = github.open_pulls()
    assert {one["name"] for one in pull["labels"]} == {"both", "api", "web"}
    assert [one["login"] for one in pull["requested_reviewers"]] == ["alice"]
    assert [one["slug"] for one in pull["requested_teams"]] == ["platform"]
    assert pull["milestone"]["title"] == "Q1"


def test_what_was_allowed_for_an_open_pull_of_several_apps_needs_no_second_flag(
    tmp_path: Path,
) -> None:
    repo = repository(tmp_path / "r.git")
    repo.commit("main", str(hold_file("web", "dev")), 'reason: "web waits"\n', "Hold")
    made = run(repo, *BOTH, "--tag", "1.4.2", "--allow", "hold")
    again = run(repo, *BOTH, "--tag", "1.4.2")
    assert (again["action"], again["commit"]) == ("unchanged", made["commit"])


def test_what_is_proposed_already_asks_no_registry_again(tmp_path: Path) -> None:
    with Registry() as registry:
        images = {name: registry.name(name) for name in IMAGES}
        for name in images:
            registry.push(name, "1.4.1", "1.4.2")
        repo = make(tmp_path / "r.git", images, BY_PULL)
        assert run(repo, *BOTH, "--tag", "1.4.2")["action"] == "created"
        before = len(registry.seen)
        assert run(repo, *BOTH, "--tag", "1.4.2")["action"] == "unchanged"
        assert registry.seen[before:] == []


def test_the_log_says_which_file_each_app_is_edited_in(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r.git")
    log = promote(*BOTH, "--tag", "1.4.2", "--repo", str(repo.path), "--dry-run", "-v").stderr
    for app in ("api", "web"):
        assert f"{app} in dev: edits the kustomization in apps/{app}/overlays/dev" in log


def test_a_pull_of_several_apps_is_closed_once_the_base_has_newer_ones_of_all(
    tmp_path: Path,
) -> None:
    repo = repository(tmp_path / "r.git")
    run(repo, *BOTH, "--tag", "1.4.2")
    for app, state in (("api", "open"), ("web", "closed")):
        text = repo.read(kustomization(app)).replace("1.4.1", "2.0.0")
        repo.commit("main", kustomization(app), text)
        done = run(repo, *BOTH, "--tag", "1.4.1")
        assert (done["action"], done["pull_request"]["state"]) == ("superseded", state)


def test_the_pull_of_several_apps_promises_nothing_of_a_schedule_that_never_looks_at_it(
    tmp_path: Path,
) -> None:
    repo = repository(tmp_path / "r.git", BY_PULL + '    policy: {semver: "*"}\n')
    said = "if you **close it**"
    alone = run(repo, "--app", "web", "--tag", "1.4.2")["pull_request"]["body"]
    together = run(repo, *BOTH, "--tag", "1.4.2")["pull_request"]["body"]
    assert (said in alone, said in together) == (True, False)


def test_apps_that_share_a_file_are_edited_in_it_one_after_the_other(tmp_path: Path) -> None:
    entries = "".join(f"  - name: {name}\n    newTag: 1.4.1\n" for name in IMAGES.values())
    containers = "".join(f"        - {{name: {n}, image: {i}}}\n" for n, i in IMAGES.items())
    repo = with_files(
        tmp_path / "r.git",
        {
            "promoter.yaml": "environments: {dev: {path: all, checks: {exists: off}}}\n"
            "apps:\n"
            + "".join(f"  {name}: {{images: [{image}]}}\n" for name, image in IMAGES.items()),
            "all/kustomization.yaml": f"resources: [d.yaml]\nimages:\n{entries}",
            "all/d.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: all}\nspec:\n"
            f"  template:\n    spec:\n      containers:\n{containers}",
        },
    )
    made = run(repo, *BOTH, "--tag", "1.4.2")
    assert made["files"] == ["all/kustomization.yaml"]
    file = repo.read("all/kustomization.yaml", made["branch"])
    assert file.count("newTag: 1.4.2") == 2
    body = made["pull_request"]["body"]
    assert "| both apps: 1 field changed, nothing else |" in body
    again = run(repo, *BOTH, "--tag", "1.4.2")
    assert (again["action"], again["commit"]) == ("unchanged", made["commit"])


def test_each_app_is_pinned_to_the_digests_of_its_own_images(tmp_path: Path) -> None:
    with Registry() as registry:
        images = {name: registry.name(name) for name in IMAGES}
        for name in images:
            registry.push(name, "1.4.1", "1.4.2")
        apps = "apps:\n  api: {environments: {dev: {pin: both}}}\n  web: {}\n"
        repo = make(tmp_path / "r.git", images, BY_PULL + apps)
        made = run(repo, *BOTH, "--tag", "1.4.2")
        digests = [one["digest"] for one in made["images"]]
        assert [one and one[:7] for one in digests] == ["sha256:", None]
        assert run(repo, *BOTH, "--tag", "1.4.2")["action"] == "unchanged"


@pytest.mark.parametrize("together", thorough_after(1, [(("--together",),), ((),)]))
def test_the_registry_is_asked_about_several_apps_at_once_and_no_more_often(
    tmp_path: Path, together: tuple[str, ...]
) -> None:
    # Each question about a new image waits for that about the other app's.
    both = threading.Barrier(2)

    def meet(path: str) -> None:
        if path.endswith("/manifests/1.4.2"):
            with suppress(threading.BrokenBarrierError):
                both.wait(20)

    with Registry() as registry:
        images = {name: registry.name(name) for name in IMAGES}
        for name in images:
            registry.push(name, "1.4.1", "1.4.2")
        repo = make(tmp_path / "r.git", images, BY_PULL)
        registry.says = meet
        run(repo, "--app", "api", "--app", "web", *together, "--tag", "1.4.2")
        assert not both.broken
        # Of both apps the manifest and the configuration of what runs and of what is to run.
        assert len(registry.seen) == 8
        run(repo, "--app", "api", "--app", "web", *together, "--tag", "1.4.2")
        assert len(registry.seen) == 8


def test_the_status_of_each_app_has_the_open_pull_of_several(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r.git")
    number = run(repo, "--group", "shop", "--tag", "1.4.2")["pull_request"]["number"]
    alone = run(repo, "--app", "web", "--tag", "1.4.3")["pull_request"]["number"]
    where = ("status", "--repo", str(repo.path), "--no-registry", "--output", "json")
    rows = promote(*where).json["apps"]
    opened = {one["app"]: one["open_pull_request"]["number"] for one in rows}
    # Its own is what the next promotion of an app meets.
    assert opened == {"api": number, "web": alone}


def test_an_app_that_a_group_names_twice_is_promoted_once(tmp_path: Path) -> None:
    repo = make(
        tmp_path / "r.git", IMAGES, BY_PULL + OFF + "groups: {shop: {apps: [web, api, web]}}\n"
    )
    made = run(repo, "--group", "shop", "--tag", "1.4.2")
    assert [one["name"] for one in made["images"]] == list(IMAGES.values())
    assert run(repo, "--group", "shop", "--tag", "1.4.2")["action"] == "unchanged"


@pytest.mark.parametrize("together", thorough_after(1, [(("--together",),), ((),)]))
def test_git_is_asked_at_once_when_the_files_of_several_apps_came(
    tmp_path: Path, together: tuple[str, ...]
) -> None:
    repo = repository(tmp_path / "r.git")
    command = ("--app", "api", "--app", "web", *together, "--tag", "1.4.2")
    done = promote(*command, "--repo", str(repo.path), "-v", "--dry-run")
    assert (done.code, done.stderr.count("+ git log -z")) == (0, 1)
    assert done.stdout.count("1 Jan") == 2
