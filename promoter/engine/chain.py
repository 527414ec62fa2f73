"""Commits that are made here and pushed together: a chain on the base, or one for each branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promoter.domain.model import CommitDraft

if TYPE_CHECKING:
    from promoter.domain.declaration import Declaration
    from promoter.domain.errors import PromoteError
    from promoter.domain.model import Tree
    from promoter.git import Stage
    from promoter.planning.plan import Promotion


@dataclass(slots=True)
class Chain:
    """Commits that are made on the base, each on the one before, and not yet pushed."""

    repository: Stage
    tree: Tree

    @property
    def tip(self) -> str:
        """The last commit."""
        return self.tree.commit

    def add(self, promotion: Promotion) -> str:
        """Make a promotion's commit; it becomes the tip."""
        commit = self.repository.stage(promotion.commit_draft())
        self.tree = self.repository.staged(commit)
        return commit

    def batched(self, links: list[tuple[Promotion, str]]) -> list[tuple[Promotion, str]]:
        """Make one commit in place of all that the links are; returns the links with it."""
        first = links[0][0]
        declared = [one.proposal.declaration for one, _ in links if one.proposal]
        files = {path: data for one, _ in links for path, data in one.commit_draft().files.items()}
        draft = CommitDraft(
            branch=first.base_branch,
            onto=first.base,
            lease=first.base,
            files=files,
            message=batch_message(declared),
            author=first.author,
        )
        commit = self.repository.stage(draft)
        self.tree = self.repository.staged(commit)
        return [(one, commit) for one, _ in links]


@dataclass(frozen=True, slots=True)
class Published:
    """The writing side of a repository whose commits have been pushed already, all at once."""

    repository: Stage
    staged: dict[str, str]
    failed: dict[str, PromoteError]

    def write(self, draft: CommitDraft) -> str:
        """Return the commit that was pushed to the branch, or raise why it was not."""
        if draft.branch in self.failed:
            raise self.failed[draft.branch]
        return self.staged[draft.branch]

    def delete(self, branch: str, lease: str) -> None:
        """Delete a branch that must still be at `lease`."""
        self.repository.delete(branch, lease)


def batch_message(declared: list[Declaration]) -> str:
    """Return the message of one commit for several apps: a line and the trailers of each."""
    environments = ", ".join(dict.fromkeys(one.environment for one in declared))
    title = f"Promote {len(declared)} apps to {environments}"
    lines = [f"{one.app}: {', '.join(str(image) for image in one.images)}" for one in declared]
    trailers = [line for one in declared for line in one.trailers()]
    return "\n".join([title, "", *lines, "", *trailers]) + "\n"
