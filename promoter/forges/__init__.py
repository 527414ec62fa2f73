"""Forges keep the pulls. The seam is this Protocol; `promoter.forges.kinds` knows who has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from promoter.domain.branch import CommitDraft
    from promoter.domain.first_answer import FirstAnswer
    from promoter.domain.model import Tree
    from promoter.domain.pull import BranchRules, Pull, PullDraft, PullExtras


class Opened(NamedTuple):
    """The open pull of a branch, and whether this run has opened it."""

    pull: Pull
    is_new: bool


class Forge(Protocol):
    """Finds, opens, renews and ends pulls; every failure is a `RemoteError` in the user's words."""

    def pulls(
        self,
        branches: Sequence[str],
        base: str,
        history: tuple[Tree, Sequence[PurePosixPath]] | None = None,
    ) -> dict[str, tuple[Pull, ...]]:
        """Return the pulls from branches to a base in every state, newest first, by their branch.

        The history of some files of a commit, which will be asked for next, may come along.
        """

    def first_answer(self, seconds: float) -> FirstAnswer | None:
        """Return what the first answer says of the repository; None where there is none.

        It is waited for so many seconds at most.
        """

    def all(self) -> tuple[Pull, ...]:
        """Return every open pull, newest first; ended ones only where they cost no more."""

    def pulls_of_commits(self, commits: Sequence[str], base: str) -> Mapping[str, int]:
        """Return the numbers of the pulls by which commits came to a base, as far as they are known."""

    def open(
        self, draft: PullDraft, *, branch: str, base: str, extras: PullExtras | None = None
    ) -> Opened:
        """Return the one open pull of a branch, opened now unless another run just did."""

    def write_at_once(self, drafts: Sequence[CommitDraft]) -> None:
        """Open or renew the pulls of commits that were pushed, as far as that goes for many at once.

        `open` and `renew` then return what was written, and write the rest.
        """

    def renew(
        self, pull: Pull, draft: PullDraft, comment: str | None = None, *, may_be_said: bool = False
    ) -> tuple[Pull, tuple[str, ...]]:
        """Set the title and body of an open pull, and comment on it once what that changes.

        Returns the pull, and why nothing was said; `RaceLostError` where it has ended meanwhile.
        `may_be_said`: an earlier run may have said it.
        """

    def close(self, pull: Pull, draft: PullDraft | None = None, comment: str | None = None) -> Pull:
        """End a pull unmerged, where given with a last text and a comment that says why."""

    def read(self, number: int) -> Pull:
        """Return a pull as it is now."""

    def has_reviews(self, pull: Pull) -> bool:
        """Return whether somebody has reviewed a pull."""

    def add_extras(
        self, pull: Pull, extras: PullExtras
    ) -> tuple[Pull, tuple[str, ...], tuple[str, ...]]:
        """Give a pull what it lacks; returns it with what was done, and what could not be."""

    def possible_extras(self, pull: Pull, extras: PullExtras) -> PullExtras:
        """Return what of the extras a pull can be given, as far as asking tells."""

    def rules(self, branch: str) -> BranchRules:
        """Return what the rules demand of a branch, as far as they can be read."""

    def requests_made(self) -> str:
        """Return what the run has asked of the forge, in a line."""

    def disconnect(self) -> None:
        """End the connections or processes that were kept for asking."""


@runtime_checkable
class MergingForge(Forge, Protocol):
    """A forge whose pulls are merged from here, as nobody else keeps a page for it."""

    def merge(self, number: int) -> Pull:
        """Merge an open pull into its base and delete its branch."""
