"""The edits of a rollback that brings an app's images back as an earlier commit has them written."""

from __future__ import annotations

from promoter.config.layout import Target
from promoter.domain.declaration import AppDeclaration
from promoter.domain.errors import RefusedError
from promoter.domain.image import Ref
from promoter.domain.model import ImageMove, RunningImage, Tree
from promoter.domain.proposal import Proposal
from promoter.domain.refusal import Refusal
from promoter.domain.trees import edited
from promoter.edits.linked import edit_linked
from promoter.edits.restore import restore_images
from promoter.planning.running_images import container_images


def restored_images(declaration: AppDeclaration, target: Target, tree: Tree) -> Proposal:
    """Return the edits by which an app's images stand as the commit has them that is restored.

    Raises `RefusedError` where there is no such commit, or something else would have to change.
    """
    try:
        then = tree.at(declaration.restores or "")
        earlier = target.own_images(then)
        now = target.own_images(tree)
        images = {one.name: one for one in (*earlier, *now)}
        edits = restore_images(tree, then, target.file, target.targets, images)
    except KeyError as error:
        reason = f"commit {declaration.restores} does not have the files of {target.app}"
        hint = f"Set the images by themselves: promote {target.flags}"
        raise RefusedError([Refusal("rollback", reason, hint, str(target.first_file))]) from error
    after = target.own_images(edited(tree, {edit.path: edit.after for edit in edits}))
    moves, added = _moves(declaration, target, tree, (now, after))
    made = edit_linked(tree, target.file, target.linked, edits, moves)
    warnings = (*added, *(warning for edit in made for warning in edit.warnings))
    changed = tuple(edit for edit in made if edit.after != edit.before)
    return Proposal(declaration.alone, changed, moves, warnings)


def _moves(
    declaration: AppDeclaration,
    target: Target,
    tree: Tree,
    images: tuple[tuple[RunningImage, ...], tuple[RunningImage, ...]],
) -> tuple[tuple[ImageMove, ...], tuple[str, ...]]:
    """Return what each image was and shall be, with warnings of those that a base sets then."""
    own, after = ({one.name: one for one in each} for each in images)
    bare = {one.name for each in images for one in each if not one.ref}
    below = container_images(target, tree, bare | (own.keys() ^ after.keys()))
    moves, warnings = [], []
    for name in dict.fromkeys((*own, *after)):
        before, then = own.get(name), after.get(name)
        base = below[name].ref if name in below else Ref()
        old, new = (one.ref if one and one.ref else base for one in (before, then))
        is_lost = before and (then is None or (before.ref and not then.ref))
        if is_lost and name in below:
            places = below[name].places_of_tags.items()
            sets = [f"{place} sets {tag or 'no tag'}" for tag, place in places]
            what = " and ".join(sets) or "the tag is what the rest of the files sets"
            warnings.append(f"{name}: its {'tag' if then else 'entry'} is taken away, and {what}")
        if before and then and before.repository != then.repository:
            named = f"pulled as {then.repository} again, in place of {before.repository}"
            warnings.append(f"{name}: it is {named}")
        known = then or before
        pulled = known.new_name if known and known.new_name != name else None
        moves.append(ImageMove(name, old, new, pulled, declaration.app))
    changed = tuple(one for one in moves if one.before != one.after)
    return changed, tuple(warnings)
