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


def plan_request(seen: Seen) -> Plan:
    """Return the plan of any request; that of a rollback is made of what each app's history says."""
    request = seen.request
    if request.rollback is None:
        begun = request if request.members else _begun(request, seen)
        return plan_promotion(replace(seen, request=begun))
    pairs = zip(request.members or [request], seen.target.members or [seen.target], strict=True)
    found = [_filled(replace(seen, request=one, target=target)) for one, target in pairs]
    filled = tuple(one for one, _, _ in found)
    whole = replace(request, members=filled) if request.members else filled[0]
    plan = plan_promotion(replace(seen, request=whole))
    warnings = tuple(warning for _, said, _ in found for warning in said)
    plan = replace(plan, warnings=(*warnings, *plan.warnings))
    if isinstance(plan, Refused):
        # Of images that are gone, it names what is still there.
        for *_, states in found:
            plan = replace(plan, refusals=tuple(map(states.with_hint, plan.refusals)))
    return plan


def _begun(request: Request, seen: Seen) -> Request:
    """Return a request whose hold begins now, where it has one."""
    if request.hold is None or request.hold.ends:
        return request
    return replace(request, hold=replace(request.hold, since=seen.world.now))


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
