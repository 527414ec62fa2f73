"""Where an edit that reaches no container is refused: at the entry that it is about."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from promoter.domain.image import Tag
from promoter.edits.kustomization import promotion, set_images
from promoter.planning.dead_edits import refused_entries
from tests.graph_files import deployment, tree
from tests.many_apps import with_files
from tests.thorough import thorough_after
from tests.world import promote

DIGEST = f"sha256:{'a' * 64}"
OWN = f"- name: app\n  newTag: '1'\n  digest: {DIGEST}\n"


@pytest.mark.parametrize(
    ("images", "used", "place"),
    [
        (f"images:\n{OWN}", "other", (3, 3, "- name: app")),
        (f"images:\n- name: a.p\n  newName: b\n{OWN}", "app", (3, 3, "- name: a.p")),
    ],
    ids=["the entry itself", "an earlier entry"],
)
def test_dead_edit_is_refused_at_the_entry_to_change(
    images: str, used: str, place: tuple[int, int, str], tmp_path: Path
) -> None:
    text = f"resources: [d.yaml]\n{images}"
    files = {"o/kustomization.yaml": text, "o/d.yaml": deployment(image=f"{used}:1")}
    path = PurePosixPath("o/kustomization.yaml")
    edit = set_images(path, text.encode(), [promotion("app", Tag("2"), None)])
    (refusal,), warnings = refused_entries(edit, ["app", "unknown"], tree(tmp_path, files))
    assert (refusal.rule, refusal.file, warnings) == ("dead-edit", str(path), ())
    assert (refusal.line, refusal.column, refusal.source_line) == place


@pytest.mark.parametrize(
    ("own", "warned"), [("", True), ("images: [{name: app, newTag: '1'}]\n", False)]
)
def test_an_entry_that_is_added_for_an_image_that_nobody_is_known_to_use_is_warned_of(
    own: str, tmp_path: Path, *, warned: bool
) -> None:
    text = f"resources: ['https://example.org/app?ref=v1']\n{own}"
    path = PurePosixPath("o/kustomization.yaml")
    edit = set_images(path, text.encode(), [promotion("app", Tag("2"), None)])
    refusals, warnings = refused_entries(edit, ["app"], tree(tmp_path, {str(path): text}))
    assert refusals == ()
    assert any("the entry app is added" in one for one in warnings) is warned
    assert "is remote and is not read" in warnings[-1]


def test_a_base_in_a_submodule_is_told_as_not_read(tmp_path: Path) -> None:
    own = "resources: [../../vendor/base, ../../vendor]\nimages: [{name: web, newTag: 1.0.0}]\n"
    files = {
        "promoter.yaml": "environments:\n  dev: {path: 'apps/{app}', deliver: push}\n",
        "apps/web/kustomization.yaml": own,
    }
    repo = with_files(tmp_path / "r.git", files)
    repo.git("read-tree", "main")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor")
    commit = repo.git("commit-tree", repo.git("write-tree"), "-p", "main", "-m", "A submodule")
    repo.git("update-ref", "refs/heads/main", commit)
    flags = ("--app", "web", "--tag", "1.1.0", "--repo", str(repo.path), "--output", "json")
    warnings = promote(*flags).json["warnings"]
    assert "../../vendor/base is in vendor, a submodule, and is not read" in " ".join(warnings)
    assert "../../vendor is a submodule and is not read" in " ".join(warnings)


def test_a_digest_that_an_added_entry_drops_is_warned_of(tmp_path: Path) -> None:
    files = {
        "promoter.yaml": "environments:\n  dev: {path: 'apps/{app}', deliver: push}\n"
        "apps: {web: {images: [web]}}\n",
        "apps/web/kustomization.yaml": "resources: [d.yaml]\n",
        "apps/web/d.yaml": deployment(image=f"web:1.0.0@{DIGEST}"),
    }
    repo = with_files(tmp_path / "r.git", files)
    flags = ("--app", "web", "--repo", str(repo.path), "--output", "json")
    older = promote(*flags, "--tag", "0.9.0").json
    assert (older["action"], len(older["warnings"])) == ("superseded", 1)
    done = promote(*flags, "--tag", "1.1.0").json
    assert done["action"] == "pushed"
    assert f"web: the digest {DIGEST[:19]}… is dropped" in " ".join(done["warnings"])


def test_where_no_image_is_listed_those_of_the_containers_are_told(tmp_path: Path) -> None:
    files = {
        "promoter.yaml": "environments:\n  dev: {path: 'apps/{app}', deliver: push}\n",
        "apps/web/kustomization.yaml": "resources: [d.yaml]\n",
        "apps/web/d.yaml": deployment(image="ghcr.io/o/web:1.0.0"),
    }
    repo = with_files(tmp_path / "r.git", files)
    run = promote("--app", "web", "--tag", "1.1.0", "--repo", str(repo.path))
    assert run.code == 4
    assert "Its containers use ghcr.io/o/web." in run.stderr


def test_an_image_that_images_does_not_reach_is_told_with_its_place_and_the_target_for_it(
    tmp_path: Path,
) -> None:
    task = "kind: Task\nmetadata: {name: t}\nspec:\n  steps:\n  - image: ghcr.io/o/web:1.0.0\n"
    files = {
        "promoter.yaml": "environments:\n  dev: {path: 'apps/{app}', deliver: push}\n"
        "apps: {web: {images: [ghcr.io/o/web]}}\n",
        "apps/web/kustomization.yaml": "resources: [task.yaml]\n",
        "apps/web/task.yaml": task,
    }
    repo = with_files(tmp_path / "r.git", files)
    run = promote("--app", "web", "--tag", "1.1.0", "--repo", str(repo.path))
    assert run.code == 3
    assert "apps/web/task.yaml:5 has it where `images` does not reach" in run.stderr
    assert "kind: manifest" in run.stderr


@pytest.mark.parametrize(
    ("name", "override", "warned"),
    [
        (".argocd-source-web.yaml", "ghcr.io/o/web:1.0.0", True),
        (".argocd-source.yaml", "ghcr.io/o/web=mirror/web:1.0.0", True),
        (".argocd-source-web.yaml", "ghcr.io/o/other:1.0.0", False),
        ("argocd-source.yaml", "ghcr.io/o/web:1.0.0", False),
    ],
)
def test_what_argocd_sets_over_a_folder_is_warned_of_with_its_place(
    name: str, override: str, tmp_path: Path, *, warned: bool
) -> None:
    files = {
        "promoter.yaml": "environments:\n  dev: {path: 'apps/{app}', deliver: push}\n",
        "apps/web/kustomization.yaml": "resources: [d.yaml]\n"
        "images: [{name: ghcr.io/o/web, newTag: 1.0.0}]\n",
        "apps/web/d.yaml": deployment(image="ghcr.io/o/web"),
        f"apps/web/{name}": f"kustomize:\n  images:\n  - {override}\n",
    }
    repo = with_files(tmp_path / "r.git", files)
    flags = ("--app", "web", "--tag", "1.1.0", "--repo", str(repo.path), "--output", "json")
    warnings = promote(*flags).json["warnings"]
    assert any(f"apps/web/{name}:3:5: Argo CD sets" in one for one in warnings) is warned


def test_an_override_of_argocd_that_is_a_target_itself_is_set(tmp_path: Path) -> None:
    files = {
        "promoter.yaml": "environments:\n  dev: {path: 'apps/{app}', deliver: push}\n"
        "targets: [{kind: kustomize}, {kind: yaml-path, file: .argocd-source-web.yaml,"
        " reference: kustomize.images.0}]\n",
        "apps/web/kustomization.yaml": "images: [{name: ghcr.io/o/web, newTag: 1.0.0}]\n",
        "apps/web/.argocd-source-web.yaml": "kustomize:\n  images:\n  - ghcr.io/o/web:1.0.0\n",
    }
    repo = with_files(tmp_path / "r.git", files)
    flags = ("--app", "web", "--tag", "1.1.0", "--repo", str(repo.path), "--output", "json")
    done = promote(*flags).json
    assert done["action"] == "pushed", done
    assert not any("Argo CD" in one for one in done["warnings"])
    assert "ghcr.io/o/web:1.1.0" in repo.read("apps/web/.argocd-source-web.yaml")


_APPLICATION = """apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: web}}
spec:
  source:
    path: {path}
    kustomize:
      images:
      - ghcr.io/o/web:1.0.0
"""
_FLUX = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: apps}}
spec:
  path: {path}
  images:
  - name: ghcr.io/o/web
    newTag: 1.0.0
"""


@pytest.mark.parametrize(
    ("file", "text", "path", "place"),
    thorough_after(
        4,
        [
            ("parts/applications/web-app.yaml", _APPLICATION, "apps/web", "9:9: Argo CD"),
            ("argocd/web.yaml", _APPLICATION, "apps/other", ""),
            ("clusters/dev/sync.yaml", _FLUX, "./apps", "7:5: Flux"),
            ("clusters/prod/sync.yaml", _FLUX, "./apps/web", ""),
            ("argocd/web.yaml", _APPLICATION, "./apps/web", "9:9: Argo CD"),
            ("clusters/dev/apps.yaml", _FLUX, "./apps/web", "7:5: Flux"),
            ("clusters/dev/apps.yaml", _FLUX, ".", ""),
            ("clusters/dev/apps.yaml", "[", "", ""),
        ],
    ),
)
def test_an_image_that_the_one_who_applies_the_folder_sets_is_warned_of_with_its_place(
    file: str, text: str, path: str, place: str, tmp_path: Path
) -> None:
    files = {
        "promoter.yaml": "environments:\n  dev: {path: 'apps/{app}', deliver: push}\n",
        "apps/web/kustomization.yaml": "resources: [d.yaml]\n"
        "images: [{name: ghcr.io/o/web, newTag: 1.0.0}]\n",
        "apps/web/d.yaml": deployment(image="ghcr.io/o/web"),
        file: text.format(path=path),
    }
    repo = with_files(tmp_path / "r.git", files)
    flags = ("--app", "web", "--tag", "1.1.0", "--repo", str(repo.path), "--output", "json")
    done = promote(*flags).json
    assert done["action"] == "pushed"
    told = [one for one in done["warnings"] if "whatever is promoted" in one]
    wanted = f"{file}:{place} sets ghcr.io/o/web:1.0.0, whatever is promoted of ghcr.io/o/web here"
    assert [one.replace("'", "").partition(": remove")[0] for one in told] == [wanted] * bool(place)
