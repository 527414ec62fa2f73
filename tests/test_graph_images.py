"""Which images a container may have, held to kustomize's own answers: none that it makes is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from promoter.domain.image import kustomize_split
from promoter.graph import Entry, Image
from promoter.graph.images import after_entry
from promoter.graph.transformer import entry_matches, is_plain
from tests.graph_files import closure, deployment, images

_VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "vectors" / "kustomize_render.json").read_text(encoding="utf-8")
)
_STRINGS = [one for one in _VECTORS if "container" in one and one["expect"] != "PANIC"]
_FILES = [vector for vector in _VECTORS if "files" in vector]
_NEWEST = "v5.8.1 (built)"
_KEYS = ("name", "newName", "newTag", "digest", "tagSuffix")


@pytest.mark.parametrize("vector", _STRINGS, ids=lambda vector: vector["id"])
def test_what_kustomize_makes_of_an_image_is_among_what_is_possible(vector: dict[str, Any]) -> None:
    entries = [Entry(*(one.get(key) for key in _KEYS)) for one in vector["images"]]
    possible: tuple[Image, ...] = (Image(vector["container"], "d.yaml", 1, 1),)
    for entry in entries:
        possible = after_entry(possible, entry)
    assert kustomize_split(vector["expect"])[0] in {image.name for image in possible}
    if all(is_plain(entry.name) and not entry.suffix for entry in entries):
        assert [image.text for image in possible] == [vector["expect"]]


@pytest.mark.parametrize("vector", _FILES, ids=lambda vector: vector["id"])
def test_every_field_that_kustomize_changes_is_known(
    vector: dict[str, Any], tmp_path: Path
) -> None:
    moved = {f"below/{path}": text for path, text in vector["files"].items()}
    found = closure(tmp_path, {"kustomization.yaml": "resources: [below]\n", **moved})
    expected = vector.get("differs", {}).get(_NEWEST, vector["expect"])
    if "error" in expected:
        return
    assert found.complete
    if found.unknown:
        # A replacement may put in whatever it likes.
        return
    changed = {image for image in expected.values() if image not in ("null", "nginx:1")}
    suffixed = any(entry.suffix for one in found.layers.values() for entry in one.entries())
    made = {kustomize_split(one)[0] if suffixed else one for one in changed}
    assert made <= {one.name if suffixed else one.text for one in found.images}


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("nginx", "nginx", True),
        ("nginx", "nginx:1@sha256:ab", True),
        ("nginx", "nginx:1\n", False),
        ("nginx", "nginx:1+2", False),
        ("nginx", "docker.io/library/nginx", False),
        ("ghcr.io/o/app", "ghcrxio/o/app:1", True),
        ("*/x", "anything/at/all/x:1", None),
        ("c++", "c++:1", None),
        ("(a+)+$b", "a" * 200, None),
    ],
)
def test_a_plain_name_is_matched_as_kustomize_does_and_no_other_is_guessed(
    name: str, image: str, expected: bool | None
) -> None:
    assert entry_matches(name, image) is expected


def test_an_image_that_an_expression_may_rename_counts_as_both(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": "resources: [base]\n",
        "base/kustomization.yaml": "resources: [d.yaml]\nimages: [{name: a.*, newName: mirror}]\n",
        "base/d.yaml": deployment(),
    }
    assert images(closure(tmp_path, files)) == ["app:1", "mirror:1"]


@pytest.mark.parametrize(
    ("rule", "doubted"),
    [
        ("namePrefix: [{path: spec/template/spec/containers/image}]\n", True),
        ("nameReference: [{kind: X, fieldSpecs: [{path: spec/image}]}]\n", True),
        ("namePrefix: [{path: metadata/name}]\n", False),
        ("images: [{path: spec/runner, kind: App}]\n", False),
    ],
)
def test_rules_that_reach_into_images_leave_every_name_possible(
    rule: str, doubted: bool, tmp_path: Path
) -> None:
    files = {
        "kustomization.yaml": "resources: [d.yaml, c.yaml]\nconfigurations: [r.yaml]\n",
        "r.yaml": rule,
        "d.yaml": deployment(),
        "c.yaml": "apiVersion: x/v1\nkind: App\nmetadata: {name: a}\nspec: {runner: 'run:1'}\n",
    }
    found = closure(tmp_path, files)
    assert bool(found.unknown) is doubted
    assert ("run:1" in images(found)) is rule.startswith("images")
