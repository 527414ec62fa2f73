"""The GitOps repository: seen and written through git, or through the forge's API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from promoter.domain.branch import BranchState, CommitDraft
    from promoter.domain.errors import PromoteError
    from promoter.domain.file_versions import FileVersion
    from promoter.domain.first_answer import FirstAnswer
    from promoter.domain.model import Tree


class Repository(Protocol):
    """One GitOps repository, however it is reached."""

    def base(self, wanted: str | None, apps: Iterable[str] = ()) -> tuple[str, Tree]:
        """Return the base branch's name and files as they are now; asks the remote again.

        What is there of the promotions of `apps` may come along in the same round trip.
        """

    def take(self, first_answer: Callable[[], FirstAnswer | None]) -> None:
        """Take what the forge's first answer says, where asking for it would cost a round trip."""

    def look(self, base: tuple[str, Tree], branch: str) -> BranchState:
        """Return what a branch holds beyond the base, as of the last look at the base."""

    def branches(self, names: Iterable[str], beginnings: Iterable[str] = ()) -> frozenset[str]:
        """Return which of some branches there are, and those of several apps that begin so.

        As of the last look at the base. The branch of several apps has a `+` in its name.
        """

    def prefetch(self, branches: Iterable[str]) -> None:
        """Fetch what several branches hold at once, before each of them is looked at."""

    def publish(self, drafts: Sequence[CommitDraft]) -> list[str | PromoteError]:
        """Make commits and move their branches there: the only way in which anything is written.

        Drafts for one branch are made each on the one before. Every branch succeeds or fails for
        itself: returns the commit of each draft, or why there is none (`RaceLostError` where the
        branch has moved).
        """

    def has_history(self, base: Tree) -> bool:
        """Return whether the history of the base's files can be read without fetching more of it."""

    def arrivals(
        self,
        base: Tree,
        paths: list[PurePosixPath],
        *,
        most: int | None = None,
        proved: bool = False,
    ) -> Mapping[PurePosixPath, Iterable[FileVersion]]:
        """Return when files of the base became what they were: their newest versions, read as met.

        Where each costs requests, there are a few, or `most`. `proved`: what a commit stands on
        is asked for, too, as its own date may be any.
        """

    def versions(
        self, base: Tree, paths: Sequence[PurePosixPath], *, recent: bool = False
    ) -> Mapping[PurePosixPath, Iterable[FileVersion]]:
        """Return all versions that files of the base have had under all their names, newest first.

        They are read as they are met, as far back as somebody goes on; where `recent` ones are
        enough, as far as one look fetches them.
        """

    def delete(self, branch: str, lease: str) -> None:
        """Delete a branch that must still be at `lease`."""
