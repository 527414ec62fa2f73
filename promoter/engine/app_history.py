"""The images that an app has had in its environment, version by version of all its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promoter.domain.errors import PromoteError, RaceLostError
from promoter.domain.model import RunningImage
from promoter.domain.trees import edited
from promoter.edits.held import held_images
from promoter.edits.targets.model import InFile
from promoter.edits.working_files import named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath
    from typing import TypeAlias

    from promoter.config.layout import Target
    from promoter.domain.model import Tree
    from promoter.git import Repository
    from promoter.git.history import FileVersion

    Images: TypeAlias = dict[str, RunningImage]

# So many versions of a file are gone through, where each costs requests.
_VERSIONS = 50


@dataclass(frozen=True, slots=True)
class AppVersion:
    """What the files of an app said of its images from one commit of the base on."""

    commit: str
    time: int
    images: Images
    cut: bool = False
    """Whether what came before was not read."""


class AppHistory:
    """The versions of all files in which an app's tags live."""

    def __init__(self, repository: Repository, base: Tree, target: Target) -> None:
        self._repository, self._base, self._target = repository, base, target
        self.now = self._images({}) or {}
        """What the base has now."""

    def versions(self) -> Iterator[AppVersion]:
        """Yield each version, newest first; one that cannot be read is passed over."""
        files = self._files()
        histories = self._repository.history(self._base, files, most=_VERSIONS)
        rest = {file: iter(histories.get(file, ())) for file in files}
        heads = {file: one for file in files if (one := next(rest[file], None)) is not None}
        before: dict[PurePosixPath, bytes | None] = {}
        while heads:
            newest = max(heads.values(), key=lambda one: one.time)
            images = self._images(before | {f: _data(one) for f, one in heads.items()})
            if images is not None:
                yield AppVersion(newest.commit, newest.time, images, newest.first)
            if newest.first:
                return
            for file in [file for file, one in heads.items() if one.commit == newest.commit]:
                older = _next(rest[file], newest.commit)
                if older is None:
                    del heads[file]
                    before[file] = None
                else:
                    heads[file] = older

    def _files(self) -> list[PurePosixPath]:
        """Return the files in which the tags live."""
        target = self._target
        files = [target.file] if target.kustomized else []
        for one in target.targets:
            path = named(target.directory, one.file) if isinstance(one, InFile) else None
            if path is not None and path not in files:
                files.append(path)
        return files

    def _images(self, files: dict[PurePosixPath, bytes | None]) -> Images | None:
        """Return the app's images as files say; None where they cannot be read."""
        target = self._target
        try:
            held = held_images(edited(self._base, files), target.file, target.targets)
        except RaceLostError:
            raise
        except (PromoteError, KeyError):
            return None
        wanted = target.images
        return {
            one.name: one
            for one in held
            if not wanted or one.name in wanted or one.new_name in wanted
        }


def _data(version: FileVersion) -> bytes | None:
    """Return what a file held; None where it was not there."""
    return version.data or None


def _next(versions: Iterator[FileVersion], commit: str) -> FileVersion | None:
    """Return the next version that the base has had: of those that came together, the last."""
    return next((one for one in versions if one.commit != commit), None)
