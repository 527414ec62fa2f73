"""Whether any container can have an image that an edit sets, by names alone; if none can, why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import TypeAlias

from promoter.domain.dataclass import dataclass
from promoter.domain.image import Name
from promoter.domain.redaction import shown
from promoter.domain.suggest import nearest
from promoter.edits.kustomization.entries import ImageEntry
from promoter.graph.closure import Closure
from promoter.graph.images import WORK_LIMIT, Image, after_entry
from promoter.graph.transformer import Entry, changed, entry_matches, is_plain

AnyEntry: TypeAlias = Entry | ImageEntry

_LISTED = 20


@dataclass(frozen=True, slots=True)
class Dead:
    """An edit that reaches no container: of which image, why, what to do, and in which entry."""

    image: str
    reason: str
    hint: str
    entry: str


def dead_entries(
    closure: Closure, entries: Sequence[AnyEntry], names: Iterable[str]
) -> tuple[Dead, ...]:
    """Return, for each of these entries of a kustomization that can match no container, why.

    `entries` are the kustomization's own after the edit; a name that is not among them counts as
    one more at the end. What cannot be known for sure is not dead.
    """
    if closure.unknown:
        return ()
    own = [_entry(entry, closure) for entry in entries]
    waiting = dict.fromkeys(names)
    if len(closure.images) * (len(own) + len(waiting)) > WORK_LIMIT:
        return ()
    images = closure.images
    if not closure.complete:
        renamed = {one: new for one in waiting if (new := _renamed_unread(one, own, closure))}
        waiting = dict.fromkeys(renamed)
        images = (*images, *(image for new in renamed.values() for image in new))
    found: list[Dead | None] = []
    for entry in own:
        if entry.name in waiting:
            del waiting[entry.name]
            found.append(_dead(images, own, entry.name))
        images = after_entry(images, entry)
    found += (_dead(images, own, name) for name in waiting)
    # A long list of them is one mistake, and looking for what was meant takes its time.
    return tuple(islice((one for one in found if one is not None), _LISTED))


def overriding_entries(
    closure: Closure, file: str, places: Iterable[tuple[int, int]]
) -> tuple[Entry, ...] | None:
    """Return the entries that set the tag of each image written at these places of a file.

    None where a container can have one of them as it is written, or where that is not known.
    """
    if not closure.complete or closure.unknown or closure.copies_values:
        return None
    wanted = set(places)
    found: list[Entry] = []
    for image in final_images(closure):
        if image.file == file and (image.line, image.column) in wanted:
            if not image.certain or image.overridden_by is None:
                return None
            found.append(image.overridden_by)
    return tuple(dict.fromkeys(found)) or None


def final_images(closure: Closure) -> tuple[Image, ...]:
    """Return the images that containers may have after the kustomization's own `images`.

    Empty where they are more than are looked at.
    """
    images = closure.images
    if len(images) * len(closure.entries) > WORK_LIMIT:
        return ()
    for entry in closure.entries:
        images = after_entry(images, entry)
    return images


def later_entry(entries: Sequence[AnyEntry], place: int) -> AnyEntry | None:
    """Return the last of the entries behind one that sets the tag of the same image once more."""
    made = entries[place]
    image = changed(made.name or "", made)
    later = (one for one in reversed(entries[place + 1 :]) if one.tag or one.digest)
    return next((one for one in later if entry_matches(one.name, image) is not False), None)


def entry_over(closure: Closure, file: str, name: str) -> Entry | None:
    """Return the entry that sets the tag of an image again after the entry of a lower file."""
    for image in final_images(closure):
        entries = [step.entry for step in image.steps]
        place = next((n for n, e in enumerate(entries) if (e.file, e.name) == (file, name)), None)
        later = entries[place + 1 :] if place is not None else []
        if found := next((one for one in reversed(later) if one.tag or one.digest), None):
            return found
    return None


def _dead(images: Sequence[Image], own: Sequence[Entry], name: str) -> Dead | None:
    """Return why nothing can match an entry of a name, None where something may."""
    if not is_plain(name) or any(entry_matches(name, image.text) for image in images):
        return None
    found = _renamed(name, images, own) or _odd(name, images)
    return found or Dead(name, unused(name), _known(name, images), name)


def unused(name: str) -> str:
    """Return the reason of an edit of an image that no container has, and none is renamed from."""
    return f"no container uses the image {name}"


def _renamed(name: str, images: Sequence[Image], own: Sequence[Entry]) -> Dead | None:
    """Explain a name that an entry of a lower file, or an earlier one of this file, changes."""
    for image in images:
        for step in reversed(image.steps):
            if not entry_matches(name, step.before):
                continue
            now, entry = image.name, step.entry
            if entry in own:
                return Dead(
                    name,
                    f"{entry.place}: the earlier entry {entry.name} makes {now} of the image {name}",
                    f"Set the tag in the entry {entry.name}, or name this one {now}.",
                    entry.name or "",
                )
            return Dead(
                name,
                f"{name} is renamed to {now} in {entry.place}, so no container has that name here",
                f"Use the name {now}."
                if Name.is_one(now)
                else f"Set the tag in the entry {entry.name} of {entry.file}.",
                name,
            )
    return None


def _renamed_unread(name: str, own: Sequence[Entry], closure: Closure) -> tuple[Image, ...]:
    """Return what becomes of an image of this name in all that could not be read, where it is renamed.

    Empty where a container may have it under its name still: something is not read of which the
    kustomization itself is built, or an entry or another transformer may give the name.
    """
    layers = {layer.file: layer for layer in closure.layers.values()}
    entries = [*own, *(entry for one in layers.values() for entry in one.entries())]
    given = any(one.new_name and entry_matches(name, one.new_name) is not False for one in entries)
    if given or closure.copies_values or not is_plain(name):
        return ()
    found: list[Image] = []
    for file in closure.unread:
        layer = layers.get(file) if isinstance(file, PurePosixPath) else None
        if layer is None or layer.directory == closure.directory:
            return ()
        images: tuple[Image, ...] = (Image(name, str(file), 1, 1),)
        for entry in layer.entries():
            images = after_entry(images, entry)
        found += images
    return () if any(entry_matches(name, one.text) is not False for one in found) else tuple(found)


def _odd(name: str, images: Sequence[Image]) -> Dead | None:
    """Explain an image of that name whose tag kustomize does not match."""
    odd = next((one for one in images if one.name == name), None)
    if odd is None:
        return None
    return Dead(
        name,
        f"no entry changes the image {shown(odd.text)} of {odd.file}:{odd.line}: its tag or digest "
        "holds what kustomize does not match",
        f"Write it as {name}:TAG in {odd.file}:{odd.line}.",
        name,
    )


def _known(name: str, images: Sequence[Image]) -> str:
    return nearest(name, (image.name for image in images))


def _entry(entry: AnyEntry, closure: Closure) -> Entry:
    return Entry(
        entry.name, entry.new_name, entry.tag, entry.digest, entry.suffix,
        file=str(closure.file), line=entry.line,
    )  # fmt: skip
