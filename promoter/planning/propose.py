"""From a request to the edits that would carry it out, on one view of the repository."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath

from promoter import graph
from promoter.config.holds import hold_edit
from promoter.config.layout import Target
from promoter.domain.declaration import AppDeclaration, Declaration
from promoter.domain.errors import PromoteError, RefusedError, SelectionError, UsageError
from promoter.domain.image import Tag, split
from promoter.domain.model import FileEdit, ImageMove, ImageRequest, RunningImage, Tree
from promoter.domain.proposal import Proposal
from promoter.domain.refusal import Refusal
from promoter.domain.suggest import listed
from promoter.domain.trees import edited
from promoter.edits import kustomization
from promoter.edits.delivery_overrides import overriding_images
from promoter.edits.kustomization import ImageEntry
from promoter.edits.linked import edit_linked
from promoter.edits.placeholder_values import where_filled_in
from promoter.edits.placeholders import FILLED_IN
from promoter.edits.target_edits import edit_targets
from promoter.edits.working_files import WorkingFiles, joined_edits
from promoter.planning.dead_edits import ByNames, judge_by_names
from promoter.planning.misnamed import at_configuration, at_request, at_target, other_names
from promoter.planning.outer_kustomizations import set_again
from promoter.planning.running_images import from_containers
from promoter.planning.unnamed import unnamed

_NAMES_LISTED, _TAGS_LISTED = 4, 6


def resolve(
    images: Sequence[ImageRequest], tag: Tag | None, target: Target, tree: Tree
) -> tuple[ImageRequest, ...]:
    """Return what is asked of each entry by the entry's own name, or raise `SelectionError`."""
    entries = _entries(tree, target)
    asked = {_entry_name(i.name, entries, target): i for i in images}
    if len(asked) < len(images):
        names = [_entry_name(one.name, entries, target) for one in images]
        twice = next(name for name in names if names.count(name) > 1)
        given = [i for i, name in zip(images, names, strict=True) if name == twice]
        references = " and ".join(str(i.tag or i.digest) for i in given)
        raise UsageError(f"--image names {twice} twice: {references}", "Give it once.")
    if tag is not None:
        left = [one for one in tagged(target, tree, frozenset(asked)) if one.name not in asked]
        if not left:
            raise UsageError(
                f"the tag {tag} is for no image: those of --image have their own"
                + ("" if target.images else f", and promoter.yaml lists none of {target.app}"),
                "Leave out --tag, or the --image that it is meant for."
                if target.images
                else f"List them in promoter.yaml as apps.{target.app}.images; or leave out --tag.",
            )
        asked |= {one.name: ImageRequest(one.name, tag) for one in left}
    if not asked:
        raise UsageError("no tag is given", "Give --tag TAG, or --image NAME=TAG.")
    # In the order of names, so that the same wish is the same declaration however it was given.
    return tuple(replace(image, name=name) for name, image in sorted(asked.items()))


def propose(declaration: Declaration, targets: Sequence[Target], tree: Tree) -> Proposal:
    """Return the edits that a declaration means on a tree, each app's on those before it.

    Raises `RefusedError` for what cannot be edited, and `SelectionError` where the declaration is
    about other apps than those at the targets.
    """
    places = {one.app: one for one in targets}
    if sorted(places) != sorted(one.app for one in declaration.members):
        raise SelectionError(f"{declaration.app} is about other apps than {', '.join(places)}", "")
    edits: dict[PurePosixPath, FileEdit] = {}
    made: list[Proposal] = []
    for one in declaration.members:
        now = edited(tree, {path: edit.content for path, edit in edits.items()}) if edits else tree
        made.append(propose_app(one, places[one.app], now))
        for edit in made[-1].edits:
            before = edits.get(edit.path)
            edits[edit.path] = joined_edits(before, edit) if before else edit
    if len(made) == 1:
        return replace(made[0], declaration=declaration)
    return Proposal(
        declaration,
        tuple(edits.values()),
        tuple(move for one in made for move in one.moves),
        tuple(warning for one in made for warning in one.warnings),
    )


def propose_app(declaration: AppDeclaration, target: Target, tree: Tree) -> Proposal:
    """Return the edits that a declaration means for one app on a tree, or raise `RefusedError`."""
    if declaration.restores:
        # Late: few runs need it.
        from promoter.planning.restored import restored_images

        made = restored_images(declaration, target, tree)
    elif declaration.images:
        made = _images(declaration, target, tree)
    else:
        made = Proposal(declaration.alone, (), ())
    made = _with_undo(made, declaration, target, tree)
    hold = hold_edit(tree, declaration)
    return made if hold is None else replace(made, edits=(*made.edits, hold))


def _images(declaration: AppDeclaration, target: Target, tree: Tree) -> Proposal:
    placeholders = target.settings.lets_allow("placeholder")
    try:
        with at_target(target):
            held = edit_targets(
                tree,
                target.file,
                target.targets,
                declaration.images,
                placeholders=placeholders and "placeholder" in declaration.allow,
            )
    except RefusedError as error:
        refusals = [_at_origin(one, target, tree) for one in error.refusals]
        raise RefusedError([at_configuration(one, target) for one in refusals]) from None
    moves = tuple(replace(one, app=declaration.app) for one in held.moves)
    moves, several = from_containers(moves, target, tree)
    made = edit_linked(tree, target.file, target.linked, held.files, moves)
    others = overriding_images(tree, target.directory, moves, {one.path for one in made})
    misnamed = other_names(held.places, target)
    warnings = (
        *held.warnings,
        *misnamed,
        *several,
        *others,
        *(one for edit in made for one in edit.warnings),
    )
    edits = tuple(edit for edit in made if edit.after != edit.before)
    return Proposal(declaration.alone, edits, moves, warnings)


def _at_origin(refusal: Refusal, target: Target, tree: Tree) -> Refusal:
    """Return a refusal of a placeholder with where it is filled in, as far as that is known."""
    if refusal.rule != "placeholder":
        return refusal
    place = where_filled_in(refusal, tree, target.directory, target.app, target.environment)
    return replace(refusal, hint=f"{FILLED_IN}: {place}") if place else refusal


def _with_undo(made: Proposal, declaration: AppDeclaration, target: Target, tree: Tree) -> Proposal:
    """Return a proposal with what takes it back, where it goes back itself."""
    if not (made.moves and (declaration.goes_back or "downgrade" in declaration.allow)):
        return made
    back = undo(target, tree, made.edits, made.moves)
    if not back or not all(_stays(image, target) for image in back):
        return made
    return replace(made, undo=back, whole=_is_set_by_tag(declaration, target, tree))


def undo(
    target: Target, tree: Tree, edits: Sequence[FileEdit], moves: Sequence[ImageMove]
) -> tuple[ImageRequest, ...]:
    """Return the requests by which the edits' files become what they were: byte by byte, as is tried.

    Empty where none do that: an image had no tag, an entry was added, a comment went with a digest
    that was dropped.
    """
    if not all(move.before for move in moves):
        return ()
    try:
        had = (RunningImage(one.name, one.before.tag, one.before.digest) for one in moves)
        back = tuple(one.request() for one in had)
        after = edited(tree, {edit.path: edit.after for edit in edits})
        held = edit_targets(after, target.file, target.targets, back)
        undone = edit_linked(after, target.file, target.linked, held.files, held.moves)
    except PromoteError:
        return ()
    results = {edit.path: edit.after for edit in undone}
    restored = all(results.pop(edit.path, edit.after) == edit.before for edit in edits)
    others = all(tree.read(path) == data for path, data in results.items())
    return back if restored and others else ()


def _stays(image: ImageRequest, target: Target) -> bool:
    """Return whether an image is written as it is asked for: an environment may pin it otherwise."""
    pin = target.settings.pin
    return pin == "tag" or (image.digest is not None and (pin == "both" or image.tag is None))


def _is_set_by_tag(declaration: AppDeclaration, target: Target, tree: Tree) -> bool:
    """Return whether its images are just those that one `--tag` sets."""
    with suppress(SelectionError, RefusedError):
        by_tag = sorted(one.name for one in _set_by_tag(target, tree))
        return sorted(image.name for image in declaration.images) == by_tag
    return False


def _entries(tree: Tree, target: Target) -> tuple[ImageEntry, ...]:
    if not target.kustomized:
        return ()
    data = WorkingFiles(tree, target.directory).read(target.file)
    return kustomization.read(target.file, data).entries


def pulled_names(target: Target, tree: Tree) -> dict[str, str]:
    """Return the name under which each image is pulled: the one put in its place where one is."""
    with suppress(SelectionError, RefusedError):
        held = target.held_images(tree)
        return {one.name: one.repository for one in held}
    entries = _entries(tree, target)
    return {str(entry.name): entry.new_name or split(str(entry.name))[0] for entry in entries}


def by_names(proposal: Proposal, target: Target, tree: Tree, asked: Iterable[str] = ()) -> ByNames:
    """Return which of the edits reach no container by name, and what could not be read.

    Of a name that the request has `asked` for and no entry has, the refusal names the request.
    """
    found = judge_by_names(tree, proposal.image_edits, target.directory)
    new = set(asked)
    if new and found.refusals:
        new -= {entry.name for entry in _entries(tree, target)}
    refusals = (at_request(one, target, new) for one in found.refusals)
    found = replace(found, refusals=tuple(at_configuration(one, target) for one in refusals))
    if found.refusals:
        return found
    again = set_again(tree, proposal.image_edits, target.directory, target.app, target.environment)
    return replace(found, refusals=again.refusals, overridden=again.warnings)


def _entry_name(name: str, entries: Sequence[ImageEntry | RunningImage], target: Target) -> str:
    """Return the name of the entry that a request means: by name, else by its only newName."""
    if any(entry.name == name for entry in entries):
        return name
    renamed = [entry.name for entry in entries if entry.new_name == name and entry.name]
    if len(renamed) > 1:
        raise SelectionError(
            f"{len(renamed)} entries of {target.file} have the newName {name}",
            f"Name one of them by its name: {', '.join(str(n) for n in renamed)}.",
            file=str(target.file),
        )
    return str(renamed[0]) if renamed else name


def tagged(
    target: Target, tree: Tree, given: frozenset[str] = frozenset()
) -> tuple[RunningImage, ...]:
    """Return the images that one tag sets: the app's, else its targets' and all that share one tag.

    Raises `SelectionError` where there are none, or where they do not share one; an image that
    is `given` by name makes up for that.
    """
    if given and not target.images:
        return ()
    found = _set_by_tag(target, tree)
    if target.images:
        return found
    if not found:
        if error := unnamed(target, tree):
            raise error
        where = "it has no images" if target.kustomized else "no target names its image"
        raise SelectionError(
            f"{where}, so it is not known which image the tag is for",
            "Name it: --image NAME=TAG, or list it under the app's images in promoter.yaml."
            + _used_by_containers(target, tree),
            file=str(target.file) if target.kustomized else None,
        )
    unlisted = [one for one in found if not one.listed]
    if len({(one.tag, one.digest) for one in unlisted}) > 1:
        shown = [f"{one.name} at {one.tag or one.digest or 'no tag'}" for one in unlisted]
        raise SelectionError(
            f"the {len(unlisted)} images of {target.app} have different tags, so that one tag cannot "
            f"be meant for all: {listed(shown, _TAGS_LISTED)}",
            f"Set them one by one: --image {unlisted[0].name}=TAG; or list those that go together in "
            f"promoter.yaml, as apps.{target.app}.images.",
            file=str(target.file) if target.kustomized else None,
        )
    return found


def _used_by_containers(target: Target, tree: Tree) -> str:
    """Return in words which images the containers of a kustomization have; '' for none."""
    images = graph.read_closure(tree, target.directory).images if target.kustomized else ()
    names = list(dict.fromkeys(one.name for one in images))
    return f" Its containers use {listed(names, _NAMES_LISTED)}." if names else ""


def _set_by_tag(target: Target, tree: Tree) -> tuple[RunningImage, ...]:
    """Return the images that one tag would set, whether or not they share one now."""
    with at_target(target):
        held = target.held_images(tree)
    entries = [one for one in held if not one.listed]
    by_name = {_entry_name(one.name, entries, target): one for one in reversed(held)}
    if not target.images:
        return tuple(one for one in held if by_name.get(one.name) is one)
    names = [_entry_name(name, held, target) for name in target.images]
    return tuple(by_name.get(name, RunningImage(name)) for name in names)
