"""The kustomizations that include an environment's folder, and which images they set again.

An image that they set is what is deployed, whatever the environment's own folder says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from pathlib import PurePosixPath

from promoter import graph
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError
from promoter.domain.model import FileEdit, PathKind, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES
from promoter.domain.refusal import Refusal
from promoter.domain.trees import edited
from promoter.edits import kustomization
from promoter.edits.delivery_overrides import delivery_files, is_applied
from promoter.edits.kustomization.entries import ImageEntry
from promoter.graph import Closure, Image
from promoter.graph.prefetch import kustomizations_in
from promoter.graph.transformer import is_plain
from promoter.planning.dead_edits import at_change, at_entry

ROOT = PurePosixPath()
# Folders in which people keep one folder for each environment.
_ENVIRONMENTS = ("environments", "envs", "overlays", "clusters")
# A root with more folders holds the apps.
_NAMES_LIMIT = 100
_FILES_LIMIT = 20
# Fields by which a kustomization changes an image of what it includes, whatever its name.
_CHANGING = (b"patches", b"components")
_NAMING = (b"image", b"path:", b"components", b"patchesStrategicMerge")
# One that includes more, as all apps, is followed where its own `images` have the image alone.
_ELEMENTS_LIMIT = 200
_ELEMENT = re.compile(rb"^[ \t]*-[ \t]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SetAgain:
    """What outer kustomizations set again: refusals where all of them do, else warnings."""

    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Setter:
    """What sets an image again: its place, and the file to set the tag in."""

    place: str
    file: str
    by: PurePosixPath
    """The outermost kustomization."""


def outer_kustomizations(
    tree: Tree, directory: PurePosixPath, environment: str
) -> list[PurePosixPath]:
    """Return the kustomizations that may include an environment's folder and are deployed with it.

    They stand above it; of a folder that is not called as the environment is, also in one that is.
    Folders whose names are not known without a request are passed over.
    """
    named = () if environment in directory.parts else _named(tree, directory, environment)
    folders = dict.fromkeys([*directory.parents, *named])
    found = (
        file
        for folder in folders
        if not folder.is_relative_to(directory) and tree.is_listed(folder)
        for file in kustomizations_in(tree, folder)
    )
    return list(islice(found, _FILES_LIMIT))


def set_again(
    tree: Tree, edits: Sequence[FileEdit], directory: PurePosixPath, app: str, environment: str
) -> SetAgain:
    """Return which images of edits the outer kustomizations set again; the tree is that before them.

    Names and files alone decide, and what they do not show for sure counts as not set again. A
    folder that Argo CD or Flux applies by itself is deployed as it is: then it is warned of.
    """
    outer = outer_kustomizations(tree, directory, environment)
    names = [name for edit in edits for name in _last_names(edit)]
    changing = [file for file in outer if _may_change(tree, file, names)]
    after = edited(tree, {edit.path: edit.content for edit in edits}) if changing else tree
    refusals: list[Refusal] = []
    warnings: list[str] = []
    for edit in edits:
        closures = [graph.read_closure(tree, file.parent) for file in changing]
        reaching = {one.file: one for one in closures if one.holds(edit.path)}
        for name in edit.images if reaching else ():
            found = {
                file: _setter((tree, after), one, edit, name) for file, one in reaching.items()
            }
            setters = [one for one in found.values() if one is not None]
            if not setters:
                continue
            set_by = {one.by for one in setters}
            if set_by.issuperset(_outermost(tree, outer, edit)) and not _is_applied(
                tree, directory, app, environment
            ):
                refusals.append(_refusal(edit, name, setters[0]))
            else:
                warnings += (
                    f"{one.place} sets the image {name} again: what {one.by.parent} builds stays "
                    "as it is"
                    for one in setters
                )
    return SetAgain(tuple(refusals), tuple(dict.fromkeys(warnings)))


def _named(tree: Tree, directory: PurePosixPath, environment: str) -> Iterator[PurePosixPath]:
    """Yield the folders called as an environment is, where repositories have these."""
    names = tree.entries(ROOT) if tree.is_listed(ROOT) else {}
    at_root = (PurePosixPath(one) for one in names if _has_folder(tree, ROOT, one))
    others = at_root if len(names) <= _NAMES_LIMIT else ()
    for start in dict.fromkeys([*directory.parents, *others]):
        below = (start / one for one in _ENVIRONMENTS if _has_folder(tree, start, one))
        for folder in (start, *below):
            if _has_folder(tree, folder, environment):
                yield folder / environment


def _has_folder(tree: Tree, folder: PurePosixPath, name: str) -> bool:
    return tree.is_listed(folder) and tree.entries(folder).get(name) is PathKind.DIRECTORY


def _last_names(edit: FileEdit) -> Iterator[str]:
    """Yield the last part of each image's name, and of the name that is put in its place."""
    entries: Sequence[ImageEntry] = ()
    if edit.path.name in KUSTOMIZATION_NAMES:
        entries = kustomization.read(edit.path, edit.after).entries
    renamed = (one.new_name for one in entries if one.name in edit.images and one.new_name)
    for name in (*edit.images, *renamed):
        yield name.rpartition("/")[2]


def _may_change(tree: Tree, file: PurePosixPath, names: Sequence[str]) -> bool:
    """Return whether a kustomization could change one of these images, by the words in it."""
    try:
        text = tree.read(file)
    except (KeyError, PromoteError):
        return False
    if len(_ELEMENT.findall(text)) <= _ELEMENTS_LIMIT and _patches_images(text):
        return True
    entries = _entry_names(file, text)
    return any(not is_plain(one) or any(name in one for name in names) for one in entries)


def _patches_images(text: bytes) -> bool:
    """Return whether patches of a kustomization, or its components, may be about images."""
    return any(word in text for word in _CHANGING) and any(word in text for word in _NAMING)


@lru_cache(maxsize=100)
def _entry_names(file: PurePosixPath, text: bytes) -> tuple[str, ...]:
    """Return the names in a kustomization's `images`; none where it cannot be read."""
    with suppress(PromoteError):
        return tuple(one.name for one in kustomization.read(file, text).entries if one.name)
    return ()


def _outermost(
    tree: Tree, outer: Sequence[PurePosixPath], edit: FileEdit
) -> Iterator[PurePosixPath]:
    """Yield the kustomizations that reach an edited file and that no other of them includes."""
    closures = [graph.read_closure(tree, file.parent) for file in outer]
    reaching = [one for one in closures if one.holds(edit.path)]
    for one in reaching:
        if not any(one.directory in other.folders for other in reaching if other is not one):
            yield one.file


def _setter(
    trees: tuple[Tree, Tree], closure: Closure, edit: FileEdit, name: str
) -> _Setter | None:
    """Return what sets an image again after an edit; None where a container may have what is set."""
    if closure.unknown or closure.copies_values:
        return None
    for tree in trees:
        known = graph.read_closure(tree, closure.directory)
        if setters := [
            _setter_of(tree, known, one, edit, name) for one in _set_by(known, edit, name)
        ]:
            return setters[0] if all(setters) else None
    return None


def _set_by(closure: Closure, edit: FileEdit, name: str) -> Iterator[Image]:
    """Yield the images of a kustomization in which an edit sets a name."""
    places = {(one.line, one.column) for one in edit.changes if one.image == name}
    for image in graph.final_images(closure):
        if _entry_in(image, edit, name) is not None or (
            image.file == str(edit.path) and (image.line, image.column) in places
        ):
            yield image


def _entry_in(image: Image, edit: FileEdit, name: str) -> int | None:
    """Return which of the entries that changed an image is the edited one."""
    entries = [step.entry for step in image.steps]
    found = (n for n, one in enumerate(entries) if (one.file, one.name) == (str(edit.path), name))
    return next(found, None)


def _setter_of(
    tree: Tree, closure: Closure, image: Image, edit: FileEdit, name: str
) -> _Setter | None:
    """Return what sets one image again: a later entry of `images`, or a patch."""
    if not image.certain:
        return None
    own = _entry_in(image, edit, name)
    later = (step.entry for step in reversed(image.steps[0 if own is None else own + 1 :]))
    entry = next((one for one in later if one.tag or one.digest), None)
    if entry is not None:
        is_outer = entry.file != str(edit.path)
        return _Setter(entry.place, entry.file, closure.file) if is_outer else None
    place, stop = (image.line, image.column), None if own is None else edit.path
    patch = graph.overwriter(tree, closure, PurePosixPath(image.file), place, entry=stop)
    if patch is None or not patch.text or patch.file == str(edit.path):
        return None
    return _Setter(f"{patch.file}:{patch.line}", patch.file, closure.file)


def _is_applied(tree: Tree, directory: PurePosixPath, app: str, environment: str) -> bool:
    """Return whether a file of Argo CD or Flux in the repository applies a folder by itself."""
    files = delivery_files(tree, app, environment)
    tree.prefetch(files)
    return is_applied(tree, files, directory)


def _refusal(edit: FileEdit, name: str, setter: _Setter) -> Refusal:
    reason = (
        f"{setter.place} sets the image {name} again, and {setter.by} includes {edit.path.parent}"
    )
    hint = f"Set the tag in {setter.file}: give the environment the path {setter.by.parent}."
    if edit.path.name in KUSTOMIZATION_NAMES:
        return at_entry(edit, graph.Dead(name, reason, hint, name))
    change = next(one for one in edit.changes if one.image == name)
    return at_change(edit, change, reason, hint)
