"""The plan: what a promotion will do, as a value; a dry run ends with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from promoter.domain.model import CommitDraft, Finish
from promoter.pull_request import agrees

if TYPE_CHECKING:
    from promoter.domain.image import Tag
    from promoter.domain.model import ImageRequest, Pull, PullDraft
    from promoter.domain.proposal import Proposal
    from promoter.domain.refusal import Refusal
    from promoter.policy.pairs import Pair


class Action(StrEnum):
    """What a run did, or would do."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    PUSHED = "pushed"
    SUPERSEDED = "superseded"
    PLANNED = "planned"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for: one app, one environment, a tag or some images."""

    app: str
    environment: str | None = None
    tag: Tag | None = None
    images: tuple[ImageRequest, ...] = ()
    allow: frozenset[str] = frozenset()
    actor: str | None = None
    run: str | None = None
    source_revision: str | None = None
    take_over: bool = False
    scheduled: bool = False
    """Whether a policy asks, which heeds a person's no, rather than a person."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """One app's part of a plan: the commit to make or keep, the pull to open, renew or close."""

    app: str
    environment: str
    deliver: str
    base_branch: str
    base: str
    branch: str
    action: Action
    author: str = ""
    proposal: Proposal | None = None
    lease: str | None = None
    kept: str | None = None
    message: str | None = None
    draft: PullDraft | None = None
    told: Proposal | None = None
    """What the draft tells of, where that is not the proposal: a newer one that stands."""
    pull: Pull | None = None
    closing: str | None = None
    comment: str | None = None
    finish: Finish = field(default_factory=Finish)
    """What the pull does not have yet of what its environment wants."""
    spent: str | None = None
    """The commit of a branch that has been merged and is of no more use."""
    transport: str = "git"
    unordered: tuple[Pair, ...] = ()
    """Pairs of which nothing says for certain which is newer."""
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    @property
    def writes(self) -> bool:
        """Whether carrying it out changes anything anywhere."""
        finishes = self.draft is not None and self.pull is not None and not self.finish.nothing
        return finishes or self.rewrites

    @property
    def rewrites(self) -> bool:
        """Whether it changes the branch, or what its pull says."""
        if self.closing or self.message is not None:
            return True
        return self.draft is not None and (self.pull is None or not agrees(self.pull, self.draft))

    def commit_draft(self) -> CommitDraft:
        """Return the commit to make; only for a promotion that makes one."""
        assert self.proposal is not None
        assert self.message is not None
        return CommitDraft(
            branch=self.branch,
            onto=self.base,
            lease=self.lease,
            files={edit.path: edit.after for edit in self.proposal.edits},
            message=self.message,
            author=self.author,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run will do; a dry run ends with it."""

    promotions: tuple[Promotion, ...]
