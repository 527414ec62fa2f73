"""What a repository and its server may take: a file's bytes, a process's memory, disk and output."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from select import PIPE_BUF
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from subprocess import PIPE, CompletedProcess, Popen, TimeoutExpired
from typing import IO, cast

from promoter.domain.errors import RefusedError
from promoter.domain.refusal import Refusal

FILE_LIMIT = 64 * 1024 * 1024
MEMORY_LIMIT = 1 << 30
"""The bytes of memory of each git process: a server's answer can be compressed a thousandfold."""
DISK_LIMIT = 4 << 30
"""The bytes of each file that a process writes."""
OUTPUT_LIMIT = 512 << 20
"""The bytes that a process prints on stdout, which are held in memory."""
MESSAGE_LIMIT = 4 << 20
"""The bytes that it prints on stderr, where git shows what a server says."""


class TooMuchOutputError(Exception):
    """A program prints more than is read."""


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
    # Opened by its name: a `Path` takes longer than all else here.
    with suppress(OSError, ValueError), open(f"/proc/{process}/task/{process}/children") as names:  # noqa: PTH123 - as above
        for child in names.read().split():
            limit(int(child), memory)


def run(
    command: Sequence[str], stdin: bytes, environment: Mapping[str, str], seconds: float
) -> CompletedProcess[bytes]:
    """Run a program to its end, with these variables alone.

    Raises `OSError` where it does not start, and what `read_output` raises, after which it is ended.
    """
    with Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=dict(environment)) as process:  # noqa: S603 - the caller's program
        try:
            out, err = read_output(process, stdin, seconds)
        except BaseException:
            process.kill()
            raise
    return CompletedProcess(command, process.returncode, out, err)


def read_output(process: Popen[bytes], stdin: bytes | None, seconds: float) -> tuple[bytes, bytes]:
    """Return all that a program prints on stdout and stderr until it ends, told no more than `stdin`.

    Raises `subprocess.TimeoutExpired`, and `TooMuchOutputError` beyond `OUTPUT_LIMIT` and
    `MESSAGE_LIMIT`, as `Popen.communicate` would hold whatever comes.
    """
    end, left = time.monotonic() + seconds, memoryview(stdin or b"")
    out, err = bytearray(), bytearray()
    with DefaultSelector() as selector:
        for stream, kept in (
            (process.stdout, (out, OUTPUT_LIMIT)),
            (process.stderr, (err, MESSAGE_LIMIT)),
        ):
            if stream is not None:
                selector.register(stream, EVENT_READ, kept)
        if process.stdin is not None:
            selector.register(process.stdin, EVENT_WRITE)
        while selector.get_map():
            ready = selector.select(max(0.0, end - time.monotonic()))
            if not ready or time.monotonic() > end:
                raise TimeoutExpired(process.args, seconds)
            for key, _ in ready:
                if key.data is None:
                    left = _written(key.fd, left)
                    is_over = not left
                else:
                    is_over = not _read_on(key.fd, *key.data)
                if is_over:
                    selector.unregister(key.fileobj)
                    with suppress(BrokenPipeError):
                        cast("IO[bytes]", key.fileobj).close()
    process.wait(max(0.0, end - time.monotonic()))
    return bytes(out), bytes(err)


def _read_on(pipe: int, text: bytearray, most: int) -> bool:
    """Add what a pipe holds to a text; say whether more may come."""
    data = os.read(pipe, 1 << 16)
    text += data
    if len(text) > most:
        raise TooMuchOutputError
    return bool(data)


def _written(pipe: int, text: memoryview) -> memoryview:
    """Return what is left of a text after a part of it was written; nothing where nobody reads it."""
    try:
        return text[os.write(pipe, text[:PIPE_BUF]) :]
    except BrokenPipeError:
        return text[:0]
