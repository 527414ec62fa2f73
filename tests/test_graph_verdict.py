from __future__ import annotations

import time
from pathlib import Path, PurePosixPath

import pytest

from promoter import graph
from promoter.graph import Entry
from tests.graph_files import dead, deployment, reach

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
def test_what_a_container_feels_is_allowed(images: str, tmp_path: Path) -> None:
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
    found = reach(tmp_path, _overlay(""))
    assert graph.dead(found, [], [_APP]) == ()
    assert len(graph.dead(found, [], ["other"])) == 1


def test_a_lower_layer_that_renamed_is_named(tmp_path: Path) -> None:
    files = _overlay(f"images: [{{name: {_APP}, newTag: '2'}}]\n")
    files["base/kustomization.yaml"] += f"images: [{{name: {_APP}, newName: mirror/app}}]\n"
    refusal = dead(tmp_path, files, _APP)
    assert refusal is not None
    assert refusal.reason.startswith("base/kustomization.yaml makes mirror/app of the image")
    assert "Use the name mirror/app." in refusal.hint


def test_a_patch_that_took_the_images_place_is_named(tmp_path: Path) -> None:
    patch = deployment(image="other:1")
    files = _overlay(
        f"patches: [{{path: p.yaml}}]\nimages: [{{name: {_APP}, newTag: '2'}}]\n",
        **{"p.yaml": patch},
    )
    refusal = dead(tmp_path, files, _APP)
    assert refusal is not None
    assert refusal.reason.startswith("p.yaml makes other of the image")


def test_an_earlier_entry_that_renamed_is_named(tmp_path: Path) -> None:
    found = reach(tmp_path, _overlay(""))
    entries = [Entry("ghcr.io/acme/.*", new_name="x"), Entry(_APP, tag="2")]
    (refusal,) = graph.dead(found, entries, [_APP])
    assert refusal.reason.startswith("the earlier entry ghcr.io/acme/.* makes x of")


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (Entry("x", tag="3"), "the later entry x sets the tag"),
        (Entry("x", digest="sha256:" + "a" * 64), "the later entry x sets the digest"),
    ],
)
def test_a_later_entry_that_wins_is_named(later: Entry, said: str, tmp_path: Path) -> None:
    found = reach(tmp_path, _overlay(""))
    (refusal,) = graph.dead(found, [Entry(_APP, new_name="x", tag="2"), later], [_APP])
    assert refusal.reason.startswith(said)


def test_a_replacement_that_overwrites_is_named(tmp_path: Path) -> None:
    replacement = "replacements:\n- path: r.yaml\n"
    files = _overlay(
        f"{replacement}images: [{{name: {_APP}, newTag: '2'}}]\n",
        **{
            "r.yaml": "sourceValue: v7\ntargets:\n- select: {kind: Deployment}\n"
            "  fieldPaths: [spec.template.spec.containers.*.image]\n"
            "  options: {delimiter: ':', index: 1}\n"
        },
    )
    refusal = dead(tmp_path, files, _APP)
    assert refusal is not None
    assert refusal.reason.startswith(
        "a replacement of r.yaml overwrites the image of Deployment app"
    )


def test_a_replacement_of_something_else_leaves_the_edit_alive(tmp_path: Path) -> None:
    files = _overlay(
        "replacements: [{sourceValue: x, targets: [{select: {kind: Deployment},"
        " fieldPaths: [metadata.name]}]}]\n"
        f"images: [{{name: {_APP}, newTag: '2'}}]\n"
    )
    assert dead(tmp_path, files, _APP) is None


def test_a_tag_that_kustomize_does_not_match_is_shown(tmp_path: Path) -> None:
    files = _overlay(f"images: [{{name: {_APP}, newTag: '2'}}]\n")
    files["base/d.yaml"] = deployment(image=f"{_APP}:${{TAG}}")
    refusal = dead(tmp_path, files, _APP)
    assert refusal is not None
    assert f"{_APP}:${{TAG}}" in refusal.reason


def test_a_name_that_is_no_expression_is_refused(tmp_path: Path) -> None:
    (refusal,) = graph.dead(reach(tmp_path, _overlay("")), [Entry("c++", tag="1")], ["c++"])
    assert "regular expression" in refusal.reason


def test_an_unknown_part_of_the_graph_ends_the_verdict(tmp_path: Path) -> None:
    files = _overlay("images: [{name: other, newTag: '2'}]\n")
    files["kustomization.yaml"] = files["kustomization.yaml"].replace("[base]", "[base, gone]")
    assert dead(tmp_path, files, "other") is None


def test_final_images_are_those_after_replacements(tmp_path: Path) -> None:
    files = _overlay(
        "replacements: [{sourceValue: z:1, targets: [{select: {name: app},"
        " fieldPaths: [spec.template.spec.containers.0.image]}]}]\n"
    )
    found = reach(tmp_path, files)
    assert graph.final_images(found, [Entry(_APP, tag="2")]) == ("z:1",)
    assert found.file == PurePosixPath("kustomization.yaml")


def test_many_edits_are_judged_at_once_and_each_dead_one_is_named(tmp_path: Path) -> None:
    names = [f"ghcr.io/acme/service-{number:03d}" for number in range(500)]
    manifests = "---\n".join(deployment(f"s{n}", one) for n, one in enumerate(names))
    found = reach(tmp_path, {"kustomization.yaml": "resources: [d.yaml]\n", "d.yaml": manifests})
    entries = [Entry(one, tag="2") for one in (*names, "typo", names[7])]
    began = time.process_time()
    refusals = graph.dead(found, entries, [*names, "typo"])
    assert time.process_time() - began < 5
    assert [one.reason for one in refusals] == ["no container uses the image typo"]


def test_an_edit_that_another_edits_tag_hides_from_is_judged_alone(tmp_path: Path) -> None:
    # With both probed at once, the second would not match what the first makes.
    found = reach(tmp_path, _overlay(""))
    entries = [Entry(_APP, tag="2"), Entry(f"{_APP}:2", tag="3")]
    assert graph.dead(found, entries, [_APP, f"{_APP}:2"]) == ()


def test_the_entry_that_renamed_is_named_among_others(tmp_path: Path) -> None:
    found = reach(tmp_path, _overlay(""))
    entries = [Entry("other", tag="1"), Entry(_APP, new_name="x"), Entry(f"{_APP}:1", tag="2")]
    (refusal,) = graph.dead(found, entries, [f"{_APP}:1"])
    assert refusal.reason.startswith(f"the earlier entry {_APP} makes x of")
