"""What a promotion's branch holds beyond the base, ours and a person's, and its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from promoter.config.config import Config
from promoter.config.holds import Hold, hold_file, read_hold
from promoter.config.layout import Target
from promoter.domain.branch import BranchCommit, BranchState
from promoter.domain.branch_name import HOLD_BRANCH, promotion_branch
from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import Declaration
from promoter.domain.errors import PromoteError
from promoter.domain.model import Tree
from promoter.domain.proposal import Proposal
from promoter.domain.pull import PullState
from promoter.planning import propose
from promoter.planning.plan import Request
from promoter.policy.order import Order
from promoter.policy.precedence import Ordering, with_base


@dataclass(frozen=True, slots=True)
class Branch:
    """What a promotion's branch holds beyond the base."""

    proposal: Proposal | None = None
    """What it proposes, as one edit of what it stands on; None where people's commits changed that."""
    foreign: tuple[BranchCommit, ...] = ()
    """The commits that promote did not make."""
    on_base: bool = False
    """Whether it stands on the base's newest commit."""
    onto: str = ""
    """The base's commit that it stands on."""


def branch_of(target: Target, config: Config) -> str:
    """Return the branch on which an app is promoted to an environment."""
    return promotion_branch(target.environment, target.app, config.templates.branch)


def branch_for(request: Request, environment: str, config: Config) -> str:
    """Return the branch on which a request is carried out."""
    # A group may be called as one of its apps is, and has a branch of its own.
    app = f"group+{request.app}" if request.group else request.app
    return promotion_branch(
        environment, app, HOLD_BRANCH if request.holds_only else config.templates.branch
    )


def is_merged(state: BranchState) -> bool:
    """Return whether the branch holds nothing but what a merged pull has brought to the base."""
    merged = (pull for pull in state.pulls if pull.state is PullState.MERGED)
    return state.open_pull is None and any(pull.head == state.tip for pull in merged)


def proposed_hold(state: BranchState, target: Target) -> Hold | None:
    """Return the hold of an app that a branch would begin or change; None where it changes none."""
    file = hold_file(target.app, target.environment)
    if is_merged(state) or not any(file in one.changed for one in state.commits):
        return None
    return read_hold(state.commits[0].tree, target.app, target.environment)


def read_branch(state: BranchState, app: str, targets: Sequence[Target]) -> Branch:
    """Return its commits, ours apart: by trailers, and a tree that is the parent's plus those edits.

    `app` is what the apps at the targets are called together.
    """
    if not state.commits or is_merged(state):
        return Branch()
    commits, base = state.commits, next((c for c in state.commits if _is_base(c, state)), None)
    if base is not None:
        # What is below it has no part in the branch's files.
        commits = commits[: commits.index(base)]
    proposals = [_reproduce(commit, state, app, targets) for commit in commits]
    foreign = tuple(c for c, p in zip(commits, proposals, strict=True) if p is None)
    ours = [number for number, made in enumerate(proposals) if made is not None]
    if not ours:
        return Branch(foreign=foreign)
    newest = proposals[ours[0]]
    assert newest is not None  # as `ours` says
    commits = commits[ours[0] :]
    # It stands on the base's commit that it took in last.
    onto = next((one for one in (*commits, base) if one and len(one.parents) > 1), commits[-1]).onto
    whole = newest if len(commits) == 1 else _as_one(newest, commits[0], onto, targets)
    kept = all(edit.is_in(state.commits[0].tree) for edit in whole.edits)
    return Branch(whole if kept else None, foreign, onto.commit == state.base.commit, onto.commit)


def superseded_pull(
    state: BranchState, branch: Branch, targets: Sequence[Target], ordering: Ordering
) -> Proposal | None:
    """Return what the open pull would make of a base that has newer images than all of its own.

    None for one that was made to go back or to hold its apps, or to which people have added.
    """
    proposal = branch.proposal if state.open_pull else None
    if proposal is None or branch.foreign or ordering.newer(with_base(proposal)):
        return None
    if any(one.hold for one in proposal.declaration.members):
        return None
    try:
        on_base = propose.propose(proposal.declaration, targets, state.base)
    except PromoteError:
        return None
    changed = tuple(move for move in on_base.moves if move.before != move.after)
    pairs = with_base(replace(on_base, moves=changed))
    is_older = all(ordering.of(one) is Order.OLDER for one in pairs)
    return on_base if is_older and not ordering.uncertain(pairs) else None


def _as_one(newest: Proposal, tip: BranchCommit, onto: Tree, targets: Sequence[Target]) -> Proposal:
    """Return what several commits come to as one edit of what they stand on, where it is one."""
    try:
        whole = propose.propose(newest.declaration, targets, onto)
        same = all(edit.is_in(tip.tree) for edit in whole.edits)
    except (PromoteError, KeyError):
        return newest
    return whole if same else newest


def _is_base(commit: BranchCommit, state: BranchState) -> bool:
    """Return whether a commit merges the base so that its files are those of the base."""
    others = commit.parents[1:]
    return bool(others) and not commit.changed and all(map(state.base.has_ancestor, others))


def _declaring(commit: BranchCommit, state: BranchState) -> BranchCommit:
    """Return the commit that declares what another one sets: of a merge, the one below it."""
    by_sha = {one.sha: one for one in state.commits}
    while len(commit.parents) > 1 and commit.parents[0] in by_sha:
        commit = by_sha[commit.parents[0]]
    return commit


def _reproduce(
    commit: BranchCommit, state: BranchState, app: str, targets: Sequence[Target]
) -> Proposal | None:
    """Return the proposal that a commit is exactly, or None where it is not one of ours."""
    declaration = Declaration.parse(_declaring(commit, state).message)
    if declaration is None or declaration.app != app:
        return None
    # What it takes in beside its own edits: what it merges, and what it restores.
    taken = (*commit.parents[1:], *(one.restores for one in declaration.members if one.restores))
    if not all(map(state.base.has_ancestor, taken)):
        return None
    try:
        proposal = propose.propose(declaration, targets, commit.onto)
    except (PromoteError, KeyError):
        return None
    if {edit.path for edit in proposal.edits} != set(commit.changed):
        return None
    same = all(edit.is_in(commit.tree) for edit in proposal.edits)
    return proposal if same else None
