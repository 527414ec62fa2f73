"""The refs of a bare repository, read as git lays them down: by git it would take a process."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def read_refs(repository: Path) -> dict[str, str]:
    """Return every ref with its object, sorted by name."""
    packed = repository / "packed-refs"
    lines = packed.read_text("utf-8").splitlines() if packed.exists() else []
    found = {line[41:]: line[:40] for line in lines if line[:1] not in ("#", "^")}
    top = str(repository)
    for folder, _, names in os.walk(f"{top}/refs"):
        for name in names:
            file = f"{folder}/{name}"
            # One may just have been taken away.
            with suppress(FileNotFoundError):
                if not name.endswith(".lock") and (oid := _first_line(file)):
                    found[file[len(top) + 1 :]] = oid
    # One that stands for another says which.
    return {ref: found.get(oid.removeprefix("ref: "), oid) for ref, oid in sorted(found.items())}


def _first_line(file: str) -> str:
    """Return what a ref's file holds; they are read so often that opening them by hand pays."""
    number = os.open(file, os.O_RDONLY)
    try:
        return os.read(number, 4096).decode().strip()
    finally:
        os.close(number)
