"""Paths inside the repository."""

from __future__ import annotations

from pathlib import PurePosixPath


def resolved(directory: PurePosixPath, text: str) -> PurePosixPath | None:
    """Return the path that a text names from a folder, None where it leaves the repository."""
    parts: list[str] = []
    if not text or text.startswith("/") or "\0" in text:
        return None
    for part in (*directory.parts, *text.split("/")):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return PurePosixPath(*parts)
