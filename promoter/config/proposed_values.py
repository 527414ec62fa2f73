"""Whether what a hint proposes could stand where the mistake is: a hint is copied as it stands."""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING

from pydantic import ValidationError

from promoter.config.document import load
from promoter.config.known_keys import get, has
from promoter.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

# A line of YAML, or one value; a sentence about it is none.
_PROPOSAL = re.compile(r"""Write (?:the name alone: )?([\w.-]+: .+|[^\s"']+|"[^"]*"|'[^']*')""")


def is_refused(
    hint: str, place: Sequence[object], document: object, model: type[BaseModel]
) -> bool:
    """Return whether a model refuses what a hint says to write at a place of a document.

    False where the hint proposes no value, or one that cannot be tried there by itself.
    """
    found = _PROPOSAL.fullmatch(hint)
    if not place or found is None:
        return False
    try:
        proposed = load(found[1].encode(), "hint").value
    except UsageError:
        return False
    key = place[-1]
    if isinstance(proposed, dict):
        if list(proposed) != [key]:
            return False
        proposed = proposed[key]
    elif isinstance(key, str) and isinstance(reduce(get, place, document), dict | list):
        # It is the key that is to be written otherwise.
        return False
    try:
        model.model_validate(_with(document, place, proposed))
    except ValidationError as error:
        found_there = (place_of(document, one["loc"]) for one in error.errors(include_url=False))
        return any(one[: len(place)] == tuple(place) for one in found_there)
    return False


def place_of(value: object, location: Sequence[int | str]) -> tuple[object, ...]:
    """Return pydantic's location of a mistake as the keys and indexes of the document alone."""
    place: list[object] = []
    for part in location:
        if has(value, part):
            place.append(part)
            value = get(value, part)
    return tuple(place)


def _with(value: object, place: Sequence[object], proposed: object) -> object:
    """Return a document with another value at a place."""
    if not place:
        return proposed
    first, rest = place[0], place[1:]
    if isinstance(value, list) and isinstance(first, int):
        return [_with(one, rest, proposed) if at == first else one for at, one in enumerate(value)]
    known = value if isinstance(value, dict) else {}
    return known | {first: _with(known.get(first), rest, proposed)}
