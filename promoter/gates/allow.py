"""The gate on the other gates: an environment says which of them may be overridden."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.refusal import Refusal
from promoter.gates.gate import Result, Verdict

if TYPE_CHECKING:
    from promoter.gates.facts import Facts


def allow(facts: Facts) -> Verdict | None:
    """Refuse `--allow` of a rule that the environment does not list."""
    listed, environment = facts.target.settings.allow, facts.target.environment
    if listed is None or not (extra := sorted(facts.allow - set(listed))):
        return None
    named = ", ".join(listed) or "none"
    refusals = tuple(
        Refusal(
            "allow",
            f"{environment} does not let {rule} be allowed",
            f"environments.{environment}.allow in promoter.yaml lists {named}: "
            f"promote without --allow {rule}, or have it added there by a reviewed change.",
        )
        for rule in extra
    )
    return Verdict(Result.FAILED, refusals[0].reason, refusals)
