"""Whether any container would feel an edit, and if none would, why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from promoter.graph.build import apply_images
from promoter.graph.documents import one_line
from promoter.graph.fields import BuildError, image_fields
from promoter.graph.transformer import Entry, PatternError, matches, split, transform
from promoter.image import shown
from promoter.refusal import Refusal
from promoter.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.graph.reach import Container, Reach
    from promoter.graph.transformer import ImageFields

_RULE = "dead-edit"
# No image has such a tag or digest, so what changes with it is felt.
_PROBE_TAG, _PROBE_DIGEST = "{probe}", "sha256:{probe}"


def dead(reach: Reach, entries: Sequence[ImageFields], name: str) -> Refusal | None:
    """Return why setting this entry's tag or digest would change no container's final image.

    `entries` are those of the kustomization after the edit. None: some container feels it, or the
    graph is not known whole, so that nothing can be said.
    """
    if not reach.complete:
        return None
    plain = [_plain(entry) for entry in entries]
    place = next((n for n in reversed(range(len(plain))) if plain[n].name == name), len(plain))
    if place == len(plain):
        plain.append(Entry(name, tag="1"))
    edit = _Edit(reach, tuple(plain), place)
    try:
        if edit.is_felt():
            return None
        reason, hint = edit.reason()
    except BuildError:
        # Kustomize would not build it either, and says so better.
        return None
    except PatternError as error:
        reason = f"the name {shown(name)} {error}: kustomize takes it for a regular expression"
        hint = _known(reach, name)
    return Refusal(_RULE, one_line(reason), one_line(hint), str(reach.file))


def final_images(reach: Reach, entries: Sequence[ImageFields]) -> tuple[str, ...]:
    """Return every container's image after the kustomization's own images and replacements.

    Raises `PatternError` for a name and `BuildError` for a replacement that kustomize stumbles on.
    """
    if not reach.replacements:
        return tuple(transform(c.image, entries, passes=c.passes) for c in reach.containers)
    resources = [resource.copy() for resource in reach.resources]
    apply_images(resources, reach.specs, entries, str(reach.file))
    for replacement in reach.replacements:
        replacement.apply(resources)
    fields = [place for one in resources for place in image_fields(one.root, reach.specs)]
    return tuple(place.value.text for place in fields)


@dataclass(frozen=True, slots=True)
class _Edit:
    """One entry among the others of its kustomization."""

    reach: Reach
    entries: tuple[Entry, ...]
    place: int

    @property
    def entry(self) -> Entry:
        """The entry that is set."""
        return self.entries[self.place]

    def is_felt(self, *, without: int | None = None) -> bool:
        """Say whether another value would make another image, with all entries or without one."""
        entry = self.entry
        other = replace(
            entry,
            tag=_PROBE_TAG if entry.tag or not entry.digest else None,
            digest=_PROBE_DIGEST if entry.digest else None,
        )
        results = []
        for probe in (entry, other):
            changed = [*self.entries[: self.place], probe, *self.entries[self.place + 1 :]]
            kept = [one for number, one in enumerate(changed) if number != without]
            results.append(final_images(self.reach, kept))
        return results[0] != results[1]

    def reason(self) -> tuple[str, str]:
        """Return why nothing feels it, and what to do."""
        name = self.entry.name or ""
        seen = [c for c in self.reach.containers if matches(name, self._before(c))]
        if seen:
            return self._overridden(seen[0])
        for container in self.reach.containers:
            for found in (self._renamed_here(container), self._renamed_below(container)):
                if found:
                    return found
        odd = next((c for c in self.reach.containers if split(c.image)[0] == name), None)
        if odd:
            reason = (
                f"no entry changes the image {shown(odd.image)} of {odd.where}: its tag or digest "
                "holds what kustomize does not match"
            )
            return reason, f"Write it as {name}:TAG in {odd.file}:{odd.line}."
        return f"no container uses the image {name}", _known(self.reach, name)

    def _before(self, container: Container, until: int | None = None) -> str:
        """Return a container's image as an entry meets it."""
        earlier = self.entries[: self.place if until is None else until]
        return transform(container.image, earlier, passes=container.passes)

    def _overridden(self, container: Container) -> tuple[str, str]:
        """Explain an edit that is carried out, and then undone."""
        name = self.entry.name
        for number in range(self.place + 1, len(self.entries)):
            if self.is_felt(without=number):
                later = self.entries[number]
                what = "digest" if later.digest and not later.tag else "tag"
                return (
                    f"the later entry {later.name} sets the {what} of the image that {name} sets",
                    f"Set it in the entry {later.name}, or remove that one.",
                )
        if self.reach.replacements:
            files = ", ".join(dict.fromkeys(r.file for r in self.reach.replacements))
            return (
                f"a replacement of {files} overwrites the image of {container.where} afterwards",
                "Set the tag where the replacement takes it from.",
            )
        return f"later entries of the file undo what {name} sets", "Set it in the last of them."

    def _renamed_here(self, container: Container) -> tuple[str, str] | None:
        """Explain a name that an earlier entry of the same file has changed."""
        for number in range(self.place):
            if matches(self.entry.name, self._before(container, number)):
                now, by = self._before(container), self.entries[number].name
                return (
                    f"the earlier entry {by} makes {split(now)[0]} of the image {self.entry.name}",
                    f"Set the tag in the entry {by}, or name this one {split(now)[0]}.",
                )
        return None

    def _renamed_below(self, container: Container) -> tuple[str, str] | None:
        """Explain a name that a lower layer has changed."""
        now = split(container.image)[0]
        for past in reversed(container.past):
            if matches(self.entry.name, past.text):
                reason = (
                    f"{past.file} makes {now} of the image {self.entry.name} before this "
                    "kustomization sees it"
                )
                return reason, f"Use the name {now}. {_known(self.reach, self.entry.name or '')}"
        return None


def _plain(entry: ImageFields) -> Entry:
    """Return an entry as the transformer's own values."""
    return Entry(entry.name, entry.new_name, entry.tag, entry.digest, entry.suffix)


def _known(reach: Reach, name: str) -> str:
    """Return the images that are there, the nearest first."""
    return nearest(name, (split(container.image)[0] for container in reach.containers))
