"""How two tags stand to each other, where they say so themselves: the order of semver.org."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import total_ordering
from typing import NamedTuple

_VERSION = re.compile(
    r"v?(?P<core>[0-9]{1,18}(?:\.[0-9]{1,18}){1,2})(?:-(?P<pre>[0-9A-Za-z.-]{1,100}))?", re.ASCII
)


class Order(StrEnum):
    """How a new tag stands to an old one."""

    OLDER = "older"
    SAME = "same"
    NEWER = "newer"


@total_ordering
class _Identifier(NamedTuple):
    """One part of a prerelease; numbers come before words (semver.org, 11.4)."""

    number: int | None
    word: str

    def __lt__(self, other: tuple[object, ...]) -> bool:
        if not isinstance(other, _Identifier):
            return NotImplemented
        if self.number is not None and other.number is not None:
            return self.number < other.number
        if (self.number is None) != (other.number is None):
            return self.number is not None
        return self.word < other.word


def compare(old: str, new: str) -> Order | None:
    """Return how a new tag stands to an old one, or None where the tags do not say."""
    if old == new:
        return Order.SAME
    before, after = _parse(old), _parse(new)
    if before is None or after is None:
        return None
    if before == after:
        return Order.SAME
    return Order.NEWER if _key(before) < _key(after) else Order.OLDER


_Version = tuple[tuple[int, ...], tuple[_Identifier, ...]]


def _parse(tag: str) -> _Version | None:
    """Return a tag's numbers and prerelease, or None where it is no version."""
    found = _VERSION.fullmatch(tag)
    if found is None:
        return None
    numbers = tuple(int(part) for part in found["core"].split("."))
    parts = found["pre"].split(".") if found["pre"] else []
    pre = tuple(_Identifier(int(p) if p.isdecimal() else None, p) for p in parts)
    return (*numbers, *([0] * (3 - len(numbers)))), pre


def _key(version: _Version) -> tuple[tuple[int, ...], bool, tuple[_Identifier, ...]]:
    """Return what versions are ordered by: a release comes after its own prereleases."""
    numbers, pre = version
    return numbers, not pre, pre
