"""The gate on the render: what changes at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.gates.gate import Result, Verdict

if TYPE_CHECKING:
    from promoter.gates.facts import Facts


def render(facts: Facts) -> Verdict | None:
    """Refuse what does not build; say whether anything but container images changes."""
    found = facts.render
    if found is None:
        return Verdict(Result.UNKNOWN, "nothing was rendered") if facts.proposal else None
    refusals = tuple(one for one in found.refusals if one.rule != "dead-edit")
    if refusals:
        return Verdict(Result.FAILED, refusals[0].reason, refusals, found.warnings)
    if facts.proposal is None:
        return None
    if found.diff is None:
        return Verdict(Result.UNKNOWN, "nothing was rendered", warnings=found.warnings)
    if found.diff.images_only:
        detail = "only container images change at run time"
        return Verdict(Result.PASSED, detail, warnings=found.warnings)
    if found.diff.broken:
        detail = "more than images changes at run time"
        return Verdict(Result.WARNED, detail, warnings=found.warnings)
    detail = "not every object could be compared"
    return Verdict(Result.UNKNOWN, detail, warnings=found.warnings)
