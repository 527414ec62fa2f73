"""Paths inside the repository, and what kustomizations are called."""

from __future__ import annotations

from collections.abc import Container
from pathlib import PurePosixPath

# The names that kustomize looks for, in its own order.
KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def kustomizations_among(names: Container[str]) -> list[str]:
    """Return which of a folder's names are those of kustomizations; kustomize takes just one."""
    return [one for one in KUSTOMIZATION_NAMES if one in names]


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
