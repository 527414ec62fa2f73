"""What a promotion's branch holds beyond the base: our commits, told from a human's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promoter.domain.declaration import Declaration
from promoter.domain.errors import PromoteError
from promoter.domain.model import PullState
from promoter.domain.refusal import Refusal
from promoter.planning import propose
from promoter.pull_request import plain

if TYPE_CHECKING:
    from promoter.config.layout import Target
    from promoter.domain.model import BranchCommit, BranchState
    from promoter.domain.proposal import Proposal


@dataclass(frozen=True, slots=True)
class Branch:
    """What a promotion's branch holds beyond the base."""

    proposal: Proposal | None = None
    foreign: tuple[BranchCommit, ...] = ()
    on_base: bool = False


def is_spent(sight: BranchState) -> bool:
    """Say whether the branch holds nothing but what a merged pull has brought to the base."""
    merged = (pull for pull in sight.pulls if pull.state is PullState.MERGED)
    return sight.open_pull is None and any(pull.head == sight.tip for pull in merged)


def read_branch(sight: BranchState, target: Target) -> Branch:
    """Tell our commits from others: trailers, and a tree that is the parent's plus those edits."""
    if not sight.commits or is_spent(sight):
        return Branch()
    proposals = [_reproduce(commit, sight, target) for commit in sight.commits]
    foreign = tuple(c for c, p in zip(sight.commits, proposals, strict=True) if p is None)
    if foreign:
        return Branch(foreign=foreign)
    tip = sight.commits[0]
    single = len(sight.commits) == 1 and len(tip.parents) == 1
    return Branch(proposals[0], on_base=single and tip.onto.commit == sight.base.commit)


def _reproduce(commit: BranchCommit, sight: BranchState, target: Target) -> Proposal | None:
    """Return the proposal that a commit is exactly, or None where it is not one of ours."""
    declaration = Declaration.parse(commit.message)
    if len(commit.parents) > 1:
        below = [c for c in sight.commits if c.sha == commit.parents[0]]
        declaration = Declaration.parse(below[0].message) if below else None
    if declaration is None or declaration.app != target.app:
        return None
    try:
        proposal = propose.propose(declaration, target, commit.onto)
    except (PromoteError, KeyError):
        return None
    if {edit.path for edit in proposal.edits} != set(commit.changed):
        return None
    same = all(commit.tree.read(edit.path) == edit.after for edit in proposal.edits)
    return proposal if same else None


def human_commits(branch: str, commits: tuple[BranchCommit, ...]) -> Refusal:
    """Return the refusal that names the commits which are not ours."""
    named = "; ".join(f"{c.sha[:9]} {plain(c.subject)} ({plain(c.author)})" for c in commits[:5])
    return Refusal(
        "human-commits",
        f"branch {branch} holds {len(commits)} commit(s) that promote did not make: {named}",
        "Merge or move them, or give --take-over to replace the branch.",
    )
