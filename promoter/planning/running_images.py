"""What an app runs in an environment: what its own files, a base or a kustomization over them set."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath

from promoter import graph
from promoter.config.layout import Target
from promoter.domain.errors import PromoteError
from promoter.domain.image import Ref, split
from promoter.domain.model import ImageMove, ImagePlace, RunningImage, SetBy, Tree
from promoter.domain.paths import kustomizations_among
from promoter.edits import kustomization
from promoter.edits.delivery_overrides import argocd_overrides
from promoter.edits.site import several_tags


def running_images(
    target: Target, tree: Tree, names: Mapping[str, str] | None = None
) -> tuple[RunningImage, ...]:
    """Return what an app runs in an environment, each image with the places that set it.

    Those of its own files come first, then those that a base alone sets. A base is asked for the
    listed images, or for those of `names` (what each is called, and pulled as), where the files
    give them no tag; what is set over the files counts in any case. Raises `PromoteError` where the
    app's own files cannot be read.
    """
    own = target.own_images(tree, _all_of(names))
    below = container_images(target, tree, _left_open(target, own, names))
    found = [_with_base(one, below.pop(one.name, None)) for one in own]
    found += (one for one in below.values() if one.ref)
    overrides = list(_overrides(target, tree, found))
    return tuple(_with_override(one, overrides) for one in found)


def image_named(images: Sequence[RunningImage], *names: str) -> RunningImage | None:
    """Return the image that the first of some names means: by its name, else the only one pulled so."""
    for name in names:
        found = [one for one in images if one.name == name]
        found = found or [one for one in images if one.repository == name]
        if len(found) == 1:
            return found[0]
    return None


def container_images(target: Target, tree: Tree, names: Collection[str]) -> dict[str, RunningImage]:
    """Return the images of these names that containers have, as the app's `images` would meet them.

    Of several containers with one image, the first counts, with what a patch makes of it. One that
    the files do not show, as a replacement makes it, has neither tag nor place. Empty where no
    kustomization is edited.
    """
    if not (names and target.kustomized):
        return {}
    closure = graph.read_closure(tree, target.directory)
    places: dict[str, dict[str, ImagePlace]] = {}
    for one in closure.images:
        name, tag, digest = split(one.text)
        if name not in names:
            continue
        file, line = (
            (entry.file, entry.line) if (entry := one.overridden_by) else (one.file, one.line)
        )
        if name not in places and closure.patched and not one.steps:
            at = PurePosixPath(one.file), (one.line, one.column)
            if (later := graph.overwriter(tree, closure, *at)) and split(later.text)[0] == name:
                _, tag, digest = split(later.text)
                file, line = later.file, later.line
        place = ImagePlace(PurePosixPath(file), line, Ref(tag, digest), SetBy.BASE)
        # Of a container that a patch may change, the old image and the new one are both known.
        if name not in places or (one.certain and not closure.patched):
            places.setdefault(name, {}).setdefault(tag or "", place)
    found = {name: _of_base(name, list(one.values())) for name, one in places.items()}
    if missing := [name for name in names if name not in found]:
        own = kustomization.read(target.file, tree.read(target.file))
        dead = graph.dead_entries(closure, own.entries, missing) if own.judges_itself else ()
        unused = {one.image for one in dead}
        found |= {name: RunningImage(name) for name in missing if name not in unused}
    return found


def _of_base(name: str, places: Sequence[ImagePlace]) -> RunningImage:
    first, *others = (one.ref for one in places)
    return RunningImage(
        name, first.tag, first.digest, elsewhere=tuple(others), places=tuple(places)
    )


def prefetch_bases(
    targets: Iterable[Target], tree: Tree, names: Mapping[str, str] | None = None
) -> None:
    """Fetch at once the bases that `running_images` asks."""
    folders = []
    for target in targets:
        # What cannot be read is reported where it is read.
        with suppress(PromoteError):
            own = target.own_images(tree, _all_of(names)) if target.kustomized else ()
            if target.kustomized and _left_open(target, own, names):
                folders.append(target.directory)
    if folders:
        graph.prefetch_closures(tree, folders)


def from_containers(
    moves: Sequence[ImageMove], target: Target, tree: Tree
) -> tuple[tuple[ImageMove, ...], tuple[str, ...]]:
    """Return moves with what containers have of images that no file of the app sets, and warnings."""
    below = container_images(target, tree, [one.name for one in moves if not one.before])
    found, warnings = [], []
    for move in moves:
        image = below.get(move.name)
        if image is None:
            found.append(move)
            continue
        found.append(replace(move, before=image.ref, elsewhere=image.elsewhere))
        places = {tag: str(place) for tag, place in image.places_of_tags.items()}
        if said := several_tags(move.name, move.after.tag, places):
            warnings.append(said)
        if image.digest and not move.after.digest:
            begun = f"the digest {image.digest[:19]}… is dropped"
            warnings.append(f"{move.name}: {begun}, as it would win over the tag")
    return tuple(found), tuple(warnings)


def _all_of(names: Mapping[str, str] | None) -> set[str]:
    return {*names, *names.values()} if names else set()


def _left_open(
    target: Target, own: Sequence[RunningImage], names: Mapping[str, str] | None
) -> list[str]:
    """Return the images to which the app's own files give no tag, then those that they do not have."""
    asked = dict(zip(target.images, target.images, strict=True)) if names is None else names
    found = {both: image_named(own, *both) for both in asked.items()}
    bare = [one.name for one in (own if names is None else found.values()) if one and not one.ref]
    missing = [name for both, one in found.items() if one is None for name in both]
    return list(dict.fromkeys([*bare, *missing]))


def _with_base(own: RunningImage, base: RunningImage | None) -> RunningImage:
    """Return an image with a base's tag where it has none: an entry may set its name alone."""
    if base is None or not base.ref:
        return own
    places = (*own.places, *base.places)
    return replace(base, new_name=own.new_name, listed=own.listed, places=places)


def _with_override(image: RunningImage, overrides: Iterable[RunningImage]) -> RunningImage:
    for one in overrides:
        if one.name in (image.name, image.repository):
            new_name, places = one.new_name or image.new_name, (*image.places, *one.places)
            return replace(
                one, name=image.name, new_name=new_name, listed=image.listed, places=places
            )
    return image


def _overrides(
    target: Target, tree: Tree, images: Sequence[RunningImage]
) -> Iterator[RunningImage]:
    """Yield what is set over the app's own files in its folder, what wins first.

    Argo CD's files there set images in any of them, and the kustomization there those in the files
    of targets. One that cannot be read sets nothing.
    """
    for site in argocd_overrides(tree, target.directory, target.files):
        if site.value:
            path = PurePosixPath(site.spot.region.file.path)
            place = ImagePlace(path, site.spot.position[0], site.value, SetBy.OVERRIDE)
            yield _override(site.name, site.new_name, place)
    files = kustomizations_among(tree.entries(target.directory))
    if target.kustomized or len(files) != 1:
        return
    path = target.directory / files[0]
    with suppress(PromoteError, KeyError):
        known = kustomization.read(path, tree.read(path))
        entries = [one for image in images if (one := known.find(image.name))]
        entries = [one for one in entries if one.tag or one.digest]
        closure = graph.read_closure(tree, target.directory) if entries else None
        if closure and any(map(closure.holds, target.files)):
            for one in entries:
                place = ImagePlace(path, one.line, Ref(one.tag, one.digest), SetBy.OVERRIDE)
                yield _override(one.name or "", one.new_name, place)


def _override(name: str, new_name: str | None, place: ImagePlace) -> RunningImage:
    ref = place.ref
    return RunningImage(name, ref.tag, ref.digest, new_name or None, places=(place,))
