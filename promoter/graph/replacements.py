"""Kustomize's replacements: values copied from one object's field into fields of others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from promoter.graph.fields import BuildError, group_version
from promoter.graph.pattern import PatternError, compiled
from promoter.graph.resources import Selector
from promoter.graph.value import Past, Scalar, copied, mapping, sequence, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promoter.graph.resources import Resource
    from promoter.graph.value import Mapping, Value

# A mapping or sequence, and the key or index in it.
_Slot: TypeAlias = "tuple[dict[str, Value] | list[Value], str | int]"


@dataclass(frozen=True, slots=True)
class Replacement:
    """One entry of `replacements`, and the file that it stands in."""

    fields: Mapping
    file: str

    def apply(self, resources: Sequence[Resource]) -> None:
        """Copy the source's value into every target, or raise `BuildError`."""
        value = self._value(resources)
        for target in sequence(self.fields.get("targets")):
            for resource in resources:
                if _targeted(mapping(target), resource):
                    self._write(mapping(target), resource, value)

    def _value(self, resources: Sequence[Resource]) -> Value:
        """Return the value to copy."""
        literal = self.fields.get("sourceValue")
        if literal is not None:
            return literal
        source = mapping(self.fields.get("source"))
        found = [resource for resource in resources if _is_source(source, resource)]
        if len(found) != 1:
            raise BuildError(f"a replacement's source is {len(found)} objects, not one")
        slots = list(_slots(found[0].root, _parts(source), exact=True))
        if not slots:
            raise BuildError("a replacement's source lacks the field")
        value = _at(slots[0])
        delimiter, index = _cut(source)
        if not delimiter:
            return value
        pieces = text_of(value).split(delimiter)
        if not 0 <= index < len(pieces):
            raise BuildError("a replacement's index is out of bounds")
        return Scalar(pieces[index])

    def _write(self, target: Mapping, resource: Resource, value: Value) -> None:
        """Write the value into each field of one target."""
        paths = [text_of(one) for one in sequence(target.get("fieldPaths"))] or ["metadata.name"]
        create = text_of(mapping(target.get("options")).get("create")) == "true"
        for path in paths:
            slots = list(_slots(resource.root, split(path)))
            if not slots and not create:
                raise BuildError(f"a replacement finds no {path} in {resource.current.name}")
            for slot in slots:
                self._set(slot, value, *_cut(target))

    def _set(self, slot: _Slot, value: Value, delimiter: str, index: int) -> None:
        """Write the value, or the piece that it is, into one field."""
        old = _at(slot)
        new = copied(value)
        if isinstance(old, Scalar) and isinstance(new, Scalar):
            text = new.text
            if delimiter:
                text = _spliced(old.text.split(delimiter), index, text, delimiter)
            past = (*old.past, Past(old.text, self.file))
            new = replace(old, text=text, null=False, past=past)
        holder, key = slot
        holder[key] = new  # type: ignore[index]  # a slot's key is of its holder's kind


def split(path: str) -> list[str]:
    """Return a field path's parts: parted at dots, unless escaped or inside `[…]`."""
    parts: list[str] = []
    part, escaped, bracketed = "", False, False
    for character in path:
        if character == "." and not escaped and not bracketed:
            parts.append(part)
            part = ""
            continue
        if character == "[" and not part:
            bracketed = True
        if character == "]":
            bracketed = False
        if character == "." and escaped:
            part = part[:-1]
        part += character
        escaped = character == "\\"
    parts.append(part)
    return [p[1:-1] if p[:1] == "[" and p[-1:] == "]" and "=" not in p else p for p in parts]


def _parts(source: Mapping) -> list[str]:
    return split(text_of(source.get("fieldPath")) or "metadata.name")


def _cut(target: Mapping) -> tuple[str, int]:
    """Return the delimiter and the index of a source's or target's options."""
    options = mapping(target.get("options"))
    index = text_of(options.get("index")) or "0"
    try:
        return text_of(options.get("delimiter")), int(index[:9])
    except ValueError:
        raise BuildError(f"a replacement's index is {index!r}") from None


def _spliced(pieces: list[str], index: int, text: str, delimiter: str) -> str:
    """Return the pieces joined with one put in: in front, behind, or in another's place."""
    if index < 0:
        pieces = [text, *pieces]
    elif index >= len(pieces):
        pieces = [*pieces, text]
    else:
        pieces[index] = text
    return delimiter.join(pieces)


def _is_source(source: Mapping, resource: Resource) -> bool:
    """Say whether an object is what a source names, exactly, by any name it ever had."""
    kind, name, space = (text_of(source.get(key)) for key in ("kind", "name", "namespace"))
    group, version = group_version(resource.root)
    return (
        text_of(source.get("group")) in ("", group)
        and text_of(source.get("version")) in ("", version)
        and any(
            kind in ("", one.kind)
            and name in ("", one.name)
            and space in ("", one.namespace or "default")
            for one in resource.ids
        )
    )


def _targeted(target: Mapping, resource: Resource) -> bool:
    """Say whether a target selects an object and does not reject it."""
    chosen = Selector.of(target.get("select"))
    rejected = [Selector.of(one) for one in sequence(target.get("reject"))]
    marks = [one for one in rejected if one.labels or one.annotations]
    if not chosen.selects_marks(resource) or any(one.selects_marks(resource) for one in marks):
        return False
    names = [one for one in rejected if one.names_object]
    if any(one.selects_id(resource, i) for one in names for i in resource.ids):
        return False
    return any(chosen.selects_id(resource, one) for one in resource.ids)


def _slots(value: Value, parts: list[str], *, exact: bool = False) -> Iterator[_Slot]:
    """Yield the fields that a path leads to."""
    for slot in _steps(value, parts[0], exact=exact):
        if len(parts) == 1:
            yield slot
        else:
            yield from _slots(_at(slot), parts[1:], exact=exact)


def _steps(value: Value, part: str, *, exact: bool) -> Iterator[_Slot]:
    """Yield what one part of a path leads to: a field, an index, `[key=value]` or `*`."""
    if isinstance(value, dict) and part in value:
        yield value, part
    if not isinstance(value, list):
        return
    if part.isascii() and part.isdigit() and len(part) < 10 and int(part) < len(value):
        yield value, int(part)
    elif part == "*":
        yield from ((value, index) for index in range(len(value)))
    elif part.startswith("[") and part.endswith("]"):
        key, _, wanted = part[1:-1].partition("=")
        for index, child in enumerate(value):
            text = text_of(mapping(child).get(key)) if key else text_of(child)
            if _like(wanted, text, exact=exact):
                yield value, index


def _like(wanted: str, text: str, *, exact: bool) -> bool:
    """Say whether an element is asked for; a target's element is named by an expression."""
    if wanted == text:
        return True
    try:
        return not exact and compiled(wanted).search(text)
    except PatternError:
        return False


def _at(slot: _Slot) -> Value:
    """Return what stands in a field."""
    holder, key = slot
    return holder[key]  # type: ignore[index]  # a slot's key is of its holder's kind
