"""Argo CD: the image overrides of an Application, `spec.source(s).kustomize.images`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Literal

from promoter.domain.errors import NoPlaceError
from promoter.edits.region import Region, Spot, roots
from promoter.edits.site import Site
from promoter.edits.targets.model import FileTarget, Filled

# What Argo CD's Image Updater writes beside a kustomization.
SOURCE_FILE = re.compile(r"\.argocd-source(?:-.+)?\.ya?ml")
KINDS = ("Application", "ApplicationSet")


class ArgocdTarget(FileTarget):
    """Image overrides of an Argo CD Application: `spec.source(s).kustomize.images`.

    In `.argocd-source-APP.yaml`, which Argo CD's Image Updater writes, `kustomize.images`.
    """

    kind: Literal["argocd"]
    application: Filled = ""
    """Only the Application (or ApplicationSet) of this name."""

    def find(self, region: Region) -> tuple[Site, ...]:
        """Return the overrides of the file's applications."""
        if _is_source(region):
            return find(region)
        kinds = [root.get("kind") for root in roots(region)]
        if not any(kind is not None and kind.text in KINDS for kind in kinds):
            raise NoPlaceError(
                "there is no Argo CD Application",
                "Containers are those of kind: manifest, other values those of kind: yaml-path.",
                file=region.file.path,
            )
        return find(region, application=self.application)


def find(region: Region, *, application: str = "") -> tuple[Site, ...]:
    """Return the overrides of all applications of a file, or of the one of this name."""
    if _is_source(region):
        return tuple(site for root in roots(region) for site in _images(root))
    return tuple(site for root in roots(region) for site in _overrides(root, application))


def _is_source(region: Region) -> bool:
    return SOURCE_FILE.fullmatch(PurePosixPath(region.file.path).name) is not None


def _overrides(root: Spot, application: str) -> Iterator[Site]:
    kind, name = root.get("kind"), root.at("metadata", "name")
    if kind is None or kind.text not in KINDS:
        return
    if application and (name is None or name.text != application):
        return
    spec = root.get("spec") if kind.text == "Application" else root.at("spec", "template", "spec")
    for source in sources(spec):
        yield from _images(source)


def _images(source: Spot) -> Iterator[Site]:
    images = source.at("kustomize", "images")
    for image in images.below() if images else ():
        if image.text:
            yield Site.override(image)


def sources(spec: Spot | None) -> Iterator[Spot]:
    """Yield the sources of an Application, of which there is one or a list."""
    if spec is not None and (one := spec.get("source")) is not None:
        yield one
    if spec is not None and (several := spec.get("sources")) is not None:
        yield from several.below()
