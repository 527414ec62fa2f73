"""The refs of a bare repository, read as git lays them down: by git it would take a process."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_refs(repository: Path) -> dict[str, str]:
    """Return every ref with its object, sorted by name."""
    found = dict(_packed(repository))
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


def read_ref(repository: Path, ref: str) -> str | None:
    """Return the object of one ref."""
    # A name of a folder is no branch.
    with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
        oid = _first_line(f"{repository}/{ref}")
        return oid if not oid.startswith("ref: ") else read_refs(repository).get(ref)
    return _packed(repository).get(ref)


def _packed(repository: Path) -> Mapping[str, str]:
    """Return the refs of the file that git packs them into, which it replaces as a whole."""
    try:
        found = (repository / "packed-refs").stat()
    except FileNotFoundError:
        return {}
    return _unpacked(repository, found.st_ino, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=64)
def _unpacked(repository: Path, *_state: int) -> Mapping[str, str]:
    text = (repository / "packed-refs").read_text("utf-8")
    return {one[41:]: one[:40] for one in text.splitlines() if one[:1] not in ("#", "^")}


def _first_line(file: str) -> str:
    """Return what a ref's file holds; they are read so often that opening them by hand pays."""
    number = os.open(file, os.O_RDONLY)
    try:
        return os.read(number, 4096).decode().strip()
    finally:
        os.close(number)
