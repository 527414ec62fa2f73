"""What the closures of kustomizations need, fetched in a few round trips before they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from promoter.domain.model import PathKind, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES, resolved
from promoter.domain.trees import kind_of

# Whatever may be a path. What is none is not in the tree; what is overlooked is read later, alone.
_WORD = re.compile(
    rb"^[ \t-]*(?:[A-Za-z]+:[ \t]*)?[\"']?([\w.][\w./-]*)[\"']?[ \t]*\r?$", re.MULTILINE
)
_ROUNDS = 8
_LIKELY_LIMIT = 60
_YAML = frozenset({".yaml", ".yml", ".json", ".env"})
_SHARED = ("base", "bases", "common", "components")


def prefetch_closures(
    tree: Tree, directories: Iterable[PurePosixPath], beside: Iterable[PurePosixPath] = ()
) -> None:
    """Fetch the files that kustomizations of these folders seem to name, level by level.

    The files `beside` them come with the first level.
    """
    directories = tuple(directories)
    # The folders of one app alone are few, and most of them come with the look at the base.
    is_many = len(directories) > 1
    if is_many:
        # What is in the folders that each has for itself says which of the others are there.
        tree.look_into(_own_folders(directories))
        tree.look_into({folder for one in directories for folder in likely_folders(one)})
    level = {file for directory in directories for file in likely_files(tree, directory)}
    seen: set[PurePosixPath] = set()
    tree.prefetch({*level, *beside})
    for _ in range(_ROUNDS):
        seen |= level
        kustomizations = [file for file in level if file.name in KUSTOMIZATION_NAMES]
        if is_many:
            tree.look_into(
                {
                    folder
                    for file in kustomizations
                    for path in _words(tree, file)
                    for folder in (path, path.parent)
                }
            )
        named = {path for file in kustomizations for path in named_paths(tree, file)}
        files = {path for path in named if kind_of(tree, path) is PathKind.FILE}
        level = {file for one in named - files for file in kustomizations_in(tree, one)} - seen
        tree.prefetch((files | level) - seen)
        if not level:
            return


def likely_files(tree: Tree, directory: PurePosixPath) -> list[PurePosixPath]:
    """Return what the kustomization of a folder probably needs: its files, and those of a base.

    A base is looked for where repositories have it: beside the folder or its parents, and below the
    app's own folder, with the overlay of the same environment.
    """
    found = _yaml_files(tree, directory)
    for parent in directory.parents[:2]:
        entries = tree.entries(parent)
        for name in _SHARED:
            if entries.get(name) is PathKind.DIRECTORY and parent / name != directory:
                found += _yaml_files(tree, parent / name)
    for folder in _app_folders(tree, directory):
        found += _yaml_files(tree, folder)
    return found[:_LIKELY_LIMIT]


def _own_folders(directories: Sequence[PurePosixPath]) -> set[PurePosixPath]:
    """Return the folders above some that are no two's; one of all apps may have thousands of names."""
    above = ({one.parents[n] for one in directories if len(one.parts) > n} for n in (0, 1))
    return {one for level in above if len(level) == len(directories) for one in level}


def likely_folders(directory: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield the folders in which the base of an app's folder is looked for."""
    for parent in directory.parents[:2]:
        yield from (parent / name for name in _SHARED)
    for app in _folders_named(directory.name):
        yield from (app, app / "base", app / "overlays")


def _folders_named(name: str) -> tuple[PurePosixPath, ...]:
    """Return where the folder of an app with this name may be."""
    return PurePosixPath("apps", name), PurePosixPath(name)


def _app_folders(tree: Tree, directory: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield the folders of the app that a folder of a cluster is named for: its base and overlay."""
    for app in _folders_named(directory.name):
        if app in (directory, PurePosixPath()) or kind_of(tree, app) is not PathKind.DIRECTORY:
            continue
        yield app
        yield app / "base"
        for name in tree.entries(app / "overlays"):
            if any(part == name or part.startswith(f"{name}-") for part in directory.parts):
                yield app / "overlays" / name


def named_paths(tree: Tree, file: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield the files and folders of the repository that a kustomization's words could mean."""
    for path in _words(tree, file):
        if kind_of(tree, path) in (PathKind.FILE, PathKind.DIRECTORY):
            yield path


def _words(tree: Tree, file: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield what a kustomization's words would be as paths of the repository."""
    for word in _WORD.findall(tree.read(file)):
        path = resolved(file.parent, word.decode("ascii", "replace"))
        if path is not None:
            yield path


def kustomizations_in(tree: Tree, directory: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield the kustomization of a folder, where it is a plain file."""
    entries = tree.entries(directory)
    return (directory / name for name in KUSTOMIZATION_NAMES if entries.get(name) is PathKind.FILE)


def _yaml_files(tree: Tree, directory: PurePosixPath) -> list[PurePosixPath]:
    """Return the kustomization of a folder, then its other files of YAML."""
    own = list(kustomizations_in(tree, directory))
    others = [
        directory / name
        for name, kind in tree.entries(directory).items()
        if kind is PathKind.FILE and (directory / name).suffix in _YAML
    ]
    return [*own, *(one for one in others if one not in own)] if own else []
