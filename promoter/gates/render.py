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
        return Verdict(Result.SKIPPED, "nothing was rendered") if facts.proposal else None
    refusals = tuple(one for one in found.refusals if one.rule != "dead-edit")
    if refusals:
        return Verdict(Result.FAILED, refusals[0].reason, refusals, found.warnings)
    if facts.proposal is None:
        return None
    if found.diff is None:
        result = Result.SKIPPED if facts.target.settings.render == "off" else Result.UNKNOWN
        detail = f"not rendered: {found.note}" if found.note else "nothing was rendered"
        return Verdict(result, detail, warnings=found.warnings)
    if not found.diff.objects:
        return Verdict(Result.PASSED, "no object changes", warnings=found.warnings)
    count = len(found.diff.objects)
    objects = f"{count} object{'s' if count != 1 else ''}"
    if found.diff.images_only:
        detail = f"only container images change, in {objects}"
        return Verdict(Result.PASSED, detail, warnings=found.warnings)
    if found.diff.broken:
        detail = f"more than images changes, in {len(found.diff.broken)} of {objects}"
        return Verdict(Result.WARNED, detail, warnings=found.warnings)
    detail = f"{len(found.diff.unknown)} of {objects} could not be compared: too large"
    return Verdict(Result.UNKNOWN, detail, warnings=found.warnings)
