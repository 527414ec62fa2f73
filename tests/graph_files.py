"""Small kustomizations as folders on disk, for the tests of the graph."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from promoter import graph
from promoter.edits import kustomization
from promoter.git.folder import DirectoryTree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from promoter.graph import Closure, Dead


def deployment(name: str = "app", image: str = "app:1", *, kind: str = "Deployment") -> str:
    """Return a workload with one container."""
    return (
        f"apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: {name}\n"
        f"spec:\n  template:\n    spec:\n      containers:\n      - name: main\n"
        f"        image: {image}\n"
    )


def tree(directory: Path, files: Mapping[str, str]) -> DirectoryTree:
    """Write files, and return the folder as a tree."""
    for path, text in files.items():
        full = directory / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text, encoding="utf-8", newline="")
    return DirectoryTree(directory)


def closure(directory: Path, files: Mapping[str, str], at: str = ".") -> Closure:
    """Return the closure of a kustomization of the files."""
    return graph.read_closure(tree(directory, files), PurePosixPath(at))


def images(found: Closure) -> list[str]:
    """Return the images that a kustomization's own entries meet."""
    return [image.text for image in found.images]


def dead(directory: Path, files: Mapping[str, str], name: str, at: str = ".") -> Dead | None:
    """Return the verdict on setting the entry `name` of a kustomization of the files."""
    found = closure(directory, files, at)
    path = PurePosixPath(at) / "kustomization.yaml"
    entries = kustomization.read(path, files[str(path)].encode()).entries
    return next(iter(graph.dead_entries(found, entries, [name])), None)
