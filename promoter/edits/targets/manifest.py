"""Images of Kubernetes objects: the containers of workloads, at any depth of any kind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from promoter.edits.region import Spot, roots
from promoter.edits.site import Site
from promoter.edits.targets.model import Filled, Target, names, only

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promoter.edits.region import Region

# Lists of containers, of Kubernetes itself and of the engines that run containers in steps.
_LISTS = frozenset({"containers", "initContainers", "ephemeralContainers", "sidecars", "steps"})
_SINGLE = frozenset({"container", "script"})
_DEPTH_LIMIT = 60
_UNTOUCHED = frozenset({"CustomResourceDefinition", "ConfigMap", "Secret"})


class ManifestTarget(Target):
    """Containers in manifests: by the image's name, or by the container's."""

    kind: Literal["manifest"]
    container: Filled = ""
    """The container's name; its image is set whatever its name is."""
    resource: Filled = ""
    """Only in this object, as `kind/name`: `Deployment/app`."""

    def find(self, region: Region) -> tuple[Site, ...]:
        """Return the images of the containers; of a named one, the only one."""
        sites = find(region, container=self.container, owner=self.resource)
        if not self.container:
            return sites
        return (replace(only(sites, region, self.kind), by_place=True),)

    @classmethod
    def in_file(cls, file: str, region: Region) -> Mapping[str, Target]:
        """Return a target for each image of a container."""
        return {name: cls(kind="manifest", file=file, image=name) for name in names(find(region))}


@dataclass(frozen=True, slots=True)
class Container:
    """A container of an object: its name, its object as `kind/name`, and its image."""

    name: str
    object: str
    site: Site


def containers(region: Region) -> Iterator[Container]:
    """Yield every container that has an image, of every document."""
    for root in roots(region):
        kind, name = root.get("kind"), root.at("metadata", "name")
        title = f"{kind.text if kind else ''}/{name.text if name else ''}"
        if kind is None or kind.text not in _UNTOUCHED:
            for spot in images_below(root):
                label = spot.label
                yield Container(label, title, Site.reference(spot.image))


@dataclass(frozen=True, slots=True)
class Labelled:
    """An image's scalar, and the name that stands beside it."""

    label: str
    image: Spot


def images_below(spot: Spot) -> Iterator[Labelled]:
    """Yield the images of containers below a node, and those of image volumes."""
    if len(spot.path) > _DEPTH_LIMIT:
        return
    for child in spot.below():
        key = child.path[-1]
        if key in _LISTS:
            yield from (found for one in child.below() if (found := _image(one)))
        elif key in _SINGLE and (found := _image(child)):
            yield found
        elif key == "volumes":
            yield from (found for one in child.below() if (found := _volume(one)))
        yield from images_below(child)


def _image(container: Spot) -> Labelled | None:
    """Return a container's image."""
    image, name = container.get("image"), container.get("name")
    return Labelled(name.text if name else "", image) if image and image.text else None


def _volume(volume: Spot) -> Labelled | None:
    """Return the image that a volume is made of."""
    reference, name = volume.at("image", "reference"), volume.get("name")
    if reference is None or not reference.text:
        return None
    return Labelled(name.text if name else "", reference)


def find(region: Region, *, container: str = "", owner: str = "") -> tuple[Site, ...]:
    """Return the sites of containers, all of them or those of one name or of one `kind/name`."""
    return tuple(
        one.site
        for one in containers(region)
        if container in ("", one.name) and owner in ("", one.object)
    )
