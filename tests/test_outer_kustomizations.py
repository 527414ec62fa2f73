"""An edit is judged by the kustomizations that include the environment's folder, declared or not."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from promoter.domain.image import Tag
from promoter.domain.model import FileEdit
from promoter.edits.kustomization import promotion, set_images
from promoter.planning.outer_kustomizations import SetAgain, outer_kustomizations, set_again
from tests.graph_files import deployment, tree
from tests.many_apps import with_files
from tests.world import promote

_OWN = "resources: [../../base]\nimages: [{name: web, newTag: '1'}]\n"
_ABOVE = "resources: [apps/web]\nimages: [{name: web, newTag: '7'}]\n"
_FILES = {
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": deployment("web", "web:1"),
    "prod/apps/web/kustomization.yaml": "resources: [../../../base]\n"
    "images: [{name: web, newTag: '1'}]\n",
    "prod/kustomization.yaml": _ABOVE,
}
_PATCH = (
    "resources: [apps/web]\npatches:\n- target: {kind: Deployment, name: web}\n  patch: |-\n"
    "    - {op: replace, path: /spec/template/spec/containers/0/image, value: 'web:7'}\n"
)

# More than are followed for anything but `images`.
_MANY = "resources:\n- apps/web\n" + "- other.yaml\n" * 200


def _edit(files: dict[str, str], path: str) -> FileEdit:
    return set_images(PurePosixPath(path), files[path].encode(), [promotion("web", Tag("2"), None)])


def _set_again(directory: Path, files: dict[str, str], folder: str = "prod/apps/web") -> SetAgain:
    edit = _edit(files, f"{folder}/kustomization.yaml")
    return set_again(tree(directory, files), [edit], PurePosixPath(folder), "web", "prod")


@pytest.mark.parametrize(
    ("above", "place"),
    [
        (_ABOVE, "prod/kustomization.yaml:2"),
        (_PATCH, "prod/kustomization.yaml:5"),
        (f"{_MANY}images: [{{name: web, newTag: '7'}}]\n", "prod/kustomization.yaml:203"),
    ],
    ids=["images", "a patch", "images of very many apps"],
)
def test_an_image_that_the_folder_above_sets_again_is_refused_with_that_place(
    above: str, place: str, tmp_path: Path
) -> None:
    found = _set_again(tmp_path, {**_FILES, "prod/kustomization.yaml": above})
    assert found.warnings == ()
    (refusal,) = found.refusals
    assert (refusal.rule, refusal.images) == ("dead-edit", ("web",))
    assert refusal.file == "prod/apps/web/kustomization.yaml"
    assert refusal.reason.startswith(f"{place} sets the image web again")
    assert "Set the tag in prod/kustomization.yaml" in refusal.hint


@pytest.mark.parametrize(
    "above",
    [
        "resources: [apps/web]\nnamespace: prod\n",
        "resources: [apps/web]\nimages: [{name: other, newTag: '7'}]\n",
        "resources: [apps/web]\nimages: [{name: web, newName: mirror/web}]\n",
        "resources: [elsewhere]\nimages: [{name: web, newTag: '7'}]\n",
        _PATCH.replace("name: web}", "name: other}"),
    ],
    ids=["no image", "another image", "a name alone", "does not include it", "another object"],
)
def test_a_folder_above_that_lets_the_image_be_refuses_nothing(above: str, tmp_path: Path) -> None:
    assert _set_again(tmp_path, {**_FILES, "prod/kustomization.yaml": above}) == SetAgain()


def test_a_shared_folder_is_judged_by_the_folder_that_is_called_as_the_environment_is(
    tmp_path: Path,
) -> None:
    files = {
        "base/web/kustomization.yaml": "resources: [web.yaml]\n",
        "base/web/web.yaml": deployment("web", "web:1"),
        "environments/prod/kustomization.yaml": "resources: [../../base/web]\n"
        "images: [{name: web, newTag: '7'}]\n",
    }
    (refusal,) = _set_again(tmp_path, files, "base/web").refusals
    assert refusal.reason.startswith("environments/prod/kustomization.yaml:2 sets the image web")


def test_a_folder_that_one_outer_kustomization_takes_as_it_is_is_warned_of(tmp_path: Path) -> None:
    files = {
        "base/web/kustomization.yaml": "resources: [web.yaml]\nimages: [{name: web, newTag: '1'}]\n",
        "base/web/web.yaml": deployment("web", "web:1"),
        "environments/prod/kustomization.yaml": "resources: [../../base/web]\n"
        "images: [{name: web, newTag: '7'}]\n",
        "clusters/prod/kustomization.yaml": "resources: [../../base/web]\n",
    }
    found = _set_again(tmp_path, files, "base/web")
    assert found.refusals == ()
    (warning,) = found.warnings
    assert warning.endswith("what environments/prod builds stays as it is")


@pytest.mark.parametrize("path", ["prod/apps/web", "'{{.environment}}/apps/*'"])
def test_a_folder_that_is_applied_by_itself_is_warned_of(path: str, tmp_path: Path) -> None:
    application = (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    path: {path}\n"
    )
    found = _set_again(tmp_path, {**_FILES, "argocd/web.yaml": application})
    assert (found.refusals, len(found.warnings)) == ((), 1)


def test_an_overlay_of_the_environment_reads_no_more_than_the_folders_above_it(
    tmp_path: Path,
) -> None:
    files = {
        "apps/web/overlays/prod/kustomization.yaml": _OWN,
        "apps/web/kustomization.yaml": "resources: [overlays/prod]\n",
        "clusters/prod/kustomization.yaml": "resources: [../../apps/web/overlays/prod]\n",
    }
    own = PurePosixPath("apps/web/overlays/prod")
    assert outer_kustomizations(tree(tmp_path, files), own, "prod") == [
        PurePosixPath("apps/web/kustomization.yaml")
    ]


def test_a_dead_edit_below_an_outer_kustomization_is_not_pushed_unless_it_is_allowed(
    tmp_path: Path,
) -> None:
    config = (
        "environments: {prod: {path: 'prod/apps/{app}', deliver: push, checks: {exists: off}}}\n"
    )
    repo = with_files(tmp_path / "r.git", {"promoter.yaml": config, **_FILES})
    asked = ("--app", "web", "--env", "prod", "--tag", "2", "--repo", str(repo.path))
    refused = promote(*asked)
    assert refused.code == 3
    assert "prod/kustomization.yaml:2 sets the image web again" in refused.stderr
    assert promote(*asked, "--allow", "dead-edit").code == 0
