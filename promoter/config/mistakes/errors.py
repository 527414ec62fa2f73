"""What is wrong with a configuration, in our own words and at its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, get_args

from promoter.config.document import Document
from promoter.config.mistakes.known_keys import unknown_key_hint
from promoter.config.mistakes.value_hints import Mistake, choice_of, document_keys, hint_for
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.domain.redaction import shown
from promoter.edits.targets import TARGETS, KustomizeTarget

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails


_KINDS: dict[type, str] = {list: "list", dict: "mapping"}
_TARGETS: tuple[type[BaseModel], ...] = (KustomizeTarget, *TARGETS)
_MAPPING = "must be a mapping: keys with values"
# So many of a file's further mistakes are shown.
_LISTED = 9
# By pydantic's kinds of errors; those that are not here say themselves what must be.
_WORDS = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": _MAPPING,
    "too_short": "is empty: name at least one",
    "too_long": "has {actual_length} entries, and {max_length} is the most",
    "greater_than_equal": "must be {ge} or more",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    "invalid_key": "a key must be text: put it in quotes",
    "missing": "is missing",
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "tuple_type": "must be a list",
}


@dataclass(frozen=True, slots=True)
class _Complaint:
    """One mistake: what is wrong, what to do, and its place among the document's keys."""

    message: str
    hint: str
    place: tuple[object, ...]


def invalid_configuration(
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
    first, *others = [one for one in mistakes if not _is_misspelt(one, mistakes)]
    hint = first.hint
    # What is mended by the same line is reported one time.
    others = [one for one in others if (one.hint, one.place[:-1]) != (hint, first.place[:-1])]
    if others:
        lines = [_line(one, document) for one in others[:_LISTED]]
        more = [f"and {len(others) - _LISTED} more"] if len(others) > _LISTED else []
        hint = "\n".join(filter(None, [first.hint, "Also wrong:", *lines, *more]))
    return UsageError(first.message, hint, **document.place(first.place))


def _is_misspelt(mistake: _Complaint, mistakes: Sequence[_Complaint]) -> bool:
    """Return whether what is missing is there under a misspelt name, which is reported itself."""
    return mistake.message.endswith(": is missing") and any(
        one.place[:-1] == mistake.place[:-1]
        and one.hint.startswith(f"Did you mean {mistake.place[-1]}?")
        for one in mistakes
    )


def _most_telling(
    found: Sequence[tuple[ErrorDetails, tuple[object, ...]]],
    document: Document,
    model: type[BaseModel],
) -> _Complaint:
    places = [place for _, place in found]
    kinds = [one["type"] for one, _ in found]
    at = kinds.index("extra_forbidden") if "extra_forbidden" in kinds else 0
    deeper = (n for n, place in enumerate(places) if place[: len(places[at])] == places[at])
    at = max(deeper, key=lambda number: len(places[number]))
    place, key = places[at], ".".join(map(str, places[at])) or "the file"
    if kinds[at] == "extra_forbidden":
        hint = unknown_key_hint(model, document.value, place)
        return _Complaint(f"unknown key {key}", hint, place)
    same = [one for one, its in found if its == place]
    said, _, known = _joined(map(_said, same)).partition("\n")
    at_key = _place_of_key(place, said, same[0]["input"])
    values = tuple(one["input"] for one in same)
    hint = hint_for(Mistake(at_key, values, said, document.value, model), known)
    return _Complaint(f"{key}: {said}", hint, at_key)


def _place_of_key(place: tuple[object, ...], said: str, value: object) -> tuple[object, ...]:
    """Return the place of the key that a complaint about a whole section begins with, if it does."""
    if not isinstance(value, dict):
        return place
    names = (one for one, its in value.items() if its and said.startswith(shown(str(its))))
    key = next(names, said.partition(" ")[0].rstrip(":,"))
    return (*place, key) if key in value else place


def _overlap(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _line(mistake: _Complaint, document: Document) -> str:
    parts = document.place(mistake.place).values()
    place = ":".join(str(one) for one in parts if one is not None)
    hint = f". {mistake.hint.partition('Known:')[0].strip()}"
    return f"{place}: {mistake.message}{hint.removesuffix('. ')}"


def _place(value: object, location: Sequence[int | str], kind: str) -> tuple[object, ...]:
    place = document_keys(value, location)
    return (*place, location[-1]) if kind == "missing" else place


def _said(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_type":
        if isinstance(error["input"], (dict, list)):
            return f"must be text, not a {_KINDS[type(error['input'])]}"
        return "must be text" + (": put it in quotes" if error["input"] is not None else "")
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        key = str(context["discriminator"]).strip("'")
        expected = context.get("expected_tags")
        if expected is None:
            kinds = [get_args(one.model_fields["kind"].annotation)[0] for one in _TARGETS]
            return f"must name its {key}: {', '.join(map(str, kinds))}"
        return f"{key} {choice_of(expected, context['tag'], key)}"
    if kind == "literal_error":
        if isinstance(error["input"], (list, dict)):
            return f"must be {context['expected']}, not a {_KINDS[type(error['input'])]}"
        return choice_of(context["expected"], error["input"], "")
    if kind in _WORDS:
        return _WORDS[kind].format_map(context)
    said = error["msg"].removeprefix("Value error, ")
    return f"{said[0].lower()}{said[1:]}".replace("input should be", "must be")


def _joined(said: Iterable[str]) -> str:
    """Return what several readings of one value say of it, as one sentence, then the hint if any."""
    first, *others = dict.fromkeys(said)
    text, _, hint = first.partition("\n")
    if others:
        text = re.sub(r", not '[^']*'$", "", text)
    whole = ", or ".join(
        [text, *(one.partition("\n")[0].removeprefix("must be ") for one in others)]
    )
    return f"{whole}\n{hint}" if hint else whole
