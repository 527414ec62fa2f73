"""The objects of a kustomization, who they are and were, and the selectors among them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promoter.graph.fields import BuildError, group_version
from promoter.graph.pattern import PatternError, compiled
from promoter.graph.value import Scalar, copied, mapping, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promoter.graph.value import Mapping, Value

_SELECTOR_KEYS = (
    "group",
    "version",
    "kind",
    "name",
    "namespace",
    "labelSelector",
    "annotationSelector",
)
_UNRENAMED = frozenset({"CustomResourceDefinition", "APIService", "Namespace"})
_LOCAL = "config.kubernetes.io/local-config"
_REQUIREMENT = re.compile(
    r"\s*(?:(?P<absent>!)\s*)?(?P<key>[^\s!=,()]+)\s*"
    r"(?:(?P<sign>==|=|!=)\s*(?P<value>[^\s,()]*)|(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?\s*(?:,|$)"
)


@dataclass(frozen=True, slots=True)
class Id:
    """What an object is, or once was: kind, name and namespace."""

    kind: str
    name: str
    namespace: str


@dataclass(slots=True)
class Resource:
    """An object on its way through the layers; it changes in place and remembers its names."""

    root: Mapping
    file: str
    previous: list[Id] = field(default_factory=list)

    @property
    def current(self) -> Id:
        """What the object is now."""
        meta = mapping(self.root.get("metadata"))
        kind = text_of(self.root.get("kind"))
        return Id(kind, text_of(meta.get("name")), text_of(meta.get("namespace")))

    @property
    def ids(self) -> tuple[Id, ...]:
        """What the object was, the oldest first, and is."""
        return (*self.previous, self.current)

    @property
    def is_local(self) -> bool:
        """Whether the object only configures tools, and is not rendered."""
        notes = mapping(mapping(self.root.get("metadata")).get("annotations"))
        return text_of(notes.get(_LOCAL)) not in ("", "false")

    def copy(self) -> Resource:
        """Return an object that shares nothing which can change."""
        return Resource(mapping(copied(self.root)), self.file, list(self.previous))

    def rename(self, prefix: str, suffix: str, by: str) -> None:
        """Put a prefix and a suffix around the name."""
        name = mapping(self.root.get("metadata")).get("name")
        if not isinstance(name, Scalar) or self.current.kind in _UNRENAMED or not prefix + suffix:
            return
        self.previous.append(self.current)
        mapping(self.root["metadata"])["name"] = name.changed(prefix + name.text + suffix, by)

    def move(self, namespace: str) -> None:
        """Put the object into a namespace, or give a Namespace its name."""
        if namespace:
            self.previous.append(self.current)
            key = "name" if self.current.kind == "Namespace" else "namespace"
            self._meta()[key] = Scalar(namespace)

    def add(self, part: str, pairs: Mapping) -> None:
        """Add labels or annotations."""
        if not pairs:
            return
        meta = self._meta()
        meta[part] = {**mapping(meta.get(part)), **pairs}

    def _meta(self) -> Mapping:
        """Return the metadata, made where it is missing."""
        if not isinstance(self.root.get("metadata"), dict):
            self.root["metadata"] = {}
        return mapping(self.root["metadata"])


@dataclass(frozen=True, slots=True)
class Selector:
    """Expressions for group, version, kind, name and namespace; label and annotation selectors."""

    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    labels: str = ""
    annotations: str = ""

    @classmethod
    def of(cls, value: Value | None) -> Selector:
        """Return the selector that a `target`, `select` or `reject` is."""
        fields = mapping(value)
        return cls(*(text_of(fields.get(key)) for key in _SELECTOR_KEYS))

    @property
    def names_object(self) -> bool:
        """Whether it asks for anything but labels and annotations."""
        return any((self.group, self.version, self.kind, self.name, self.namespace))

    def selects_patch(self, resource: Resource) -> bool:
        """Say whether a patch with this target applies: by the first or the present name."""
        ends = (resource.ids[0], resource.current)
        return (
            any(_is(self.namespace, one.namespace or "default") for one in ends)
            and any(_is(self.name, one.name) for one in ends)
            and self._is_kind(resource, resource.current)
            and self.selects_marks(resource)
        )

    def selects_id(self, resource: Resource, one: Id) -> bool:
        """Say whether it asks for what the object is or was."""
        named = _is(self.name, one.name) and _is(self.namespace, one.namespace)
        return named and self._is_kind(resource, one)

    def selects_marks(self, resource: Resource) -> bool:
        """Say whether labels and annotations are as asked."""
        meta = mapping(resource.root.get("metadata"))
        pairs = ((self.labels, "labels"), (self.annotations, "annotations"))
        return all(_has(wanted, mapping(meta.get(part))) for wanted, part in pairs)

    def _is_kind(self, resource: Resource, one: Id) -> bool:
        group, version = group_version(resource.root)
        return _is(self.group, group) and _is(self.version, version) and _is(self.kind, one.kind)


def by_id(resources: Iterable[Resource], patch: Mapping) -> list[Resource]:
    """Return the objects that a patch without a target means, by any name they ever had."""
    wanted = Resource(patch, "").current
    return [
        resource
        for resource in resources
        if group_version(resource.root) == group_version(patch)
        and any(
            (one.kind, one.name) == (wanted.kind, wanted.name)
            and (one.namespace or "default") == (wanted.namespace or "default")
            for one in resource.ids
        )
    ]


def _is(expression: str, text: str) -> bool:
    """Say whether an expression, where there is one, matches all of a text."""
    if not expression or expression == text:
        return True
    try:
        return compiled(f"^(?:{expression})$").search(text)
    except PatternError as error:
        raise BuildError(f"the selector {expression!r} {error}") from None


def _has(selector: str, pairs: Mapping) -> bool:
    """Say whether labels fulfil a label selector, or raise `BuildError`."""
    place = 0
    while place < len(selector):
        found = _REQUIREMENT.match(selector, place)
        if found is None:
            raise BuildError(f"the selector {selector!r} can not be read")
        if not _fulfilled(found, pairs):
            return False
        place = found.end()
    return True


def _fulfilled(requirement: re.Match[str], pairs: Mapping) -> bool:
    """Say whether labels fulfil one requirement of a selector."""
    key, sign, among = requirement["key"], requirement["sign"], requirement["set"]
    there = key in pairs
    text = text_of(pairs.get(key))
    if among:
        values = {value.strip() for value in requirement["values"].split(",")}
        return there and text in values if among == "in" else not there or text not in values
    if sign:
        same = there and text == requirement["value"]
        return not same if sign == "!=" else same
    return there != bool(requirement["absent"])
