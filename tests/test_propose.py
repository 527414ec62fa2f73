"""Which images one tag sets: what the configuration lists, what its targets name, what shares it."""

from __future__ import annotations

from pathlib import Path

import pytest

from promoter.config.config import parse
from promoter.config.layout import find_target
from promoter.domain.errors import SelectionError
from promoter.planning import propose
from tests.graph_files import tree

VALUES = "{kind: yaml-path, file: v.yaml, tag: a.tag, image: ghcr.io/o/web}"
OTHER = "{kind: yaml-path, file: v.yaml, tag: b.tag, image: ghcr.io/o/api}"
ENTRIES = "images:\n- {name: web, newName: ghcr.io/o/web, newTag: v1}\n- {name: c, newTag: v1}\n"


def tagged(folder: Path, app: str, kustomization: str = "") -> list[str]:
    """Return what one tag sets for an app whose configuration is given."""
    text = f"environments: {{prod: {{path: '{{app}}'}}}}\napps: {{web: {app}}}\n"
    config = parse(text.encode(), "promoter.yaml")
    files = tree(folder, {"web/v.yaml": "", "web/kustomization.yaml": kustomization})
    target = find_target(config, files, "web", None)
    return propose.tagged(propose._entries(files, target), target)


@pytest.mark.parametrize(
    ("app", "kustomization", "names"),
    [
        (f"{{images: [b], targets: [{VALUES}]}}", "", ["b"]),
        (
            f"{{targets: [{OTHER}, {VALUES}, {OTHER}]}}",
            "",
            ["ghcr.io/o/api", "ghcr.io/o/web"],
        ),
        (f"{{targets: [{{kind: kustomize}}, {VALUES}]}}", ENTRIES, ["web", "c"]),
        (f"{{targets: [{{kind: kustomize}}, {OTHER}]}}", ENTRIES, ["web", "c", "ghcr.io/o/api"]),
        ("{}", ENTRIES, ["web", "c"]),
    ],
    ids=["listed", "named by targets", "named and an entry's", "named beside entries", "entries"],
)
def test_one_tag_sets(app: str, kustomization: str, names: list[str], tmp_path: Path) -> None:
    assert tagged(tmp_path, app, kustomization) == names


def test_targets_without_images_are_not_blamed_on_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SelectionError) as caught:
        tagged(tmp_path, "{targets: [{kind: yaml-path, file: v.yaml, tag: a.tag}]}")
    assert caught.value.file is None
    assert "no target names its image" in str(caught.value)
