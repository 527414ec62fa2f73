"""The gate on time: nothing goes to an environment while it is frozen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from promoter.domain.moment import shown_end
from promoter.domain.refusal import Refusal
from promoter.gates.gate import Result, Verdict
from promoter.policy.freeze import freeze_at

if TYPE_CHECKING:
    from promoter.gates.facts import Facts


def freeze(facts: Facts) -> Verdict | None:
    """Refuse a promotion while a window holds; say when none does any more."""
    windows = facts.target.settings.freeze
    if not windows:
        return None
    found = freeze_at(windows, datetime.fromtimestamp(facts.now, UTC))
    if found is None:
        return Verdict(Result.PASSED, "not frozen now")
    until = int(found.until.timestamp()) if found.until else None
    hint = (
        f"Wait until {shown_end(until)}."
        if until is not None
        else "Change the window, which never ends."
    )
    reason = f"{facts.target.environment} is frozen: {'; '.join(map(str, found.windows))}"
    return Verdict(
        Result.FAILED, reason, (Refusal("freeze", reason, hint),), until=until, waits=True
    )
