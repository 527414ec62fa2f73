"""One image that stands at several tags: each of them is compared with the new one, and told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.graph_files import deployment
from tests.many_apps import with_files
from tests.thorough import thorough_after
from tests.world import promote

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command import Run
    from tests.world import Repository

_IMAGE = "ghcr.io/o/web"
_MANIFESTS = "targets: [{kind: manifest, file: first.yaml}, {kind: manifest, file: second.yaml}]"


def _repository(path: Path, first: str, second: str, targets: str = _MANIFESTS) -> Repository:
    """Make a repository whose app runs one image in two workloads, each at its own tag."""
    listed = "resources: [first.yaml, second.yaml]\n"
    return with_files(
        path / "r.git",
        {
            "promoter.yaml": "environments:\n  test: {path: 'apps/{app}', deliver: push}\n"
            f"apps:\n  web:\n    images: [{_IMAGE}]\n    {targets}\n",
            "apps/web/kustomization.yaml": listed,
            "apps/web/first.yaml": deployment("first", f"{_IMAGE}:{first}"),
            "apps/web/second.yaml": deployment("second", f"{_IMAGE}:{second}"),
        },
    )


def _promoted(repo: Repository, tag: str, *more: str) -> Run:
    flags = ("--repo", str(repo.path), "--app", "web", "--tag", tag, "--output", "json")
    return promote(*flags, *more)


@pytest.mark.parametrize("targets", [_MANIFESTS, ""], ids=["manifests", "entry over a base"])
@pytest.mark.parametrize(
    ("first", "second"), thorough_after(1, [("2.0.0", "1.0.0"), ("1.0.0", "2.0.0")])
)
def test_no_place_of_an_image_goes_back_unasked(
    tmp_path: Path, first: str, second: str, targets: str
) -> None:
    repo = _repository(tmp_path, first, second, targets)
    done = _promoted(repo, "1.5.0")
    assert (done.code, done.json["action"]) == (0, "superseded"), done.stdout
    assert "2.0.0" in done.json["warnings"][0]
    allowed = _promoted(repo, "1.5.0", "--allow", "downgrade")
    assert allowed.json["action"] == "pushed", allowed.stdout


@pytest.mark.parametrize("targets", [_MANIFESTS, ""], ids=["manifests", "entry over a base"])
def test_each_tag_that_an_image_stands_at_is_told_with_its_place(
    tmp_path: Path, targets: str
) -> None:
    repo = _repository(tmp_path, "1.0.0", "0.9.0", targets)
    done = _promoted(repo, "1.1.0")
    assert done.json["action"] == "pushed", done.stdout
    (said,) = (one for one in done.json["warnings"] if "several tags" in one)
    assert "'1.0.0' (apps/web/first.yaml:10" in said
    assert "'0.9.0' (apps/web/second.yaml:10" in said


def test_what_one_place_has_already_is_not_told_as_what_it_was(tmp_path: Path) -> None:
    done = _promoted(_repository(tmp_path, "2.0.0", "1.0.0"), "2.0.0")
    assert done.json["action"] == "pushed", done.stdout
    assert done.json["images"][0]["from"] == "1.0.0"
