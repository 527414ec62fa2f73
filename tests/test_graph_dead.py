from __future__ import annotations

import time
from pathlib import Path

import pytest

from promoter import graph
from promoter.graph import Entry
from tests.graph_files import closure, dead, deployment

_APP = "ghcr.io/acme/app"
_BASE = {
    "base/kustomization.yaml": "resources: [d.yaml]\n",
    "base/d.yaml": deployment(image=f"{_APP}:1"),
}


def _overlay(text: str, **more: str) -> dict[str, str]:
    """Return an overlay over one app."""
    return {"kustomization.yaml": "resources: [base]\n" + text, **_BASE, **more}


@pytest.mark.parametrize(
    "images",
    [
        f"[{{name: {_APP}, newTag: '2'}}]",
        f"[{{name: {_APP}, digest: 'sha256:{'a' * 64}'}}]",
        f"[{{name: {_APP}, newTag: '1'}}]",
        f"[{{name: {_APP}, newName: x, newTag: '2'}}, {{name: x, newName: y}}]",
        f"[{{name: {_APP}:1, newTag: '2'}}]",
    ],
)
def test_what_a_container_can_match_is_allowed(images: str, tmp_path: Path) -> None:
    name = images.removeprefix("[{name: ").partition(",")[0]
    assert dead(tmp_path, _overlay(f"images: {images}\n"), name) is None


def test_a_name_that_nothing_has_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    refusal = dead(
        tmp_path, _overlay("images: [{name: ghcr.io/acme/ap, newTag: '2'}]\n"), "ghcr.io/acme/ap"
    )
    assert refusal is not None
    assert refusal.reason == "no container uses the image ghcr.io/acme/ap"
    assert f"Did you mean {_APP}?" in refusal.hint


def test_an_entry_that_is_not_there_is_judged_by_its_name(tmp_path: Path) -> None:
    found = closure(tmp_path, _overlay(""))
    assert graph.dead_entries(found, [], [_APP]) == ()
    assert len(graph.dead_entries(found, [], ["other"])) == 1


_REMOTE = "resources: ['https://example.org/app?ref=v1']\n"


@pytest.mark.parametrize(
    ("base", "overlay", "is_dead"),
    [
        (f"images: [{{name: {_APP}, newName: mirror/app, newTag: '1'}}]\n", "", True),
        (f"images: [{{name: {_APP}, newTag: '1'}}]\n", "", False),
        ("", "", False),
        (f"images: [{{name: other, newName: {_APP}}}, {{name: {_APP}, newName: a}}]\n", "", False),
        (f"images: [{{name: {_APP}, newName: mirror/app}}]\n", _REMOTE[11:], False),
        (f"images: [{{name: {_APP}, newName: mirror/app}}]\n", "replacements: [{path: r}]", False),
    ],
    ids=["renamed", "tag alone", "nothing", "given", "remote beside it", "replacements"],
)
def test_what_is_not_read_is_known_where_all_of_it_is_renamed(
    base: str, overlay: str, tmp_path: Path, *, is_dead: bool
) -> None:
    listed = f"- {overlay.strip('[] ')}\n" if overlay.startswith("[") else overlay
    files = {
        "kustomization.yaml": f"resources:\n- base\n{listed}",
        "base/kustomization.yaml": _REMOTE + base,
        "r": "[]\n",
    }
    found = closure(tmp_path, files)
    dead_ones = graph.dead_entries(found, [], [_APP])
    assert bool(dead_ones) is is_dead
    if is_dead:
        assert "is renamed to mirror/app in base/kustomization.yaml:2" in dead_ones[0].reason


def test_a_lower_layer_that_renamed_is_named(tmp_path: Path) -> None:
    files = _overlay(f"images: [{{name: {_APP}, newTag: '2'}}]\n")
    files["base/kustomization.yaml"] += f"images: [{{name: {_APP}, newName: mirror/app}}]\n"
    refusal = dead(tmp_path, files, _APP)
    assert refusal is not None
    assert refusal.reason.startswith(
        f"{_APP} is renamed to mirror/app in base/kustomization.yaml:2"
    )
    assert "Use the name mirror/app." in refusal.hint


@pytest.mark.parametrize(
    "text",
    [
        "patches: [{path: p.yaml}]\n",
        "replacements: [{sourceValue: v7, targets: [{select: {kind: Deployment}, options:"
        " {delimiter: ':', index: 1}, fieldPaths: [spec.template.spec.containers.*.image]}]}]\n",
    ],
)
def test_a_container_that_is_patched_counts_as_both_old_and_new(text: str, tmp_path: Path) -> None:
    more = {"p.yaml": deployment(image="other:1")}
    for name in (_APP, "other") if "patches" in text else (_APP,):
        files = _overlay(f"{text}images: [{{name: {name}, newTag: '2'}}]\n", **more)
        assert dead(tmp_path, files, name) is None


def test_an_earlier_entry_that_renamed_is_named(tmp_path: Path) -> None:
    found = closure(tmp_path, _overlay(""))
    entries = [Entry("ghcr.io/acme/a.p", new_name="x"), Entry(_APP, tag="2")]
    (refusal,) = graph.dead_entries(found, entries, [_APP])
    assert "the earlier entry ghcr.io/acme/a.p makes x of" in refusal.reason
    assert refusal.entry == "ghcr.io/acme/a.p"


def test_an_earlier_entry_that_is_an_expression_decides_nothing(tmp_path: Path) -> None:
    found = closure(tmp_path, _overlay(""))
    entries = [Entry("ghcr.io/acme/.*", new_name="x"), Entry(_APP, tag="2")]
    assert graph.dead_entries(found, entries, [_APP, "x", "a.*"]) == ()


@pytest.mark.parametrize("later", [Entry("x", tag="3"), Entry("x", digest="sha256:" + "a" * 64)])
def test_a_later_entry_that_sets_the_same_image_is_known(later: Entry) -> None:
    entries = [Entry(_APP, new_name="x", tag="2"), Entry("y", tag="1"), later, Entry("x")]
    assert graph.later_entry(entries, 0) is later
    assert graph.later_entry(entries, 1) is None


def test_a_tag_that_kustomize_does_not_match_is_shown(tmp_path: Path) -> None:
    files = _overlay(f"images: [{{name: {_APP}, newTag: '2'}}]\n")
    files["base/d.yaml"] = deployment(image=f"{_APP}:${{TAG}}")
    refusal = dead(tmp_path, files, _APP)
    assert refusal is not None
    assert f"{_APP}:${{TAG}}" in refusal.reason


def test_an_unknown_part_of_the_graph_ends_the_verdict(tmp_path: Path) -> None:
    files = _overlay("images: [{name: other, newTag: '2'}]\n")
    files["kustomization.yaml"] = files["kustomization.yaml"].replace("[base]", "[base, gone]")
    assert dead(tmp_path, files, "other") is None


def test_many_edits_are_judged_at_once_and_each_dead_one_is_named(tmp_path: Path) -> None:
    names = [f"ghcr.io/acme/service-{number:03d}" for number in range(200)]
    manifests = "---\n".join(deployment(f"s{n}", one) for n, one in enumerate(names))
    found = closure(tmp_path, {"kustomization.yaml": "resources: [d.yaml]\n", "d.yaml": manifests})
    entries = [Entry(one, tag="2") for one in (*names, "typo", names[7])]
    began = time.process_time()
    refusals = graph.dead_entries(found, entries, [*names, "typo"])
    assert time.process_time() - began < 5
    assert [one.reason for one in refusals] == ["no container uses the image typo"]


def test_an_entry_may_match_what_an_earlier_one_makes(tmp_path: Path) -> None:
    found = closure(tmp_path, _overlay(""))
    entries = [Entry(_APP, tag="2"), Entry(f"{_APP}:2", tag="3")]
    assert graph.dead_entries(found, entries, [_APP, f"{_APP}:2"]) == ()


def test_the_entry_that_renamed_is_named_among_others(tmp_path: Path) -> None:
    found = closure(tmp_path, _overlay(""))
    entries = [Entry("other", tag="1"), Entry(_APP, new_name="x"), Entry(f"{_APP}:1", tag="2")]
    (refusal,) = graph.dead_entries(found, entries, [f"{_APP}:1"])
    assert f"the earlier entry {_APP} makes x of" in refusal.reason


@pytest.mark.parametrize(
    ("images", "by"),
    [
        (f"[{{name: {_APP}, newTag: '2'}}]", "kustomization.yaml:2"),
        (f"[{{name: {_APP}, digest: 'sha256:{'a' * 64}'}}]", "kustomization.yaml:2"),
        (f"[{{name: {_APP}, newName: x}}]", None),
        (f"[{{name: {_APP}.*, newTag: '2'}}]", None),
        ("[{name: other, newTag: '2'}]", None),
    ],
)
def test_the_entry_that_sets_the_tag_over_a_manifests_is_known(
    images: str, by: str | None, tmp_path: Path
) -> None:
    found = closure(tmp_path, _overlay(f"images: {images}\n"))
    entries = graph.overriding_entries(found, "base/d.yaml", [(10, 16)])
    assert [entry.place for entry in entries or ()] == ([by] if by else [])
    assert graph.overriding_entries(found, "base/d.yaml", [(4, 9)]) is None


def test_what_may_be_copied_before_it_is_set_over_is_not_dead(tmp_path: Path) -> None:
    label = (
        "replacements: [{source: {kind: Deployment, fieldPath: metadata.name}, targets:"
        " [{select: {kind: Deployment}, fieldPaths: [metadata.labels.a], options: {create: true}}]}]\n"
    )
    found = closure(tmp_path, _overlay(f"{label}images: [{{name: {_APP}, newTag: '2'}}]\n"))
    assert graph.overriding_entries(found, "base/d.yaml", [(10, 16)]) is None
