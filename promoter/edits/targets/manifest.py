"""Images of Kubernetes objects: the containers of workloads, at any depth of any kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from promoter.domain.errors import NoPlaceError
from promoter.domain.suggest import nearest
from promoter.edits.region import Region, Spot, roots
from promoter.edits.site import Site
from promoter.edits.targets.model import FileTarget, Filled, Resource, only

# Lists of containers, of Kubernetes itself and of the engines that run containers in steps.
_LISTS = frozenset({"containers", "initContainers", "ephemeralContainers", "sidecars", "steps"})
_SINGLE = frozenset({"container", "script"})
_DEPTH_LIMIT = 60
WORKLOADS = frozenset(
    {"CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet"}
)
_UNTOUCHED = frozenset({"CustomResourceDefinition", "ConfigMap", "Secret"})


class ManifestTarget(FileTarget):
    """Containers in manifests: by the image's name, or by the container's."""

    kind: Literal["manifest"]
    container: Filled = ""
    """The container's name; its image is set whatever its name is."""
    resource: Resource = ""
    """Only in this object, as `kind/name`: `Deployment/app`."""

    def find(self, region: Region) -> tuple[Site, ...]:
        """Return the images of the containers; of a named one, the only one."""
        titles = {_title(root) for root in roots(region)} if self.resource else set()
        if titles and self.resource not in titles:
            hint = nearest(self.resource, titles)
            raise NoPlaceError(f"there is no {self.resource}", hint, file=region.file.path)
        sites = find(region, container=self.container, owner=self.resource)
        if not self.container:
            return sites
        if not sites:
            known = {name for root in roots(region) for name, _ in images_below(root) if name}
            where = f" in {self.resource}" if self.resource else ""
            raise NoPlaceError(
                f"there is no container {self.container}{where}",
                nearest(self.container, known),
                file=region.file.path,
            )
        return (replace(only(sites, region, self.kind), by_place=True),)


def find(region: Region, *, container: str = "", owner: str = "") -> tuple[Site, ...]:
    """Return the images of containers, of all or of those of one name or of one `kind/name`."""
    found: list[Site] = []
    for root in roots(region):
        kind = root.get("kind")
        if (kind is not None and kind.text in _UNTOUCHED) or owner not in ("", _title(root)):
            continue
        found += (
            Site.reference(image) for label, image in images_below(root) if container in ("", label)
        )
    return tuple(found)


def of_workloads(region: Region) -> Iterator[Spot]:
    """Yield the images of the containers of Kubernetes' own workloads."""
    for root in roots(region):
        kind = root.get("kind")
        if kind is not None and kind.text in WORKLOADS:
            yield from (image for _, image in images_below(root))


def _title(root: Spot) -> str:
    """Return an object's name as `kind/name`."""
    kind, name = root.get("kind"), root.at("metadata", "name")
    return f"{kind.text if kind else ''}/{name.text if name else ''}"


def images_below(spot: Spot) -> Iterator[tuple[str, Spot]]:
    """Yield the images of containers and of image volumes below a node, each with its name."""
    if len(spot.path) > _DEPTH_LIMIT:
        return
    for child in spot.below():
        key = child.path[-1]
        if key in _LISTS:
            for one in child.below():
                yield from _named(one, one.get("image"))
        elif key in _SINGLE:
            yield from _named(child, child.get("image"))
        elif key == "volumes":
            for one in child.below():
                yield from _named(one, one.at("image", "reference"))
        yield from images_below(child)


def _named(owner: Spot, image: Spot | None) -> Iterator[tuple[str, Spot]]:
    name = owner.get("name")
    if image is not None and image.text:
        yield name.text if name else "", image
