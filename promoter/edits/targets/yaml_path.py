"""Any scalar by its path, as in Helm values: a tag, with its repository and digest beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from promoter.domain.image import split
from promoter.domain.suggest import closest
from promoter.edits import scalar_path
from promoter.edits.insert_key import accepts_keys
from promoter.edits.site import Part, Site
from promoter.edits.targets.model import ScalarPath, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promoter.edits.region import Region, Spot

_OCI = "oci://"


class YamlPathTarget(Target):
    """Scalars by their path, e.g. in Helm values; a path leads into YAML in a block of text, too.

    A key that is not there yet is added where all of its name but the key's mapping is there.
    """

    kind: Literal["yaml-path"]
    tag: ScalarPath | None = None
    """The path of the tag: `image.tag`."""
    digest: ScalarPath | None = None
    """The path of the digest; emptied where a promotion has none, as it would win. One beside the
    tag under a usual name (`digest`, `sha`, `sha256`, `imageDigest`, …) needs no path."""
    reference: ScalarPath | None = None
    """The path of a whole image, `name:tag`."""
    repository: ScalarPath | None = None
    """The path of the image's name, which is held against the promotion's and never changed."""

    PATHS: ClassVar[frozenset[str]] = frozenset({"tag", "digest", "reference", "repository"})

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.tag is None and self.digest is None and self.reference is None:
            raise ValueError("names nothing to set: give tag, digest or reference")
        return self

    def find(self, region: Region) -> Iterator[Site]:
        """Yield the scalars at the paths, called by the name that stands beside them."""
        by_place = self.repository is None and (self.image is not None or self.reference is None)
        names = self._names(region)
        for path, part in (
            (self.reference, Part.REFERENCE),
            (self.tag, Part.TAG),
            (self.digest, Part.DIGEST),
        ):
            if path is not None:
                spot, missing = _place(region, path)
                yield Site(spot, part, names, by_place=by_place, loose=True, missing=missing)

    def _names(self, region: Region) -> tuple[str, ...]:
        if self.repository is not None:
            return _called(scalar_path.one(region, self.repository))
        if self.reference is not None:
            reached = scalar_path.find(region, self.reference)
            return tuple(name for spot in reached if (name := split(_plain(spot.text))[0]))
        if self.tag is None:
            return ()
        reached = scalar_path.find(region, self.tag)
        beside = reached[0].parent.get("repository") if reached and reached[0].parent else None
        return _called(beside) if beside is not None else ()


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


def _place(region: Region, path: str) -> tuple[Spot, tuple[str, ...]]:
    """Return the one node at a path, or the mapping below which it can be added and the keys.

    Raises `SelectionError` where there are several or none, and nothing can be added: a key that is
    nearly there is a slip, and an element of a list is not made up.
    """
    if not scalar_path.find(region, path):
        parent, missing = scalar_path.nearest_parent(region, path)
        named = not any(part == "*" or part.startswith("[") or part.isdecimal() for part in missing)
        may_add = parent is not None and named and accepts_keys(parent)
        if parent is not None and may_add and not closest(missing[0], scalar_path.names(parent)):
            return parent, missing
    return scalar_path.one(region, path), ()
