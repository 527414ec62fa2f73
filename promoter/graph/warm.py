"""What many kustomizations stand on, brought in a few round trips before each of them is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promoter.config.layout import KUSTOMIZATION_NAMES
from promoter.domain.model import Kind
from promoter.domain.paths import resolved

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePosixPath

    from promoter.domain.model import Tree

# Whatever may be a path. What is none is not in the tree; what is overlooked is read later, alone.
_WORD = re.compile(
    rb"^[ \t-]*(?:[A-Za-z]+:[ \t]*)?[\"']?([\w.][\w./-]*)[\"']?[ \t]*\r?$", re.MULTILINE
)
_ROUNDS = 8


def warm(tree: Tree, directories: Iterable[PurePosixPath]) -> None:
    """Bring the files that kustomizations of these folders seem to name, level by level."""
    level = {file for directory in directories for file in _kustomizations(tree, directory)}
    seen: set[PurePosixPath] = set()
    tree.prefetch(level)
    for _ in range(_ROUNDS):
        seen |= level
        named = {path for file in level for path in _named(tree, file)}
        files = {path for path in named if _kind(tree, path) is Kind.FILE}
        folders = named - files
        level = {file for one in folders for file in _kustomizations(tree, one)} - seen
        tree.prefetch(files | level)
        if not level:
            return


def _named(tree: Tree, file: PurePosixPath) -> Iterable[PurePosixPath]:
    """Yield the files and folders of the repository that a kustomization's words could mean."""
    for word in _WORD.findall(tree.read(file)):
        path = resolved(file.parent, word.decode("ascii", "replace"))
        if path is not None and _kind(tree, path) in (Kind.FILE, Kind.DIRECTORY):
            yield path


def _kind(tree: Tree, path: PurePosixPath) -> Kind | None:
    """Return what a path is."""
    return tree.entries(path.parent).get(path.name)


def _kustomizations(tree: Tree, directory: PurePosixPath) -> Iterable[PurePosixPath]:
    """Yield the kustomization of a folder, where it is a plain file."""
    entries = tree.entries(directory)
    return (directory / name for name in KUSTOMIZATION_NAMES if entries.get(name) is Kind.FILE)
