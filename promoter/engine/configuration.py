"""Which configuration counts: the base's promoter.yaml, and the caller's file where there is none."""

from __future__ import annotations

import logging
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from promoter.config import callers_file, config
from promoter.config.config import Config
from promoter.config.document import load
from promoter.engine.current_repository import MISNAMED, local_file

if TYPE_CHECKING:
    from promoter.config.document import Document
    from promoter.domain.model import Tree
    from promoter.engine.wiring import Wiring
    from promoter.settings import Settings

_LOG = logging.getLogger(__name__)


def configuration(wiring: Wiring, base: Tree) -> Config:
    """Return the configuration in force: the repository's own file, else the caller's."""
    _warn_of_files_that_do_not_count(wiring, base)
    file, document = wiring.file, wiring.document
    try:
        data = base.read(config.FILE)
    except KeyError:
        return file or Config()
    if document is not None and file is not None and _tries_file(wiring.settings, document):
        warn(f"{document.file} is tried in place of the {config.FILE} on the base", wiring.warned)
        return file
    found = load(data, str(config.FILE))
    if found.value is None:
        warn(f"{config.FILE} is empty, and counts as if it were not there", wiring.warned)
    policy = config.read(found)
    for one in (*callers_file.warnings_of_own_keys(found), *policy.warnings):
        warn(one, wiring.warned)
    if file is None:
        return policy
    assert document is not None
    callers_file.wiring_only(document)
    return callers_file.merge_wiring(policy, file)


def _tries_file(settings: Settings, document: Document) -> bool:
    """Say whether the caller's file stands for the repository's: it says more, and nothing is written."""
    return (settings.dry_run or settings.check) and not callers_file.is_wiring(document)


def _warn_of_files_that_do_not_count(wiring: Wiring, base: Tree) -> None:
    """Warn of a misnamed configuration, and of one that differs from the base's."""
    if MISNAMED in base.entries(PurePosixPath()):
        warn(f"{MISNAMED} is not read: the file's name is {config.FILE}", wiring.warned)
    local = local_file(wiring.settings.repo, config.FILE)
    if local is None or wiring.settings.config:
        return
    path, data = local
    try:
        is_same = base.read(config.FILE) == data
    except KeyError:
        is_same = False
    if not is_same:
        warn(
            f"{path} is not what the base has, which alone counts: commit and push it, or try "
            f"it with --dry-run --config {path}",
            wiring.warned,
        )


def warn(text: str, warned: set[str]) -> None:
    """Log a warning that was not logged before in this run."""
    if text not in warned:
        warned.add(text)
        _LOG.warning(text)
