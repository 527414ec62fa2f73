"""The standard streams of the process that runs."""

from __future__ import annotations

import io
import os
import sys

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from typing import TextIO


def open_streams() -> None:
    """Open the standard streams that are closed, and let none fail on a letter it cannot write."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            # The next file that is opened would take the closed stream's number, and its output.
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115 - lives on
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)
        if isinstance(stream, io.TextIOWrapper) and mode == "w":
            stream.reconfigure(errors="backslashreplace")


def emit(stream: TextIO, text: str) -> OSError | None:
    """Write a text whole, or return why not; a reader who has left is no failure."""
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        _abandon(stream)
        return None if isinstance(error, BrokenPipeError) else error
    return None


def _abandon(stream: TextIO) -> None:
    """Send what a stream still holds nowhere, or Python would fail on it again at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
