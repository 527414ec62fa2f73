"""Where an edit that reaches no container is refused: at the entry that it is about."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from promoter.domain.image import Tag
from promoter.edits.kustomization import promotion, set_images
from promoter.planning.dead_edits import dead_entries
from tests.graph_files import deployment, tree

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
    (refusal,), warnings = dead_entries(edit, ["app", "unknown"], tree(tmp_path, files))
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
    refusals, warnings = dead_entries(edit, ["app"], tree(tmp_path, {str(path): text}))
    assert refusals == ()
    assert any("the entry app is added" in one for one in warnings) is warned
    assert "is remote and is not read" in warnings[-1]
