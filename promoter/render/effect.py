"""Whether a render shows what an edit sets: the images that it changes, and those that it does not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from promoter.domain.image import split
from promoter.domain.model import FileEdit
from promoter.domain.paths import KUSTOMIZATION_NAMES
from promoter.domain.render import RenderDiff
from promoter.edits import kustomization

_LABELLED = re.compile(r"(?:^|\.)(?:labels|annotations|matchLabels)\.")


def changes_anything(diff: RenderDiff, edits: Sequence[FileEdit]) -> bool:
    """Return whether a render shows an effect of edits.

    A label that is moved along with an image is none.
    """
    linked = any(change.is_linked for edit in edits for change in edit.changes)
    return any(
        one.images
        or not one.compared
        or not linked
        or any(not _LABELLED.search(path) for path in one.other)
        for one in diff.objects
    )


def unchanged_images(diff: RenderDiff, edit: FileEdit) -> list[str]:
    """Return the images of an edited kustomization that the render does not show under any name.

    What is not known for sure is not among them: another image than those that are set must not
    have changed.
    """
    names = edit.images
    if edit.path.name not in KUSTOMIZATION_NAMES or len(names) < 2:
        return []
    entries = {one.name: one for one in kustomization.read(edit.path, edit.after).entries}
    pulled = {
        name: entry.new_name or split(name)[0]
        for name in names
        if (entry := entries.get(name)) is not None
    }
    shown = {split(new)[0] for one in diff.objects for _, new in one.images}
    plain = all(one.compared and not one.other and one.state == "changed" for one in diff.objects)
    if not plain or not shown.issubset(pulled.values()):
        return []
    return [name for name, under in pulled.items() if under not in shown]
