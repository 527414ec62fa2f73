"""What is wrong with a configuration, in our own words and at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel

from promoter.domain.errors import UsageError
from promoter.domain.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pydantic import ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from promoter.config.document import Document

_MAPPING = "must be a mapping: keys with values"
_SEE = "See config/README.md."
# By pydantic's kinds of errors; those that are not here say themselves what must be.
_WORDS = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": _MAPPING,
    "invalid_key": "a key must be text: put it in quotes",
    "missing": "is missing",
    "model_type": _MAPPING,
    "tuple_type": "must be a list: put it in [ ]",
}


def complaint(
    error: ValidationError,
    document: Document,
    model: type[BaseModel],
    within: tuple[str, ...] = (),
) -> UsageError:
    """Return the most telling of an error's complaints: a misspelt key, or the first and deepest."""
    found = error.errors(include_url=False)
    places = [_place(document.value, (*within, *one["loc"]), one["type"]) for one in found]
    kinds = [one["type"] for one in found]
    at = kinds.index("extra_forbidden") if "extra_forbidden" in kinds else 0
    deeper = (n for n, place in enumerate(places) if place[: len(places[at])] == places[at])
    at = max(deeper, key=lambda number: len(places[number]))
    place, key = places[at], ".".join(map(str, places[at])) or "the file"
    if found[at]["type"] == "extra_forbidden":
        message = f"unknown key {key}"
        hint = nearest(str(place[-1]), known_keys(model, document.value, place[:-1]))
    else:
        here = [one for one, its in zip(found, places, strict=True) if its == place]
        message, hint = f"{key}: {_joined(map(_said, here))}", _SEE
    line, column = document.position(place)
    return UsageError(message, hint, file=document.file, line=line, column=column)


def known_keys(model: type[BaseModel], value: object, place: Sequence[object]) -> list[str]:
    """Return the keys that may stand at a place of a document of a model."""
    kinds: list[object] = [model]
    for part in place:
        kinds = [inner for kind in kinds for inner in _inner(kind, part, value)]
        value = _get(value, part)
    fields = [field for kind in kinds for field in _fields(kind, value).items()]
    return sorted(field.alias or name for name, field in fields)


def _inner(kind: object, part: object, value: object) -> Iterator[object]:
    """Yield what may stand at a key or an index of a value of some kind."""
    for name, field in _fields(kind, value).items():
        if part == (field.alias or name):
            yield from _options(field.annotation)
    if get_origin(kind) in (dict, tuple):
        yield from _options(get_args(kind)[1 if get_origin(kind) is dict else 0])


def _options(annotation: object) -> Iterator[object]:
    """Yield the kinds that an annotation allows, each for itself."""
    if get_origin(annotation) in (dict, tuple) or not get_args(annotation):
        yield annotation
        return
    for one in get_args(annotation):
        yield from _options(one)


def _fields(kind: object, value: object) -> Mapping[str, FieldInfo]:
    """Return the keys of a section; none where the `kind` that a value names is another."""
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return {}
    fields = kind.model_fields
    own = fields.get("kind")
    return fields if own is None or _get(value, "kind") in get_args(own.annotation) else {}


def _place(value: object, location: Sequence[int | str], kind: str) -> tuple[object, ...]:
    """Return a location as the keys and indexes of the document: without pydantic's own parts."""
    place: list[object] = []
    for part in location:
        inner = _get(value, part)
        if inner is not None or _has(value, part):
            place.append(part)
            value = inner
    return (*place, location[-1]) if kind == "missing" else tuple(place)


def _has(value: object, part: object) -> bool:
    """Say whether a value holds a key or an index."""
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _get(value: Any, part: object) -> Any:  # noqa: ANN401 - what a YAML file holds
    """Return what a value holds at a key or an index, or None."""
    return value[part] if _has(value, part) else None


def _said(error: ErrorDetails) -> str:
    """Return one complaint in our own words."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_type":
        scalar = error["input"] is not None and not isinstance(error["input"], (dict, list))
        return "must be text: put it in quotes" if scalar else "must be text"
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        key = str(context["discriminator"]).strip("'")
        expected = context.get("expected_tags")
        return f"must name its {key}" if expected is None else f"{key} must be one of {expected}"
    if kind == "too_long":
        return f"has {context['actual_length']} entries, and {context['max_length']} is the most"
    if kind in _WORDS:
        return _WORDS[kind]
    said = error["msg"].removeprefix("Value error, ")
    return f"{said[0].lower()}{said[1:]}".replace("input should be", "must be")


def _joined(said: Iterable[str]) -> str:
    """Return what several readings of one value say of it, as one sentence."""
    first, *others = dict.fromkeys(said)
    return ", or ".join([first, *(one.removeprefix("must be ") for one in others)])
