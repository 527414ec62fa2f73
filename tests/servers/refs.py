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
    for folder, _, names in os.walk(repository / "refs"):
        for file in (Path(folder, name) for name in names if not name.endswith(".lock")):
            # It may just have been taken away.
            with suppress(FileNotFoundError):
                if oid := file.read_text(encoding="utf-8").strip():
                    found[file.relative_to(repository).as_posix()] = oid
    # One that stands for another says which.
    return {ref: found.get(oid.removeprefix("ref: "), oid) for ref, oid in sorted(found.items())}
