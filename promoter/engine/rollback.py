"""Rollback: what an environment ran before, read from the history of the app's own files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promoter.domain.declaration import HoldChange, one_line
from promoter.engine.earlier_states import EarlierStates
from promoter.engine.look import plan_promotion
from promoter.planning.plan import Refused

if TYPE_CHECKING:
    from promoter.engine.look import Seen
    from promoter.planning.plan import Plan, Request


def plan_rollback(seen: Seen) -> Plan:
    """Return the plan of a rollback: a promotion of what each app's history says."""
    found = [_filled(one) for one in seen.each]
    plan = plan_promotion(seen.asking([request for request, _, _ in found]))
    warnings = tuple(warning for _, said, _ in found for warning in said)
    plan = replace(plan, warnings=(*warnings, *plan.warnings))
    if isinstance(plan, Refused):
        # Of images that are gone, it names what is still there.
        for *_, states in found:
            plan = replace(plan, refusals=tuple(map(states.with_hint, plan.refusals)))
    return plan


def _filled(seen: Seen) -> tuple[Request, tuple[str, ...], EarlierStates]:
    """Return a rollback with the images to go back to and the hold that comes with them."""
    rollback = seen.request.rollback
    assert rollback is not None
    states = EarlierStates(seen)
    chosen, warnings = states.choose(rollback)
    held = states.held
    if held is not None and chosen.key == states.current.key:
        # It has gone back already: the hold stays as it is, whatever reason is given now.
        hold = HoldChange(held.reason, until=held.until, undoes=held.undoes)
    else:
        hold = HoldChange(
            one_line(rollback.reason),
            since=seen.world.now,
            undoes=states.undone.commit,
            undone_pull=states.undone_pull,
        )
    images = states.requests(chosen)
    return replace(seen.request, tag=None, images=images, hold=hold), warnings, states
