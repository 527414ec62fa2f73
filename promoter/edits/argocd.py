"""Argo CD: the image overrides of an Application, `spec.source(s).kustomize.images`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.edits.site import Part, Site, Spot, roots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promoter.edits.site import Region

KINDS = ("Application", "ApplicationSet")


def find(region: Region, *, application: str = "") -> tuple[Site, ...]:
    """Return the overrides of all applications of a file, or of the one of this name."""
    return tuple(site for root in roots(region) for site in _overrides(region, root, application))


def _overrides(region: Region, root: Spot, application: str) -> Iterator[Site]:
    """Yield the overrides of one document."""
    kind, name = root.get("kind"), _at(root, "metadata", "name")
    if kind is None or kind.text not in KINDS:
        return
    if application and (name is None or name.text != application):
        return
    spec = root.get("spec") if kind.text == "Application" else _at(root, "spec", "template", "spec")
    sources = [spec.get("source")] if spec else []
    listed = spec.get("sources") if spec else None
    for source in (*sources, *(listed.below() if listed else ())):
        images = _at(source, "kustomize", "images") if source else None
        for image in images.below() if images else ():
            if image.text:
                yield Site(region, image, Part.OVERRIDE)


def _at(spot: Spot, *keys: str) -> Spot | None:
    """Return what stands under a chain of keys."""
    found: Spot | None = spot
    for key in keys:
        found = found.get(key) if found is not None else None
    return found
