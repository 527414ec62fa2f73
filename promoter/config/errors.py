"""What is wrong with a configuration, in our own words and at its place."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.domain.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pydantic import ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from promoter.config.document import Document

_MAPPING = "must be a mapping: keys with values"
_SEE = "config/README.md of promote says what each key takes."
# So many of a file's further mistakes are told.
_LISTED = 9
# What to write for a key, by its name.
EXAMPLES = {
    "path": 'path: "apps/{app}/overlays/prod"',
    "policy": 'policy: {semver: "^1.4"}',
    "freeze": 'freeze: [{weekly: "Fri 16:00 - Mon 08:00", timezone: Europe/Berlin}]',
    "soak": "soak: 24h",
    "max-age": "max-age: 30d",
    "tags": "tags: '^[0-9]+[.][0-9]+[.][0-9]+$'",
    "promotes-from": "promotes-from: dev",
    "allow": "allow: [downgrade, soak]",
    "deliver": "deliver: pull-request",
    "pin": "pin: both",
    "images": "images: [ghcr.io/owner/app]",
    "reviewers": 'reviewers: [alice, "team:platform"]',
    "assignees": "assignees: [alice]",
    "labels": "labels: [promotion]",
    "groups": "groups: {storefront: {apps: [web, api]}}",
    "apps": "apps: {aurora: {images: [ghcr.io/owner/app]}}",
    "environments": 'environments: {prod: {path: "clusters/prod/apps/{app}"}}',
}
"""One line of `promoter.yaml` for a key, that its complaint shows."""
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


@dataclass(frozen=True, slots=True)
class _Complaint:
    """One mistake: what is wrong, what to do, and its place among the document's keys."""

    message: str
    hint: str
    place: tuple[object, ...]


def complaint(
    error: ValidationError,
    document: Document,
    model: type[BaseModel],
    within: tuple[str, ...] = (),
) -> UsageError:
    """Return all that an error complains of, the most telling first: a misspelt key, or the deepest."""
    found = error.errors(include_url=False)
    left = [(one, _place(document.value, (*within, *one["loc"]), one["type"])) for one in found]
    mistakes: list[_Complaint] = []
    while left:
        mistakes.append(_most_telling(left, document, model))
        left = [one for one in left if not _overlap(one[1], mistakes[-1].place)]
    first, others = mistakes[0], mistakes[1:]
    hint = first.hint
    if others:
        lines = [_line(one, document) for one in others[:_LISTED]]
        more = [f"and {len(others) - _LISTED} more"] if len(others) > _LISTED else []
        hint = "\n".join(filter(None, [first.hint, "Also wrong:", *lines, *more]))
    return UsageError(first.message, hint, **document.place(first.place))


def _most_telling(
    found: Sequence[tuple[ErrorDetails, tuple[object, ...]]],
    document: Document,
    model: type[BaseModel],
) -> _Complaint:
    """Return the mistake that explains the most of what is complained of."""
    places = [place for _, place in found]
    kinds = [one["type"] for one, _ in found]
    at = kinds.index("extra_forbidden") if "extra_forbidden" in kinds else 0
    deeper = (n for n, place in enumerate(places) if place[: len(places[at])] == places[at])
    at = max(deeper, key=lambda number: len(places[number]))
    place, key = places[at], ".".join(map(str, places[at])) or "the file"
    if kinds[at] == "extra_forbidden":
        known = known_keys(model, document.value, place[:-1])
        return _Complaint(f"unknown key {key}", nearest(str(place[-1]), known), place)
    same = [one for one, its in found if its == place]
    hint = _hint(place, [one["input"] for one in same])
    return _Complaint(f"{key}: {_joined(map(_said, same))}", hint, place)


def _hint(place: tuple[object, ...], values: Sequence[object]) -> str:
    """Return what to write at a place in place of a value, which may be read other than as meant."""
    names = [one for one in place if isinstance(one, str)]
    example = EXAMPLES.get(names[-1]) if names else None
    if example is None and names[-2:-1] in (["groups"], ["apps"], ["environments"]):
        example = EXAMPLES[names[-2]]
    hint = f"Write it as in {example}." if example else _SEE
    braces = any(
        one and isinstance(one, dict) and set(one) <= {"app", "environment"} for one in values
    )
    return f"YAML reads {{ }} without quotes as a mapping. {hint}" if braces else hint


def _overlap(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Say whether one place is within the other, so that its complaint is told already."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _line(mistake: _Complaint, document: Document) -> str:
    """Return one more mistake in a line, with its place."""
    parts = document.place(mistake.place).values()
    place = ":".join(str(one) for one in parts if one is not None)
    hint = "" if mistake.hint == _SEE else f". {mistake.hint.partition('Known:')[0].strip()}"
    return f"{place}: {mistake.message}{hint.removesuffix('. ')}"


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
    if kind == "literal_error" and isinstance(error["input"], str):
        close = get_close_matches(
            error["input"], re.findall(r"'([^']*)'", context["expected"]), n=1
        )
        return f"must be {context['expected']}{f'. Did you mean {close[0]}?' if close else ''}"
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
