"""Where an object carries images: the fields that kustomize's image transformer changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promoter.graph.value import Scalar, mapping, sequence, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promoter.graph.value import Mapping, Value

_LISTS = ("containers", "initContainers")


class BuildError(Exception):
    """Kustomize refuses to build this: why, and where known the scalar that it stumbles on."""

    def __init__(self, reason: str, at: Scalar | None = None) -> None:
        """Remember the reason and the place."""
        super().__init__(reason)
        self.reason, self.at = reason, at


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field of objects, optionally of one group, version or kind; `[]` marks a list."""

    path: str
    group: str = ""
    version: str = ""
    kind: str = ""

    @classmethod
    def of(cls, value: Value) -> FieldSpec:
        """Return the field that an entry under `images` of a transformer configuration names."""
        fields = mapping(value)
        return cls(*(text_of(fields.get(key)) for key in ("path", "group", "version", "kind")))

    def selects(self, root: Mapping) -> bool:
        """Say whether an object has the group, version and kind."""
        group, version = group_version(root)
        wanted = (self.group, self.version, self.kind)
        actual = (group, version, text_of(root.get("kind")))
        return all(want in ("", have) for want, have in zip(wanted, actual, strict=True))


DEFAULT_SPECS = tuple(
    FieldSpec(f"{spec}/{field}")
    for spec in ("spec", "spec/template/spec")
    for field in ("containers[]/image", "initContainers[]/image", "volumes[]/image/reference")
)


@dataclass(frozen=True, slots=True)
class ImageField:
    """A field that holds an image: the mapping it is in, its key, and how often it is visited."""

    holder: Mapping
    key: str
    path: str
    value: Scalar
    passes: int

    def set(self, text: str, by: str) -> None:
        """Put another image into the field, remembering which file did it."""
        self.holder[self.key] = self.value.changed(text, by)


def group_version(root: Mapping) -> tuple[str, str]:
    """Return the two parts of an object's apiVersion."""
    group, slash, version = text_of(root.get("apiVersion")).partition("/")
    return (group, version) if slash else ("", group)


def image_fields(root: Mapping, specs: Sequence[FieldSpec]) -> tuple[ImageField, ...]:
    """Return an object's images in document order, or raise `BuildError`.

    Any `containers` or `initContainers` list at any depth counts, and what the field specs name.
    """
    if text_of(root.get("kind")) == "CustomResourceDefinition":
        return ()
    found: dict[tuple[int, str], ImageField] = {}
    walks = [_containers(root, ""), *(_spec(root, s) for s in specs if s.selects(root))]
    for walk in walks:
        for holder, key, path in walk:
            value, place = holder[key], (id(holder), key)
            if not isinstance(value, Scalar):
                raise BuildError(f"{path} is no string")
            if not value.null:
                passes = found[place].passes + 1 if place in found else 1
                found[place] = ImageField(holder, key, path, value, passes)
    return tuple(found.values())


def _containers(value: Value, path: str) -> Iterator[tuple[Mapping, str, str]]:
    """Yield the image of every element of every list of containers, at any depth."""
    if isinstance(value, list):
        for number, child in enumerate(value):
            yield from _containers(child, f"{path}[{number}]")
    if not isinstance(value, dict):
        return
    for key, child in value.items():
        here = f"{path}.{key}" if path else key
        yield from _containers(child, here)
        if key not in _LISTS:
            continue
        for number, container in enumerate(sequence(child)):
            if isinstance(container, dict) and "image" in container:
                yield container, "image", f"{here}[{number}].image"
            elif isinstance(container, Scalar) and not container.null:
                raise BuildError(f"{here}[{number}] is no mapping", container)


def _spec(root: Mapping, spec: FieldSpec) -> Iterator[tuple[Mapping, str, str]]:
    """Yield what a field spec's path leads to."""
    parts = [part.removesuffix("[]") for part in spec.path.strip("/").split("/")]
    yield from _follow(root, parts, "")


def _follow(value: Value, parts: list[str], path: str) -> Iterator[tuple[Mapping, str, str]]:
    """Yield the ends of a path below a value; lists are entered wherever they stand."""
    if isinstance(value, list):
        for number, child in enumerate(value):
            yield from _follow(child, parts, f"{path}[{number}]")
    if not isinstance(value, dict) or parts[0] not in value:
        return
    here = f"{path}.{parts[0]}" if path else parts[0]
    child = value[parts[0]]
    if len(parts) > 1:
        yield from _follow(child, parts[1:], here)
    elif isinstance(child, Scalar):
        yield value, parts[0], here
