"""Where in the repository stands what keeps a kustomization from being built."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import PurePosixPath
from posixpath import normpath
from typing import TYPE_CHECKING

from promoter.domain.errors import PromoteError
from promoter.domain.refusal import Refusal
from promoter.domain.suggest import closest
from promoter.edits import kustomization

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.domain.model import FileEdit, Tree
    from promoter.graph import Closure

# What kustomize says of a number where it wants text.
_NO_TEXT = "cannot unmarshal"


def located(message: str, closure: Closure, tree: Tree) -> Refusal | None:
    """Return the refusal of what keeps a kustomization from being built at its place, if it is known."""
    if _NO_TEXT not in message:
        return _missing_file(closure, tree)
    files = (layer.file for layer in closure.layers.values())
    for file in sorted(files, key=lambda one: one != closure.file):
        with suppress(PromoteError, KeyError):
            entries = kustomization.read(file, tree.read(file)).entries
            if found := next((doubt for one in entries for doubt in one.doubtful.values()), None):
                return found
    return None


def may_be_mended(edits: Sequence[FileEdit], message: str) -> bool:
    """Return whether a build failed for a value that one of the edits replaces."""
    return _NO_TEXT in message and any(kustomization.unbuildable(edit) for edit in edits)


def _missing_file(closure: Closure, tree: Tree) -> Refusal | None:
    """Return the refusal of a kustomization that names a file which is not there, at that name."""
    found = (re.fullmatch(r"(.+):(\d+):(\d+): (.+) is not there", one) for one in closure.warnings)
    first = next((one for one in found if one), None)
    if first is None:
        return None
    path = PurePosixPath(normpath(PurePosixPath(first[1]).parent / first[4]))
    close = closest(path.name, sorted(tree.entries(path.parent)))
    meant = PurePosixPath(first[4]).with_name(close) if close else None
    hint = f"Did you mean {meant}?" if meant else "Add the file, or remove the line."
    reason = f"{closure.directory} does not build, even before the edit: there is no {first[4]}"
    return Refusal("render", reason, hint, first[1], int(first[2]), int(first[3]))
