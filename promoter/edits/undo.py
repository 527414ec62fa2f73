"""The requests that take a promotion back: only such as restore every byte, which is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError
from promoter.domain.image import Digest, Tag
from promoter.domain.model import ImageRequest
from promoter.domain.trees import edited
from promoter.edits.linked import edit_linked
from promoter.edits.selection import edit_targets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from promoter.domain.model import FileEdit, ImageMove, Tree
    from promoter.edits.targets import EditTarget, Linked


@dataclass(frozen=True, slots=True)
class Places:
    """Where an app's tags live: its kustomization, its targets and the strings linked to them."""

    file: PurePosixPath
    targets: Sequence[EditTarget]
    linked: Sequence[Linked] = ()


def undo(
    tree: Tree, places: Places, edits: Sequence[FileEdit], moves: Sequence[ImageMove]
) -> tuple[ImageRequest, ...]:
    """Return the requests by which the edits' files become what they were, byte by byte.

    Empty where no requests do that: an image had no tag, an entry was added, a comment went with a
    digest that was dropped.
    """
    try:
        back = tuple(map(_back, moves))
        after = edited(tree, {edit.path: edit.after for edit in edits})
        held = edit_targets(after, places.file, places.targets, back)
        undone = edit_linked(after, places.file, places.linked, held.files, held.moves)
    except PromoteError:
        return ()
    results = {edit.path: edit.after for edit in undone}
    restored = all(results.pop(edit.path, edit.after) == edit.before for edit in edits)
    others = all(tree.read(path) == data for path, data in results.items())
    return back if restored and others else ()


def _back(move: ImageMove) -> ImageRequest:
    """Return the request for what an image was, or raise `UsageError` where that is nothing."""
    tag, digest = move.before.tag, move.before.digest
    if not digest:
        return ImageRequest(move.name, Tag.parse(tag or ""))
    return ImageRequest(move.name, Tag.parse(tag) if tag else None, Digest.parse(digest))
