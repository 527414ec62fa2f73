"""How two tags stand to each other, where they say so themselves: the order of semver.org."""

from __future__ import annotations

from enum import StrEnum

from promoter.policy.version import loosely


class Order(StrEnum):
    """How a new tag stands to an old one."""

    OLDER = "older"
    SAME = "same"
    NEWER = "newer"


def compare(old: str, new: str) -> Order | None:
    """Return how a new tag stands to an old one, or None where the tags do not say."""
    if old == new:
        return Order.SAME
    before, after = loosely(old), loosely(new)
    if before is None or after is None:
        return None
    if before == after:
        return Order.SAME
    return Order.NEWER if before < after else Order.OLDER
