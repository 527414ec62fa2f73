"""Which of two tags is newer, for every image of a promotion: what stands, and what is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from promoter.domain.dataclass import dataclass
from promoter.domain.proposal import Proposal
from promoter.policy.choose import order_of
from promoter.policy.model import Policy
from promoter.policy.order import Comparison, Order


class TagChange(NamedTuple):
    """One image's tag (or digest) that stands somewhere, and the one that is asked for."""

    app: str
    name: str
    old: str | None
    new: str | None
    revision: str | None = None
    """The source commit that the old one was built from, where the branch's commit says so."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """How new tags stand to old ones: as the policy or the tags say, else as is known from elsewhere."""

    policies: Mapping[str, Policy | None]
    """By app."""
    known: Mapping[TagChange, Order]

    def of(self, pair: TagChange) -> Order | None:
        """Return how the new one stands to the old one, or None where it is not known.

        A reading that is not certain counts only where nothing is known from elsewhere.
        """
        if not pair.old or not pair.new:
            return None
        order, certain = self._reading(pair)
        return order if certain else self.known.get(pair, order)

    def uncertain(self, pairs: Sequence[TagChange]) -> tuple[TagChange, ...]:
        """Return the pairs whose order the tags do not say for certain, and nothing else says."""
        return tuple(
            pair
            for pair in pairs
            if pair.old and pair.new and pair not in self.known and not self._reading(pair).certain
        )

    def newer(self, pairs: Sequence[TagChange]) -> str | None:
        """Return the first old tag that is newer than the one asked for in its place."""
        return next((one.old for one in pairs if self.of(one) is Order.OLDER), None)

    def doubts(self, pairs: Sequence[TagChange]) -> tuple[str, ...]:
        """Return the warning that the last request wins, where the order is not known."""
        unknown = [pair for pair in pairs if pair.old and pair.new and self.of(pair) is None]
        if not unknown:
            return ()
        old, new = unknown[0].old, unknown[0].new
        return (f"whether {old} or {new} is newer is not known; {new} replaces it all the same",)

    def _reading(self, pair: TagChange) -> Comparison:
        return order_of(self.policies.get(pair.app), pair.old or "", pair.new or "")


def with_base(asked: Proposal) -> tuple[TagChange, ...]:
    """Return, per image asked for, what the base has: each tag, where places of it have several."""
    return tuple(
        TagChange(m.app, m.name, old.tag_or_digest, m.after.tag_or_digest)
        for m in asked.moves
        for old in (m.before, *m.elsewhere)
    )


def with_branch(current: Proposal, asked: Proposal) -> tuple[TagChange, ...]:
    """Return, per image asked for, what the branch proposes already."""
    tags = {(m.app, m.name): m.after.tag_or_digest for m in current.moves}
    revisions = {one.app: one.source_revision for one in current.declaration.members}
    return tuple(
        TagChange(m.app, m.name, tags[place], m.after.tag_or_digest, revisions.get(m.app))
        for m in asked.moves
        if (place := (m.app, m.name)) in tags
    )
