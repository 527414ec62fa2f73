"""Any scalar by its path, as in Helm values: a tag, with its repository and digest beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar, Literal, Self

from pydantic import PrivateAttr, model_validator

from promoter.domain.errors import NoPlaceError
from promoter.domain.image import split
from promoter.domain.suggest import closest
from promoter.edits import scalar_path
from promoter.edits.insert_key import accepts_keys
from promoter.edits.region import Region, Spot
from promoter.edits.scalars import is_string_for_kustomize
from promoter.edits.site import Part, Site
from promoter.edits.targets.manifest import WORKLOADS
from promoter.edits.targets.model import FileTarget, ScalarPath

_OCI = "oci://"


class YamlPathTarget(FileTarget):
    """Scalars by their path, e.g. in Helm values; a path leads into YAML in a block of text, too.

    In a file of KEY=VALUE lines, such as kustomize's `params.env`, the path is a key.
    The last key of a path is added where it is missing and the mapping that it belongs to is there;
    at the top of a file, only beside another path of the target, or where the file is empty.
    """

    kind: Literal["yaml-path"]
    tag: ScalarPath | None = None
    """The path of the tag: `image.tag`."""
    digest: ScalarPath | None = None
    """The path of the digest; emptied where a promotion has none, as it would win. One beside the
    tag under a usual name (`digest`, `sha`, `sha256`, `imageDigest`, …) needs no path."""
    reference: ScalarPath | None = None
    """The path of a whole image, `name:tag`; with a `*`, of all images that it leads to, each by its
    own name: `services.*.image`."""
    repository: ScalarPath | None = None
    """The path of the image's name, which is held against the promotion's and never changed. Without
    it and without `image`, the name is the `repository` beside the tag, in the file or else in the
    `values.yaml` of its folder or of the subchart `charts/NAME`, where the path begins with NAME."""

    PATHS: ClassVar[frozenset[str]] = frozenset({"tag", "digest", "reference", "repository"})
    _default_names: tuple[str, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.tag is None and self.digest is None and self.reference is None:
            raise ValueError("names nothing to set: give tag, digest or reference")
        return self

    def find(self, region: Region) -> Iterator[Site]:
        """Yield the scalars at the paths, called by the name that stands beside them.

        Where a `*` in the path of a reference leads to several images, each is called by its own.
        """
        by_place = self.repository is None and (self.image is not None or self.reference is None)
        names = self.names(region) or self._default_names
        for path, part in (
            (self.reference, Part.REFERENCE),
            (self.tag, Part.TAG),
            (self.digest, Part.DIGEST),
        ):
            if path is None:
                continue
            several = _several(region, path) if part is Part.REFERENCE else ()
            if several:
                for one in several:
                    yield replace(Site.reference(one), names=_called(one), loose=True)
                continue
            spot, missing = self._place(region, path)
            site = Site(spot, part, names, by_place=by_place, loose=True, missing=missing)
            if missing and part is Part.REFERENCE and site.text:
                site = replace(site, names=(split(_plain(site.text))[0],))
            yield site

    def _place(self, region: Region, path: str) -> tuple[Spot, tuple[str, ...]]:
        """Return the one node at a path, or the mapping to which it can be added and the keys.

        Raises `SelectionError` where there are several or none, and nothing can be added: a key
        that is nearly there is a slip, and an element of a list is not made up.
        """
        parent, missing = scalar_path.nearest_parent(region, path)
        is_there = bool(scalar_path.find(region, path))
        if is_there or parent is None or not self._takes(region, parent, missing, path):
            spot = scalar_path.one(region, path)
            if spot.style is None and not is_string_for_kustomize(spot.text):
                _refuse_in_workload(spot, f"{path} is {spot.text}, which is no text")
            return spot, ()
        _refuse_in_workload(parent, f"{path} leads nowhere")
        return parent, missing

    def _takes(self, region: Region, parent: Spot, missing: tuple[str, ...], path: str) -> bool:
        """Return whether keys are added to a mapping: it has to be known that it is meant."""
        if "*" in scalar_path.parts(path):
            return False
        by_name = not any(one == "*" or one.startswith("[") or one.isdecimal() for one in missing)
        if not (by_name and accepts_keys(parent)):
            return False
        is_root, known = parent.parent is None, scalar_path.names(parent)
        if is_root and not known:
            return True
        if len(missing) > 1 or closest(missing[0], known):
            return False
        return not is_root or any(
            spot.parent is not None and spot.parent.node is parent.node
            for path in (self.tag, self.digest, self.reference, self.repository)
            for spot in (scalar_path.find(region, path) if path else ())
        )

    @classmethod
    def in_file(cls, file: str, region: Region) -> Mapping[str, FileTarget]:  # noqa: ARG003 - as others
        """Return none: a path is not found by an image's name."""
        return {}

    @property
    def is_named(self) -> bool:
        """Whether it says itself which image it is of, or where that stands."""
        return bool(self.image or self.repository or self.reference)

    def called(self, names: tuple[str, ...]) -> Self:
        """Return it with what its image is called where its file does not say so."""
        copy = self.model_copy()
        copy._default_names = names  # noqa: SLF001 - its own
        return copy

    def names(self, region: Region) -> tuple[str, ...]:
        """Return what a file calls the image, the fullest name first; empty where it does not."""
        if self.repository is not None:
            return _called(scalar_path.one(region, self.repository))
        if self.reference is not None:
            reached = scalar_path.find(region, self.reference)
            return tuple(name for spot in reached if (name := split(_plain(spot.text))[0]))
        beside = (
            scalar_path.find(region, scalar_path.beside(self.tag, "repository")) if self.tag else ()
        )
        return _called(beside[0]) if beside else ()


def _several(region: Region, path: str) -> list[Spot]:
    """Return the images at a path with a `*`, those that come by a merge too; none for fewer than two."""
    if "*" not in scalar_path.parts(path):
        return []
    spots = [spot for spot in scalar_path.with_merged(region, path) if spot.text]
    return spots if len(spots) > 1 else []


def _called(spot: Spot) -> tuple[str, ...]:
    """Return an image's name with the registry that stands beside it, and without."""
    name = split(_plain(spot.text))[0]
    registry = spot.parent.get("registry") if spot.parent else None
    if not name:
        return ()
    if registry is not None and registry.text:
        return (f"{_plain(registry.text).rstrip('/')}/{name}", name)
    return (name,)


def _plain(text: str) -> str:
    """Return an image's name without the scheme of Helm and Flux."""
    return text.removeprefix(_OCI)


def _refuse_in_workload(spot: Spot, reason: str) -> None:
    """Raise `SelectionError` for what no image can be in a workload of Kubernetes itself."""
    root = spot
    while root.parent is not None:
        root = root.parent
    kind = root.get("kind")
    if kind is not None and kind.text in WORKLOADS:
        line, column = spot.position
        raise NoPlaceError(
            f"{reason}: a {kind.text} has its images in its containers",
            "For those, write kind: manifest.",
            file=spot.region.file.path,
            line=line,
            column=column,
        )
