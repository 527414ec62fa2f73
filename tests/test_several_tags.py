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


@pytest.mark.parametrize(
    "targets", thorough_after(1, [_MANIFESTS, ""]), ids=["manifests", "entry over a base"]
)
@pytest.mark.parametrize(
    ("first", "second"), thorough_after(1, [("2.0.0", "1.0.0"), ("1.0.0", "2.0.0")])
)
def test_no_place_of_an_image_goes_back_unasked(
    tmp_path: Path, first: str, second: str, targets: str
) -> None:
    repo = _repository(tmp_path, first, second, targets)
    done = _promoted(repo, "1.5.0")
    assert (done.code, done.json["action"]) == (3, "refused"), done.stdout
    assert "2.0.0, which is newer, beside 1.0.0" in done.json["refusals"][0]["reason"]
    allowed = _promoted(repo, "1.5.0", "--allow", "downgrade")
    assert allowed.json["action"] == "pushed", allowed.stdout


@pytest.mark.parametrize(
    "targets", thorough_after(1, [_MANIFESTS, ""]), ids=["manifests", "entry over a base"]
)
def test_each_tag_that_an_image_stands_at_is_told_with_its_place(
    tmp_path: Path, targets: str
) -> None:
    repo = _repository(tmp_path, "1.0.0", "0.9.0", targets)
    third = f"\n---\n{deployment('third', _IMAGE)}"
    repo.commit("main", "apps/web/second.yaml", repo.read("apps/web/second.yaml") + third)
    done = _promoted(repo, "1.1.0")
    assert done.json["action"] == "pushed", done.stdout
    (said,) = (one for one in done.json["warnings"] if "several tags" in one)
    assert "'1.0.0' (apps/web/first.yaml:10" in said
    assert "'0.9.0' (apps/web/second.yaml:10" in said
    assert ", no tag (apps/web/second.yaml:" in said


def test_what_one_place_has_already_is_not_told_as_what_it_was(tmp_path: Path) -> None:
    done = _promoted(_repository(tmp_path, "2.0.0", "1.0.0"), "2.0.0")
    assert done.json["action"] == "pushed", done.stdout
    assert done.json["images"][0]["from"] == "1.0.0"


def test_the_first_lines_show_each_tag_that_is_replaced(tmp_path: Path) -> None:
    repo = _repository(tmp_path, "2.0.0", "1.0.0")
    done = promote("--repo", str(repo.path), "--app", "web", "--tag", "3.0.0")
    first, second, *_ = done.stdout.splitlines()
    assert first.endswith("web to test, 2 tags -> 3.0.0")
    assert second == f"  {_IMAGE}: 2.0.0, 1.0.0 -> 3.0.0"


@pytest.mark.parametrize("targets", [_MANIFESTS, ""], ids=["manifests", "entry over a base"])
def test_status_shows_each_tag_that_an_image_stands_at(tmp_path: Path, targets: str) -> None:
    repo = _repository(tmp_path, "1.0.0", "0.9.0", targets)
    run = promote("status", "--repo", str(repo.path), "--no-registry")
    assert "1.0.0, 0.9.0" in run.stdout


def _with_prod(repo: Repository, *keys: str) -> tuple[str, ...]:
    """Give a repository an environment prod at 0.5.0; return the flags of a promotion from test."""
    prod = ", ".join(("path: 'prod/{app}'", "deliver: push", "checks: {exists: off}", *keys))
    text = repo.read("promoter.yaml").replace("apps:\n", f"  prod: {{{prod}}}\napps:\n")
    repo.commit("main", "promoter.yaml", text)
    for name in ("first", "second"):
        repo.commit("main", f"prod/web/{name}.yaml", deployment(name, f"{_IMAGE}:0.5.0"))
    where = ("--repo", str(repo.path), "--app", "web", "--env", "prod", "--output", "json")
    return (*where, "--from", "test")


def test_what_is_taken_of_several_tags_of_another_environment_is_told(tmp_path: Path) -> None:
    done = promote(*_with_prod(_repository(tmp_path, "2.0.0", "1.0.0")))
    assert done.json["action"] == "pushed", done.stdout
    assert done.json["images"][0]["to"] == "2.0.0"
    assert any(f"test has {_IMAGE} at 2.0.0, 1.0.0" in one for one in done.json["warnings"])
    (gate,) = (one for one in done.json["gates"] if one["gate"] == "previous-environment")
    assert gate["verdict"] == "warned"


@pytest.mark.parametrize(
    ("lags", "tag"), thorough_after(1, [("second", "2.0.0"), ("first", "1.0.0")])
)
def test_an_environment_that_has_a_tag_at_one_of_two_places_does_not_have_it_yet(
    tmp_path: Path, lags: str, tag: str
) -> None:
    repo = _repository(tmp_path, "2.0.0", "1.0.0")
    tagged = (*_with_prod(repo, "promotes-from: test")[:-2], "--tag", tag)
    done = promote(*tagged)
    (refusal,) = done.json["refusals"]
    other = "1.0.0" if tag == "2.0.0" else "2.0.0"
    assert (done.code, refusal["rule"]) == (3, "previous-environment")
    file = f"apps/web/{lags}.yaml"
    line = repo.read(file)[: repo.read(file).index(_IMAGE)].count("\n") + 1
    assert refusal["reason"] == (
        f"test does not have {_IMAGE}={tag} everywhere: {file}:{line} has {other}"
    )
    repo.commit("main", f"apps/web/{lags}.yaml", deployment(lags, f"{_IMAGE}:{tag}"))
    repo.commit("main", f"apps/web/{lags}.yaml", deployment(lags, f"{_IMAGE}:{other}"))
    # As a whole it has had it since.
    assert promote(*tagged).json["action"] == "pushed"


def test_a_tag_soaks_from_when_its_last_place_has_it(tmp_path: Path) -> None:
    repo = _repository(tmp_path, "1.0.0", "1.0.0")
    tagged = _with_prod(repo, "promotes-from: test", "soak: 2h")
    for name, hour in (("second", 10), ("first", 12)):
        text = deployment(name, f"{_IMAGE}:2.0.0")
        repo.commit("main", f"apps/web/{name}.yaml", text, date=f"2090-01-01T{hour}:00:00Z")
    early, late = (
        promote(*tagged, env={"PROMOTER_NOW": f"2090-01-01T{hour}:30:00Z"}) for hour in (13, 14)
    )
    (refusal,) = early.json["refusals"]
    assert refusal["reason"].endswith("has been in test for 1h30m of 2h")
    assert late.json["action"] == "pushed", late.stdout


def test_a_tag_in_a_manifest_that_an_entry_sets_anew_counts_as_none(tmp_path: Path) -> None:
    kinds = "targets: [{kind: kustomize}, {kind: manifest, file: first.yaml}]"
    repo = _repository(tmp_path, "2.0.0", "2.0.0", kinds)
    own = f"images: [{{name: {_IMAGE}, newTag: 1.0.0}}]\n"
    text = repo.read("apps/web/kustomization.yaml") + "\n" + own
    repo.commit("main", "apps/web/kustomization.yaml", text)
    run = promote("status", "--repo", str(repo.path), "--no-registry")
    assert "1.0.0" in run.stdout
    assert "2.0.0" not in run.stdout
    assert _promoted(repo, "1.5.0", "--allow", "dead-edit").json["action"] == "pushed"


def test_a_schedule_goes_on_where_one_place_of_several_has_the_tag_already(tmp_path: Path) -> None:
    repo = _following(_repository(tmp_path, "2.0.0", "1.0.0"), "2.0.0", "2.0.0")
    shown = promote("status", "--repo", str(repo.path), "--no-registry", "--output", "json")
    (row,) = (one for one in shown.json["apps"] if one["environment"] == "test")
    assert row["previous"]["relation"] == "different"
    (found,) = promote("auto", "--repo", str(repo.path), "--output", "json").json["results"]
    assert found["action"] == "pushed", found
    assert f"{_IMAGE}:2.0.0" in repo.read("apps/web/second.yaml")


def test_a_pull_shows_each_tag_of_an_environment_and_not_that_it_runs_all_of_it(
    tmp_path: Path,
) -> None:
    repo = _following(_repository(tmp_path, "1.0.0", "1.0.0"), "2.0.0", "1.0.0")
    repo.commit(
        "main", "promoter.yaml", repo.read("promoter.yaml").replace(": push", ": pull-request")
    )
    text = _promoted(repo, "2.0.0", "--env", "test").json["pull_request"]["body"]
    assert "| `2.0.0`, `1.0.0` |" in text, text
    assert "ran in" not in text


def _following(repo: Repository, first: str, second: str) -> Repository:
    """Give a repository an environment that the other one follows, with an image at two tags."""
    before, after = (
        "deliver: push}\n",
        "deliver: push, promotes-from: dev, checks: {exists: off}}\n",
    )
    config = repo.read("promoter.yaml").replace(before, f"{after}  dev: {{path: 'dev/{{app}}'}}\n")
    repo.commit("main", "promoter.yaml", config)
    for name, tag in (("first", first), ("second", second)):
        repo.commit("main", f"dev/web/{name}.yaml", deployment(name, f"{_IMAGE}:{tag}"))
    return repo
