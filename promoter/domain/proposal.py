"""The edits that a declaration means on one tree, and what they mean for each image."""

from __future__ import annotations

from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import Declaration
from promoter.domain.model import FileEdit, ImageMove, ImageRequest


@dataclass(frozen=True, slots=True)
class Proposal:
    """The edits of one promotion on one tree, and what they mean for each image."""

    declaration: Declaration
    edits: tuple[FileEdit, ...]
    moves: tuple[ImageMove, ...]
    warnings: tuple[str, ...] = ()
    whole: bool = False
    """Whether the images that undo it are just those that one `--tag` sets."""
    undo: tuple[ImageRequest, ...] = ()
    """Of what goes back, the images that, set after the merge, restore every byte; else none."""

    @property
    def image_edits(self) -> tuple[FileEdit, ...]:
        """The edits that set images: all but a hold's."""
        return tuple(edit for edit in self.edits if edit.changes)
