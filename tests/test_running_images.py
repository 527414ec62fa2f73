"""What an app runs in an environment: the same answer for status, the gates, `--from` and pulls."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from promoter.config.layout import Target
from promoter.config.sections import Environment
from promoter.domain.model import SetBy
from promoter.edits.targets import EditTarget, KustomizeTarget, ManifestTarget
from promoter.planning.previous import images_from
from promoter.planning.running_images import running_images
from tests.graph_files import tree
from tests.many_apps import with_files
from tests.world import promote

if TYPE_CHECKING:
    from pathlib import Path

    from promoter.domain.model import RunningImage, Tree

KUSTOMIZATION = KustomizeTarget(kind="kustomize")
MANIFEST = ManifestTarget(kind="manifest", file="web.yaml")


def pod(*images: str) -> str:
    listed = "".join(f"\n- {{name: c{n}, image: {one!r}}}" for n, one in enumerate(images))
    return f"kind: Pod\nspec:\n  containers:{listed.replace(chr(10), chr(10) + '  ')}\n"


FILES = {
    "base/kustomization.yaml": "resources: [pod.yaml]\n",
    "base/pod.yaml": pod("o/web:1.1.0", "o/db:5.0.0"),
    "of-base/kustomization.yaml": "resources: [../base]\n",
    "patched/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
    "patched/p.yaml": pod("o/web:2.0.0"),
    "of-both/kustomization.yaml": "resources: [../base]\nimages:\n- {name: o/web, newTag: 1.0.0}\n",
    "renamed/kustomization.yaml": "resources: [../base]\nimages: [{name: o/web, newName: m/web}]\n",
    "by-name/kustomization.yaml": "images: [{name: w, newName: o/web, newTag: 0.8.0}]\n",
    "by-argocd/kustomization.yaml": "resources: [../base]\nimages:\n- {name: o/web, newTag: 1.0.0}\n",
    "by-argocd/.argocd-source-web.yaml": "kustomize:\n  images:\n  - o/web:1.0.7\n",
    "by-file/web.yaml": pod("o/web:0.9.0"),
    "over-file/web.yaml": pod("o/web:0.9.0"),
    "over-file/kustomization.yaml": "resources: [web.yaml]\nimages:\n- {name: o/web, newTag: 1.0.5}\n",
    "beside-file/web.yaml": pod("o/web:0.9.0"),
    "beside-file/kustomization.yaml": "images:\n- {name: o/web, newTag: 1.0.5}\n",
}


@pytest.fixture
def files(tmp_path: Path) -> Tree:
    return tree(tmp_path, FILES)


def target(folder: str, *images: str) -> Target:
    one: EditTarget = MANIFEST if folder.endswith("file") else KUSTOMIZATION
    file = PurePosixPath(folder, "kustomization.yaml")
    return Target("web", folder, Environment(path=folder), file, (one,), (), images)


def shown(images: tuple[RunningImage, ...]) -> list[tuple[str, str | None, list[str]]]:
    return [(one.name, one.tag, [f"{at.set_by} {at}" for at in one.places]) for one in images]


@pytest.mark.parametrize(
    ("folder", "listed", "found"),
    [
        ("of-base", (), []),
        ("of-base", ("o/web",), [("o/web", "1.1.0", ["base base/pod.yaml:4"])]),
        ("patched", ("o/web",), [("o/web", "2.0.0", ["base patched/p.yaml:4"])]),
        ("of-both", ("o/web",), [("o/web", "1.0.0", ["own of-both/kustomization.yaml:3"])]),
        (
            "renamed",
            (),
            [("o/web", "1.1.0", ["own renamed/kustomization.yaml:2", "base base/pod.yaml:4"])],
        ),
        ("by-file", (), [("o/web", "0.9.0", ["own by-file/web.yaml:4"])]),
        (
            "over-file",
            (),
            [("o/web", "1.0.5", ["own over-file/web.yaml:4", "override over-file/kustomization.yaml:3"])],
        ),
        ("beside-file", (), [("o/web", "0.9.0", ["own beside-file/web.yaml:4"])]),
        (
            "by-argocd",
            (),
            [("o/web", "1.0.7", ["own by-argocd/kustomization.yaml:3", "override by-argocd/.argocd-source-web.yaml:3"])],
        ),
    ],
)  # fmt: skip
def test_each_image_has_the_tag_that_counts_with_the_places_that_say_so(
    files: Tree, folder: str, listed: tuple[str, ...], found: list[tuple[str, str, list[str]]]
) -> None:
    assert shown(running_images(target(folder, *listed), files)) == found


def test_a_base_is_asked_for_the_images_that_are_named_alone(files: Tree) -> None:
    (image,) = running_images(target("of-base", "o/db"), files, {"o/web": "o/web"})
    assert (image.name, image.tag) == ("o/web", "1.1.0")
    assert image.first_place(SetBy.OWN) is None


@pytest.mark.parametrize(
    ("previous", "tag"), [("of-base", "1.1.0"), ("over-file", "1.0.5"), ("by-argocd", "1.0.7")]
)
@pytest.mark.parametrize(("own", "name"), [("of-both", "o/web"), ("by-name", "w")])
def test_what_the_previous_environment_runs_is_followed_whatever_sets_it_there(
    files: Tree, previous: str, tag: str, own: str, name: str
) -> None:
    followed = images_from(target(previous), target(own), files)
    assert [(one.name, str(one.tag)) for one in followed.images] == [(name, tag)]


def test_the_gate_and_the_pull_have_what_files_bases_and_kustomizations_set_together(
    tmp_path: Path,
) -> None:
    environments = (
        "environments:\n  over-file: {path: over-file, deliver: push}\n  of-both: "
        "{path: of-both, promotes-from: over-file, render: off, checks: {exists: off}}\n"
        "  by-name: {path: by-name}\n"
        "apps:\n  web: {environments: {over-file: {targets: [{kind: manifest, file: web.yaml}]}}}\n"
    )
    repo = with_files(tmp_path / "r.git", {"promoter.yaml": environments, **FILES})
    where = ("--repo", str(repo.path), "--app", "web", "--env", "of-both", "--output", "json")
    refused = promote(*where, "--tag", "0.9.0", "--allow", "downgrade", "--dry-run")
    assert [one["rule"] for one in refused.json["refusals"]] == ["previous-environment"]
    followed = promote(*where, "--from")
    assert (followed.code, followed.json["images"][0]["to"]) == (0, "1.0.5"), followed.stdout
    images = ("--image", "o/web=1.0.6", "--image", "o/db=5.0.1", "--allow", "previous-environment")
    body = promote(*where, *images).json["pull_request"]["body"]
    (row,) = [one for one in body.splitlines() if one.startswith("| runs")]
    of_file, of_both, by_name = row.split("|")[2:-1]
    assert ("1.0.5" in of_file, "1.0.0" in of_both, "5.0.0" in of_both) == (True, True, True)
    assert "0.8.0" in by_name
