"""The judge of edits, whatever file they are in: the render before and after decides.

What a build would need beside the repository's files is known before it is made, so that nothing is
fetched, and no plugin, Helm or program is run, unless the caller allows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from functools import partial
from pathlib import Path, PurePosixPath

from promoter import graph
from promoter.domain.dataclass import dataclass
from promoter.domain.model import FileEdit, Tree
from promoter.domain.refusal import Refusal
from promoter.domain.render import RenderDiff, RenderVerdict, joined_differences
from promoter.graph import Closure, Kustomizations
from promoter.graph.requirements import Access
from promoter.planning.dead_edits import ByNames, dead_edit_refusal, explained_as_empty
from promoter.render.effect import changes_anything, unchanged_images
from promoter.render.faults import fault_of, may_be_mended
from promoter.render.folders import put, write
from promoter.render.image_fields import ImageFields
from promoter.render.objects import compare_renders, holds_objects
from promoter.render.program import BuildOutput, build_both
from promoter.render.renderer import Renderer
from promoter.system.temporary import render_folder

NO_RENDERER = "neither kustomize nor kubectl is on PATH"
_LIFTED = (
    "Flux builds that, and Argo CD with the build option --load-restrictor LoadRestrictionsNone"
)
# As many files of one kustomization are rendered one by one, to learn which of them has an effect.
_ALONE_LIMIT = 8


def judge_edits(
    tree: Tree,
    edits: Sequence[FileEdit],
    names: ByNames,
    renderer: Renderer | None,
    *,
    strict: bool = False,
) -> RenderVerdict:
    """Refuse edits that change no container, and what does not build; the tree is that before them.

    The kustomizations that each edited file ends up in are rendered before and after; without a
    renderer, the names of images in the files decide. `strict` also refuses a change of anything
    but images, and whatever is not rendered.
    """
    if not edits:
        return RenderVerdict(note="nothing changes")
    if renderer is None:
        unreached = _unreached(names)
        found = RenderVerdict(
            names.refusals, note=NO_RENDERER, hint="Install kustomize", not_judged=unreached
        )
    else:
        found = _Judge(tree, edits, names, renderer, strict, ImageFields.of(edits)).verdict()
    reached = {path: names.reached[path] for path in found.not_judged}
    expected = any(one.folders or one.is_beside_one for one in reached.values())
    alone = tuple(path for path, one in reached.items() if _is_alone(one))
    found = replace(found, is_expected=expected, unreached=alone)
    if not strict or any(one.rule == "render" for one in found.refusals):
        return found
    return _strict(found, str(edits[0].path))


def _strict(found: RenderVerdict, file: str) -> RenderVerdict:
    """Return the verdict where all has to be rendered."""
    if found.not_judged:
        file = str(found.not_judged[0])
    elif found.diff is not None:
        return found
    reason = f"render: strict wants the render, and there is none: {found.note}"
    hint = f"{found.hint}, or set render: warn." if found.hint else "Set render: warn."
    return replace(found, refusals=(*found.refusals, Refusal("render", reason, hint, file)))


def _is_alone(reached: Kustomizations) -> bool:
    """Return whether no kustomization lists a file or is beside it, and all are known."""
    beside = reached.folders or reached.unlisted_in or reached.is_beside_one or reached.unread
    return reached.everywhere and not beside


def _unreached(names: ByNames) -> tuple[PurePosixPath, ...]:
    """Return the files that no kustomization builds anything from."""
    return tuple(
        path for path, one in names.reached.items() if not (one.folders or one.unlisted_in)
    )


@dataclass(slots=True)
class _Judge:
    """The render of each kustomization that edits end up in, and what becomes of it."""

    tree: Tree
    edits: Sequence[FileEdit]
    names: ByNames
    renderer: Renderer
    strict: bool
    fields: ImageFields
    diffs: list[RenderDiff] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    """Why something was not rendered, and what to do."""
    unknown: set[PurePosixPath] = field(default_factory=set)
    """Files of which a kustomization was not rendered."""
    idle: dict[tuple[PurePosixPath, str], list[Closure]] = field(default_factory=dict)
    """The images of files that changed nothing, with the kustomizations in which they did not."""
    empty: set[PurePosixPath] = field(default_factory=set)
    """The kustomizations that have no objects, before the edits and after."""
    outside: list[PurePosixPath] = field(default_factory=list)
    """Files that were rendered though they are outside of the folder that names them."""

    def verdict(self) -> RenderVerdict:
        """Return what all renders together say, beside what the names show."""
        dead = self.names.refusals
        users: dict[PurePosixPath, list[FileEdit]] = {}
        for edit in self.edits:
            for folder in self.names.reached[edit.path].folders:
                users.setdefault(folder, []).append(edit)
        for folder, edits in users.items():
            refusals = self._render(graph.read_closure(self.tree, folder), edits)
            if refusals:
                return RenderVerdict((*dead, *refusals), tuple(self.warnings))
        dead = dead or self._dead()
        unreached, reached = _unreached(self.names), self.names.reached
        if unreached:
            reason = f"no kustomization builds anything from {', '.join(map(str, unreached[:3]))}"
            reason = next(filter(None, (reached[one].unread for one in unreached)), reason)
            self.notes.append((reason, ""))
            # Beside what is rendered, the note alone would not be seen.
            if self.diffs and not all(_is_alone(reached[one]) for one in unreached):
                self.warnings.append(f"not judged: {reason}")
        note, hint = self.notes[0] if self.notes else ("", "")
        not_judged = tuple(one.path for one in self.edits if one.path in self.unknown)
        diff = joined_differences(self.diffs) if self.diffs else None
        outside = next(iter(self.outside), None)
        needs = f"{outside} is outside of the folder that lists it: {_LIFTED}" if outside else ""
        found = RenderVerdict(
            dead,
            tuple(self.warnings),
            diff,
            note,
            hint,
            (*unreached, *not_judged),
            needs=needs,
        )
        return self._compared(found)

    def _render(self, closure: Closure, edits: Sequence[FileEdit]) -> tuple[Refusal, ...]:
        """Render one kustomization before and after; return why that forbids the edits."""
        for one in closure.requirements:
            if one.access not in self.renderer.access:
                return self._skip(edits, one.reason, _way(one.access, self.renderer))
        with render_folder() as home:
            alone = edits if 1 < len(edits) <= _ALONE_LIMIT else ()
            names = ["before", "after", *(f"only-{number}" for number, _ in enumerate(alone))]
            roots = [home.resolve() / name for name in names]
            files = {closure.file, *closure.files}.difference(closure.outside)
            folders = {*closure.folders, *(file.parent for file in files)}
            known = {layer.file for layer in closure.layers.values()} if closure.outside else None
            left_out = write(self.tree, folders, roots, closure.outside, known)
            if left_out is None:
                return self._skip(edits, "the folders are too large to be rendered here", "")
            changed = [*((roots[1], edit) for edit in edits), *zip(roots[2:], alone, strict=True)]
            for root, edit in changed:
                put(root / edit.path, edit.after)
            places = [root / closure.directory for root in roots]
            renderer = self._renderer_of(closure)
            built = build_both(renderer, places[:2], home, partial(may_be_mended, edits))
            if self._has_no_objects(built, home):
                self.empty.add(closure.directory)
            elif fault := fault_of(
                [self._with_objects(one) for one in built],
                closure,
                self.tree,
                left_out=left_out,
                environment=self.names.directory,
            ):
                self.warnings += filter(None, [fault.warning])
                refusals = tuple(filter(None, [fault.refusal]))
                return refusals or self._skip(edits, fault.reason, fault.hint)
            fields = replace(self.fields, keys=closure.image_keys)
            diff = compare_renders(built[0].text, built[1].text, fields=fields)
            self.diffs.append(diff)
            self.outside += closure.outside[:1]
            if not alone:
                self._keep_idle(diff, edits, closure)
            for place, edit in zip(places[2:], alone, strict=True):
                (single,) = build_both(renderer, [place], home)
                if not single.failure and not single.unmade:
                    self._keep_idle(
                        compare_renders(built[0].text, single.text, fields=fields), [edit], closure
                    )
        return ()

    def _renderer_of(self, closure: Closure) -> Renderer:
        """Return the renderer with no more allowed than a kustomization needs.

        What is remote, and what programs make, may need whatever is allowed.
        """
        needs = {one.access for one in closure.requirements}
        allowed = self.renderer.allowed
        return replace(
            self.renderer,
            allowed=allowed if needs - {Access.HELM} else allowed & needs,
            reads_outside=bool(closure.outside),
        )

    def _has_no_objects(self, built: Sequence[BuildOutput], home: Path) -> bool:
        """Return whether builds printed nothing, and that by a program that prints what there is."""
        if any(one.text.strip() or one.failure or one.unmade for one in built):
            return False
        probe = home.resolve() / "probe"
        put(probe / "kustomization.yaml", b"resources: [object.yaml]\n")
        put(probe / "object.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: probe}\n")
        return all(holds_objects(one.text) for one in build_both(self.renderer, [probe], home))

    def _with_objects(self, output: BuildOutput) -> BuildOutput:
        """Return what a build printed; that it says nothing where that is no objects."""
        if output.failure or output.unmade or holds_objects(output.text):
            return output
        return BuildOutput(unmade=f"{self.renderer.name} printed no Kubernetes objects")

    def _keep_idle(self, diff: RenderDiff, edits: Sequence[FileEdit], closure: Closure) -> None:
        """Keep which images of which files changed nothing in a render."""
        if not changes_anything(diff, edits):
            idle = [(edit.path, one.image) for edit in edits for one in edit.changes]
        else:
            idle = [(edit.path, name) for edit in edits for name in unchanged_images(diff, edit)]
        for key in dict.fromkeys(idle):
            self.idle.setdefault(key, []).append(closure)

    def _dead(self) -> tuple[Refusal, ...]:
        """Return a refusal for each image of a file that changes nothing in any render."""
        found = []
        for (path, name), closures in self.idle.items():
            reached = self.names.reached[path]
            if path in self.unknown or len(closures) < len(reached.folders):
                continue
            if reached.everywhere:
                edit = next(one for one in self.edits if one.path == path)
                is_empty = all(one.directory in self.empty for one in closures)
                explain = explained_as_empty if is_empty else dead_edit_refusal
                found.append(explain(self.tree, closures[0], edit, name))
        return tuple(dict.fromkeys(found))

    def _skip(self, edits: Iterable[FileEdit], note: str, hint: str) -> tuple[Refusal, ...]:
        self.notes.append((note, hint))
        self.unknown |= {edit.path for edit in edits}
        return ()

    def _compared(self, found: RenderVerdict) -> RenderVerdict:
        """Return the verdict with what is to be said of changes beside images."""
        diff = found.diff
        if diff is None or diff.images_only:
            return found
        if diff.broken:
            one = diff.broken[0]
            what = one.other[0] if one.other else one.state
            reason = f"more than images would change: {one.title}: {what}"
            hint = "Change it by a pull request of its own."
        elif diff.unknown:
            reason = f"{diff.unknown[0].title} could not be compared: it is too large"
            hint = "Look at it by hand, and set render: warn."
        else:
            return found
        if self.strict:
            refusal = Refusal("render", reason, hint, str(self.edits[0].path))
            return replace(found, refusals=(*found.refusals, refusal))
        return replace(found, warnings=(*found.warnings, reason))


def _way(access: Access, renderer: Renderer) -> str:
    """Return what lets a build use what it needs."""
    if access is Access.FILES:
        return "Bring it into the repository as plain files"
    if access in renderer.allowed:
        return "Use kustomize, for kubectl runs no programs"
    return f"Allow it with PROMOTER_RENDER_ALLOW={access}"
