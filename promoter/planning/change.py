"""What a request asks of each app: what its commit declares, and the edits that it means; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from promoter import pull_request
from promoter.config.config import Config
from promoter.config.layout import Target
from promoter.config.sections import Environment
from promoter.domain.branch import BranchState
from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import AppDeclaration, Declaration
from promoter.domain.errors import RefusedError
from promoter.domain.model import ImageRequest, Tree
from promoter.domain.proposal import Proposal
from promoter.domain.pull import Pull, PullState
from promoter.domain.refusal import Refusal
from promoter.planning import propose
from promoter.planning.branch import Branch, read_branch
from promoter.planning.plan import AppRequest, Request
from promoter.policy.order import Order
from promoter.policy.precedence import Ordering, TagChange, with_base, with_branch


@dataclass(frozen=True, slots=True)
class AppChange:
    """What is asked of one app, and the edits of the base that it means."""

    target: Target
    asked: Proposal | None
    """The edits on the base; None where they cannot be made."""
    refusals: tuple[Refusal, ...] = ()
    """Why they cannot."""


@dataclass(frozen=True, slots=True)
class Change:
    """One request beside what was seen: the edits that it means, and what the branch holds."""

    request: Request
    config: Config
    apps: tuple[AppChange, ...]
    state: BranchState
    branch: Branch
    asked: Proposal | None
    """The edits of all apps on the base; None where those of one cannot be made."""

    @property
    def settings(self) -> Environment:
        """The settings of the first app: how its changes are delivered is the same for all."""
        return self.apps[0].target.settings

    @property
    def targets(self) -> list[Target]:
        """Where its apps are."""
        return [one.target for one in self.apps]

    @property
    def may_go_back(self) -> bool:
        """Whether the environment lets an older tag be allowed."""
        return all(one.target.settings.lets_allow("downgrade") for one in self.apps)

    @property
    def pull(self) -> Pull | None:
        """The pull that is open."""
        return self.state.open_pull

    @property
    def with_base(self) -> tuple[TagChange, ...]:
        """Per image, what is asked for and what it would replace on the base."""
        return with_base(self.asked) if self.asked else ()

    @property
    def with_pull(self) -> tuple[TagChange, ...]:
        """Per image, what is asked for and what it would replace in the open pull."""
        current = self.branch.proposal if self.pull else None
        return with_branch(current, self.asked) if current and self.asked else ()

    def ordering(self, known: Mapping[TagChange, Order]) -> Ordering:
        """Return how tags stand to each other by each app's policy, with what else is known."""
        return Ordering({one.target.app: one.target.settings.policy for one in self.apps}, known)


def read_request(
    request: Request, config: Config, apps: Sequence[AppRequest], state: BranchState
) -> Change:
    """Return a request with the edits that it means on the base, or why there are none."""
    targets = [one.target for one in apps]
    pushes = targets[0].settings.deliver == "push"
    branch = Branch() if pushes else read_branch(state, request.app, targets)
    changes = tuple(_on_base(one, state.base, branch) for one in apps)
    asked = _together(request, changes, state)
    return Change(request, config, changes, state, branch, asked)


def _on_base(asked: AppRequest, base: Tree, branch: Branch) -> AppChange:
    before = branch.proposal.declaration if branch.proposal else None
    try:
        declaration = declare_app(asked, base, before)
        proposal = propose.propose_app(declaration, asked.target, base)
    except RefusedError as error:
        return AppChange(asked.target, None, error.refusals)
    return AppChange(asked.target, proposal)


def _together(request: Request, apps: Sequence[AppChange], state: BranchState) -> Proposal | None:
    made = [one.asked for one in apps if one.asked]
    if len(made) < len(apps):
        return None
    declaration = _declared(request, [one.declaration.first for one in made], state)
    if len(made) == 1:
        return replace(made[0], declaration=declaration)
    return propose.propose(declaration, [one.target for one in apps], state.base)


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


def _declared(request: Request, apps: Iterable[AppDeclaration], state: BranchState) -> Declaration:
    latest = state.pulls[0] if state.pulls and not state.open_pull else None
    # A pull that a person has closed is linked as the previous one; one that we closed is not.
    if latest and (latest.state is not PullState.CLOSED or pull_request.closed_by_us(latest.body)):
        latest = None
    number = latest.number if latest else None
    return Declaration(request.app, tuple(apps), number, is_together=request.is_together)
