"""What a repository and its server may take: a file's bytes, a process's memory and disk."""

from __future__ import annotations

import resource
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from promoter.domain.errors import RefusedError
from promoter.domain.refusal import Refusal

if TYPE_CHECKING:
    from pathlib import PurePosixPath

FILE_LIMIT = 64 * 1024 * 1024
MEMORY_LIMIT = 1 << 30
"""The bytes of memory of each git process: a server's answer can be compressed a thousandfold."""
DISK_LIMIT = 4 << 30
"""The bytes of each file that a process writes."""


def too_large(path: PurePosixPath | str, size: int) -> RefusedError:
    """Return the refusal of a file of so many bytes."""
    reason = f"the file has {size} bytes, and {FILE_LIMIT} is the most"
    return RefusedError([Refusal("size", reason, "Split it, or keep it elsewhere.", str(path))])


def limit(process: int, memory: int = MEMORY_LIMIT) -> None:
    """Limit the memory and disk of a process and of all that it starts, where the system can.

    What it starts from now on inherits its limits; what it has started by now is limited as well.
    Memory that a file backs is not counted, so that packs of any size can be read; nor is address
    space that is only reserved.
    """
    if not hasattr(resource, "prlimit"):
        return
    for kind, most in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_FSIZE, DISK_LIMIT)):
        # It may be over already, or be limited more narrowly.
        with suppress(OSError, ValueError):
            soft, hard = resource.prlimit(process, kind)
            if soft == resource.RLIM_INFINITY or soft > most:
                resource.prlimit(process, kind, (most, hard))
    with suppress(OSError, ValueError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            limit(int(child), memory)
