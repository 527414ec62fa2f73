"""What is released: what the manifests name, what CI has passed, built by what the locks name."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from promoter import __version__
from tests.thorough import thorough_after

ROOT = Path(__file__).parent.parent
# Whatever installs the project, or builds it.
INSTALLERS = (
    "README.md", "Dockerfile", ".ci/steps.sh", ".github/workflows/release.yml",
    "config/workflows/dashboard.yml",
)  # fmt: skip
# `pip install .`, `pip wheel .`, of the folder itself.
_OF_THE_FOLDER = re.compile(r"pip\"? (?:install|wheel)(?: [^&\n|]*)? \.(?=\s|$)")


def _yaml(path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / path)
    return loaded


def test_the_manifests_name_the_image_of_this_version() -> None:
    (image,) = _yaml("config/kubernetes/kustomization.yaml")["images"]
    assert image["newTag"] == __version__


def test_nothing_is_released_that_has_not_passed_ci_or_is_tagged_otherwise() -> None:
    jobs = _yaml(".github/workflows/release.yml")["jobs"]
    assert jobs["ci"]["uses"].endswith("/.github/workflows/ci.yml")
    assert "workflow_call" in _yaml(".github/workflows/ci.yml")["on"]
    assert [
        name for name, job in jobs.items() if set(job.get("needs", ())) < {"ci", "version"}
    ] == [
        "ci",
        "version",
    ]


@pytest.mark.parametrize(
    ("tag", "code"),
    thorough_after(2, [(f"v{__version__}", 0), ("v9.9.9", 1), (__version__, 1)]),
)
def test_a_tag_that_is_not_the_version_is_not_released(tag: str, code: int, tmp_path: Path) -> None:
    (step,) = [
        one
        for one in _yaml(".github/workflows/release.yml")["jobs"]["version"]["steps"]
        if "run" in one
    ]
    (output := tmp_path / "output").touch()
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step["run"]], cwd=ROOT, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "GITHUB_REF_NAME": tag, "GITHUB_OUTPUT": str(output)},
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == code
    assert output.read_text() == (f"version={__version__}\n" if code == 0 else "")


@pytest.mark.parametrize("name", INSTALLERS)
def test_what_builds_the_package_comes_from_a_lock(name: str) -> None:
    builds = _OF_THE_FOLDER.findall((ROOT / name).read_text(encoding="utf-8"))
    assert builds
    assert all("--no-build-isolation" in one for one in builds)


def test_every_lock_has_a_hash_for_each_package_and_those_that_build_agree() -> None:
    locks = (
        "requirements.lock", ".github/build.lock", "tests/requirements.lock",
        "tests/requirements-dev.lock",
    )  # fmt: skip
    versions: dict[str, dict[str, str]] = {}
    for name in locks:
        text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", "")
        for line in text.splitlines():
            package = re.match(r"([a-z0-9.-]+)==([^ ;]+)", line)
            assert package, line
            assert "--hash=sha256:" in line, line
            versions.setdefault(name, {})[package[1]] = package[2]
    build = versions[".github/build.lock"]
    assert build.items() <= versions["tests/requirements.lock"].items()
    assert build.items() <= versions["tests/requirements-dev.lock"].items()
    with (ROOT / "pyproject.toml").open("rb") as file:
        required = tomllib.load(file)["build-system"]["requires"]
    assert {re.split(r"[<>=~]", one)[0] for one in required} <= build.keys()
