"""The policies that say in a few lines how they order tags, each by itself."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt

from promoter.domain.image import Tag
from promoter.domain.section import Text, held_to
from promoter.policy import pattern
from promoter.policy.kinds.kind import PolicyKind
from promoter.policy.natural import natural

_NUMBER = re.compile(r"v?([0-9]{1,18}(?:\.[0-9]{1,18}){0,7})", re.ASCII)
# What stands for a number in a pattern, with brackets around it or without.
_NUMBERS = re.compile(r"\(?(\[0-9\]\+|\\d\+)\)?")
_NEWEST_LIMIT = 100
_UNORDERED = "must have a named group to order by, as in '^main-(?P<order>[0-9]+)-[0-9a-f]{7,40}$'"


class _TwoWays(PolicyKind):
    argument_type = Literal["asc", "desc"]

    @property
    def descending(self) -> bool:
        """Whether the first in order is wanted."""
        return bool(self.argument == "desc")


class NumericPolicy(_TwoWays):
    """The greatest number, or the least."""

    name = "numeric"
    meaning = (
        "The greatest number (`asc`) or the least (`desc`): "
        "`1042`, `v7`, or parts by dots: `24.10`."
    )

    def rank(self, tag: str) -> tuple[int, ...] | None:
        """Return the numbers of a tag that has nothing else; zeros at the end count for nothing."""
        number = _NUMBER.fullmatch(tag)
        if number is None:
            return None
        parts = [int(part) for part in number[1].split(".")]
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
        return tuple(parts)


class NewestPolicy(PolicyKind):
    """The image that was created last."""

    name = "newest"
    argument_type = Annotated[StrictInt, Field(ge=1, le=_NEWEST_LIMIT)]
    meaning = (
        "The image that was created last, of at most so many tags: the registry is asked about "
        "each. Where more match, the last ones in natural order are."
    )
    by_creation = True
    takes_moving = False

    @property
    def limit(self) -> int:
        """How many tags are worth asking the registry about."""
        return int(self.argument)

    def rank(self, tag: str) -> list[Any]:
        """Return natural order: build numbers and times count up; of bare commits it is not known."""
        return natural(tag)


def _check_order(text: str) -> None:
    """Raise `ValueError` for a pattern that no group orders, with its first number as that group."""
    if pattern.compiled(text).groups:
        return
    text = text[1:-1] if re.fullmatch("/.*/", text) else text
    meant = _NUMBERS.sub(lambda one: f"(?P<order>{one[1]})", text, count=1)
    raise ValueError(f"{_UNORDERED}\nDid you mean '{meant}'?" if meant != text else _UNORDERED)


class AlphabeticalPolicy(_TwoWays):
    """The last tag of the alphabet, or the first."""

    name = "alphabetical"
    meaning = "The last tag of the alphabet (`asc`), or the first (`desc`)."
    takes_moving = False

    def rank(self, tag: str) -> str:
        """Return the tag."""
        return tag


class RegexPolicy(PolicyKind):
    """The tag whose named groups come last."""

    name = "regex"
    argument_type = Annotated[Text, held_to(_check_order)]
    meaning = "The tag whose named groups come last in natural order, the first group first."

    def rank(self, tag: str) -> list[Any] | None:
        """Return the named groups, in the order in which they stand in the pattern."""
        form = pattern.compiled(self.argument)
        match = form.search(tag)
        return (
            [natural(match[place] or "") for place in sorted(form.groups.values())]
            if match
            else None
        )


class DigestPolicy(PolicyKind):
    """Whatever image a tag stands for now."""

    name = "digest"
    argument_type = Annotated[Text, held_to(Tag.parse)]
    meaning = (
        "Whatever image this tag stands for now, by its digest; wants `pin: digest` or `both`."
    )
    by_digest = True

    def rank(self, tag: str) -> bool | None:
        """Return that this tag has a place in the order, and no other."""
        return True if tag == self.argument else None
