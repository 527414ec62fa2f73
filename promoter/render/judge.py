"""The judge of an edit where there is a renderer: the render before and after.

What a build would take beside the repository's files is known before it is made, so that nothing is
fetched, and no plugin, Helm or program is run, unless the caller allows it.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promoter.domain.refusal import Refusal
from promoter.render.folders import put, write
from promoter.render.objects import RenderDiff, compare, holds_objects
from promoter.render.program import Built, build_both

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from promoter.domain.model import FileEdit, Tree
    from promoter.graph import Reach
    from promoter.render.program import Renderer

NO_RENDERER = "neither kustomize nor kubectl is on PATH"
_ALLOWABLE = ("network", "helm", "exec")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the render says of an edit."""

    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    diff: RenderDiff | None = None
    """What differs, object by object; None where nothing was rendered."""
    note: str = ""
    """Why nothing was rendered, where it was not."""
    hint: str = ""
    """What to do to have it rendered."""


def judge(
    tree: Tree,
    reach: Reach,
    edits: Sequence[FileEdit],
    renderer: Renderer | None,
    *,
    strict: bool = False,
) -> Verdict:
    """Render before and after: refuse what does not build, and what no object feels.

    `strict` also refuses a change of anything but images, and a render that can not be made.
    """
    verdict = _judged(tree, reach, edits, renderer, strict=strict)
    if not strict or verdict.refusals or verdict.diff is not None or not edits:
        return verdict
    reason = f"render: strict wants the render, and there is none: {verdict.note}"
    hint = f"{verdict.hint}, or set render: warn." if verdict.hint else "Set render: warn."
    return Verdict((Refusal("render", reason, hint, str(reach.file)),), verdict.warnings)


def _judged(
    tree: Tree,
    reach: Reach,
    edits: Sequence[FileEdit],
    renderer: Renderer | None,
    *,
    strict: bool,
) -> Verdict:
    """Return the verdict as far as a render can be made."""
    if renderer is None:
        return Verdict(note=NO_RENDERER, hint="Install kustomize")
    if not edits:
        return Verdict(note="nothing changes")
    for need in reach.needs:
        if need.means not in renderer.means:
            return Verdict(note=need.reason, hint=_way(need.means, renderer))
    with tempfile.TemporaryDirectory(prefix="promoter-render-") as home:
        roots = [Path(home).resolve() / name for name in ("before", "after")]
        folders = {*reach.folders, *(file.parent for file in (*reach.files, reach.file))}
        written = write(tree, folders, roots)
        if not written.fits:
            return Verdict(note="the folders are too large to be rendered here")
        for edit in edits:
            put(roots[1] / edit.path, edit.after)
        built = build_both(renderer, [root / reach.file.parent for root in roots], Path(home))
    if fault := _fault(built, reach, renderer, written.left_out):
        return fault
    return _compared(built[0].text, built[1].text, reach, strict=strict)


def _way(means: str, renderer: Renderer) -> str:
    """Return what lets a build use what it takes."""
    if means not in _ALLOWABLE:
        return "Bring it into the repository as plain files"
    if means in renderer.allowed:
        return "Use kustomize, for kubectl runs no programs"
    return f"Allow it with PROMOTER_RENDER_ALLOW={means}"


def _fault(
    built: Sequence[Built], reach: Reach, renderer: Renderer, left_out: Sequence[PurePosixPath]
) -> Verdict | None:
    """Return the verdict where a build failed, or says nothing; None where both are there."""
    directory, file = reach.file.parent, str(reach.file)
    failed = next((number for number, one in enumerate(built) if one.failure), None)
    if failed is not None and not (failed and built[0].unmade):
        said = built[failed].failure
        link = next((path for path in left_out if path.name in said), None)
        if link is not None:
            note = f"it stands on {link}, which is a link or submodule"
            return Verdict(note=note, hint="Bring it into the repository as plain files")
        what = "would no longer build" if failed else "does not build, even before the edit"
        reason = f"{directory} {what}: {said}"
        return Verdict((Refusal("render", reason, "Mend it, or set render: off.", file),))
    note = next((one.unmade for one in built if one.unmade), "")
    if not note and not all(holds_objects(one.text) for one in built):
        note = f"{renderer.name} printed no Kubernetes objects"
    if not note:
        return None
    return Verdict(warnings=(f"{directory} was not rendered: {note}",), note=note)


def _compared(before: str, after: str, reach: Reach, *, strict: bool) -> Verdict:
    """Return the verdict on two renders."""
    diff = compare(before, after)
    file = str(reach.file)
    if not diff.objects:
        reason = "no rendered object would change: no container feels the edit"
        return Verdict((Refusal("dead-edit", reason, "Check the image's name.", file),))
    if diff.images_only:
        return Verdict(diff=diff)
    if diff.broken:
        one = diff.broken[0]
        what = one.other[0] if one.other else one.state
        told = f"more than images would change at run time: {one.title}: {what}"
        hint = "Change it by a pull of its own."
    else:
        told = f"{diff.unknown[0].title} could not be compared: it is too large"
        hint = "Look at it by hand, and set render: warn."
    if strict:
        return Verdict((Refusal("render", told, hint, file),), diff=diff)
    return Verdict(warnings=(told,), diff=diff)
