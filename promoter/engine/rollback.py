"""Rollback: what an environment ran before, read from the history of the app's own files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promoter.domain.declaration import HoldChange, one_line
from promoter.engine.earlier_states import EarlierStates
from promoter.engine.look import plan_promotion
from promoter.planning.plan import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.engine.look import Seen
    from promoter.planning.plan import Plan, Request


def plan_request(seen: Seen) -> Plan:
    """Return the plan of any request; that of a rollback is made of what the history says."""
    request = seen.request
    if request.members:
        return _plan_together(seen)
    if request.rollback is None:
        return plan_promotion(replace(seen, request=_begun(request, seen)))
    filled, warnings, states = _filled(seen)
    plan = plan_promotion(replace(seen, request=filled))
    plan = replace(plan, warnings=(*warnings, *plan.warnings))
    return _with_hints(plan, [states]) if isinstance(plan, Refused) else plan


def _plan_together(seen: Seen) -> Plan:
    """Return the plan of several apps; each goes back by its own history."""
    if seen.request.rollback is None:
        return plan_promotion(seen)
    pairs = zip(seen.request.members, seen.target.members, strict=True)
    found = [_filled(replace(seen, request=one, target=target)) for one, target in pairs]
    members = tuple(request for request, _, _ in found)
    plan = plan_promotion(replace(seen, request=replace(seen.request, members=members)))
    warnings = tuple(warning for _, said, _ in found for warning in said)
    plan = replace(plan, warnings=(*warnings, *plan.warnings))
    return plan if not isinstance(plan, Refused) else _with_hints(plan, [one for *_, one in found])


def _with_hints(plan: Refused, states: Sequence[EarlierStates]) -> Refused:
    """Return a refused rollback that names what is still there of images that are gone."""
    refusals = plan.refusals
    for one in states:
        refusals = tuple(one.with_hint(refusal) for refusal in refusals)
    return replace(plan, refusals=refusals)


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
