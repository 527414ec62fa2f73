"""What outlives a run of a repository: one pack of commits, directories and files, in one file.

It only saves bytes. Git names every object anew by its content when the pack is taken, and what
the base is now is asked of the remote all the same, so that a file that is old, broken or somebody
else's work costs a fetch and nothing more.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from promoter.domain.address import Address
from promoter.domain.errors import PromoteError
from promoter.git.program import Git
from promoter.system.budget import MIRROR
from promoter.system.temporary import write_whole

_LOG = logging.getLogger(__name__)
_LIMIT = 512 * 1024 * 1024
# Packing takes as long as a small fetch: a file that is younger is kept, in seconds.
_RENEWED_AFTER = 3_600.0
_ABANDONED_AFTER = 86_400.0
_UNFINISHED = ".promoter-mirror-"
_TIPS = 20
_HEADER = re.compile(rb"promoter mirror 1((?: [0-9a-f]{40}){1,20})\n")
_REFS = "refs/promoter-mirror"


def open_mirror(folder: str, address: Address, source: str) -> Mirror | None:
    """Return the mirror of a repository; None for one on this machine, which needs none.

    Warns of a folder that cannot be used; `source` is the flag or variable that names it.
    """
    if address.local:
        _LOG.info("%s is not used: the repository is on this machine", source)
        return None
    mirror = Mirror(Path(folder), address.url)
    if reason := mirror.unusable():
        _LOG.warning("%s %s is not used, as it cannot be written: %s", source, folder, reason)
    return mirror


class Mirror:
    """The mirror of one repository in a folder that runs share; whatever fails, a run goes without."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        name = hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:40]
        self._file = folder / f"{name}.pack"
        self._tips: tuple[str, ...] = ()

    def unusable(self) -> str:
        """Make the folder, and return why it cannot be used; '' where it can."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            return str(error.strerror)
        return "" if os.access(self._folder, os.W_OK | os.X_OK) else "Permission denied"

    def lend(self, git: Git) -> list[str]:
        """Put the mirror's objects into an empty clone and return their ids; none where it is no use.

        The remote is told of its tips until `take_back`.
        """
        data = self._read()
        header = _HEADER.match(data)
        if header is None:
            return []
        taken = git.attempt("index-pack", "--stdin", "--promisor", stdin=data[header.end() :])
        if taken.status != 0:
            return []
        objects = git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
        tips = tuple(header[1].decode("ascii").split())
        if not set(tips) <= set(objects):
            return objects
        self._tips = tips
        folder = git.directory / _REFS
        folder.mkdir(parents=True)
        for number, tip in enumerate(tips):
            (folder / str(number)).write_text(f"{tip}\n", encoding="ascii")
        # Nothing is claimed of what is before the tips.
        (git.directory / "shallow").write_text(
            "".join(f"{one}\n" for one in tips), encoding="ascii"
        )
        return objects

    def take_back(self, git: Git) -> None:
        """Remove the refs that are not the remote's; the objects stay."""
        for file in (git.directory / _REFS).glob("*"):
            file.unlink()

    def save(self, git: Git, tips: Sequence[str]) -> None:
        """Keep what a clone holds for later runs, where that is worth its time."""
        kept = tuple(dict.fromkeys(tips))[:_TIPS]
        if not kept or set(kept) <= set(self._tips) or self._is_young():
            return
        with suppress(OSError, PromoteError), git.within(MIRROR.seconds):
            listed = git.attempt("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
            packed = git.attempt("pack-objects", "--stdout", "--quiet", stdin=listed.stdout)
            if listed.status == packed.status == 0 and len(packed.stdout) < _LIMIT:
                self._write(f"promoter mirror 1 {' '.join(kept)}\n".encode() + packed.stdout)

    def _is_young(self) -> bool:
        """Whether this run has used a file that was written a short while ago."""
        try:
            age = time.time() - self._file.lstat().st_mtime
        except OSError:
            return False
        return bool(self._tips) and 0 <= age < _RENEWED_AFTER

    def _read(self) -> bytes:
        """Return the file's bytes; none where it is not a file of this user's alone."""
        with suppress(OSError):
            number = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(number, "rb") as file:  # noqa: PTH123 - what was opened is what is looked at
                shown = os.fstat(number)
                is_own = stat.S_ISREG(shown.st_mode) and shown.st_uid == os.geteuid()
                if is_own and not shown.st_mode & 0o022 and shown.st_size < _LIMIT:
                    return file.read()
        return b""

    def _write(self, data: bytes) -> None:
        """Put the file in its place whole: runs at the same time see the old one or the new one."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._remove_unfinished()
        write_whole(self._file, data, prefix=_UNFINISHED)

    def _remove_unfinished(self) -> None:
        """Remove what runs were writing that were killed more than a day ago."""
        for file in self._folder.glob(f"{_UNFINISHED}*"):
            with suppress(OSError):
                if time.time() - file.lstat().st_mtime > _ABANDONED_AFTER:
                    file.unlink()
