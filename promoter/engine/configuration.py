"""Which configuration counts: the base's promoter.yaml, and the caller's file where there is none."""

from __future__ import annotations

import logging
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from promoter.config import config
from promoter.config.config import Config
from promoter.domain.dataclass import dataclass
from promoter.engine.current_repository import MISNAMED, local_configuration

if TYPE_CHECKING:
    from promoter.config.document import Document
    from promoter.domain.model import Tree
    from promoter.settings import Settings

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallerFile:
    """The file that --config names, if it does; and the warnings that were logged before."""

    file: Config | None
    document: Document | None
    settings: Settings
    warned: set[str]

    def over(self, base: Tree) -> Config:
        """Return the configuration in force: the repository's own file, else the caller's."""
        self._warn_of_files_that_do_not_count(base)
        try:
            data = base.read(config.FILE)
        except KeyError:
            return self.file or Config()
        if self.document is not None and self.file is not None and self._tries_file:
            self._warn(f"{self.document.file} is tried in place of the {config.FILE} on the base")
            return self.file
        policy = config.parse(data, str(config.FILE))
        if self.file is None:
            return policy
        assert self.document is not None
        config.wiring_only(self.document)
        return config.merge_wiring(policy, self.file)

    @property
    def _tries_file(self) -> bool:
        """Whether the caller's file stands for the repository's: it says more, and nothing is written."""
        assert self.document is not None
        is_preview = self.settings.dry_run or self.settings.check
        return is_preview and not config.is_wiring(self.document)

    def _warn_of_files_that_do_not_count(self, base: Tree) -> None:
        """Warn of a misnamed configuration, and of one that differs from the base's."""
        if MISNAMED in base.entries(PurePosixPath()):
            self._warn(f"{MISNAMED} is not read: the file's name is {config.FILE}")
        local = local_configuration(self.settings.repo)
        if local is None or self.settings.config:
            return
        path, data = local
        try:
            is_same = base.read(config.FILE) == data
        except KeyError:
            is_same = False
        if not is_same:
            self._warn(
                f"{path} is not what the base has, which alone counts: commit and push it, or try "
                f"it with --dry-run --config {path}"
            )

    def _warn(self, text: str) -> None:
        warn(text, self.warned)


def warn(text: str, warned: set[str]) -> None:
    """Log a warning that was not logged before in this run."""
    if text not in warned:
        warned.add(text)
        _LOG.warning(text)
