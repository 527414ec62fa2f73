"""Temporary folders and files of a run, and the removal of those that killed runs have left behind."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from promoter.system.environment import variables_of

_CLONE = "promoter-clone-"
RENDER = "promoter-render-"
# Where temporary files go, as Python has it: by these variables, and else there.
_VARIABLES = ("TMPDIR", "TEMP", "TMP")
_PLACES = ("/tmp", "/var/tmp", "/usr/tmp", ".")  # noqa: S108 - each folder is made under a new name
# No run lasts that long: what is older belongs to one that was killed.
_LONGEST = 86_400.0
# A run removes so many at most; the next ones remove the rest.
_MOST = 20


def new_folder(prefix: str) -> Path:
    """Make an empty folder that only this user may read; the caller removes it.

    `tempfile` would first try a folder with a file, which a run that is killed then leaves behind.
    Raises `OSError` where there is no place for it.
    """
    for place in (*variables_of(_VARIABLES).values(), *_PLACES):
        with suppress(OSError):
            if not _is_full(place):
                return Path(tempfile.mkdtemp(prefix=prefix, dir=Path(place).absolute()))
    raise FileNotFoundError(
        errno.ENOENT, "no temporary folder (TMPDIR, /tmp, /var/tmp) can be written to"
    )


def write_whole(path: Path, data: bytes, *, prefix: str, mode: int = 0o600) -> None:
    """Put a file in its place whole or not at all, by a new one beside it whose name begins so.

    Raises `OSError`, which names the file itself.
    """
    try:
        number, name = tempfile.mkstemp(prefix=prefix, dir=path.parent)
    except OSError as error:
        error.filename = str(path)  # nobody knows the file that would have taken its place
        raise
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def clone_folder() -> Path:
    """Make an empty folder for a clone, which only this user may read; the caller removes it."""
    return new_folder(_CLONE)


@contextmanager
def render_folder() -> Iterator[Path]:
    """Make a folder for a render, and remove it in the end."""
    folder = new_folder(RENDER)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_full(place: str) -> bool:
    """Return whether a disk has no room for a file, where it says how much it has."""
    shown = os.statvfs(place)
    return bool(shown.f_blocks) and not shown.f_bavail


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
