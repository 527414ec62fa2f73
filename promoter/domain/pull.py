"""Pull requests: as a forge shows them, what they shall say, and what rules demand of their branches."""

from __future__ import annotations

from dataclasses import field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from promoter.domain.dataclass import dataclass
from promoter.domain.redaction import redacted

if TYPE_CHECKING:
    from promoter.domain.page import Page


class PullState(StrEnum):
    """What became of a pull."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request as the forge shows it."""

    number: int
    url: str
    state: PullState
    branch: str
    base: str
    head: str
    title: str
    body: str
    node: str = ""
    """The forge's own name for it, where its API wants one."""
    author: str = ""
    draft: bool = False
    labels: tuple[str, ...] = ()
    has_reviewers: bool | None = None
    """Whether somebody was asked to review it, or has; None where the forge has not said it."""
    reviewers: tuple[str, ...] = ()
    """Who was asked, users and `team:NAME`, where the forge keeps the names for everybody."""
    assignees: tuple[str, ...] = ()
    milestone: str | None = None
    auto_merge: bool = False
    base_head: str | None = None
    """The base's commit when the pull was written to; None where the answer does not show it."""


@dataclass(frozen=True, slots=True)
class PullDraft:
    """What a pull shall say; a function of the branch's commit alone."""

    title: str
    body: str
    page: Page | None = field(default=None, compare=False)
    """What the body says, in parts that a terminal can show."""

    def __post_init__(self) -> None:
        """Hold no secret of the run: everybody may read a pull."""
        object.__setattr__(self, "title", redacted(self.title))
        object.__setattr__(self, "body", redacted(self.body))


@dataclass(frozen=True, slots=True)
class PullExtras:
    """What a pull gets beside its text: who looks at it, how it is filed, whether it merges itself."""

    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    milestone: str | None = None
    draft: bool = False
    auto_merge: bool = False
    merge_method: str = "merge"

    def missing_from(self, pull: Pull | None) -> PullExtras:
        """Return what a pull does not have yet; nobody is asked for a second review."""
        if pull is None:
            return self
        return replace(
            self,
            labels=tuple(one for one in self.labels if one not in pull.labels),
            reviewers=() if pull.has_reviewers else self.reviewers,
            assignees=() if pull.assignees else self.assignees,
            milestone=None if pull.milestone else self.milestone,
            draft=False,
            auto_merge=self.auto_merge and not pull.auto_merge,
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (
            self.labels or self.reviewers or self.assignees or self.milestone or self.auto_merge
        )


@dataclass(frozen=True, slots=True)
class BranchRules:
    """What a forge's rules demand of a branch, as far as they can be read."""

    verified_commits: bool = False
    """Whether it takes signed commits alone."""
    up_to_date: bool = False
    """Whether it takes pulls alone whose branch stands on its tip."""
    append_only: bool = False
    """Whether it may not be force-pushed."""
    permanent: bool = False
    """Whether it may not be deleted."""
