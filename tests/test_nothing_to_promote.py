"""Nothing to promote yet: what a schedule and `--from` say where two environments share no image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.many_apps import with_files
from tests.thorough import thorough_after
from tests.world import promote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.world import Repository, Run

CONFIGURATION = """\
environments:
  stage: {path: "stages/stage/{app}", deliver: push, render: off, checks: {exists: off}}
  prod:
    path: stages/prod/{app}
    deliver: push
    render: off
    promotes-from: stage
    checks: {exists: off}
default-environment: prod
"""
LISTED = CONFIGURATION + "apps: {web: {images: [ghcr.io/o/web]}}\n"
MANIFEST = CONFIGURATION + "targets: [{kind: manifest, file: web.yaml}]\n"
STAGE, PROD = (f"stages/{name}/web/kustomization.yaml" for name in ("stage", "prod"))
EMPTY = "resources: []\n"


def entry(name: str, *more: str) -> str:
    """Return a kustomization with one entry."""
    fields = "".join(f"  {one}\n" for one in more)
    return f"images:\n- name: {name}\n{fields}"


def pod(image: str) -> str:
    """Return a manifest with one container."""
    return f"kind: Pod\nspec:\n  containers:\n  - name: web\n    image: {image}\n"


def run(repo: Repository, *arguments: str) -> Run:
    return promote(*arguments, "--repo", str(repo.path), "--output", "json")


# The files, what `auto` warns of, and what `--from` ends with.
NOTHING_YET: Mapping[str, tuple[Mapping[str, str], str, str]] = {
    "no image in either": (
        {"promoter.yaml": CONFIGURATION, STAGE: EMPTY, PROD: EMPTY},
        "",
        "neither stage nor prod sets an image of web",
    ),
    "an image that the base alone sets": (
        {"promoter.yaml": LISTED, STAGE: EMPTY, PROD: EMPTY},
        "",
        "neither stage nor prod sets an image of web",
    ),
    "no image in the previous environment": (
        {
            "promoter.yaml": LISTED,
            STAGE: EMPTY,
            PROD: entry("ghcr.io/o/web", "newTag: 1.0.0"),
        },
        "stage sets no image of web yet",
        "stage sets no image of web yet",
    ),
    "another app's image alone in the previous environment": (
        {
            "promoter.yaml": LISTED,
            STAGE: entry("ghcr.io/o/other", "newTag: 1.0.0"),
            PROD: entry("ghcr.io/o/web", "newTag: 1.0.0"),
        },
        "stage sets no image of web yet",
        "stage sets no image of web yet",
    ),
    "no image in the environment itself yet": (
        {"promoter.yaml": CONFIGURATION, STAGE: entry("o/web", "newTag: 1.0.0"), PROD: EMPTY},
        "prod sets no image of web yet, and stage sets o/web",
        "prod sets no image of web yet, and stage sets o/web",
    ),
    "the same image without a tag": (
        {
            "promoter.yaml": MANIFEST,
            "stages/stage/web/web.yaml": pod("registry.example.org/ubi8/ubi"),
            "stages/prod/web/web.yaml": pod("registry.example.org/ubi8/ubi"),
        },
        "stage sets no tag of registry.example.org/ubi8/ubi yet",
        "stage sets no tag of registry.example.org/ubi8/ubi yet",
    ),
    "built from the previous environment": (
        {
            "promoter.yaml": CONFIGURATION,
            STAGE: entry("o/web", "newTag: 1.0.0"),
            PROD: "resources: [../../stage/web]\n",
        },
        "prod is built from stages/stage/web, the kustomization of stage, and has what that has",
        "prod is built from stages/stage/web, the kustomization of stage, and has what that has",
    ),
}


@pytest.mark.parametrize("case", thorough_after(2, NOTHING_YET))
def test_a_schedule_with_nothing_to_promote_yet_ends_well_and_says_why(
    tmp_path: Path, case: str
) -> None:
    files, warning, reason = NOTHING_YET[case]
    repo = with_files(tmp_path / "r.git", files)
    auto = run(repo, "auto")
    assert auto.code == 0, auto.stdout
    (result,) = auto.json["results"]
    assert (result["action"], result["warnings"]) == ("unchanged", [warning] if warning else [])
    assert reason in run(repo, "auto", "-v").stderr
    asked = run(repo, "--app", "web", "--from")
    assert (asked.code, asked.json["error"]["message"]) == (4, reason)
    assert asked.json["error"]["file"] in {None, *files}
    assert "--image sets" not in asked.json["error"]["hint"]
    status = run(repo, "status", "--env", "prod", "--no-registry").json["apps"]
    assert [one["previous"]["relation"] for one in status] == ["unknown"]


def test_two_environments_that_share_no_image_are_an_error_with_the_images_of_both(
    tmp_path: Path,
) -> None:
    files = {
        "promoter.yaml": MANIFEST,
        "stages/stage/web/web.yaml": pod("o/old:1.0.0"),
        "stages/prod/web/web.yaml": pod("o/new:1.0.0"),
    }
    repo = with_files(tmp_path / "r.git", files)
    for result in (run(repo, "auto").json["results"][0], run(repo, "--app", "web", "--from").json):
        assert result["exit_code"] == 4
        error = result["error"]
        assert "stage has o/old, and prod has o/new" in error["message"]
        assert error["file"] == "stages/stage/web/web.yaml"


def test_a_tag_is_not_carried_to_another_repositorys_image(tmp_path: Path) -> None:
    files = {
        "promoter.yaml": LISTED,
        STAGE: entry("ghcr.io/o/web", "newName: quay.io/o/web", "newTag: 81c0813"),
        PROD: EMPTY,
    }
    repo = with_files(tmp_path / "r.git", files)
    for result in (run(repo, "auto").json["results"][0], run(repo, "--app", "web", "--from").json):
        assert result["exit_code"] == 3
        (refusal,) = result["refusals"]
        assert "stage runs quay.io/o/web in place of ghcr.io/o/web" in refusal["reason"]
        assert "newName: quay.io/o/web" in refusal["hint"]
    tagged = run(repo, "--app", "web", "--tag", "81c0813", "--allow", "dead-edit")
    assert [one["rule"] for one in tagged.json["refusals"]] == ["previous-environment"]
    # With a repository of its own, prod says what it pulls: that it is another one is said.
    repo.commit("main", PROD, entry("ghcr.io/o/web", "newName: prod.example.org/web"))
    done = run(repo, "--app", "web", "--from", "--allow", "dead-edit")
    assert done.code == 0, done.stdout
    gate = next(one for one in done.json["gates"] if one["gate"] == "previous-environment")
    assert gate["detail"] == (
        "stage runs this tag of quay.io/o/web; prod pulls it from prod.example.org/web"
    )


def test_a_tag_that_a_base_sets_is_followed(tmp_path: Path) -> None:
    files = {
        "promoter.yaml": LISTED,
        STAGE: "resources: [../../../base]\n",
        PROD: "resources: [../../../base]\n" + entry("ghcr.io/o/web", "newTag: 1.0.0"),
        "base/kustomization.yaml": "resources: [pod.yaml]\n",
        "base/pod.yaml": pod("ghcr.io/o/web:1.1.0"),
    }
    repo = with_files(tmp_path / "r.git", files)
    asked = run(repo, "--app", "web", "--from", "--dry-run")
    assert asked.code == 0, asked.stdout
    assert [(one["from"], one["to"]) for one in asked.json["images"]] == [("1.0.0", "1.1.0")]
    gate = next(one for one in asked.json["gates"] if one["gate"] == "previous-environment")
    assert gate["detail"] == "stage runs what is promoted"
    (result,) = run(repo, "auto").json["results"]
    assert (result["action"], result["images"][0]["to"]) == ("pushed", "1.1.0")
    assert run(repo, "auto").json["results"][0]["action"] == "unchanged"
    # Where prod leaves it to the same base, it has the tag already, and gets no entry.
    repo.commit("main", PROD, files[STAGE])
    (result,) = run(repo, "auto").json["results"]
    assert (result["action"], result["warnings"]) == ("unchanged", [])
    asked = run(repo, "--app", "web", "--from")
    said = "prod has what stage has: base/pod.yaml:5 sets ghcr.io/o/web"
    assert (asked.code, asked.json["error"]["message"]) == (4, said)


def test_an_entry_that_changes_the_name_alone_has_the_tag_of_its_base(tmp_path: Path) -> None:
    own = "resources: [../../../base]\n" + entry("ghcr.io/o/web", "newName: eu.example.org/web")
    files = {
        "promoter.yaml": CONFIGURATION.replace("    deliver: push\n", ""),
        STAGE: own,
        PROD: own + "  newTag: 1.0.0\n",
        "base/kustomization.yaml": "resources: [pod.yaml]\n",
        "base/pod.yaml": pod("ghcr.io/o/web:1.1.0"),
    }
    repo = with_files(tmp_path / "r.git", files)
    status = run(repo, "status", "--no-registry").json["apps"]
    assert [one["images"][0]["tag"] for one in status] == ["1.1.0", "1.0.0"]
    asked = run(repo, "--app", "web", "--from")
    assert (asked.code, asked.json["images"][0]["to"]) == (0, "1.1.0"), asked.stdout
    gate = next(one for one in asked.json["gates"] if one["gate"] == "previous-environment")
    assert gate["detail"] == "stage runs what is promoted"
    assert "| runs | `1.1.0` | `1.0.0` → `1.1.0` |" in asked.json["pull_request"]["body"]


def test_a_tag_that_a_base_sets_soaks_from_when_the_base_has_it(tmp_path: Path) -> None:
    text = LISTED.replace("promotes-from: stage", "promotes-from: stage\n    soak: 2h")
    base = "base/pod.yaml"
    files = {
        "promoter.yaml": text,
        STAGE: "resources: [../../../base]\n",
        PROD: "resources: [../../../base]\n" + entry("ghcr.io/o/web", "newTag: 1.0.0"),
        "base/kustomization.yaml": "resources: [pod.yaml]\n",
        base: pod("ghcr.io/o/web:1.0.0"),
    }
    repo = with_files(tmp_path / "r.git", files)
    repo.commit("main", base, pod("ghcr.io/o/web:1.1.0"), date="2090-01-01T10:00:00Z")
    early, late = (
        promote(
            "--app", "web", "--from", "--repo", str(repo.path), "--output", "json", "--dry-run",
            env={"PROMOTER_NOW": f"2090-01-01T{hour}:30:00Z"},
        )
        for hour in (11, 12)
    )  # fmt: skip
    assert [one["reason"] for one in early.json["refusals"]] == [
        "ghcr.io/o/web=1.1.0 has been in stage for 1h30m of 2h"
    ]
    assert late.code == 0, late.stdout


def test_an_image_that_only_the_configuration_asks_for_is_refused_by_its_key(
    tmp_path: Path,
) -> None:
    files = {
        "promoter.yaml": LISTED,
        STAGE: entry("ghcr.io/o/web", "newTag: 1.0.0"),
        PROD: "resources: [pod.yaml]\n",
        "stages/prod/web/pod.yaml": pod("ghcr.io/o/other:1.0.0"),
    }
    repo = with_files(tmp_path / "r.git", files)
    for result in (run(repo, "auto").json["results"][0], run(repo, "--app", "web", "--from").json):
        (refusal,) = result["refusals"]
        assert refusal["reason"] == "no container of web in prod uses the image ghcr.io/o/web"
        assert (refusal["file"], refusal["line"]) == ("promoter.yaml", 10)
    given = run(repo, "--app", "web", "--image", "ghcr.io/o/web=1.0.0").json["refusals"][0]
    assert given["reason"].startswith("--image: no container of web in prod")


def test_a_policy_chooses_nothing_for_an_app_that_nobody_lists_and_that_has_no_image(
    tmp_path: Path,
) -> None:
    text = CONFIGURATION.replace("promotes-from: stage", 'policy: {semver: "*"}')
    repo = with_files(tmp_path / "r.git", {"promoter.yaml": text, PROD: EMPTY})
    auto = run(repo, "auto", "-v")
    assert (auto.code, auto.json["results"][0]["action"]) == (0, "unchanged")
    assert "web in prod: nothing to promote: its files set no image" in auto.stderr
    # Of one that is asked for by name, it has to be known which image it has.
    assert run(repo, "auto", "--app", "web").code == 4


def test_apps_whose_image_nothing_names_are_told_with_the_line_to_write(tmp_path: Path) -> None:
    text = (
        'environments: {dev: {path: "{app}", policy: {semver: "*"}}}\n'
        "targets: [{kind: yaml-path, file: values-dev.yaml, tag: image.tag}]\n"
    )
    values = {f"{app}/values-dev.yaml": "image: {tag: 1.0.0}\n" for app in ("a", "b")}
    repo = with_files(tmp_path / "r.git", {"promoter.yaml": text, **values})
    said = (
        "no image is known of a in dev and 1 more: promoter.yaml:2:11: nothing says of which image "
        "the tag at a/values-dev.yaml:1:14 is. Write it in the target"
    )
    for command in ("status", "auto"):
        result = run(repo, command)
        assert (result.code, said in result.stderr) == (0, True), result.stderr
