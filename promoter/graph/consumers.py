"""The kustomizations that reach edited files: those that list them, and the overlays of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from pathlib import PurePosixPath

from promoter.domain.dataclass import dataclass
from promoter.domain.model import FileEdit, PathKind, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES
from promoter.domain.trees import kind_of
from promoter.graph.images import Images
from promoter.graph.layer import Layer, read_layer
from promoter.graph.prefetch import kustomizations_in
from promoter.graph.reading import Reading

ROOT = PurePosixPath()
_FOLDERS_LIMIT = 5_000
_KUSTOMIZATIONS_LIMIT = 300
_JUDGED_LIMIT = 12


@dataclass(frozen=True, slots=True)
class Kustomizations:
    """Which kustomizations an edited file ends up in."""

    folders: tuple[PurePosixPath, ...] = ()
    """The folders of the outermost ones: those of the environment where there are any."""
    unlisted_in: PurePosixPath | None = None
    """The kustomization nearby that should list the file's containers and does not."""
    everywhere: bool = True
    """Whether all that reach it are known; not so in a repository of very many kustomizations."""
    is_beside_one: bool = False
    """Whether one that does not reach it is in its own folder, or in the environment's."""
    unread: str = ""
    """Why one of these could not be read, with its place."""


def kustomizations_of(
    tree: Tree, edits: Iterable[FileEdit], directory: PurePosixPath
) -> dict[PurePosixPath, Kustomizations]:
    """Return, for each edited file, the kustomizations that reach it.

    `directory` is the environment's folder. The kustomizations that list a file mostly stand above
    it; where none does, the environment's own may list it from afar, as Flux allows.
    """
    index = _Index(tree, Reading(tree))
    return {edit.path: _of_file(index, edit, directory) for edit in edits}


def _of_file(index: _Index, edit: FileEdit, directory: PurePosixPath) -> Kustomizations:
    path = edit.path
    if path.name in KUSTOMIZATION_NAMES:
        layer = index.layer(path.parent)
        direct = [path.parent]
        if layer is None or (path.parent == directory and layer.stands_alone):
            return Kustomizations((path.parent,))
    else:
        index.add(path.parents)
        direct = index.naming(path)
        if not direct:
            index.follow(_starts(index.tree, directory, path))
            direct = index.naming(path)
    if not direct:
        unlisted = _should_list(index, edit, directory)
        if unlisted is not None and index.add(_folders_below(index.tree, ROOT)):
            direct = index.naming(path)
        if not direct:
            beside = [one for one in (path.parent, directory) if one in index.layers]
            broken = any(index.layers[one] is None for one in beside)
            unread = next(iter(index.reading.warnings), "") if broken else ""
            return Kustomizations(unlisted_in=unlisted, is_beside_one=bool(beside), unread=unread)
    index.add(_folders_below(index.tree, directory))
    reached = index.reached_from(direct)
    own = [one for one in reached if one == directory or one.is_relative_to(directory)]
    everywhere = True
    if not index.outermost(own):
        folders = list(_folders_below(index.tree, ROOT))
        everywhere = len(folders) < _FOLDERS_LIMIT and index.add(folders)
        own = index.reached_from(direct)
    return Kustomizations(tuple(index.outermost(own))[:_JUDGED_LIMIT], everywhere=everywhere)


@dataclass(slots=True)
class _Index:
    """The kustomizations that have been looked into, and what each of them names."""

    tree: Tree
    reading: Reading
    layers: dict[PurePosixPath, Layer | None] = field(default_factory=dict)
    named: dict[PurePosixPath, frozenset[PurePosixPath]] = field(default_factory=dict)

    def add(self, folders: Iterable[PurePosixPath]) -> bool:
        """Read the kustomizations of folders in one round trip; return whether that was not too many."""
        files = {
            folder: file
            for folder in folders
            if folder not in self.layers
            for file in kustomizations_in(self.tree, folder)
        }
        if len(files) + len(self.layers) > _KUSTOMIZATIONS_LIMIT:
            return False
        self.tree.prefetch(files.values())
        for folder, file in files.items():
            self.layers[folder] = layer = read_layer(self.reading, file)
            self.named[folder] = (
                frozenset(layer.read_by_a_build()) if layer is not None else frozenset()
            )
        return True

    def naming(self, path: PurePosixPath) -> list[PurePosixPath]:
        """Return the kustomizations that name a file, as far as they are known."""
        return [folder for folder, named in self.named.items() if path in named]

    def follow(self, folders: Iterable[PurePosixPath]) -> None:
        """Read the kustomizations of folders and all that these stand on."""
        waiting, known = list(folders), set[PurePosixPath]()
        while waiting and self.add(waiting):
            known.update(waiting)
            named = dict.fromkeys(one for folder in waiting for one in self.named_by(folder))
            below = (one for one in named if one not in known)
            waiting = [one for one in below if kind_of(self.tree, one) is PathKind.DIRECTORY]

    def layer(self, folder: PurePosixPath) -> Layer | None:
        """Return the kustomization of a folder."""
        self.add([folder])
        return self.layers.get(folder)

    def named_by(self, folder: PurePosixPath) -> frozenset[PurePosixPath]:
        """Return the files and folders that a kustomization names."""
        return self.named.get(folder, frozenset())

    def reached_from(self, direct: Sequence[PurePosixPath]) -> list[PurePosixPath]:
        """Return these kustomizations and all that stand on them, as far as they are known."""
        users: dict[PurePosixPath, list[PurePosixPath]] = {}
        for folder, named in self.named.items():
            for one in named:
                users.setdefault(one, []).append(folder)
        found = dict.fromkeys(direct)
        waiting = list(direct)
        while waiting:
            for user in users.get(waiting.pop(), ()):
                if user not in found:
                    found[user] = None
                    waiting.append(user)
        return list(found)

    def outermost(self, folders: Sequence[PurePosixPath]) -> list[PurePosixPath]:
        """Return those that none of the others stands on, and that can be built by themselves."""
        chosen = set(folders)
        inner = {named for one in chosen for named in self.named_by(one) if named != one}
        return [
            one
            for one in folders
            if one not in inner and (layer := self.layers.get(one)) and layer.stands_alone
        ]


def _starts(tree: Tree, directory: PurePosixPath, path: PurePosixPath) -> Iterable[PurePosixPath]:
    """Return the folders of an environment from which a file that no folder above lists is looked for."""
    if any(kustomizations_in(tree, directory)):
        return [directory]
    return () if path.is_relative_to(directory) else _folders_below(tree, directory)


def _folders_below(tree: Tree, directory: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield a folder and the folders below it, as many as are looked into."""
    tree.unfold(directory)
    waiting, seen = [directory], 0
    while waiting and seen < _FOLDERS_LIMIT:
        folder = waiting.pop()
        seen += 1
        yield folder
        waiting += [
            folder / name
            for name, kind in tree.entries(folder).items()
            if kind is PathKind.DIRECTORY and not name.startswith(".")
        ]


def _should_list(index: _Index, edit: FileEdit, directory: PurePosixPath) -> PurePosixPath | None:
    """Return the kustomization whose folder has a file of containers that it does not list."""
    inside = edit.path.is_relative_to(directory)
    over = [one for one in edit.path.parents if not inside or one.is_relative_to(directory)]
    nearby = next((one for one in (over if inside else over[:1]) if index.layers.get(one)), None)
    layer = index.layers.get(nearby) if nearby is not None else None
    if layer is None or not edit.changes or not all(is_container(index.tree, edit)):
        return None
    return layer.file


def is_container(tree: Tree, edit: FileEdit) -> Iterator[bool]:
    """Yield, for each change of a file, whether it is made in a container's own image."""
    written = Images(Reading(tree), {}, {}).written(edit.path)
    places = {(one.line, one.column) for one in written if one.certain}
    return (
        (change.line, change.column) in places for change in edit.changes if not change.is_linked
    )
