"""The states that an app has had in its environment, read from the history of its own files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from promoter.config.layout import Target
from promoter.domain.errors import PromoteError
from promoter.domain.file_versions import joined_versions
from promoter.domain.model import RunningImage, Tree
from promoter.git import Repository
from promoter.planning.history import images_at
from promoter.planning.running_images import container_images
from promoter.planning.states import State


class AppStates:
    """The states of an app, read as far back as is asked for.

    Raises `PromoteError` where those of the base cannot be read.
    """

    def __init__(self, repository: Repository, base: Tree, target: Target) -> None:
        self._repository, self._base, self._target = repository, base, target
        self.now = self._set(target.own_images(base))
        """What the app's files of the base set now, by the names of the images."""
        self.is_cut = False
        """Whether there is more behind what was read."""
        self._unread, self._read = self._states(), list[State]()

    def upto(self, number: int) -> list[State]:
        """Return the newest states, at most `number`, newest first."""
        self._read += islice(self._unread, max(0, number - len(self._read)))
        return self._read[:number]

    def set_below(self, state: State | None, names: Collection[str]) -> dict[str, RunningImage]:
        """Return those of some images that a base has set in a state, or sets now (None)."""
        if state is None or not state.ended_by:
            return container_images(self._target, self._base, names)
        try:
            # What ended it changed the app's own files: below them is what was there before.
            tree = self._base.at(state.ended_by)
            return container_images(self._target, tree, names)
        except (PromoteError, KeyError):
            return {}

    def _set(self, images: Iterable[RunningImage]) -> dict[str, RunningImage]:
        """Return the app's own that are set: an entry may change the name alone."""
        kustomized = self._target.kustomized
        own = (one for one in images if self._target.owns(one))
        return {one.name: one for one in own if one.ref or not kustomized}

    def _states(self) -> Iterator[State]:
        """Yield each state, newest first, for as long as it lasted; what is unreadable is passed over."""
        now: State | None = None
        for version in self._versions():
            if now is not None and version.key != now.key:
                yield now
                now = replace(version, ended_by=now.commit)
            else:
                now = replace(now or version, commit=version.commit)
        if now is not None:
            yield now

    def _versions(self) -> Iterator[State]:
        read = self._repository.versions(self._base, self._target.files)
        for version in joined_versions(self._target.files, read):
            self.is_cut = version.is_first
            with suppress(PromoteError):
                images = self._set(images_at(self._target, version))
                # A kustomization that lists none of the images leaves them to its bases.
                if images or (self._target.kustomized and self._target.file in version.files):
                    yield State(version.commit, images, version.commit)
            if version.is_first:
                return
