"""Apps whose tags live in files of Helm or Flux: every command sees those that a promotion sees."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest
from pydantic import TypeAdapter

from promoter.config.apps import not_there
from promoter.config.config import parse
from promoter.domain.errors import NoPlaceError
from promoter.domain.trees import FilesTree
from promoter.edits.held_images import check_places
from promoter.edits.targets import EditTarget
from tests.many_apps import with_files
from tests.thorough import thorough_after
from tests.world import promote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.world import Repository, Run

OFF = "checks: {exists: off}"
POD = "kind: Pod\nmetadata: {name: api}\nspec: {containers: [{name: api, image: 'api:1'}]}\n"


def helm(repository: str, tag: str) -> str:
    """Return Helm values with one image."""
    return f"image:\n  repository: {repository}\n  tag: {tag}\n"


def run(repo: Repository, *arguments: str) -> Run:
    """Run promote over a repository, for JSON."""
    return promote(*arguments, "--repo", str(repo.path), "--output", "json")


def shown(repo: Repository) -> dict[tuple[str, str], list[str | None]]:
    """Return the tags of each app in each environment, as `promote status` shows them."""
    status = run(repo, "status", "--no-registry")
    assert status.code == 0, status.stderr
    return {
        (one["app"], one["environment"]): [image["tag"] for image in one["images"]]
        for one in status.json["apps"]
    }


# Where the tag of app web is: promoter.yaml, and the file's name and its contents at a tag.
LAYOUTS = {
    "a folder with values and no kustomization": (
        "environments:\n"
        '  prod: {path: "apps/{app}", deliver: push, checks: {exists: off}, policy: {semver: "*"}}\n'
        "targets: [{kind: yaml-path, file: values.yaml, tag: image.tag,"
        " repository: image.repository}]\n",
        "apps/web/values.yaml",
    ),
    "a file that is called like the app": (
        "environments:\n"
        '  prod: {path: "kubernetes/{app}", deliver: push, checks: {exists: off}}\n'
        'targets: [{kind: yaml-path, file: "{app}.yaml", tag: image.tag,'
        " repository: image.repository}]\n",
        "kubernetes/web/web.yaml",
    ),
    "a file from the root in a folder of the app": (
        "environments:\n"
        '  prod: {path: "environments/prod/{app}", deliver: push, checks: {exists: off}}\n'
        'targets: [{kind: yaml-path, file: "/charts/{app}/values-{environment}.yaml",'
        " tag: image.tag, repository: image.repository}]\n",
        "charts/web/values-prod.yaml",
    ),
    "a file from the root of an app that is listed, whose folder does not exist": (
        "environments:\n"
        '  prod: {path: "environments/prod/{app}", deliver: push, checks: {exists: off}}\n'
        "apps:\n  web:\n    targets: [{kind: yaml-path, file: /all/web.yaml, tag: image.tag,"
        " image: ghcr.io/o/web}]\n",
        "all/web.yaml",
    ),
    "one folder for all apps that are listed": (
        "environments:\n"
        "  prod: {path: clusters/prod, deliver: push, checks: {exists: off}}\n"
        'targets: [{kind: yaml-path, file: "{app}.yaml", tag: image.tag,'
        " repository: image.repository}]\n"
        "apps: {web: {}, not-there-yet: {}}\n",
        "clusters/prod/web.yaml",
    ),
    "an image that the app alone names": (
        "environments:\n"
        '  prod: {path: "env/{app}", deliver: push, checks: {exists: off}}\n'
        "targets: [{kind: yaml-path, file: values.yaml, tag: image.tag}]\n"
        "apps: {web: {images: [ghcr.io/o/web]}}\n",
        "env/web/values.yaml",
    ),
}


# The layouts differ by where the file is; what finds it is tested for each of them by itself.
@pytest.mark.parametrize("layout", thorough_after(1, LAYOUTS))
def test_what_promote_promotes_is_shown_and_rolled_back(tmp_path: Path, layout: str) -> None:
    configuration, file = LAYOUTS[layout]
    values = helm("ghcr.io/o/web", "1.4.1")
    if "the app alone" in layout:
        values = "image:\n  tag: 1.4.1\n"
    repo = with_files(tmp_path / "r.git", {"promoter.yaml": configuration, file: values})
    assert shown(repo) == {("web", "prod"): ["1.4.1"]}
    done = run(repo, "--app", "web", "--tag", "1.4.2")
    assert (done.code, done.json["action"]) == (0, "pushed"), done.stdout
    assert shown(repo) == {("web", "prod"): ["1.4.2"]}
    history = run(repo, "history", "--app", "web")
    assert history.code == 0, history.stderr
    newest = history.json["entries"][0]
    assert (newest["kind"], newest["images"][0]["to"]) == ("promotion", "1.4.2")
    back = run(repo, "rollback", "--app", "web", "--reason", "slow")
    assert (back.code, back.json["action"]) == (0, "pushed"), back.stdout
    assert repo.read(file) == values.rstrip("\n")


SIDE_BY_SIDE = (
    "environments:\n"
    '  stage: {path: "applications/{app}", deliver: push, checks: {exists: off}}\n'
    '  prod: {path: "applications/{app}", promotes-from: stage, deliver: push,'
    " checks: {exists: off}}\n"
    'targets: [{kind: yaml-path, file: "values-{environment}.yaml", tag: image.tag,'
    ' image: "ghcr.io/o/{app}"}]\n'
)


@pytest.fixture
def charts(tmp_path: Path) -> Repository:
    """Return a repository of charts with the values of each environment side by side."""
    files = {
        "promoter.yaml": SIDE_BY_SIDE,
        "applications/web/values-stage.yaml": "image: {tag: 1.4.2}\n",
        "applications/web/values-prod.yaml": "image: {tag: 1.4.1}\n",
        "applications/new/values-stage.yaml": "image: {tag: 0.1.0}\n",
        "applications/readme/README.md": "No app.\n",
    }
    return with_files(tmp_path / "charts.git", files)


def test_values_of_environments_side_by_side_are_apps_of_those_that_have_a_file(
    charts: Repository,
) -> None:
    assert shown(charts) == {
        ("new", "stage"): ["0.1.0"],
        ("web", "stage"): ["1.4.2"],
        ("web", "prod"): ["1.4.1"],
    }


def test_a_schedule_follows_values_side_by_side_and_passes_over_what_is_not_there_yet(
    charts: Repository,
) -> None:
    auto = run(charts, "auto")
    assert auto.code == 0, auto.stdout
    assert [(one["app"], one["action"]) for one in auto.json["results"]] == [("web", "pushed")]
    assert charts.read("applications/web/values-prod.yaml") == "image: {tag: 1.4.2}"
    again = run(charts, "auto")
    assert [one["action"] for one in again.json["results"]] == ["unchanged"]


def test_a_pull_request_of_values_shows_what_each_environment_runs(charts: Repository) -> None:
    text = charts.read("promoter.yaml").replace(
        "promotes-from: stage, deliver: push", "promotes-from: stage"
    )
    charts.commit("main", "promoter.yaml", f"{text}\n")
    asked = run(charts, "--app", "web", "--env", "prod", "--from")
    assert (asked.code, asked.json["action"]) == (0, "created"), asked.stdout
    body = asked.json["pull_request"]["body"]
    assert "Environments" in body
    table = body.partition("Environments")[2]
    assert all(one in table for one in ("stage", "prod", "1.4.1", "1.4.2"))


def test_values_that_are_changed_in_a_clone_alone_are_warned_of(
    charts: Repository, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    charts.git("clone", "--quiet", str(charts.path), str(clone))
    values = clone / "applications/web/values-stage.yaml"
    values.write_text("image: {tag: 1.4.3}\n", encoding="utf-8")
    asked = promote(
        "--app", "web", "--env", "prod", "--from", "--dry-run",
        "--repo", str(clone), "--output", "json",
    )  # fmt: skip
    assert asked.code == 0, asked.stderr
    assert [image["to"] for image in asked.json["images"]] == ["1.4.2"]
    assert any(
        "values-stage.yaml is not what the base has" in one for one in asked.json["warnings"]
    )


@pytest.mark.parametrize(
    "name", thorough_after(2, ["two words", "-rf", "a..b", "web.lock", "{environment}", "\u00fc"])
)
def test_a_folder_that_is_called_as_no_app_can_be_stops_no_other_app(
    tmp_path: Path, name: str
) -> None:
    files = {"promoter.yaml": SIDE_BY_SIDE}
    for app in ("web", name):
        files[f"applications/{app}/values-stage.yaml"] = "image: {tag: 1.4.2}\n"
        files[f"applications/{app}/values-prod.yaml"] = "image: {tag: 1.4.1}\n"
    auto = run(with_files(tmp_path / "r.git", files), "auto")
    assert auto.code == 0, auto.stdout
    assert [(one["app"], one["action"]) for one in auto.json["results"]] == [("web", "pushed")]


@pytest.mark.parametrize("words", [("history",), ("auto",), ("rollback", "--reason", "slow")])
def test_an_app_that_is_not_in_an_environment_is_named_with_the_file_that_it_would_have(
    charts: Repository, words: tuple[str, ...]
) -> None:
    done = run(charts, *words, "--app", "new", "--env", "prod")
    assert done.code == 4
    assert "applications/new/values-prod.yaml" in done.stderr


def test_one_place_for_two_environments_is_refused_by_the_app_and_the_file(tmp_path: Path) -> None:
    text = SIDE_BY_SIDE + (
        "apps:\n  web: {}\n  chart:\n"
        "    targets: [{kind: yaml-path, file: Chart.yaml, tag: appVersion, image: ghcr.io/o/c}]\n"
    )
    repo = with_files(tmp_path / "r.git", {"promoter.yaml": text})
    refused = run(repo, "status")
    assert refused.code == 2
    error = refused.json["error"]
    assert error["message"].startswith(
        "apps.chart.targets: applications/chart/Chart.yaml holds the tags of stage and prod alike"
    )
    assert "would change stage" in error["message"]
    assert "{environment}" in error["hint"]
    assert (error["file"], error["line"]) == ("promoter.yaml", 8)


# Without an app that is there: what was looked for, and where.
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("status",), 4, ("no app is in any environment", "apps/{app}/values.yml")),
        (("history",), 4, ("no app is in any environment", "apps/{app}/values.yml")),
        (("auto",), 4, ("no app is in prod", "apps/{app}/values.yml")),
        (("status", "--app", "web"), 4, ("there is no app 'web'",)),
    ],
)
def test_where_no_app_is_found_it_is_said_what_was_looked_for(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: tuple[str, ...]
) -> None:
    text, file = LAYOUTS["a folder with values and no kustomization"]
    text = text.replace("values.yaml", "values.yml")
    files: Mapping[str, str] = {"promoter.yaml": text, file: helm("ghcr.io/o/web", "1.4.1")}
    done = run(with_files(tmp_path / "r.git", files), *arguments)
    assert done.code == code, done.stdout
    assert all(one in done.stderr for one in said), done.stderr


def test_an_app_that_is_listed_and_in_no_environment_is_named(tmp_path: Path) -> None:
    text, file = LAYOUTS["one folder for all apps that are listed"]
    repo = with_files(
        tmp_path / "r.git", {"promoter.yaml": text, file: helm("ghcr.io/o/web", "1.4.1")}
    )
    status = run(repo, "status", "--no-registry")
    assert status.json["warnings"] == [
        "not-there-yet is not in any environment: there is no clusters/prod/not-there-yet.yaml"
    ]
    history = run(repo, "history", "--app", "not-there-yet")
    assert history.code == 4
    assert history.json["error"]["message"] in status.json["warnings"]


def test_of_listed_apps_that_are_nowhere_the_first_are_named_with_the_number_of_the_others() -> (
    None
):
    apps = ", ".join(f"app-{number}: {{}}" for number in range(5))
    text = f"environments: {{dev: {{path: 'dev/{{app}}'}}}}\napps: {{{apps}}}\n"
    error = not_there(parse(text.encode(), "promoter.yaml"), (), ())
    assert error.message == (
        "app-0, app-1, app-2 and 2 more are not in any environment: there is no "
        "dev/app-0/kustomization.yaml and no dev/app-1/kustomization.yaml and no "
        "dev/app-2/kustomization.yaml (and 2 more)"
    )


def test_an_app_is_named_that_is_gone_from_an_environment_in_which_it_is_listed(
    tmp_path: Path,
) -> None:
    text = (
        'environments: {dev: {path: "dev/{app}"}, prod: {path: "prod/{app}"}}\n'
        "apps: {web: {}, api: {environments: {prod: {path: elsewhere}}}}\n"
    )
    files = {
        "promoter.yaml": text,
        "dev/web/kustomization.yaml": "",
        "dev/api/kustomization.yaml": "",
    }
    repo = with_files(tmp_path / "r.git", files)
    status = run(repo, "status", "--no-registry")
    gone = "api is not in prod: there is no elsewhere/kustomization.yaml"
    assert status.json["warnings"] == [gone]
    asked = run(repo, "status", "--app", "web", "--app", "api", "--env", "dev", "--env", "prod")
    web = "web is not in prod: there is no prod/web/kustomization.yaml"
    assert asked.json["warnings"] == [web, gone]


def test_a_listed_app_that_no_known_layout_has_keeps_no_other_from_being_shown(
    tmp_path: Path,
) -> None:
    files = {
        "promoter.yaml": "apps: {web: {}, gone: {}}\n",
        "clusters/prod/apps/web/kustomization.yaml": "resources: []\n",
    }
    repo = with_files(tmp_path / "r.git", files)
    status = run(repo, "status", "--no-registry")
    assert [one["app"] for one in status.json["apps"]] == ["web"]
    assert "gone is not in any environment: there is no clusters/" in status.json["warnings"][0]
    asked = run(repo, "--app", "gone", "--tag", "1.0.0")
    assert (asked.code, asked.json["error"]["message"]) == (4, status.json["warnings"][0])


def test_a_target_that_names_its_image_is_not_shown_with_anothers_tag(tmp_path: Path) -> None:
    manifest = (
        "kind: Pod\nspec:\n  containers:\n  - {name: cart, image: cartservice}\n"
        "  - {name: redis, image: 'redis:alpine'}\n"
    )
    text = (
        "environments: {prod: {path: manifests}}\n"
        "apps:\n  cart: {targets: [{kind: manifest, file: cart.yaml, image: cartservice}]}\n"
        "  none: {targets: [{kind: manifest, file: cart.yaml}], images: [elsewhere]}\n"
    )
    files = {"promoter.yaml": text, "manifests/cart.yaml": manifest}
    status = run(with_files(tmp_path / "r.git", files), "status", "--no-registry").json["apps"]
    cart, none = status
    assert cart["images"] == [{"name": "cartservice", "tag": None, "digest": None}]
    # Without an image, nothing runs since any time.
    assert (none["images"], none["since"]) == ([], None)


def test_a_folder_that_nobody_lists_is_left_out_by_a_schedule_where_its_file_has_no_place_of_a_tag(
    charts: Repository,
) -> None:
    text = charts.read("promoter.yaml").replace(', image: "ghcr.io/o/{app}"', "")
    charts.commit("main", "promoter.yaml", f"{text}\n")
    charts.commit("main", "applications/new/values-prod.yaml", "replicas: 1\n")
    left_out = run(charts, "auto")
    assert left_out.code == 0, left_out.stdout
    assert [one["app"] for one in left_out.json["results"]] == ["web"]
    assert (
        "new in prod is left out: applications/new/values-prod.yaml:1:1: image.tag leads nowhere: "
        "there is no image. List the apps under apps in promoter.yaml to say which there are"
    ) in left_out.stderr
    asked = run(charts, "auto", "--app", "new", "--env", "prod")
    assert asked.code == 4
    charts.commit("main", "promoter.yaml", f"{text}\napps: {{web: {{}}, new: {{}}}}\n")
    listed = run(charts, "auto")
    assert listed.code == 4
    (result,) = (one for one in listed.json["results"] if one["app"] == "new")
    assert "image.tag leads nowhere" in result["error"]["message"]


@pytest.mark.parametrize(
    ("target", "text", "reason"),
    [
        ({"kind": "yaml-path", "tag": "image.tag", "image": "web"}, "replicas: 1\n", "image.tag"),
        ({"kind": "yaml-path", "tag": "image.tag", "image": "web"}, "image: {tag: 1}\n", None),
        ({"kind": "yaml-path", "tag": "image.tag", "image": "web"}, "image: {name: web}\n", None),
        ({"kind": "manifest", "image": "web"}, POD, "finds no image web"),
        ({"kind": "manifest", "image": "api"}, POD, None),
        ({"kind": "manifest", "container": "web"}, POD, "no container web"),
        ({"kind": "manifest", "resource": "Pod/web"}, POD, "no Pod/web"),
        ({"kind": "argocd"}, POD, "no Argo CD Application"),
    ],
)
def test_a_target_says_whether_its_file_has_a_place_for_an_image(
    target: Mapping[str, str], text: str, reason: str | None
) -> None:
    path = PurePosixPath("app/file.yaml")
    tree = FilesTree("", {path: text.encode()})
    targets = [TypeAdapter(EditTarget).validate_python({"file": path.name, **target})]
    with nullcontext() if reason is None else pytest.raises(NoPlaceError, match=reason):
        check_places(tree, path.parent / "kustomization.yaml", targets)
