"""What it asks of GitHub to find the apps of files: as many requests for forty apps as for five."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.many_apps import with_files
from tests.servers import git_http
from tests.servers.github import GitHub
from tests.thorough import thorough_after
from tests.world import promote

if TYPE_CHECKING:
    from pathlib import Path

_ENVIRONMENTS = """\
environments:
  stage: {{path: "{path}", checks: {{exists: off}}}}
  prod: {{path: "{path}", promotes-from: stage, checks: {{exists: off}}}}
"""
_TARGET = '[{{kind: yaml-path, file: "{file}", tag: image.tag, image: "ghcr.io/o/{{app}}"}}]'
# The folder of an app, and the file of its tag from there.
LAYOUTS = {
    "values side by side": ("applications/{app}", "values-{environment}.yaml"),
    "values from the root": (
        "environments/{environment}/{app}",
        "/charts/{app}/{environment}.yaml",
    ),
    "values of listed apps": ("clusters/{environment}", "/all/of/{app}/{environment}/values.yaml"),
}


def requests(path: Path, layout: str, count: int) -> Counter[str]:
    """Return the requests, by their kinds, of a schedule that finds nothing to do for some apps."""
    folder, file = LAYOUTS[layout]
    apps = [f"app-{number}" for number in range(count)]
    text = _ENVIRONMENTS.format(path=folder)
    if layout == "values of listed apps":
        listed = (_TARGET.format(file=file).replace("{app}", app) for app in apps)
        text += "apps:\n" + "".join(
            f"  {app}: {{targets: {one}}}\n" for app, one in zip(apps, listed, strict=True)
        )
    else:
        text += f"targets: {_TARGET.format(file=file)}\n"
    files = {"promoter.yaml": text}
    for app in apps:
        for name in ("stage", "prod"):
            own = file.replace("{app}", app).replace("{environment}", name)
            above = folder.replace("{app}", app)
            files[own[1:] if own.startswith("/") else f"{above}/{own}"] = "image: {tag: 1.4.1}\n"
    github = GitHub(path)
    with_files(github.repository, files)
    git_http.configure(github.repository)
    with github:
        done = promote(
            "auto", "--repo", github.url, "--transport", "api", "--output", "json",
            env={"GITHUB_TOKEN": "good-token"},
        )  # fmt: skip
    assert done.code == 0, done.stderr
    assert Counter(one["action"] for one in done.json["results"]) == {"unchanged": count}
    return Counter(one.path.partition("?")[0].rpartition("/")[0] for one in github.seen)


@pytest.mark.parametrize("layout", thorough_after(1, LAYOUTS))
def test_apps_of_files_are_found_by_as_few_requests_however_many_there_are(
    tmp_path: Path, layout: str
) -> None:
    few, many = (requests(tmp_path / str(count), layout, count) for count in (5, 40))
    assert many.total() <= few.total() + 1, (few, many)
    assert many.total() <= 6, many


def test_by_git_the_default_values_of_all_apps_are_fetched_together(tmp_path: Path) -> None:
    text = (
        "environments:\n  dev: {path: 'charts/{app}'}\n  stage: {path: 'charts/{app}'}\n"
        "  prod: {path: 'charts/{app}', promotes-from: stage, checks: {exists: off}}\n"
        "targets: [{kind: yaml-path, file: 'values-{environment}.yaml', tag: image.tag}]\n"
    )
    files = {"promoter.yaml": text}
    for number in range(10):
        folder = f"charts/app-{number}"
        files[f"{folder}/values.yaml"] = f"image: {{repository: example.org/app-{number}}}\n"
        files |= {f"{folder}/templates/{name}.yaml": f"# {number}\n" for name in range(8)}
        for tag, name in enumerate(("dev", "prod", "stage")):
            files[f"{folder}/values-{name}.yaml"] = f"image: {{tag: 1.{tag}.{number}}}\n"
    github = GitHub(tmp_path)
    with_files(github.repository, files)
    git_http.configure(github.repository)
    with github:
        done = promote(
            "auto", "--repo", github.url, "--dry-run", "--output", "json",
            env={"GITHUB_TOKEN": "good-token"},
        )  # fmt: skip
    assert [one["action"] for one in done.json["results"]] == ["planned"] * 10
    assert sum("git-upload-pack" in one.path for one in github.seen) <= 8
