"""What sets a field of an object again after its file is read: a later patch, or a replacement."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from promoter.domain.dataclass import dataclass
from promoter.domain.model import Tree
from promoter.graph.closure import Closure
from promoter.graph.documents import (
    Mapping,
    Scalar,
    Value,
    mapping_of,
    scalars,
    sequence_of,
    text_of,
)
from promoter.graph.images import scalars_of_paths
from promoter.graph.layer import Layer, patch_documents, replacements, scalars_of
from promoter.graph.reading import Reading

_STEP = re.compile(r"(?:\\.|\[[^\[\]]*\]|[^.\[\]\\])+")
_BY_FIELD = re.compile(r"\[([^=\]]+)=([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Overwriter:
    """What sets a field again: where it stands, and what is known of what it sets."""

    file: str
    line: int
    text: str = ""
    """The value, where a patch has it."""
    source: str = ""
    """Where a replacement takes the value from, as people say it."""
    source_place: str = ""
    """The file and line where that value is written, '' where it is not known."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A scalar of an object: the object, and the way to the scalar."""

    document: Value
    path: tuple[str | int, ...]

    @property
    def is_of(self) -> tuple[str, str]:
        """The kind and the name of the object."""
        fields = mapping_of(self.document)
        return text_of(fields.get("kind")), text_of(mapping_of(fields.get("metadata")).get("name"))


def overwriter(
    tree: Tree,
    closure: Closure,
    file: PurePosixPath,
    place: tuple[int, int],
    *,
    entry: PurePosixPath | None = None,
) -> Overwriter | None:
    """Return what sets the scalar at a line and column of a file again; None where nothing is known to.

    Of several, it is one of the outermost kustomization, a replacement before a patch. With the
    kustomization whose `entry` of `images` sets the scalar, what runs before that does not count.
    """
    reading = Reading(tree)
    found = next(_fields_at(reading.documents(file), place), None)
    if found is None:
        return None
    for layer in closure.layers.values():
        for one in replacements(reading, layer):
            if any(
                _selects(target, found) for target in sequence_of(mapping_of(one).get("targets"))
            ):
                return _of_replacement(reading, closure, layer, one)
        if layer.file == entry:
            return None
        for patch in layer.patches():
            for one in patch_documents(reading, layer, patch):
                scalar = _patched(one, patch.target, found)
                if scalar is not None and (scalar.file, scalar.line) != (str(file), place[0]):
                    return Overwriter(scalar.file, scalar.line, scalar.text)
    return None


def _fields_at(documents: Sequence[Value], place: tuple[int, int]) -> Iterator[_Field]:
    for document in documents:
        for path, scalar in _scalars(document):
            if (scalar.line, scalar.column) == place:
                yield _Field(document, path)


def _scalars(
    value: Value, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Scalar]]:
    if isinstance(value, Scalar):
        yield path, value
        return
    below = enumerate(value) if isinstance(value, list) else value.items()
    for step, child in below:
        yield from _scalars(child, (*path, step))


def _patched(patch: Value, target: Mapping, found: _Field) -> Scalar | None:
    """Return what a patch sets the field to, None where it does not, or where that is not known."""
    if not (_is_targeted(target, found) if target else _Field(patch, ()).is_of == found.is_of):
        return None
    if isinstance(patch, list):
        pointer = "".join(
            f"/{str(one).replace('~', '~0').replace('/', '~1')}" for one in found.path
        )
        named = (mapping_of(one) for one in patch)
        values = (one.get("value") for one in named if text_of(one.get("path")) == pointer)
        return next((one for one in values if isinstance(one, Scalar)), None)
    value: Value | None = patch
    own: Value | None = found.document
    for step in found.path:
        if isinstance(step, int):
            own = sequence_of(own)[step]
            name = text_of(mapping_of(own).get("name"))
            value = next(
                (one for one in sequence_of(value) if text_of(mapping_of(one).get("name")) == name),
                None,
            )
        else:
            own, value = mapping_of(own).get(step), mapping_of(value).get(step)
    return value if isinstance(value, Scalar) else None


def _is_targeted(target: Mapping, found: _Field) -> bool:
    """Return whether a patch's target is the object for sure: its kind and name are expressions."""
    for key, own in zip(("kind", "name"), found.is_of, strict=True):
        wanted = text_of(target.get(key))
        if wanted not in ("", ".*", own):
            return False
    return not any("selector" in key.lower() for key in target)


def _selects(target: Value, found: _Field) -> bool:
    """Return whether a target of a replacement is the field."""
    select = mapping_of(mapping_of(target).get("select"))
    kind, name = found.is_of
    if text_of(select.get("kind")) not in ("", kind) or text_of(select.get("name")) not in (
        "",
        name,
    ):
        return False
    return any(_leads_to(path.text, found) for path in scalars_of_paths({"targets": [target]}))


def _leads_to(path: str, found: _Field) -> bool:
    """Return whether a path as replacements have it leads to the field."""
    steps = [one.replace("\\.", ".") for one in _STEP.findall(path)]
    if len(steps) != len(found.path):
        return False
    value: Value | None = found.document
    for step, own in zip(steps, found.path, strict=True):
        value = sequence_of(value)[own] if isinstance(own, int) else mapping_of(value).get(own)
        by_field = _BY_FIELD.fullmatch(step)
        if by_field and text_of(mapping_of(value).get(by_field[1])) == by_field[2]:
            continue
        if step not in ("*", str(own)):
            return False
    return True


def _of_replacement(
    reading: Reading, closure: Closure, layer: Layer, replacement: Value
) -> Overwriter:
    first = next(scalars(replacement), Scalar("", str(layer.file)))
    source = mapping_of(mapping_of(replacement).get("source"))
    field = text_of(source.get("fieldPath")) or "metadata.name"
    name = f"{text_of(source.get('kind')) or 'object'} {text_of(source.get('name'))}".strip()
    if not source:
        own = mapping_of(replacement).get("sourceValue")
        value = own if isinstance(own, Scalar) else first
        at = f"{value.file}:{value.line}"
        return Overwriter(first.file, first.line, source=value.text, source_place=at)
    place = _place_of(reading, closure, text_of(source.get("name")), field)
    return Overwriter(first.file, first.line, source=f"{field} of {name}", source_place=place)


def _place_of(reading: Reading, closure: Closure, name: str, field: str) -> str:
    """Return the file and line of a generated ConfigMap's field, where a file of `KEY=value` has it."""
    key = field.removeprefix("data.")
    for layer in closure.layers.values():
        for one in layer.listed("configmapgenerator"):
            if text_of(mapping_of(one).get("name")) != name:
                continue
            for value in scalars_of(one, "envs", "env"):
                path = reading.path(layer.file, value)
                lines = (reading.text(path) or "").split("\n") if path else []
                for number, line in enumerate(lines, start=1):
                    if line.partition("=")[0].strip() == key:
                        return f"{path}:{number}"
    return ""
