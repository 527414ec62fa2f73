"""The images that containers have where the app's own files do not set them: a base does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from promoter import graph
from promoter.config.layout import Target
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError
from promoter.domain.image import Ref, split
from promoter.domain.model import ImageMove, RunningImage, Tree
from promoter.domain.paths import kustomizations_among
from promoter.edits import kustomization
from promoter.edits.site import several_tags


@dataclass(frozen=True, slots=True)
class ContainerImage:
    """An image of a container, before the kustomization's own `images`."""

    ref: Ref
    place: str
    """The `file:line` that says so; '' where nothing shows what the image is."""
    others: tuple[tuple[Ref, str], ...] = ()
    """The other tags that containers surely have of it, each with its place."""

    @property
    def places(self) -> dict[str, str]:
        """The place of each tag; '' stands for none."""
        return {ref.tag or "": place for ref, place in ((self.ref, self.place), *self.others)}

    def named(self, name: str) -> RunningImage:
        """Return it as an image of an environment, under a name."""
        others = tuple(ref for ref, _ in self.others)
        return RunningImage(name, self.ref.tag, self.ref.digest, elsewhere=others)


def container_images(
    target: Target, tree: Tree, names: Collection[str]
) -> dict[str, ContainerImage]:
    """Return the images of these names that containers have, as the app's `images` would meet them.

    Of several containers with one image, the first counts. One that the files do not show, as a
    replacement makes it, has neither tag nor place. Empty where no kustomization is edited.
    """
    if not (names and target.kustomized):
        return {}
    closure = graph.read_closure(tree, target.directory)
    found: dict[str, ContainerImage] = {}
    for one in closure.images:
        name, tag, digest = split(one.text)
        if name not in names:
            continue
        entry = one.overridden_by
        new = Ref(tag, digest), entry.place if entry else f"{one.file}:{one.line}"
        known = found.setdefault(name, ContainerImage(*new))
        # Of a container that a patch may change, the old image and the new one are both known.
        if one.certain and not closure.patched and (tag or "") not in known.places:
            found[name] = replace(known, others=(*known.others, new))
    if missing := [name for name in names if name not in found]:
        own = kustomization.read(target.file, tree.read(target.file))
        dead = graph.dead_entries(closure, own.entries, missing) if own.judges_itself else ()
        unused = {one.image for one in dead}
        found |= {name: ContainerImage(Ref(), "") for name in missing if name not in unused}
    return found


def set_over(
    target: Target, tree: Tree, images: Iterable[RunningImage]
) -> dict[str, tuple[RunningImage, str]]:
    """Return what the kustomization of an app's folder sets over images in the files of its targets.

    Beside each image stands the `file:line` that sets it. Raises `PromoteError` where files cannot
    be read.
    """
    files = kustomizations_among(tree.entries(target.directory))
    if target.kustomized or len(files) != 1:
        return {}
    path = target.directory / files[0]
    known = kustomization.read(path, tree.read(path))
    entries = {one.name: entry for one in images if (entry := known.find(one.name))}
    found = {
        name: (RunningImage(name, one.tag, one.digest, one.new_name), f"{path}:{one.line}")
        for name, one in entries.items()
        if one.tag or one.digest
    }
    closure = graph.read_closure(tree, target.directory) if found else None
    return found if closure and any(map(closure.holds, target.files)) else {}


def unset_images(target: Target, tree: Tree) -> list[str]:
    """Return the images to which the app's own files give no tag, and the listed ones they do not have.

    Raises `PromoteError` where the files cannot be read.
    """
    own = target.own_images(tree)
    known = {name for one in own for name in (one.name, one.new_name)}
    bare = [one.name for one in own if one.name and not one.ref]
    return [*bare, *(name for name in target.images if name not in known)]


def prefetch_bases(targets: Iterable[Target], tree: Tree) -> None:
    """Fetch at once what is built below the kustomizations of apps that leave images to it."""
    folders = []
    for target in targets:
        # What cannot be read is told where it is read.
        with suppress(PromoteError):
            if target.kustomized and unset_images(target, tree):
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
        others = tuple(ref for ref, _ in image.others)
        found.append(replace(move, before=image.ref, elsewhere=others))
        if said := several_tags(move.name, move.after.tag, image.places):
            warnings.append(said)
        if image.ref.digest and not move.after.digest:
            begun = f"the digest {image.ref.digest[:19]}… is dropped"
            warnings.append(f"{move.name}: {begun}, as it would win over the tag")
    return tuple(found), tuple(warnings)


def running_images(target: Target, tree: Tree) -> tuple[RunningImage, ...]:
    """Return the app's images in its own files, then those listed ones that only a base sets.

    Raises `PromoteError` where the files cannot be read.
    """
    return with_bases(target.own_images(tree), images_of_base(target, tree))


def with_bases(
    own: Sequence[RunningImage], below: Mapping[str, ContainerImage]
) -> tuple[RunningImage, ...]:
    """Return images of an environment's own files with the tags that bases set, then those of bases.

    An entry that changes the name alone leaves the tag as it is.
    """
    filled = []
    for one in own:
        base = below[one.name].named(one.name) if one.name in below and not one.ref else one
        filled.append(replace(base, new_name=one.new_name, listed=one.listed))
    known = {name for one in own for name in (one.name, one.new_name)}
    more = (one.named(name) for name, one in below.items() if name not in known)
    return (*filled, *more)


def images_of_base(target: Target, tree: Tree) -> dict[str, ContainerImage]:
    """Return the images that only a base gives a tag or digest: listed ones, and those without here.

    Raises `PromoteError` where the files cannot be read.
    """
    below = container_images(target, tree, unset_images(target, tree))
    return {name: one for name, one in below.items() if one.ref}
