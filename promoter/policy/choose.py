"""Which of an image's tags a policy wants: pure, the same on every machine, in any order given.

Registries return tags in no order that can be relied on. So every policy orders them totally: by
what it reads in the tag, and where that is the same, by the tag's text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nlargest
from typing import TYPE_CHECKING, Any, TypeAlias

from promoter.domain.errors import UsageError
from promoter.domain.image import Tag
from promoter.policy import pattern, times
from promoter.policy.order import SAME, UNKNOWN, Reading, compare, reading
from promoter.policy.tag_kinds import (
    is_attachment_or_cache,
    is_moving,
    names_attachment_or_cache,
)
from promoter.policy.version import is_prerelease, range_of, version_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promoter.policy.model import Policy

# What is read in a tag: values that compare among those of one policy; None where nothing is.
_Reading: TypeAlias = Callable[[str], Any]

_NUMBER = re.compile(r"v?([0-9]{1,18}(?:\.[0-9]{1,18}){0,7})", re.ASCII)
_DIGITS = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tag, and what the registry says of its image."""

    tag: str
    created: datetime | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """The tags that a policy takes, the best first, and how many it does not."""

    ordered: tuple[str, ...]
    passed_over: int
    """Tags that do not match, and what is no tag at all."""
    unasked: int = 0
    """`newest`: tags that match but are beyond the bound, so that nobody asks about them."""


def select(policy: Policy, tags: Iterable[str]) -> Selection:
    """Return the tags that match a policy in its order; for `newest`, whom to ask about."""
    given = set(tags)
    read, taken = _reading(policy), _filter(policy)
    found = [
        (key, tag)
        for tag in given
        if taken(tag) and (key := read(tag)) is not None and _is_tag(tag)
    ]
    if policy.newest is not None:
        # The last in natural order: build numbers and times count up; of bare commits nobody knows.
        asked = nlargest(policy.newest, found)
        return Selection(
            tuple(t for _, t in asked), len(given) - len(found), len(found) - len(asked)
        )
    found.sort(reverse=not policy.descending)
    return Selection(tuple(tag for _, tag in found), len(given) - len(found))


def newest(policy: Policy, candidates: Iterable[Candidate]) -> str | None:
    """Return the tag created last, or None where of none it is known; ties by natural order."""
    taken = _filter(policy)
    known = [
        (_utc(one.created), natural(one.tag), one.tag)
        for one in candidates
        if one.created is not None and taken(one.tag)
    ]
    return max(known)[-1] if known else None


def order_of(policy: Policy | None, old: str, new: str) -> Reading:
    """Return how a new tag stands to an old one: as a policy orders them, else as they say it.

    A policy does not order tags that it cannot read or would not include. One that it merely
    excludes still counts: a broken release is newer than the one before it.
    """
    if old == new:
        return SAME
    if policy is None or not (_included(policy, old) and _included(policy, new)):
        return compare(old, new)
    if policy.newest is not None:
        return UNKNOWN  # the images' creation decides, never their names
    read = _order_reading(policy)
    before, after = read(old), read(new)
    if before is None or after is None:
        return compare(old, new)
    if before == after:
        return SAME
    return reading(after, before) if policy.descending else reading(before, after)


def may_be_release(policy: Policy | None, tag: str) -> bool:
    """Return whether a tag may be promoted: attachments and caches only where a policy names them."""
    if not is_attachment_or_cache(tag):
        return True
    if policy is None:
        return False
    named = (*policy.include, policy.regex or "", policy.timestamp or "", policy.digest or "")
    return any(names_attachment_or_cache(tag, one) for one in named)


def natural(text: str) -> list[Any]:
    """Return what texts are ordered by as people do: digits as the numbers that they make."""
    parts: list[Any] = _DIGITS.split(text)
    parts[1::2] = map(int, parts[1::2])
    return parts


def _reading(policy: Policy) -> _Reading:
    """Return what a policy reads in a tag that it may choose."""
    if policy.semver is not None:
        wanted, prereleases = range_of(policy.semver), policy.prereleases
        return lambda tag: (
            found
            if (found := version_of(tag)) and wanted.holds(found, prereleases=prereleases)
            else None
        )
    if policy.newest is not None:
        return natural
    if policy.digest is not None:
        return lambda tag: True if tag == policy.digest else None
    return _order_reading(policy)


def _order_reading(policy: Policy) -> _Reading:
    """Return what a policy orders tags by, whether or not it would choose them."""
    if policy.semver is not None:
        wanted = range_of(policy.semver)
        prereleases = policy.prereleases or any(part.mentions for part in wanted.parts)
        return lambda tag: (
            found
            if (found := version_of(tag)) and (prereleases or not is_prerelease(found))
            else None
        )
    if policy.numeric is not None:
        return _number
    if policy.timestamp is not None:
        return times.reader(policy.timestamp)
    if policy.alphabetical is not None:
        return str
    if policy.regex is not None:
        return _groups(pattern.compiled(policy.regex))
    return lambda _: None


def _number(tag: str) -> tuple[int, ...] | None:
    """Return the numbers of a tag that has nothing else; zeros at the end count for nothing."""
    found = _NUMBER.fullmatch(tag)
    if found is None:
        return None
    parts = [int(part) for part in found[1].split(".")]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return tuple(parts)


def _groups(form: pattern.Pattern) -> _Reading:
    """Return what reads a pattern's named groups, in the order in which they stand there."""
    places = sorted(form.groups.values())

    def read(tag: str) -> list[Any] | None:
        found = form.search(tag)
        return [natural(found[place] or "") for place in places] if found else None

    return read


def _filter(policy: Policy) -> Callable[[str], bool]:
    """Return what says whether a tag is considered at all."""
    if policy.digest is not None:
        return lambda _: True
    include = [pattern.compiled(one).search for one in policy.include]
    exclude = [pattern.compiled(one).search for one in policy.exclude]
    # These two would else choose `latest`, which stands beside every newest image.
    blind = policy.newest is not None or policy.alphabetical is not None

    def taken(tag: str) -> bool:
        if len(tag) > 128 or (blind and is_moving(tag)):
            return False
        if not may_be_release(policy, tag):
            return False
        if include and not any(search(tag) for search in include):
            return False
        return not any(search(tag) for search in exclude)

    return taken


def _included(policy: Policy, tag: str) -> bool:
    """Say whether a tag is one of those that a policy orders, excluded or not."""
    if len(tag) > 128 or (policy.alphabetical is not None and is_moving(tag)):
        return False
    return not policy.include or any(pattern.compiled(one).search(tag) for one in policy.include)


def _is_tag(text: str) -> bool:
    """Say whether a registry's answer is a tag at all."""
    try:
        Tag.parse(text)
    except UsageError:
        return False
    return True


def _utc(time: datetime) -> datetime:
    """Return a time with its zone; registries without one mean UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
