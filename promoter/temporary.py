"""Temporary folders of a run, and the removal of those that killed runs have left behind."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from itertools import islice
from pathlib import Path

_CLONE = "promoter-clone-"
RENDER = "promoter-render-"
# No run lasts that long: what is older belongs to one that was killed.
_LONGEST = 86_400.0
# A run removes so many at most; the next ones remove the rest.
_MOST = 20


def clone_folder() -> Path:
    """Make an empty folder for a clone, which only this user may read; the caller removes it."""
    return Path(tempfile.mkdtemp(prefix=_CLONE))


def remove_left_behind(fresh: Path) -> None:
    """Remove this user's folders of runs that ended more than a day ago without removing them.

    What is a day old beside a folder that was just made: the disk's clock need not be this machine's.
    """
    with suppress(OSError), os.scandir(fresh.parent) as found:
        now = fresh.stat().st_mtime
        named = (one for one in found if one.name.startswith((_CLONE, RENDER)))
        old = (one for one in named if _is_left_behind(one, now))
        for one in islice(old, _MOST):
            shutil.rmtree(one.path, ignore_errors=True)


def _is_left_behind(entry: os.DirEntry[str], now: float) -> bool:
    try:
        shown = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    is_own = stat.S_ISDIR(shown.st_mode) and shown.st_uid == os.geteuid()
    return is_own and now - shown.st_mtime > _LONGEST
