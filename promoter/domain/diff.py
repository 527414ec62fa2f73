"""Unified diffs of byte-exact edits."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promoter.domain.model import FileEdit

_NO_NEWLINE = "\\ No newline at end of file"


def unified(edits: Iterable[FileEdit]) -> str:
    """Return the diff of the edits in the form that `git apply` takes."""
    return "".join(_one(edit) for edit in edits)


def _one(edit: FileEdit) -> str:
    before = "/dev/null" if edit.added else f"a/{edit.path}"
    after = "/dev/null" if edit.removed else f"b/{edit.path}"
    lines = unified_diff(_lines(edit.before), _lines(edit.after), before, after)
    return "".join(line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}\n" for line in lines)


def _lines(data: bytes) -> list[str]:
    """Return the lines of a file, split at line feeds only, as git splits them."""
    text = data.decode("utf-8", "surrogateescape")
    parts = text.split("\n")
    lines = [f"{part}\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines
