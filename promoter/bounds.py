"""Bounds of what a run reads, and of the memory and the disk of each program that it starts."""

from __future__ import annotations

import errno
import os
import resource
import select
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from promoter.domain.errors import RefusedError
from promoter.domain.refusal import Refusal

if TYPE_CHECKING:
    from pathlib import PurePosixPath

# A caller's promoter.yaml, a private key, Docker's configuration: none has a hundredth of that.
LARGEST_FILE = 1 << 20
LONGEST_READ = 10.0
# A file of a repository.
FILE_LIMIT = 64 * 1024 * 1024
MEMORY_LIMIT = 1 << 30
"""The bytes of memory of each git process: a server's answer can be compressed a thousandfold."""
DISK_LIMIT = 4 << 30
"""The bytes of each file that a git process writes."""


def read_file(path: Path) -> bytes:
    """Return a file's bytes, or raise `OSError`: also for more than 1 MiB, or a pipe silent for 10 s.

    A device that never ends, such as /dev/zero, and a pipe that nobody writes to end no run.
    """
    end = time.monotonic() + LONGEST_READ
    data = bytearray()
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        while part := _part(file, end - time.monotonic()):
            data += part
            if len(data) > LARGEST_FILE:
                raise OSError(errno.EFBIG, f"has more than {LARGEST_FILE >> 20} MiB", str(path))
    finally:
        os.close(file)
    return bytes(data)


def _part(file: int, seconds: float) -> bytes:
    """Return what can be read next, waiting for it where the other side is slow."""
    try:
        return os.read(file, 1 << 16)
    except BlockingIOError:
        if not select.select([file], [], [], max(0.0, seconds))[0]:
            raise TimeoutError(errno.ETIMEDOUT, "nobody writes to this pipe") from None
        return os.read(file, 1 << 16)


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
