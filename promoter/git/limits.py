"""What a repository and its server may take: a file's bytes, a process's memory and disk."""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import TYPE_CHECKING

from promoter.domain.errors import RefusedError
from promoter.domain.refusal import Refusal

if TYPE_CHECKING:
    from pathlib import PurePosixPath

FILE_LIMIT = 64 * 1024 * 1024
MEMORY_LIMIT = 1 << 30
"""The bytes of memory of each git process: a server's answer can be compressed a thousandfold."""
DISK_LIMIT = 4 << 30
"""The bytes of each file that a git process writes."""


def too_large(path: PurePosixPath | str, size: int) -> RefusedError:
    """Return the refusal of a file of so many bytes."""
    reason = f"the file has {size} bytes, and {FILE_LIMIT} is the most"
    return RefusedError([Refusal("size", reason, "Split it, or keep it elsewhere.", str(path))])


def bound(process: int) -> None:
    """Bound what a process takes, and what it will start, where the system can do that.

    Memory that a file backs is not counted, so that packs of any size can be read.
    """
    if not hasattr(resource, "prlimit"):
        return
    for kind, most in ((resource.RLIMIT_DATA, MEMORY_LIMIT), (resource.RLIMIT_FSIZE, DISK_LIMIT)):
        # It may be over already, or be bounded more narrowly.
        with suppress(OSError, ValueError):
            soft, hard = resource.prlimit(process, kind)
            if soft == resource.RLIM_INFINITY or soft > most:
                resource.prlimit(process, kind, (most, hard))
