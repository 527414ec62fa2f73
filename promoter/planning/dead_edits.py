"""Whether a container would feel an edit of a kustomization: refusals at their place, and doubts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter import graph
from promoter.edits import kustomization
from promoter.edits.text import decode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePosixPath

    from promoter.domain.model import FileEdit, Tree
    from promoter.domain.refusal import Refusal
    from promoter.graph import Dead


def unfelt(
    edit: FileEdit, names: Iterable[str], tree: Tree, directory: PurePosixPath
) -> tuple[tuple[Refusal, ...], tuple[str, ...]]:
    """Return refusals for entries that no container would feel, and what could not be read.

    Names that the file has no entry of after the edit are passed over.
    """
    after = kustomization.read(edit.path, edit.after)
    if not after.judges_itself:
        return (), (f"{edit.path} names no resources of its own: whether they use it is not known",)
    reached = graph.reach(tree, directory)
    known = {entry.name for entry in after.entries}
    found = graph.dead(reached, after.entries, [name for name in names if name in known])
    return tuple(_placed(edit, one) for one in found), reached.warnings


def _placed(edit: FileEdit, dead: Dead) -> Refusal:
    """Return the refusal at the entry that it is about, else where entries are added."""
    before = kustomization.read(edit.path, edit.before)
    entry = before.find(dead.entry)
    at = before.place if entry is None else entry.start
    source = decode(str(edit.path), edit.before)
    return source.refusal("dead-edit", dead.reason, dead.hint, at=at)
