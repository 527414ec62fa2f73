"""From a request to what its commit will declare, in which an open proposal may go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter import pull_request
from promoter.domain.declaration import AppDeclaration, Declaration
from promoter.domain.model import PullState
from promoter.planning import propose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promoter.domain.branch import BranchState
    from promoter.domain.model import ImageRequest, Tree
    from promoter.planning.plan import AppRequest, Request


def declare(request: Request, apps: Iterable[AppDeclaration], state: BranchState) -> Declaration:
    """Return a request as its commit will declare it, from what that is for each app."""
    latest = state.pulls[0] if state.pulls and not state.open_pull else None
    # What somebody closed unmerged is followed; what we closed ourselves says nothing.
    if latest and (latest.state is not PullState.CLOSED or pull_request.closed_by_us(latest.body)):
        latest = None
    number = latest.number if latest else None
    return Declaration(request.app, tuple(apps), number, is_together=request.is_together)


def declare_app(asked: AppRequest, base: Tree, before: Declaration | None = None) -> AppDeclaration:
    """Return what is asked of one app as a commit will declare it; `before`: what the branch does."""
    request, target = asked.request, asked.target
    images: tuple[ImageRequest, ...] = ()
    if request.images or request.hold is None:
        images = propose.resolve(request.images, request.tag, target, base)
    hold, actor = request.hold, request.actor
    declared = before.of(target.app) if before else None
    if hold is not None and declared is not None and hold.same_wish(declared.hold):
        # Asking again for the same neither begins the hold again nor changes who began it.
        hold, actor = declared.hold, declared.actor
    return AppDeclaration(
        app=target.app,
        environment=target.environment,
        images=images,
        actor=actor,
        run=request.run,
        source_revision=request.source_revision,
        allow=tuple(sorted(request.allow)),
        hold=hold,
        clock=request.clock,
    )
