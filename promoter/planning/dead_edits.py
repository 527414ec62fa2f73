"""Edits that no container can have an effect of, as far as names and files show without a render."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from promoter import graph
from promoter.domain.dataclass import dataclass
from promoter.domain.model import FieldChange, FileEdit, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES
from promoter.domain.refusal import Refusal
from promoter.edits import kustomization
from promoter.edits.text import decode_file
from promoter.graph import Closure, Dead, Entry, Kustomizations, Overwriter
from promoter.graph.documents import shortened_line


@dataclass(frozen=True, slots=True)
class ByNames:
    """What the names of images show of edits without a render."""

    directory: PurePosixPath
    """The environment's folder."""
    reached: Mapping[PurePosixPath, Kustomizations]
    """The kustomizations that each edited file ends up in."""
    refusals: tuple[Refusal, ...] = ()
    """One for each edit that reaches no container."""
    unread: tuple[str, ...] = ()
    """What could not be read of all that uses the images."""
    overridden: tuple[str, ...] = ()
    """What is said of outer kustomizations that set some of the images again."""


def judge_by_names(tree: Tree, edits: Sequence[FileEdit], directory: PurePosixPath) -> ByNames:
    """Return which edits reach no container by name, and what is not known.

    Edits of kustomizations are judged by the names of their entries, those of other files by the
    kustomizations that the file ends up in. `directory` is the environment's folder.
    """
    reached = graph.kustomizations_of(tree, edits, directory)
    refusals: list[Refusal] = []
    warnings: list[str] = []
    for edit in edits:
        if edit.path.name in KUSTOMIZATION_NAMES:
            dead, unknown = refused_entries(edit, edit.images, tree)
            refusals += dead
            warnings += _unlisted(edit, reached[edit.path]) or unknown
        else:
            refusals += dead_file(tree, edit, reached[edit.path])
    return ByNames(directory, reached, tuple(refusals), tuple(warnings))


def refused_entries(
    edit: FileEdit, names: Iterable[str], tree: Tree, directory: PurePosixPath | None = None
) -> tuple[tuple[Refusal, ...], tuple[str, ...]]:
    """Return refusals for entries of a kustomization that match no container, and what is not known.

    Names that the file has no entry of after the edit are passed over. `directory` is the file's
    folder in the tree, where its name in the edit is another one.
    """
    after = kustomization.read(edit.path, edit.after)
    closure = graph.read_closure(tree, edit.path.parent if directory is None else directory)
    if not after.judges_itself:
        return (), tuple(_not_its_own(edit, names, after.is_component, closure))
    known = {entry.name for entry in after.entries}
    names = [name for name in names if name in known]
    found = [
        _where_images_do_not_reach(one, closure, tree)
        for one in graph.dead_entries(closure, after.entries, names)
    ]
    warnings = (*_added_unseen(edit, names, closure), *closure.warnings)
    return tuple(at_entry(edit, one) for one in found), () if closure.complete else warnings


def _added_unseen(edit: FileEdit, names: Iterable[str], closure: Closure) -> Iterator[str]:
    """Yield a warning for each entry that is added for an image which no container is known to have."""
    before = kustomization.read(edit.path, edit.before)
    for name in names:
        if before.find(name) is None and not _is_used(name, closure):
            yield (
                f"the entry {name} is added to {edit.path}, and no container is known to use that "
                "image: not all that it is built from is read"
            )


def _where_images_do_not_reach(dead: Dead, closure: Closure, tree: Tree) -> Dead:
    """Return a dead edit with what to do where a field has the image that is no container's."""
    if dead.reason != graph.unused(dead.image):
        return dead
    place = graph.first_mention(tree, closure.files, dead.image)
    if not place:
        return dead
    hint = f"{place} has it where `images` does not reach: give the app a target of kind: manifest."
    return replace(dead, hint=hint)


def _is_used(name: str, closure: Closure) -> bool:
    return any(graph.entry_matches(name, one.text) is not False for one in closure.images)


def _not_its_own(
    edit: FileEdit, names: Iterable[str], is_component: bool, closure: Closure
) -> Iterator[str]:
    """Yield what is not known of images that are not those of a kustomization's own resources."""
    used = {image.name for image in closure.images}
    names = [name for name in names if name not in used]
    if names and is_component:
        yield (
            f"{edit.path} is a Component, and its own resources do not use {', '.join(names)}: "
            "whether what lists it does is not known"
        )
    elif names:
        what = "names no resources of its own" if edit.before.strip() else "was empty"
        yield f"{edit.path} {what}: whether a container uses {', '.join(names)} is not known"


def _unlisted(edit: FileEdit, reached: Kustomizations) -> tuple[str, ...]:
    """Return that nothing lists a Component, where that is known."""
    known = reached.everywhere and not reached.folders
    if not known or not kustomization.read(edit.path, edit.after).is_component:
        return ()
    where = "unless Flux or Argo CD names it as a component"
    return (
        f"{edit.path} is a Component that no kustomization lists, so nothing gets its images, {where}",
    )


def dead_file(tree: Tree, edit: FileEdit, reached: Kustomizations) -> list[Refusal]:
    """Return a refusal for an edit of a manifest or patch of which no container gets anything."""
    if reached.unlisted_in is not None:
        reason = f"{reached.unlisted_in} does not list {edit.path}, so nothing is built from it"
        hint = f"List it in {reached.unlisted_in}, or remove the file."
        return [at_change(edit, edit.changes[0], reason, hint)]
    if not reached.folders or not reached.everywhere:
        return []
    closures = [graph.read_closure(tree, folder) for folder in reached.folders]
    places = [(one.line, one.column) for one in edit.changes if not one.is_linked]
    overriding = [graph.overriding_entries(one, str(edit.path), places) for one in closures]
    if not places or not overriding or any(one is None for one in overriding):
        return []
    entry = next(entry for found in overriding if found for entry in found)
    return [overridden(edit, entry)]


def overridden(edit: FileEdit, entry: Entry) -> Refusal:
    """Return the refusal of an edit whose image an entry of `images` sets in its place."""
    what = f"tag {entry.tag}" if entry.tag else "digest"
    change = next(one for one in edit.changes if not one.is_linked)
    return at_change(
        edit,
        change,
        f"{entry.place} sets the {what} of the image {entry.name}, whatever {edit.path} says",
        f"Set the tag in {entry.file}, or remove the entry {entry.name} there.",
    )


def at_entry(edit: FileEdit, dead: Dead) -> Refusal:
    """Return the refusal at the entry that it is about, else where entries are added."""
    before = kustomization.read(edit.path, edit.before)
    entry = before.find(dead.entry)
    at = before.place if entry is None else entry.start
    source = decode_file(str(edit.path), edit.before)
    refusal = source.refusal(
        "dead-edit", shortened_line(dead.reason), shortened_line(dead.hint), at=at
    )
    return replace(refusal, images=(dead.image,))


def at_change(edit: FileEdit, change: FieldChange, reason: str, hint: str) -> Refusal:
    """Return the refusal at a change of a file."""
    source = decode_file(str(edit.path), edit.before)
    at = source.index(change.line, change.column)
    refusal = source.refusal("dead-edit", shortened_line(reason), shortened_line(hint), at=at)
    return replace(refusal, images=(change.image,))


def dead_edit_refusal(tree: Tree, closure: Closure, edit: FileEdit, name: str) -> Refusal:
    """Return the refusal of an edit that changes no rendered image, with what the files show."""
    if edit.path.name in KUSTOMIZATION_NAMES:
        return _explained_entry(tree, closure, edit, name)
    places = {(one.line, one.column) for one in edit.changes if one.image == name}
    for image in graph.final_images(closure):
        written = (image.line, image.column) in places and image.file == str(edit.path)
        if written and image.overridden_by is not None:
            return overridden(edit, image.overridden_by)
    change = next(one for one in edit.changes if one.image == name)
    later = graph.overwriter(tree, closure, edit.path, (change.line, change.column))
    if later is not None:
        return at_change(edit, change, *_in_its_place(later))
    reason = f"no object that {closure.file} renders would change"
    return at_change(edit, change, reason, "Look for what sets this image after the file is read.")


def _in_its_place(later: Overwriter) -> tuple[str, str]:
    """Return what sets an image anew, as a reason, and where the tag is to be set then."""
    place = f"{later.file}:{later.line}"
    if not later.source:
        return f"{place} sets {later.text} in its place", f"Set the tag in {later.file}."
    file = later.source_place.rpartition(":")[0]
    hint = f"Set the tag in {file}." if file else "Set the tag where that takes it from."
    at = f" ({later.source_place})" if later.source_place not in ("", place) else ""
    return f"the replacement at {place} sets {later.source}{at} in its place", hint


def explained_as_empty(_: Tree, closure: Closure, edit: FileEdit, name: str) -> Refusal:
    """Return the refusal of an edit of a kustomization that is built to no object at all."""
    reason = f"{closure.file} renders no object: all that it lists is left out or deleted"
    hint = "Look for config.kubernetes.io/local-config, and for patches with $patch: delete."
    if edit.path.name in KUSTOMIZATION_NAMES:
        return at_entry(edit, graph.Dead(name, reason, hint, name))
    change = next(one for one in edit.changes if one.image == name)
    return at_change(edit, change, reason, hint)


def _explained_entry(tree: Tree, closure: Closure, edit: FileEdit, name: str) -> Refusal:
    entries = kustomization.read(edit.path, edit.after).entries
    place = next((n for n, entry in enumerate(entries) if entry.name == name), len(entries))
    dead = next(iter(graph.dead_entries(closure, entries, [name])), None)
    later = graph.later_entry(entries, place) if place < len(entries) else None
    if dead is not None:
        return at_entry(edit, dead)
    if later is not None:
        what = "digest" if later.digest and not later.tag else "tag"
        reason = f"the later entry {later.name} sets the {what} of the image that {name} sets"
        hint = f"Set it in the entry {later.name}, or remove that one."
        return at_entry(edit, graph.Dead(name, reason, hint, later.name or ""))
    override = graph.entry_over(closure, str(edit.path), name)
    if override is not None:
        reason = f"{override.place} sets the tag of the image {name} afterwards"
        return at_entry(edit, graph.Dead(name, reason, f"Set the tag in {override.file}.", name))
    for image in graph.final_images(closure):
        if image.name == name or any(step.entry.name == name for step in image.steps):
            at = (image.line, image.column)
            file = PurePosixPath(image.file)
            changed = graph.overwriter(tree, closure, file, at, entry=edit.path)
            if changed is not None:
                reason, hint = _in_its_place(changed)
                return at_entry(edit, graph.Dead(name, reason, hint, name))
    if closure.overwriting:
        reason = f"{closure.overwriting[0]} changes the image of {name} after `images`"
        hint = "Set the tag where that takes it from."
        return at_entry(edit, graph.Dead(name, reason, hint, name))
    reason = f"no object that {closure.file} renders would change with the image {name}"
    hint = "Check the image's name, and what patches and replacements do to it."
    return at_entry(edit, graph.Dead(name, reason, hint, name))
