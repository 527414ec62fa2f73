"""Which of two tags is newer, as far as the tags themselves say it.

Tags say it by their numbers (`1.4.0`, `1.5.0`), by prereleases of known kinds (`1.5.0-rc.1`), by a
packager's revision (`1.5.0-2`) and by the commits that `git describe` counts
(`v1.5.0-3-g1a2b3c4`). Hashes, variants and other names behind the same numbers say nothing.
Numbers of builds or days before a hash (`00011-f7cd737`) count where nothing else is known.
"""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple

from promoter.domain.dataclass import dataclass

_KINDS = r"alpha|beta|rc|preview|pre|dev|snapshot"
_VERSION = re.compile(
    # A long number behind the third is rather a hash, and belongs to the suffix.
    r"(?P<v>v)?(?P<numbers>[0-9]{1,18}(?:\.[0-9]{1,18}){0,2}(?:\.[0-9]{1,6}(?![0-9]))*)"
    rf"(?:[-_.](?P<suffix>.+)|(?P<attached>(?:{_KINDS}).*))?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_DESCRIBED = re.compile(r"(?:(?P<before>.+)-)?(?P<commits>[0-9]{1,9})-g[0-9a-f]{4,40}(?:-.*)?")
_PRERELEASE = re.compile(
    rf"(?P<kind>{_KINDS})(?:[-_.]?(?P<numbers>[0-9]+(?:\.[0-9]+)*))?(?P<opaque>[-_.].*)?",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
_REVISION = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)
_BUILD = re.compile(r"(?P<numbers>[0-9]{1,14}(?:-[0-9]{1,14})*)-[0-9a-f]{7,40}", re.ASCII)
# What ends in a variant's name: `alpine` in 1.4.0-rc.1-alpine.
_VARIANT = re.compile(r"(?:(?P<before>.+)-)?(?P<variant>[a-z][a-z0-9.]*)", re.ASCII | re.IGNORECASE)
_IN_ORDER = ("alpha", "beta", "rc")
# A number this great may as well be a hash, a date or the id of a run.
_LONG = 10**6
_FIRST_YEAR = 1900


class Order(StrEnum):
    """How a new tag stands to an old one."""

    OLDER = "older"
    SAME = "same"
    NEWER = "newer"


class Comparison(NamedTuple):
    """What two tags say of their order: None where they say nothing.

    What is not certain holds only where neither creation times nor source commits are known.
    """

    order: Order | None = None
    certain: bool = False


UNKNOWN = Comparison()
SAME = Comparison(Order.SAME, certain=True)


@dataclass(frozen=True, slots=True)
class _Suffix:
    """What stands behind a version's numbers."""

    kind: str
    """The kind of a prerelease, `revision`, or empty for a release."""
    numbers: tuple[int, ...] = ()
    opaque: str = ""
    commits: int = 0
    """How many commits `git describe` counted since the version."""


def compare_tags(old: str, new: str) -> Comparison:
    """Return how a new tag stands to an old one, as far as their texts say it."""
    if old == new:
        return SAME
    before, after = _VERSION.fullmatch(old), _VERSION.fullmatch(new)
    if before is None or after is None:
        return UNKNOWN
    if not all(found["v"] or "." in found["numbers"] for found in (before, after)):
        return _by_builds(old, new)
    texts = [found["suffix"] or found["attached"] or "" for found in (before, after)]
    suffixes = _without_variant(texts[0], texts[1])
    by_numbers = _by_numbers(_numbers(before["numbers"]), _numbers(after["numbers"]), suffixes)
    return by_numbers or _by_suffix(*suffixes)


def reading(before: object, after: object, *, certain: bool = True) -> Comparison:
    """Return the reading for two values that can be compared, which are not the same."""
    newer = before < after  # type: ignore[operator] # callers have values of one kind
    return Comparison(Order.NEWER if newer else Order.OLDER, certain)


def _by_numbers(
    old: tuple[int, ...], new: tuple[int, ...], suffixes: tuple[str, str]
) -> Comparison | None:
    for place, (before, after) in enumerate(zip_longest(old, new)):
        if (before or 0) == (after or 0):
            continue
        shorter = None in (before, after)
        if shorter and _suffix(suffixes[after is None]) is None:
            return UNKNOWN  # 1.4-3f2c1ab beside 1.4.2
        certain = max(before or 0, after or 0) < _LONG
        if shorter and place < 3:
            certain = False  # 1.4 may be moved along with 1.4.2
        if place == 0 and (old[0] < _FIRST_YEAR) is not (new[0] < _FIRST_YEAR):
            certain = False  # 2026.1 beside 1.4: the project has changed its scheme
        return reading(before or 0, after or 0, certain=certain)
    return None


def _by_builds(old: str, new: str) -> Comparison:
    """Return the reading of tags that count builds or days before a commit: `00011-f7cd737`.

    A number alone may be a build, a date or a commit's hash.
    """
    before, after = _BUILD.fullmatch(old), _BUILD.fullmatch(new)
    if before is None or after is None:
        return UNKNOWN
    numbers = [tuple(map(int, found["numbers"].split("-"))) for found in (before, after)]
    if numbers[0] == numbers[1] or len(numbers[0]) != len(numbers[1]):
        return UNKNOWN
    return reading(*numbers, certain=False)


def _by_suffix(old: str, new: str) -> Comparison:
    if old.casefold() == new.casefold():
        return SAME
    before, after = _suffix(old), _suffix(new)
    if before is None or after is None:
        return UNKNOWN
    if before.kind != after.kind:
        return _by_kind(before, after)
    if before.numbers != after.numbers:
        if any(one.opaque and not one.numbers for one in (before, after)):
            return UNKNOWN
        certain = max(before.numbers + after.numbers) < _LONG
        return reading(before.numbers, after.numbers, certain=certain)
    if before.commits != after.commits and before.opaque == after.opaque:
        return reading(before.commits, after.commits)
    return SAME if before == after and not before.commits and not before.opaque else UNKNOWN


def _by_kind(before: _Suffix, after: _Suffix) -> Comparison:
    kinds = (before.kind, after.kind)
    if "revision" in kinds:
        return UNKNOWN  # packagers count 1.4.0-1 after 1.4.0, and semver.org before it
    if "" in kinds:
        return reading(not before.kind, not after.kind, certain=not (before.opaque or after.opaque))
    if all(kind in _IN_ORDER for kind in kinds):
        return reading(*map(_IN_ORDER.index, kinds))
    return reading(*kinds, certain=False)


def _suffix(text: str) -> _Suffix | None:
    if not text:
        return _Suffix("")
    if described := _DESCRIBED.fullmatch(text):
        version = _suffix(described["before"] or "")
        return version and replace(version, commits=int(described["commits"]))
    if found := _PRERELEASE.fullmatch(text):
        numbers = _numbers(found["numbers"]) if found["numbers"] else ()
        return _Suffix(found["kind"].lower(), numbers, found["opaque"] or "")
    return _Suffix("revision", _numbers(text)) if _REVISION.fullmatch(text) else None


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def _without_variant(old: str, new: str) -> tuple[str, str]:
    """Return two suffixes without the variant in which both end."""
    before, after = _VARIANT.fullmatch(old), _VARIANT.fullmatch(new)
    if before is None or after is None or before["variant"] != after["variant"]:
        return old, new
    if _PRERELEASE.fullmatch(before["variant"]):
        return old, new
    return _without_variant(before["before"] or "", after["before"] or "")
