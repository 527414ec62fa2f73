"""A git process that stays: one for each question would be most of what a small server takes."""

from __future__ import annotations

import subprocess
import threading
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class GitProcess:
    """One git command that reads questions; it runs from the first of them until it is closed."""

    def __init__(self, path: Path, *arguments: str) -> None:
        self._path, self._arguments = path, arguments
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def asked(self, question: str) -> Iterator[IO[bytes]]:
        """Write a question and yield what the answer is read from; nobody else asks meanwhile."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._end()
                self._process = subprocess.Popen(
                    ["git", *self._arguments], cwd=self._path,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                )  # fmt: skip
            sink, source = self._process.stdin, self._process.stdout
            assert sink is not None
            assert source is not None
            sink.write(question.encode())
            sink.flush()
            yield source

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._process is not None:
            self._process.communicate()
            self._process = None
