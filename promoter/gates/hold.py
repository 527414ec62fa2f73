"""The gate on holds: what is held stays, until the hold is ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.moment import shown_end, shown_moment
from promoter.domain.refusal import Refusal
from promoter.gates.gate import Result, Verdict, gravest

if TYPE_CHECKING:
    from promoter.gates.facts import Facts


def hold(facts: Facts) -> Verdict | None:
    """Refuse a change of an app that is held in its environment, until the hold is over.

    A hold that an open pull proposes counts as one: what it keeps back shall not go by beside it.
    """
    return gravest(one for one in (_on_base(facts), _proposed(facts)) if one is not None)


def _on_base(facts: Facts) -> Verdict | None:
    """Return what a hold on the base comes to."""
    held = facts.hold
    if held is None or held.is_over(facts.now):
        return None
    if facts.goes_back and held.undoes is not None:
        # A rollback goes on from where another one left the app, and holds it there.
        return None
    where = f"{held.app} is held in {held.environment}"
    by = f" by {held.by}" if held.by else ""
    since = f" since {shown_moment(int(held.since.timestamp()))}" if held.since else ""
    reason = f"{where}{since}{by}: {held.reason}"
    until = None if held.until is None else int(held.until.timestamp())
    ends = "" if until is None else f"It ends by itself at {shown_end(until)}. "
    where = f"--app {held.app} --env {held.environment}"
    hint = f"{ends}To end it: promote unhold {where} --reason WHY."
    error = held.broken
    refusal = Refusal(
        "hold",
        reason,
        hint,
        str(held.file),
        error.line if error else None,
        error.column if error else None,
    )
    return Verdict(Result.FAILED, reason, (refusal,), until=until, waits=error is None)


def _proposed(facts: Facts) -> Verdict | None:
    """Return what a hold comes to that an open pull proposes."""
    found = facts.proposed_hold
    if found is None or found.hold.is_over(facts.now):
        return None
    if facts.goes_back and found.is_own:
        # Its own pull goes on with the rollback that is asked for now.
        return None
    held, pull = found.hold, f"pull request {found.pull}"
    kind = "rolled back" if held.undoes else "held"
    reason = f"{held.app} in {held.environment} is {kind} by {pull}, which is open: {held.reason}"
    hint = f"Merge {pull} or close it."
    until = None if held.until is None else int(held.until.timestamp())
    refusal = Refusal("hold", reason, hint)
    return Verdict(Result.FAILED, reason, (refusal,), until=until, waits=held.broken is None)
