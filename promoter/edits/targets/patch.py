"""Images of patches: strategic merges and JSON patches, in files and inline in a kustomization."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from ruamel.yaml.nodes import MappingNode, SequenceNode

from promoter.edits.region import Region, Spot, roots
from promoter.edits.site import Site
from promoter.edits.targets import manifest
from promoter.edits.targets.model import FileTarget, Filled, Resource, only

# The fields of a kustomization that hold patches, and the key of an element that is one as a text.
_INLINE = {"patches": "patch", "patchesJson6902": "patch", "patchesStrategicMerge": None}
_SETTING = frozenset({"add", "replace"})


class PatchTarget(FileTarget):
    """Images in patches: a patch's file, or a kustomization's inline patches."""

    kind: Literal["patch"]
    container: Filled = ""
    """Strategic merge: the container's name."""
    resource: Resource = ""
    """Strategic merge: only in the patch of this object, as `kind/name`."""
    path: Filled = ""
    """JSON patch: only operations with this path, e.g. `/spec/template/spec/containers/0/image`."""

    def find(self, region: Region) -> tuple[Site, ...]:
        """Return the images that the patches set; of a container or a path, the only one."""
        sites = find(region, container=self.container, owner=self.resource, pointer=self.path)
        if not self.container and not self.path:
            return sites
        return (replace(only(sites, region, self.kind), by_place=True),)


def find(
    region: Region, *, container: str = "", owner: str = "", pointer: str = ""
) -> tuple[Site, ...]:
    """Return the images that patches set; of a kustomization, those of its inline patches.

    `container` and `owner` (`kind/name`) choose among those of strategic merges, `pointer` among the
    operations of JSON patches.
    """
    sites = list(_of_patch(region, container, owner, pointer))
    for text in inline(region):
        sites += _of_patch(text.inside("patch"), container, owner, pointer)
    return tuple(sites)


def inline(region: Region) -> Iterator[Spot]:
    """Yield the texts of a kustomization that are patches."""
    for root in roots(region):
        for field, key in _INLINE.items():
            listed = root.get(field)
            for element in listed.below() if listed else ():
                text = element.get(key) if key else element
                if text is not None and ("\n" in text.text or text.text.lstrip().startswith("[")):
                    yield text


def _of_patch(region: Region, container: str, owner: str, pointer: str) -> Iterator[Site]:
    for root in roots(region):
        if isinstance(root.node, SequenceNode) and not container and not owner:
            yield from _of_operations(root, pointer)
    if not pointer:
        yield from manifest.find(region, container=container, owner=owner)


def _of_operations(root: Spot, pointer: str) -> Iterator[Site]:
    """Yield the images among the values of a JSON patch's operations (RFC 6902)."""
    for operation in root.below():
        verb, path, value = (operation.get(name) for name in ("op", "path", "value"))
        if verb is None or path is None or value is None or verb.text not in _SETTING:
            continue
        if pointer not in ("", path.text):
            continue
        if isinstance(value.node, MappingNode | SequenceNode):
            yield from map(Site.reference, _images(value))
        elif value.text and (pointer or path.text.endswith(("/image", "/image/reference"))):
            yield Site.reference(value)


def _images(value: Spot) -> Iterator[Spot]:
    """Yield the images of a container, of a list of them, or of anything that holds some."""
    for one in (value, *value.below()):
        image = one.get("image")
        if image is not None and image.text:
            yield image
    yield from (image for _, image in manifest.images_below(value))
