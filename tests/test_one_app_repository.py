"""A repository of one app, whose folder does not say the app's name, and one of no known layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promoter.config.config import parse
from promoter.engine.selection.places import any_name_warnings
from tests.many_apps import with_files
from tests.servers import git_http
from tests.servers.github import GitHub
from tests.test_suggested_configuration import LAYOUTS
from tests.thorough import thorough_after
from tests.world import promote

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import Repository

_CONFIGURATION = "environments: {prod: {path: k8s/overlays/prod, checks: {exists: off}}}\n"
_KUSTOMIZATION = """\
resources: [pod.yaml]
images:
  - name: aurora
    newTag: 1.4.1
"""
_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: aurora}]}\n"


@pytest.fixture
def single(tmp_path: Path) -> Repository:
    """Return a repository with one app in a folder that is not called like it."""
    files = {
        "promoter.yaml": _CONFIGURATION,
        "k8s/overlays/prod/kustomization.yaml": _KUSTOMIZATION,
        "k8s/overlays/prod/pod.yaml": _POD,
    }
    return with_files(tmp_path / "single.git", files)


def test_a_name_that_no_folder_has_is_promoted_with_a_warning_that_says_how_to_list_it(
    single: Repository,
) -> None:
    asked = ("--tag", "1.4.2", "--dry-run", "--output", "json", "--repo", str(single.path))
    done = promote("--app", "aurroa", *asked)
    assert (done.code, done.json["action"]) == (0, "planned"), done.stdout
    (said,) = [one for one in done.json["warnings"] if "any name" in one]
    assert "k8s/overlays/prod" in said
    assert "apps: {aurroa: {}} in promoter.yaml" in said
    assert "any name" not in done.json["pull_request"]["body"]


@pytest.mark.parametrize("command", ["status", "history", "auto"])
def test_without_a_listed_app_a_command_about_all_says_so_and_denies_no_file(
    single: Repository, command: str
) -> None:
    single.commit(
        "main", "promoter.yaml", _CONFIGURATION.replace("checks", "policy: {semver: '*'}, checks")
    )
    done = promote(command, "--repo", str(single.path), "--output", "json")
    error = done.json["error"]
    assert done.code == 4
    assert "no app is listed, and environments.prod.path holds no {app}" in error["message"]
    assert "there is no" not in error["message"]
    assert error["hint"] == "List the app, as in apps: {aurora: {}}"
    assert (error["file"], error["line"]) == ("promoter.yaml", 1)


@pytest.mark.parametrize(
    ("configuration", "app", "warns"),
    [
        (_CONFIGURATION, "aurora", True),
        (f"{_CONFIGURATION}apps: {{aurora: {{}}}}\n", "aurora", False),
        ("environments: {prod: {path: aurora/overlays/prod}}", "aurora", False),
        ("environments: {prod: {path: aurora-deploy/prod}}", "aurora", False),
        ("environments: {prod: {path: aurora-deploy/prod}}", "auror", True),
        ("environments: {prod: {path: 'apps/{app}'}}", "aurora", False),
        (
            "environments: {prod: {path: .}}\n"
            "targets: [{kind: manifest, file: '{app}.yaml'}]",
            "aurora",
            False,
        ),
        (
            "environments: {prod: {path: .}}\n"
            "targets: [{kind: yaml-path, file: values.yaml, tag: '{app}.tag'}]",
            "aurora",
            False,
        ),
        (
            "environments: {prod: {path: .}}\n"
            "targets: [{kind: manifest, file: deploy/aurora.yaml}]",
            "aurora",
            False,
        ),
    ],
)  # fmt: skip
def test_a_name_that_the_configuration_or_a_path_confirms_is_no_warning(
    configuration: str, app: str, warns: bool
) -> None:
    config = parse(configuration.encode(), "promoter.yaml")
    assert bool(list(any_name_warnings(config, [app], ["prod"]))) is warns


@pytest.mark.parametrize(
    "layout",
    thorough_after(2, ["HelmRelease", "a folder of one app that is not called like it", *LAYOUTS]),
)
def test_the_configuration_that_the_hint_prints_promotes_once_it_is_committed(
    tmp_path: Path, layout: str
) -> None:
    repo = with_files(tmp_path / "r.git", {**LAYOUTS[layout][0], "README.md": "Hello.\n"})
    ask = ("--app", "aurora", "--tag", "1.4.2", "--dry-run", "--output", "json")
    first = promote(*ask, "--repo", str(repo.path))
    assert first.code == 4
    said, _, text = first.json["error"]["hint"].partition(":\n")
    assert said == "By the repository's folders, commit this promoter.yaml"
    repo.commit(
        "main", "promoter.yaml", f"{text}\n".replace("path:", "checks: {exists: off}\n    path:")
    )
    again = promote(*ask, "--repo", str(repo.path))
    assert again.code in (0, 3), again.stdout
    if again.code == 3:
        # The base of these layouts is not complete.
        assert {one["rule"] for one in again.json["refusals"]} <= {"render", "dead-edit"}


@pytest.mark.parametrize("command", ["status", "history", "auto"])
def test_in_an_unknown_layout_every_command_ends_as_promote_does(
    tmp_path: Path, command: str
) -> None:
    repo = with_files(tmp_path / "r.git", {"README.md": "Nothing is deployed.\n"})
    done = promote(command, "--repo", str(repo.path), "--output", "json")
    assert done.code == 4
    assert "none of the layouts" in done.json["error"]["message"]


def test_through_the_api_an_unknown_layout_is_looked_at_in_few_requests(tmp_path: Path) -> None:
    github = GitHub(tmp_path / "srv")
    with_files(github.repository, LAYOUTS["HelmRelease"][0])
    git_http.configure(github.repository)
    with github:
        done = promote(
            "--app", "aurora", "--tag", "1.4.2", "--repo", github.url, "--transport", "api",
            env={"GITHUB_TOKEN": "good-token"},
        )  # fmt: skip
    assert done.code == 4
    assert "path: clusters/prod/{app}" in done.stderr
    assert "tag: spec.values.image.tag" in done.stderr
    assert len(github.seen) <= 5, [one.path for one in github.seen]
