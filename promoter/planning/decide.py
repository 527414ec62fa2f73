"""Planning: what carries a request out, decided purely from what was asked and what was seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from promoter import pull_request
from promoter.config.layout import find_target
from promoter.domain.declaration import Declaration, branch_name
from promoter.domain.errors import RefusedError
from promoter.domain.model import Finish, PullState
from promoter.planning import propose
from promoter.planning.branch import Branch, human_commits, is_spent, read_branch
from promoter.planning.plan import Action, Plan, Promotion
from promoter.policy.order import Order
from promoter.policy.pairs import Ordering, Pair, with_base, with_branch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promoter.config.config import Config
    from promoter.config.layout import Target
    from promoter.domain.model import BranchState, Pull, Tree
    from promoter.domain.proposal import Proposal
    from promoter.planning.plan import Request


def locate(request: Request, config: Config, base: Tree) -> Target:
    """Return where the request points; raises `SelectionError`."""
    names = [image.name for image in request.images]
    return find_target(config, base, request.app, request.environment, names)


def branch_of(target: Target, config: Config) -> str:
    """Return the branch on which an app is promoted to an environment."""
    return branch_name(target.environment, target.app, config.templates.branch)


def plan(
    request: Request,
    config: Config,
    sight: BranchState,
    orders: Mapping[Pair, Order] | None = None,
) -> Plan:
    """Return what carries the request out on what was seen; refusals are part of it.

    `orders` says which of two is newer where the tags do not: for the pairs that a plan without it
    has in `unordered`.
    """
    target = locate(request, config, sight.base)
    blank = Promotion(
        app=target.app,
        environment=target.environment,
        deliver=target.settings.deliver,
        base_branch=sight.base_branch,
        base=sight.base.commit,
        branch=branch_of(target, config),
        action=Action.REFUSED,
        author=config.author,
        lease=sight.tip,
        pull=sight.open_pull,
        finish=_finish(target).lacking(sight.open_pull),
        spent=sight.tip if is_spent(sight) else None,
        transport=config.transport or target.settings.transport,
    )
    try:
        declaration = _declare(request, target, sight)
        proposal = propose.propose(declaration, target, sight.base)
    except RefusedError as error:
        return Plan((replace(blank, refusals=error.refusals),))
    blank = replace(blank, proposal=proposal)
    order = Ordering(target.settings.policy, orders or {})
    planner = _Planner(request, config, sight, target, blank, order)
    return Plan((planner.decide(),))


def _finish(target: Target) -> Finish:
    """Return what the environment wants of a pull beside its text."""
    settings = target.settings
    return Finish(
        labels=settings.labels,
        reviewers=settings.reviewers,
        assignees=settings.assignees,
        milestone=settings.milestone,
        draft=settings.draft,
        auto_merge=settings.deliver == "auto-merge",
        merge_method=settings.merge_method,
    )


def _declare(request: Request, target: Target, sight: BranchState) -> Declaration:
    """Return the request as its commit will declare it."""
    latest = sight.pulls[0] if sight.pulls else None
    refused = latest is not None and latest.state is PullState.CLOSED
    return Declaration(
        app=target.app,
        environment=target.environment,
        images=propose.resolve(request.images, request.tag, target, sight.base),
        actor=request.actor,
        run=request.run,
        source_revision=request.source_revision,
        previous_pull=_previous(sight, latest) if latest and refused else None,
        allow=tuple(sorted(request.allow)),
    )


def _previous(sight: BranchState, latest: Pull) -> int | None:
    """Return the pull that somebody closed unmerged; one that we closed ourselves says nothing."""
    return None if sight.open_pull or pull_request.closed_by_us(latest.body) else latest.number


@dataclass(frozen=True, slots=True)
class _Planner:
    """The decision for one promotion whose edits are known."""

    request: Request
    config: Config
    sight: BranchState
    target: Target
    blank: Promotion
    order: Ordering

    def decide(self) -> Promotion:
        """Return the promotion in full: refused, overtaken, already so, or to be carried out."""
        proposal = self._proposal
        pairs = with_base(proposal)
        older = self.order.newer(pairs)
        if older and "downgrade" not in self.request.allow:
            overtaken = self._overtaken(f"{self.sight.base_branch} already has {older}")
            return replace(overtaken, unordered=self.order.uncertain(pairs))
        if self.target.settings.deliver == "push":
            return replace(self._push(pairs), unordered=self.order.uncertain(pairs))
        if not proposal.edits and self.sight.open_pull is None:
            return replace(self.blank, action=Action.UNCHANGED, warnings=proposal.warnings)
        declined = self._declined()
        if declined is not None:
            return declined
        branch = read_branch(self.sight, self.target)
        pairs += with_branch(branch.proposal, proposal) if self.sight.open_pull else []
        return replace(self._pull(branch), unordered=self.order.uncertain(pairs))

    def _pull(self, branch: Branch) -> Promotion:
        """Deliver as a pull: refused, overtaken by the one that is open, or opened or renewed."""
        if branch.foreign and not self.request.take_over:
            return replace(self.blank, refusals=(human_commits(self.blank.branch, branch.foreign),))
        newer = self._newer_pull(branch)
        if newer:
            return self._overtaken(f"the open pull proposes {newer}", branch)
        whole = self._with_others(branch)
        if not whole.edits:
            return self._settled()
        refusals, warnings = propose.alive(whole, self.target, self.sight.base)
        if refusals:
            return replace(self.blank, refusals=refusals, warnings=warnings)
        return self._propose(whole, branch, warnings)

    def _with_others(self, branch: Branch) -> Proposal:
        """Return the proposal with the open pull's other images, which a part's request keeps."""
        asked, standing = self._proposal, branch.proposal
        if standing is None or self.sight.open_pull is None:
            return asked
        names = {image.name for image in asked.declaration.images}
        others = tuple(i for i in standing.declaration.images if i.name not in names)
        if not others:
            return asked
        images = {image.name: image for image in (*others, *asked.declaration.images)}
        declaration = replace(
            asked.declaration, images=tuple(images[name] for name in sorted(images))
        )
        whole = propose.propose(declaration, self.target, self.sight.base)
        # What the base has by now, or has overtaken, is proposed no longer.
        kept = tuple(
            images[move.name]
            for move in whole.moves
            if (move.from_tag, move.from_digest) != (move.to_tag, move.to_digest)
            and self.order.of(Pair(move.name, move.from_tag, move.to_tag)) is not Order.OLDER
        )
        if not kept:
            return asked
        return propose.propose(replace(declaration, images=kept), self.target, self.sight.base)

    @property
    def _proposal(self) -> Proposal:
        assert self.blank.proposal is not None
        return self.blank.proposal

    def _push(self, pairs: list[Pair]) -> Promotion:
        """Deliver as a commit on the base branch itself."""
        proposal = self._proposal
        if not proposal.edits:
            return replace(self.blank, action=Action.UNCHANGED, warnings=proposal.warnings)
        refusals, warnings = propose.alive(proposal, self.target, self.sight.base)
        if refusals:
            return replace(self.blank, refusals=refusals, warnings=warnings)
        return replace(
            self.blank,
            action=Action.PUSHED,
            branch=self.sight.base_branch,
            lease=self.sight.base.commit,
            spent=None,
            message=pull_request.message(proposal, self.config.templates),
            warnings=(*proposal.warnings, *warnings, *self.order.doubts(pairs)),
        )

    def _propose(self, proposal: Proposal, branch: Branch, warnings: tuple[str, ...]) -> Promotion:
        """Make or keep the branch's commit, and open or renew its pull."""
        pull, standing = self.sight.open_pull, branch.proposal
        if pull is not None and standing is not None:
            proposal = replace(proposal, declaration=_following(standing, proposal))
        current = (
            standing is not None
            and branch.on_base
            and standing.declaration.same_wish(proposal.declaration)
        )
        if current and standing is not None:
            proposal = standing
        draft = pull_request.draft(proposal, self.config.templates)
        replaced = with_branch(standing, self._proposal) if pull is not None else []
        made = replace(
            self.blank,
            proposal=proposal,
            draft=draft,
            kept=self.sight.tip if current else None,
            message=None if current else pull_request.message(proposal, self.config.templates),
            comment=self._comment(proposal),
            spent=None,
            warnings=(*proposal.warnings, *warnings, *self.order.doubts(replaced)),
        )
        if pull is None:
            return replace(made, action=Action.CREATED)
        return replace(made, action=Action.UPDATED if made.writes else Action.UNCHANGED)

    def _settled(self) -> Promotion:
        """Close a pull that proposes something else than what the base has already."""
        return replace(
            self.blank,
            action=Action.SUPERSEDED,
            closing=pull_request.closing(self._proposal, self.sight.base_branch),
        )

    def _comment(self, proposal: Proposal) -> str | None:
        """Return what is to be said of a proposal that the open pull does not tell of yet."""
        pull = self.sight.open_pull
        if pull is None or pull_request.tells_others(pull, proposal) is False:
            return None
        return pull_request.superseding(proposal)

    def _overtaken(self, reason: str, branch: Branch | None = None) -> Promotion:
        """End without a change of our own; a pull's text is still brought in line with its commit."""
        standing = branch.proposal if branch else None
        return replace(
            self.blank,
            action=Action.SUPERSEDED,
            kept=self.sight.tip,
            draft=pull_request.draft(standing, self.config.templates) if standing else None,
            told=standing,
            comment=self._comment(standing) if standing else None,
            warnings=(f"superseded: {reason}; --allow downgrade goes back",),
        )

    def _newer_pull(self, branch: Branch) -> str | None:
        """Return the tag of the open pull where it is newer than what is asked."""
        if self.sight.open_pull is None or "downgrade" in self.request.allow:
            return None
        return self.order.newer(with_branch(branch.proposal, self._proposal))

    def _declined(self) -> Promotion | None:
        """Return the end of a scheduled request for what a person has said no to, by closing a pull."""
        if not self.request.scheduled or self.sight.open_pull is not None:
            return None
        for pull in self.sight.pulls:
            if pull.state is PullState.CLOSED and pull_request.declines(pull, self._proposal):
                warning = (
                    f"pull {pull.number}, which proposed the same, was closed unmerged: "
                    "promote --app with the tag opens a new one"
                )
                return replace(self.blank, action=Action.UNCHANGED, warnings=(warning,))
        return None


def _following(standing: Proposal, proposal: Proposal) -> Declaration:
    """Return a declaration that goes on in the open pull: it links and replaces what that one does."""
    before, asked = standing.declaration, proposal.declaration
    instead = pull_request.summary(standing.moves)
    if before.images == asked.images:
        instead = before.supersedes or ""
    return replace(asked, previous_pull=before.previous_pull, supersedes=instead or None)
