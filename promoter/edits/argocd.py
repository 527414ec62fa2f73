"""Argo CD: the image overrides of an Application, `spec.source(s).kustomize.images`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.edits.parts import Part, Site
from promoter.edits.site import Spot, roots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promoter.edits.site import Region

KINDS = ("Application", "ApplicationSet")


def find(region: Region, *, application: str = "") -> tuple[Site, ...]:
    """Return the overrides of all applications of a file, or of the one of this name."""
    return tuple(site for root in roots(region) for site in _overrides(region, root, application))


def _overrides(region: Region, root: Spot, application: str) -> Iterator[Site]:
    """Yield the overrides of one document."""
    kind, name = root.get("kind"), root.at("metadata", "name")
    if kind is None or kind.text not in KINDS:
        return
    if application and (name is None or name.text != application):
        return
    spec = root.get("spec") if kind.text == "Application" else root.at("spec", "template", "spec")
    sources = [spec.get("source")] if spec else []
    listed = spec.get("sources") if spec else None
    for source in (*sources, *(listed.below() if listed else ())):
        images = source.at("kustomize", "images") if source else None
        for image in images.below() if images else ():
            if image.text:
                yield Site(region, image, Part.OVERRIDE)
