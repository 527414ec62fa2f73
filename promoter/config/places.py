"""Where a key of the repository's own promoter.yaml stands, for what is wrong with its value."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypedDict

from promoter.config.config import FILE
from promoter.config.document import load
from promoter.domain.errors import PromoteError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.domain.model import Tree


class Place(TypedDict):
    """A file, a line and a column, as errors take them."""

    file: str | None
    line: int | None
    column: int | None


def place_of(tree: Tree, keys: Sequence[object]) -> Place | None:
    """Return the place of a key, or of the nearest key around it; None without the file."""
    with suppress(KeyError, PromoteError):
        document = load(tree.read(FILE), str(FILE))
        line, column = document.position(keys)
        return Place(file=document.file, line=line, column=column)
    return None
