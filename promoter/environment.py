"""The process environment: read here and in `promoter.settings`, and nowhere else."""

from __future__ import annotations

import os


def variable(name: str) -> str | None:
    """Return a variable that matters before any setting is read, or None where it is empty."""
    return os.environ.get(name) or None
