"""The gate on the order of tags: none goes back by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.refusal import Refusal
from promoter.gates.gate import Result, Verdict

if TYPE_CHECKING:
    from promoter.gates.facts import Facts


def downgrade(facts: Facts) -> Verdict | None:
    """Refuse an older tag in place of a newer one; say where nobody knows which is newer."""
    if facts.proposal is None:
        return None
    if facts.goes_back:
        return Verdict(Result.ALLOWED, "a rollback goes back to what ran before")
    pairs = [pair for pair in facts.pairs if pair.old and pair.new]
    if newer := facts.ordering.newer(pairs):
        reason = f"{facts.base} already has {newer}, which is newer"
        hint = "--allow downgrade goes back."
        return Verdict(Result.FAILED, reason, (Refusal("downgrade", reason, hint),))
    if not pairs:
        return Verdict(Result.UNKNOWN, "nothing is replaced whose tag is known")
    if any(facts.ordering.of(pair) is None for pair in pairs):
        return Verdict(Result.UNKNOWN, "the tags do not say which is newer")
    if any(pair in facts.ordering.known for pair in pairs):
        return Verdict(Result.PASSED, "the new image was made later, or from a later commit")
    return Verdict(Result.PASSED, "the new tag is no older")
