"""Objects of a bare repository, asked of one git process that stays, as most answers need several."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Object:
    """A commit, a tree, a blob or a tag."""

    oid: str
    kind: str
    data: bytes

    def entries(self) -> Iterator[tuple[str, str, str]]:
        """Yield (mode, object, name) of a tree's entries."""
        at = 0
        while at < len(self.data):
            end = self.data.index(b"\0", at)
            mode, _, name = self.data[at:end].partition(b" ")
            at = end + 21
            yield mode.decode(), self.data[end + 1 : at].hex(), name.decode()


class Objects:
    """`git cat-file --batch` in one repository, from the first question until it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def get(self, name: str) -> Object | None:
        """Return what a name or an expression stands for, or None where it stands for nothing."""
        if not name or "\n" in name:
            return None
        with self._lock:
            if self._process is None:
                self._process = subprocess.Popen(
                    ["git", "cat-file", "--batch"],
                    cwd=self._path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                )  # fmt: skip
            source, sink = self._process.stdout, self._process.stdin
            assert source is not None
            assert sink is not None
            sink.write(f"{name}\n".encode())
            sink.flush()
            line = source.readline().decode()
            if line.endswith((" missing\n", " ambiguous\n", " submodule\n")):
                return None
            oid, kind, size = line.split()
            data = source.read(int(size))
            source.read(1)
            return Object(oid, kind, data)

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            if self._process is not None:
                self._process.communicate()
                self._process = None
