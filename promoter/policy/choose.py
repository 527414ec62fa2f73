"""Which of an image's tags a policy wants: pure, the same on every machine, in any order given.

Registries return tags in no order that can be relied on. So every policy orders them totally: by
what it reads in the tag, and where that is the same, by the tag's text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.domain.image import Tag
from promoter.domain.redaction import shown
from promoter.policy import pattern
from promoter.policy.model import Policy
from promoter.policy.natural import natural
from promoter.policy.order import SAME, UNKNOWN, Comparison, compare_tags, reading
from promoter.policy.tag_kinds import is_attachment_or_cache, is_moving, names_attachment_or_cache

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class DatedTag:
    """A tag, and when its image was made, as far as that is known."""

    tag: str
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class RankedTags:
    """The tags that a policy takes, the best first, and how many it does not."""

    ordered: tuple[str, ...]
    passed_over: int
    """Tags that do not match, and what is no tag at all."""
    unasked: int = 0
    """`newest`: tags that match but are beyond the bound, so that nobody asks about them."""


def timely(tags: Iterable[str], left: Callable[[], float], what: str) -> Iterator[str]:
    """Yield tags while there are seconds left, or raise `UsageError` with what took them.

    Each search has a limit of its own; a hundred thousand that keep it would still end no run.
    """
    for tag in tags:
        if left() <= 0:
            raise UsageError(
                f"{what} takes too long over all tags",
                "Begin each pattern with '^', and let no repeat hold another.",
            )
        yield tag


def select(
    policy: Policy, tags: Iterable[str], left: Callable[[], float] = lambda: 1.0
) -> RankedTags:
    """Return the tags that match a policy in its order; for `newest`, whom to ask about.

    Raises `UsageError` once no seconds are left.
    """
    given = set(tags)
    kind, considered = policy.kind, _filter(policy)
    ranked = [
        (rank, tag)
        for tag in timely(given, left, f"the policy {policy.name}: {shown(str(policy.argument))}")
        if considered(tag)
        and kind.takes(tag)
        and (rank := kind.rank(tag)) is not None
        and Tag.is_one(tag)
    ]
    ranked.sort(reverse=not kind.descending)
    asked = ranked[: kind.limit]
    passed_over, unasked = len(given) - len(ranked), len(ranked) - len(asked)
    return RankedTags(tuple(tag for _, tag in asked), passed_over, unasked)


def newest(policy: Policy, candidates: Iterable[DatedTag]) -> str | None:
    """Return the tag created last, or None where of none it is known; ties by natural order."""
    considered = _filter(policy)
    known = [
        (one.created, natural(one.tag), one.tag)
        for one in candidates
        if one.created and considered(one.tag)
    ]
    return max(known)[-1] if known else None


def order_of(policy: Policy | None, old: str, new: str) -> Comparison:
    """Return how a new tag stands to an old one: as a policy orders them, else as they say it.

    A policy does not order tags that it cannot read or would not include. One that it merely
    excludes still counts: a broken release is newer than the one before it.
    """
    if old == new:
        return SAME
    if policy is None or not all(map(_included(policy), (old, new))):
        return compare_tags(old, new)
    kind = policy.kind
    if kind.by_creation:
        return UNKNOWN
    before, after = kind.rank(old), kind.rank(new)
    if before is None or after is None:
        return compare_tags(old, new)
    if before == after:
        return SAME
    return reading(after, before) if kind.descending else reading(before, after)


def may_be_release(policy: Policy | None, tag: str) -> bool:
    """Return whether a tag may be promoted: attachments and caches only where a policy names them."""
    if not is_attachment_or_cache(tag):
        return True
    if policy is None:
        return False
    named = (*policy.include, str(policy.argument))
    return any(names_attachment_or_cache(tag, one) for one in named)


def _filter(policy: Policy) -> Callable[[str], bool]:
    if policy.needs_digest:
        return lambda _: True
    included, exclude = _included(policy), [pattern.compiled(one).search for one in policy.exclude]

    def considered(tag: str) -> bool:
        return (
            included(tag)
            and may_be_release(policy, tag)
            and not any(search(tag) for search in exclude)
        )

    return considered


def _included(policy: Policy) -> Callable[[str], bool]:
    """Return what says whether a tag is one of those that a policy orders, excluded or not."""
    include = [pattern.compiled(one).search for one in policy.include]
    moving = policy.kind.takes_moving

    def included(tag: str) -> bool:
        if len(tag) > 128 or (not moving and is_moving(tag)):
            return False
        return not include or any(search(tag) for search in include)

    return included
