"""What a render says of edits: what differs object by object, and what that means for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from promoter.domain.dataclass import dataclass
from promoter.domain.refusal import Refusal


@dataclass(frozen=True, slots=True)
class ObjectDiff:
    """One object that would change: its diff, its images from and to, and what else changes."""

    kind: str
    namespace: str
    name: str
    state: str
    lines: tuple[str, ...] = ()
    images: tuple[tuple[str, str], ...] = ()
    other: tuple[str, ...] = ()
    """Paths that change beside images, e.g. `spec.replicas`."""
    compared: bool = True
    """Whether it is known what changes; not so of what is too large."""
    immutable: tuple[str, ...] = ()
    """Paths that change though Kubernetes takes no change of them, e.g. `spec.selector`."""

    @property
    def images_only(self) -> bool:
        """Whether nothing but container images changes in it."""
        known = self.state == "changed" and self.compared
        return known and bool(self.images) and not self.other

    @property
    def title(self) -> str:
        """The object's name as people say it."""
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"


@dataclass(frozen=True, slots=True)
class RenderDiff:
    """Every object that would change at run time, those that change more than images first."""

    objects: tuple[ObjectDiff, ...]

    @property
    def images_only(self) -> bool:
        """Whether the promise holds: nothing but container images changes."""
        return bool(self.objects) and all(one.images_only for one in self.objects)

    @property
    def broken(self) -> tuple[ObjectDiff, ...]:
        """The objects in which more than images would change."""
        return tuple(one for one in self.objects if one.compared and not one.images_only)

    @property
    def unknown(self) -> tuple[ObjectDiff, ...]:
        """The objects that could not be compared."""
        return tuple(one for one in self.objects if not one.compared)


@dataclass(frozen=True, slots=True)
class RenderVerdict:
    """What is known of edits from the render, or without one from the names."""

    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    diff: RenderDiff | None = None
    """What differs, object by object; None where nothing was rendered."""
    note: str = ""
    """Why something was not rendered, where it was not."""
    hint: str = ""
    """What to do to have it rendered."""
    not_judged: tuple[PurePosixPath, ...] = ()
    """The edited files that nobody can say of whether a container gets what is set there."""
    unreached: tuple[PurePosixPath, ...] = ()
    """Those of them that no kustomization lists or is beside, as of Helm: none was to be rendered."""
    is_expected: bool = False
    """Whether one of these should be built, as a kustomization is beside it or lists it."""
    needs: str = ""
    """What a build elsewhere must be allowed to come to the same, as a sentence without full stop."""

    @property
    def judges_all(self) -> bool:
        """Whether each edited file was rendered, so that what names do not show is known."""
        return self.diff is not None and not self.not_judged


def joined_differences(diffs: Sequence[RenderDiff]) -> RenderDiff:
    """Return several differences as one; an object that is in two of them is shown once."""
    if len(diffs) == 1:
        return diffs[0]
    objects = dict.fromkeys(one for diff in diffs for one in diff.objects)
    return RenderDiff(tuple(sorted(objects, key=lambda one: (one.images_only, one.title))))
