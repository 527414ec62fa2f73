from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from promoter import graph
from promoter.graph import PatternError
from tests.graph_files import entries, images, reach

_VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "vectors" / "kustomize_render.json").read_text(encoding="utf-8")
)
_STRINGS = [vector for vector in _VECTORS if "container" in vector]
_FILES = [vector for vector in _VECTORS if "files" in vector]
_NEWEST = "v5.8.1 (built)"


def _expected(vector: dict[str, Any]) -> Any:
    """Return what the newest release makes of it; the vectors' own answer is an older one's."""
    return vector.get("differs", {}).get(_NEWEST, vector["expect"])


@pytest.mark.parametrize("vector", _STRINGS, ids=lambda vector: vector["id"])
def test_an_image_becomes_what_kustomize_makes_of_it(vector: dict[str, Any]) -> None:
    listed = entries(*vector["images"])
    if vector["expect"] == "PANIC":
        with pytest.raises(PatternError):
            graph.transform(vector["container"], listed)
    else:
        assert graph.transform(vector["container"], listed) == vector["expect"]


@pytest.mark.parametrize("vector", _FILES, ids=lambda vector: vector["id"])
def test_the_fields_that_change_are_kustomizes(vector: dict[str, Any], tmp_path: Path) -> None:
    moved = {f"below/{path}": text for path, text in vector["files"].items()}
    files = {"kustomization.yaml": "resources: [below]\n", **moved}
    found = reach(tmp_path, files)
    expected = _expected(vector)
    if "error" in expected:
        assert not found.complete
        return
    shown = {f"{c.kind}:{c.field.removeprefix('spec.')}": c.image for c in found.containers}
    assert found.complete
    assert shown.items() <= expected.items()
    changed = {field for field, image in expected.items() if image not in ("null", "nginx:1")}
    assert {field for field in changed if field.endswith(("image", "reference"))} <= shown.keys()


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("nginx", "nginx", True),
        ("nginx", "nginx:1@sha256:ab", True),
        ("nginx", "nginx:1\n", False),
        ("ghcr.io/o/app", "ghcrxio/o/app:1", True),
        ("*/x", "anything/at/all/x:1", True),
        ("a|b", "abcd", True),
        ("a|b", "cab:1", True),
        ("(?:a|b)", "cab", False),
        ("app-[a-c]+", "app-abc:1", True),
        ("app-[^a-c]+", "app-abc:1", False),
        (r"a\.b", "axb", False),
        (r"a\.b", "a.b:1", True),
        (r"\w{2,3}", "abc", True),
        (r"\w{2,3}", "abcd", False),
        ("x{,2}", "x{,2}", True),
        ("é+", "éé:1", True),
    ],
)
def test_a_name_is_matched_as_an_expression(name: str, image: str, expected: bool) -> None:
    assert graph.matches(name, image) is expected


@pytest.mark.parametrize("name", ["c++", "[", "(a", "a)", "a**", "(*a)", "\\", "a{9999}", "[b-a]"])
def test_what_is_no_expression_is_said_so(name: str) -> None:
    with pytest.raises(PatternError):
        graph.matches(name, "app:1")


@pytest.mark.parametrize("name", ["(a+)+$b", "(a|a)*b", "(a*)*b", "((a{30}){30}){30}", "(" * 500])
def test_a_hostile_name_costs_no_time(name: str) -> None:
    began = time.process_time()
    with contextlib.suppress(PatternError):
        graph.matches(name, "a" * 200)
    assert time.process_time() - began < 5


def test_a_suffix_is_added_once_where_one_filter_sees_the_container(tmp_path: Path) -> None:
    files = {
        "kustomization.yaml": "resources: [base]\n",
        "base/kustomization.yaml": "resources: [j.yaml]\nimages: [{name: a, tagSuffix: -x}]\n",
        "base/j.yaml": "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\nspec: {jobTemplate:"
        " {spec: {template: {spec: {containers: [{name: c, image: 'a:1'}]}}}}}\n",
    }
    assert images(reach(tmp_path, files)) == ["a:1-x"]
