"""The images that containers have where the app's own files do not set them: a base does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter import graph
from promoter.domain.dataclass import dataclass
from promoter.domain.image import Ref, split
from promoter.domain.model import RunningImage

if TYPE_CHECKING:
    from collections.abc import Collection

    from promoter.config.layout import Target
    from promoter.domain.model import Tree


@dataclass(frozen=True, slots=True)
class ContainerImage:
    """An image of a container, before the kustomization's own `images`."""

    ref: Ref
    place: str
    """The `file:line` that says so."""

    def named(self, name: str) -> RunningImage:
        """Return it as an image of an environment, under a name."""
        return RunningImage(name, self.ref.tag, self.ref.digest)


def container_images(
    target: Target, tree: Tree, names: Collection[str]
) -> dict[str, ContainerImage]:
    """Return the images of these names that containers have, as the app's `images` would meet them.

    Of several containers with one image, the first counts. Empty where no kustomization is edited.
    """
    if not (names and target.kustomized):
        return {}
    found: dict[str, ContainerImage] = {}
    for one in graph.read_closure(tree, target.directory).images:
        name, tag, digest = split(one.text)
        if name in names and name not in found:
            entry = one.overridden_by
            place = entry.place if entry else f"{one.file}:{one.line}"
            found[name] = ContainerImage(Ref(tag, digest), place)
    return found


def running_images(target: Target, tree: Tree) -> tuple[RunningImage, ...]:
    """Return the app's images in its own files, then those listed ones that only a base sets.

    Raises `PromoteError` where the files cannot be read.
    """
    own = target.own_images(tree)
    known = {name for one in own for name in (one.name, one.new_name)}
    missing = [name for name in target.images if name not in known]
    below = container_images(target, tree, missing)
    more = (one.named(name) for name, one in below.items())
    return (*own, *more)
