"""The images that an app has had in its environment, version by version of all its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.errors import PromoteError
from promoter.domain.model import RunningImage
from promoter.domain.trees import edited
from promoter.edits.held_images import held_images
from promoter.engine.history import joined
from promoter.planning.rollback import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath
    from typing import TypeAlias

    from promoter.config.layout import Target
    from promoter.domain.model import Tree
    from promoter.git import Repository

    Images: TypeAlias = dict[str, RunningImage]


class AppHistory:
    """The versions of all files in which an app's tags live.

    Raises `PromoteError` where those of the base cannot be read.
    """

    def __init__(self, repository: Repository, base: Tree, target: Target) -> None:
        self._repository, self._base, self._target = repository, base, target
        self.now = self._read({})
        """What the base has now."""
        self.is_cut = False
        """Whether there is more behind what was read."""

    def states(self) -> Iterator[State]:
        """Yield each state, newest first, for as long as it lasted; what is unreadable is passed over."""
        newer: State | None = None
        for state in self._versions():
            if newer is not None and state.key != newer.key:
                yield newer
            newer = state
        if newer is not None:
            yield newer

    def _versions(self) -> Iterator[State]:
        """Yield what each commit left of the images, newest first."""
        files = self._target.files
        read = self._repository.versions(self._base, files)
        for version in joined(self._target, read):
            images = self._images({path: version.files.get(path) for path in files})
            self.is_cut = version.is_first
            if images is not None:
                yield State(version.commit, images)
            if version.is_first:
                return

    def _images(self, files: dict[PurePosixPath, bytes | None]) -> Images | None:
        try:
            return self._read(files)
        except (PromoteError, KeyError):
            return None

    def _read(self, files: dict[PurePosixPath, bytes | None]) -> Images:
        """Return the app's images as files say; raises `PromoteError` where they cannot be read."""
        target = self._target
        held = held_images(edited(self._base, files), target.file, target.targets)
        return {one.name: one for one in target.own_images(held)}
