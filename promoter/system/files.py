"""The bounds of files that the caller names: a size, and a time for those that are pipes."""

from __future__ import annotations

import errno
import os
import select
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# A caller's promoter.yaml, a private key, Docker's configuration: none has a hundredth of that.
LARGEST_FILE = 1 << 20
LONGEST_READ = 10.0


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
