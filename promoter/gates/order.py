"""The gate on the order of tags: none goes back by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.refusal import Refusal
from promoter.gates.gate import Result, Verdict
from promoter.policy.order import Order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.gates.facts import Facts
    from promoter.policy.precedence import TagChange


def downgrade(facts: Facts) -> Verdict | None:
    """Refuse an older tag in place of a newer one; say where nobody knows which is newer."""
    if facts.proposal is None:
        return None
    if facts.goes_back:
        return Verdict(Result.ALLOWED, "a rollback goes back to what ran before")
    pairs = [pair for pair in facts.pairs if pair.old and pair.new]
    if newer := facts.ordering.newer(pairs):
        reason = f"{facts.base} already has {newer}, which is newer"
        where = f"--app {facts.target.app} --env {facts.target.environment}"
        hint = f"What ran before comes back with promote rollback {where} --reason WHY."
        return Verdict(Result.FAILED, reason, (Refusal("downgrade", reason, hint),))
    if not pairs:
        return Verdict(Result.PASSED, "nothing is replaced")
    unknown = [pair for pair in pairs if facts.ordering.of(pair) is None]
    if unknown:
        old, new = _short(unknown[0].old), _short(unknown[0].new)
        return Verdict(Result.UNKNOWN, f"whether {new} is newer than {old} is not known")
    return Verdict(Result.PASSED, _passed(facts, pairs))


def _passed(facts: Facts, pairs: Sequence[TagChange]) -> str:
    """Return in words that nothing goes back, and how that is known."""
    orders = {(_short(one.old), _short(one.new)): facts.ordering.of(one) for one in pairs}
    if len(orders) > 1:
        return f"none of {len(orders)} tags is older than the one that it replaces"
    ((old, new), order), *_ = orders.items()
    if order is not Order.NEWER:
        return f"{new} is not older than {old}"
    if any(pair in facts.ordering.known for pair in pairs):
        return f"{new} was made after {old}, or from a later commit"
    return f"{new} is newer than {old}"


def _short(version: str | None) -> str:
    """Return a tag, or the beginning of a digest."""
    text = version or ""
    return f"{text[:14]}…" if text.startswith("sha256:") else text
