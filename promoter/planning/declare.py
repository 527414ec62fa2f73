"""From a request to what its commit will declare, in which an open proposal may go on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promoter import pull_request
from promoter.domain.declaration import Declaration
from promoter.domain.model import PullState
from promoter.planning import propose

if TYPE_CHECKING:
    from promoter.config.layout import Target
    from promoter.domain.branch import BranchState
    from promoter.domain.model import ImageRequest
    from promoter.planning.branch import Branch
    from promoter.planning.plan import Request


def declare(request: Request, target: Target, state: BranchState, branch: Branch) -> Declaration:
    """Return the request as its commit will declare it."""
    if request.members:
        pairs = zip(request.members, target.members, strict=True)
        made = tuple(declare(one, place, state, branch) for one, place in pairs)
        single = tuple(replace(one, previous_pull=None) for one in made)
        whole = Declaration.together(target.app, single)
        return replace(whole, previous_pull=made[0].previous_pull)
    latest = state.pulls[0] if state.pulls and not state.open_pull else None
    # What somebody closed unmerged is followed; what we closed ourselves says nothing.
    if latest and (latest.state is not PullState.CLOSED or pull_request.closed_by_us(latest.body)):
        latest = None
    images: tuple[ImageRequest, ...] = ()
    if request.images or request.hold is None:
        images = propose.resolve(request.images, request.tag, target, state.base)
    hold, actor = request.hold, request.actor
    declared = _declared(branch, target.app)
    if hold is not None and declared is not None and hold.same_wish(declared.hold):
        # Asking again for the same neither begins the hold again nor changes who began it.
        hold, actor = declared.hold, declared.actor
    return Declaration(
        app=target.app,
        environment=target.environment,
        images=images,
        actor=actor,
        run=request.run,
        source_revision=request.source_revision,
        previous_pull=latest.number if latest else None,
        allow=tuple(sorted(request.allow)),
        hold=hold,
        clock=request.clock,
    )


def _declared(branch: Branch, app: str) -> Declaration | None:
    whole = branch.proposal.declaration if branch.proposal else None
    if whole is None or not whole.members:
        return whole
    return next((one for one in whole.members if one.app == app), None)
