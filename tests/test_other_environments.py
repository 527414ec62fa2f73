"""A change that another environment is built from, too, is told: nothing is asked of that environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.graph_files import deployment
from tests.many_apps import with_files
from tests.world import Repository, Run, promote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_CONFIG = """\
environments:
  staging: {path: apps/staging, deliver: STAGING, render: off, checks: {exists: off}}
  production: {path: apps/production, deliver: PRODUCTION, render: off, checks: {exists: off}}
apps: {web: {targets: [{kind: manifest, file: /apps/base/web.yaml}]}}
"""
_SHARED = {
    "apps/base/kustomization.yaml": "resources: [web.yaml]\n",
    "apps/base/web.yaml": deployment("web", "web:1.0.0"),
    "apps/staging/kustomization.yaml": "resources: [../base]\n",
    "apps/production/kustomization.yaml": "resources: [../base]\n",
}
_BUILDS = "apps/production builds apps/base/web.yaml"


def _repository(
    directory: Path,
    files: Mapping[str, str],
    *,
    config: str = _CONFIG,
    staging: str = "push",
    production: str = "pull-request",
) -> Repository:
    text = config.replace("STAGING", staging).replace("PRODUCTION", production)
    return with_files(directory / "repo.git", {"promoter.yaml": text, **files})


def _promoted(repo: Repository, environment: str, *more: str) -> Run:
    run = promote(
        "--app", "web", "--env", environment, "--tag", "1.1.0", "--repo", str(repo.path),
        "--output", "json", *more,
    )  # fmt: skip
    assert run.code == 0, run.stdout
    return run


def _warned(run: Run) -> list[str]:
    return [
        one for one in run.json["warnings"] if re.match("this (also changes|may also change) ", one)
    ]


@pytest.mark.parametrize(
    ("staging", "production", "without"),
    [
        ("push", "pull-request", "its pull request and its checks"),
        ("push", "auto-merge", "its pull request and its checks"),
        ("push", "push", "its checks"),
        ("pull-request", "push", "its checks"),
    ],
)
def test_an_edit_of_a_shared_base_tells_which_environment_changes_too(
    staging: str, production: str, without: str, tmp_path: Path
) -> None:
    repo = _repository(tmp_path, _SHARED, staging=staging, production=production)
    run = _promoted(repo, "staging", "--dry-run")
    said = f"may also change production, without {without}: {_BUILDS}"
    assert _warned(run) == [f"this {said}"]
    (gate,) = (one for one in run.json["gates"] if one["gate"] == "other-environments")
    assert (gate["verdict"], gate["detail"]) == ("warned", said)


def test_the_pull_request_alerts_of_the_other_environment(tmp_path: Path) -> None:
    repo = _repository(tmp_path, _SHARED)
    _promoted(repo, "production")
    run = promote(
        "--app",
        "web",
        "--env",
        "production",
        "--tag",
        "1.2.0",
        "--repo",
        str(repo.path),
        "--dry-run",
    )
    said = "Other environments: this may also change staging, without its checks:"
    assert said in " ".join(run.stdout.split())


def test_an_environment_that_is_built_from_another_ones_folder_changes_too(tmp_path: Path) -> None:
    config = _CONFIG.partition("apps: ")[0] + "apps: {web: {}}\n"
    files = {
        "apps/staging/kustomization.yaml": "resources: [web.yaml]\nimages: [{name: web, newTag: 1.0.0}]\n",
        "apps/staging/web.yaml": deployment("web", "web:1"),
        "apps/production/kustomization.yaml": "resources: [../staging]\n",
    }
    run = _promoted(_repository(tmp_path, files, config=config), "staging", "--dry-run")
    (said,) = _warned(run)
    assert said.endswith("apps/production builds apps/staging/kustomization.yaml")


def test_an_edit_that_is_the_environments_own_tells_of_no_other(tmp_path: Path) -> None:
    config = _CONFIG.partition("apps: ")[0] + "apps: {web: {}}\n"
    entry = "images: [{name: web, newTag: 1.0.0}]\n"
    files = _SHARED | {
        f"apps/{one}/kustomization.yaml": f"# not staging\nresources: [../base]\n{entry}"
        for one in ("staging", "production")
    }
    repo = _repository(tmp_path, files, config=config)
    assert _warned(_promoted(repo, "staging", "--dry-run")) == []
    run = _promoted(repo, "production", "--dry-run")
    assert _warned(run) == []
    assert "other-environments" not in {one["gate"] for one in run.json["gates"]}


_VALUES = "dev: {tag: 1.0.0}\nprod: {tag: 1.0.0}\n"


@pytest.mark.parametrize(
    ("dev", "prod", "changes"),
    [
        ("file: /values.yaml, tag: dev.tag", "file: /values.yaml, tag: dev.tag", True),
        ("file: /values.yaml, tag: dev.tag", "file: /values.yaml, tag: prod.tag", False),
        ("file: values.yaml, tag: dev.tag", "file: ../../dev/web/values.yaml, tag: dev.tag", True),
        ("file: /c/all.yaml, tag: dev.tag", "file: /c/all.yaml, tag: dev.tag", True),
    ],
    ids=[
        "the same place",
        "another place in the file",
        "a file in the first one's folder",
        "a place whose image the default values name",
    ],
)
def test_an_environment_whose_target_is_the_place_that_is_edited_changes_too(
    dev: str, prod: str, changes: bool, tmp_path: Path
) -> None:
    config = "environments:\n" + "".join(
        f"  {name}: {{path: '{name}/{{app}}', checks: {{exists: off}}, "
        f"targets: [{{kind: yaml-path, {target}}}]}}\n"
        for name, target in (("dev", dev), ("prod", prod))
    )
    file = "dev/web/values.yaml" if dev.startswith("file: v") else dev[7:].partition(",")[0]
    files = {file: _VALUES, "c/values.yaml": "dev: {repository: web}\n"}
    if "/c/" not in dev:
        config = config.replace("yaml-path,", "yaml-path, image: web,")
    repo = _repository(tmp_path, files, config=config)
    said = f"this also changes prod, without its checks: its targets name the same place in {file}"
    assert _warned(_promoted(repo, "dev", "--dry-run")) == ([said] if changes else [])


@pytest.mark.provisioned
@pytest.mark.usefixtures("real_renderer")
def test_an_environment_that_sets_the_image_itself_is_not_told_of(tmp_path: Path) -> None:
    own = {
        "apps/production/kustomization.yaml": "resources: [../base]\npatches: [{path: web.yaml}]\n",
        "apps/production/web.yaml": deployment("web", "web:0.9.0"),
    }
    config = _CONFIG.replace("render: off, ", "")
    run = _promoted(_repository(tmp_path, _SHARED | own, config=config), "staging", "--dry-run")
    assert _warned(run) == []
    repo = _repository(tmp_path / "shared", _SHARED, config=config)
    said = "this also changes production, without its pull request and its checks: "
    assert _warned(_promoted(repo, "staging", "--dry-run")) == [f"{said}{_BUILDS}"]
