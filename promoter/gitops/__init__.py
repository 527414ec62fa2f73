"""The GitOps repository: seen and written through git, or through the forge's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from promoter.gitops.history import FileVersion
    from promoter.model import CommitDraft, Sight, Tree


class Repository(Protocol):
    """One GitOps repository, however it is reached."""

    def base(self, wanted: str | None) -> tuple[str, Tree]:
        """Return the base branch's name and files as they are now; asks the remote anew."""

    def look(self, base: tuple[str, Tree], branch: str) -> Sight:
        """Return what a branch holds beyond the base, as of the last look at the base."""

    def write(self, draft: CommitDraft) -> str:
        """Make a commit and move its branch there; `RaceLostError` where the branch has moved."""

    def history(
        self, base: Tree, paths: list[PurePosixPath]
    ) -> dict[PurePosixPath, tuple[FileVersion, ...]]:
        """Return the versions that files of the base have had, newest first."""

    def delete(self, branch: str, lease: str) -> None:
        """Delete a branch that must still be at `lease`."""
