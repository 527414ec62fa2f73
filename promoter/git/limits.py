"""What a repository and its server may take: a file's bytes, a process's memory and disk."""

from __future__ import annotations

import resource
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from promoter.domain.errors import RefusedError
from promoter.domain.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

FILE_LIMIT = 64 * 1024 * 1024
MEMORY_LIMIT = 1 << 30
"""The bytes of memory of each git process: a server's answer can be compressed a thousandfold."""
DISK_LIMIT = 4 << 30
"""The bytes of each file that a git process writes."""

_LIMITS = ((resource.RLIMIT_DATA, MEMORY_LIMIT), (resource.RLIMIT_FSIZE, DISK_LIMIT))
_STARTING = threading.Lock()


def too_large(path: PurePosixPath | str, size: int) -> RefusedError:
    """Return the refusal of a file of so many bytes."""
    reason = f"the file has {size} bytes, and {FILE_LIMIT} is the most"
    return RefusedError([Refusal("size", reason, "Split it, or keep it elsewhere.", str(path))])


@contextmanager
def limited() -> Iterator[None]:
    """Have what is started meanwhile, and all that it starts, take limited memory and disk.

    It inherits this process's limits, which hold for this process only so long: set afterwards,
    they would come too late for what it has started by then. Memory that a file backs is not
    counted, so that packs of any size can be read.
    """
    with _STARTING:
        before = {}
        for kind, most in _LIMITS if sys.platform == "linux" else ():
            soft, hard = resource.getrlimit(kind)
            # It may be limited more narrowly.
            if soft == resource.RLIM_INFINITY or soft > most:
                with suppress(OSError, ValueError):
                    resource.setrlimit(kind, (most, hard))
                    before[kind] = soft, hard
        try:
            yield
        finally:
            for kind, both in before.items():
                resource.setrlimit(kind, both)
