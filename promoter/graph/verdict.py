"""Whether any container would feel an edit, and if none would, why."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from promoter.domain.image import shown
from promoter.domain.suggest import nearest
from promoter.graph.build import apply_images
from promoter.graph.documents import one_line
from promoter.graph.fields import BuildError, image_fields
from promoter.graph.transformer import (
    Entry,
    PatternError,
    matches,
    prepared,
    split,
    steps,
    transformed,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promoter.graph.reach import Container, Reach
    from promoter.graph.transformer import ImageFields

_TOLD = 20
_PROBE = re.compile(r"\{probe(\d+)\}")


@dataclass(frozen=True, slots=True)
class Dead:
    """An edit that no container feels: why, what to do, and the entry where that is to be done."""

    reason: str
    hint: str
    entry: str


def dead(reach: Reach, entries: Sequence[ImageFields], names: Iterable[str]) -> tuple[Dead, ...]:
    """Return, for each of these entries whose tag or digest no container's final image feels, why.

    `entries` are those of the kustomization after the edit. Where the graph is not known whole,
    nothing can be said.
    """
    if not reach.complete:
        return ()
    plain = [_plain(entry) for entry in entries]
    places: dict[str, int] = {}
    for name in dict.fromkeys(names):
        if all(entry.name != name for entry in plain):
            plain.append(Entry(name, tag="1"))
        places[name] = max(n for n, entry in enumerate(plain) if entry.name == name)
    for entry in plain if reach.containers else ():
        if fault := _fault(entry, reach):
            return (fault,)
    edits = _Edits(reach, tuple(plain))
    try:
        felt = edits.felt_at_once(list(places.values()))
        rest = [place for place in places.values() if place not in felt]
        found = (edits.judged(place) for place in rest)
        # A long list of them is one mistake, and looking for what was meant takes its time.
        return tuple(islice((one for one in found if one is not None), _TOLD))
    except BuildError:
        # Kustomize would not build it either, and says so better.
        return ()


def final_images(reach: Reach, entries: Sequence[ImageFields]) -> tuple[str, ...]:
    """Return every container's image after the kustomization's own images and replacements.

    Raises `PatternError` for a name and `BuildError` for a replacement that kustomize stumbles on.
    """
    if not reach.replacements:
        ready = prepared(entries) if reach.containers else ()
        return tuple(transformed(c.image, ready, passes=c.passes) for c in reach.containers)
    resources = [resource.copy() for resource in reach.resources]
    apply_images(resources, reach.specs, entries, str(reach.file))
    for replacement in reach.replacements:
        replacement.apply(resources)
    fields = [place for one in resources for place in image_fields(one.root, reach.specs)]
    return tuple(place.value.text for place in fields)


@dataclass(slots=True)
class _Edits:
    """The entries of a kustomization, and the way of each container's image through them."""

    reach: Reach
    entries: tuple[Entry, ...]
    ways: list[tuple[tuple[int, str], ...]] = field(init=False)
    """Per container: each entry that matches, by its number, with the image as it leaves it."""

    def __post_init__(self) -> None:
        ready = prepared(self.entries) if self.reach.containers else ()
        self.ways = [
            tuple(steps(one.image, ready, passes=one.passes)) for one in self.reach.containers
        ]

    def felt_at_once(self, places: Sequence[int]) -> set[int]:
        """Return those of the entries whose other values, set all at once, arrive in some image.

        What does not arrive may still be felt alone; what arrives is felt.
        """
        probed = list(self.entries)
        for number, place in enumerate(places):
            probed[place] = _probed(self.entries[place], f"{{probe{number}}}")
        before = set(_PROBE.findall(" ".join(self._final_images())))
        try:
            after = set(_PROBE.findall(" ".join(final_images(self.reach, probed))))
        except BuildError:
            return set()
        return {places[int(number)] for number in after - before if int(number) < len(places)}

    def _final_images(self) -> Iterable[str]:
        """Return every container's image with the entries as they are."""
        if self.reach.replacements:
            return final_images(self.reach, self.entries)
        both = zip(self.reach.containers, self.ways, strict=True)
        return (way[-1][1] if way else container.image for container, way in both)

    def judged(self, place: int) -> Dead | None:
        """Return why no container feels an entry, None where one does."""
        if self._is_felt(place):
            return None
        found = self._reason(place)
        return replace(found, reason=one_line(found.reason), hint=one_line(found.hint))

    def _met(self, place: int) -> list[int]:
        """Return the containers whose image an entry matches when its turn comes."""
        return [n for n, way in enumerate(self.ways) if any(step == place for step, _ in way)]

    def _is_felt(self, place: int, *, without: int | None = None) -> bool:
        """Say whether another value would make another image, with all entries or without one."""
        met = self._met(place)
        if not met:
            return False
        containers = tuple(self.reach.containers[n] for n in met)
        # Without replacements, an image is a matter of its own container alone.
        reach = (
            self.reach if self.reach.replacements else replace(self.reach, containers=containers)
        )
        results = []
        for probe in (self.entries[place], _probed(self.entries[place], "{probe}")):
            changed = [*self.entries[:place], probe, *self.entries[place + 1 :]]
            kept = [one for number, one in enumerate(changed) if number != without]
            results.append(final_images(reach, kept))
        return results[0] != results[1]

    def _reason(self, place: int) -> Dead:
        """Return why nothing feels an entry, and what to do."""
        name = self.entries[place].name or ""
        if met := self._met(place):
            return self._overridden(place, met)
        for number, container in enumerate(self.reach.containers):
            for found in (self._renamed_here(place, number), self._renamed_below(name, container)):
                if found:
                    return found
        odd = next((c for c in self.reach.containers if split(c.image)[0] == name), None)
        if odd:
            reason = (
                f"no entry changes the image {shown(odd.image)} of {odd.where}: its tag or digest "
                "holds what kustomize does not match"
            )
            return Dead(reason, f"Write it as {name}:TAG in {odd.file}:{odd.line}.", name)
        return Dead(f"no container uses the image {name}", _known(self.reach, name), name)

    def _overridden(self, place: int, met: Sequence[int]) -> Dead:
        """Explain an edit that is carried out, and then undone."""
        name = self.entries[place].name or ""
        later = sorted({step for number in met for step, _ in self.ways[number] if step > place})
        for number in later:
            if self._is_felt(place, without=number):
                winner = self.entries[number]
                what = "digest" if winner.digest and not winner.tag else "tag"
                return Dead(
                    f"the later entry {winner.name} sets the {what} of the image that {name} sets",
                    f"Set it in the entry {winner.name}, or remove that one.",
                    winner.name or "",
                )
        if self.reach.replacements:
            files = ", ".join(dict.fromkeys(r.file for r in self.reach.replacements))
            where = self.reach.containers[met[0]].where
            return Dead(
                f"a replacement of {files} overwrites the image of {where} afterwards",
                "Set the tag where the replacement takes it from.",
                name,
            )
        reason = f"later entries of the file undo what {name} sets"
        return Dead(reason, "Set it in the last of them.", name)

    def _renamed_here(self, place: int, number: int) -> Dead | None:
        """Explain a name that an earlier entry of the same file has changed."""
        name, image = self.entries[place].name or "", self.reach.containers[number].image
        by = None
        for step, made in self.ways[number]:
            if step >= place:
                break
            by = step if matches(name, image) else by
            image = made
        if by is None:
            return None
        earlier, now = self.entries[by].name or "", split(image)[0]
        return Dead(
            f"the earlier entry {earlier} makes {now} of the image {name}",
            f"Set the tag in the entry {earlier}, or name this one {now}.",
            earlier,
        )

    def _renamed_below(self, name: str, container: Container) -> Dead | None:
        """Explain a name that a lower layer has changed."""
        now = split(container.image)[0]
        for past in reversed(container.past):
            if matches(name, past.text):
                reason = (
                    f"{past.file} makes {now} of the image {name} before this kustomization sees it"
                )
                return Dead(reason, f"Use the name {now}. {_known(self.reach, name)}", name)
        return None


def _probed(entry: Entry, mark: str) -> Entry:
    """Return an entry with a tag or digest that no image has, so that what changes is felt."""
    return replace(
        entry,
        tag=mark if entry.tag or not entry.digest else None,
        digest=f"sha256:{mark}" if entry.digest else None,
    )


def _fault(entry: Entry, reach: Reach) -> Dead | None:
    """Return what is wrong with an entry's name, which kustomize takes for an expression."""
    try:
        prepared((entry,))
    except PatternError as error:
        name = entry.name or ""
        reason = f"the name {shown(name)} {error}: kustomize takes it for a regular expression"
        return Dead(one_line(reason), one_line(_known(reach, name)), name)
    return None


def _plain(entry: ImageFields) -> Entry:
    """Return an entry as the transformer's own values."""
    return Entry(entry.name, entry.new_name, entry.tag, entry.digest, entry.suffix)


def _known(reach: Reach, name: str) -> str:
    """Return the images that are there, the nearest first."""
    return nearest(name, (split(container.image)[0] for container in reach.containers))
