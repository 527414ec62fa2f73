"""The variables of this process: those that are read before settings are, and what children see."""

from __future__ import annotations

import os


def variable(name: str) -> str | None:
    """Return a variable that matters before any setting is read, or None where it is empty."""
    return os.environ.get(name) or None


def secret_values() -> tuple[str, ...]:
    """Return the values of variables that hold secrets by their names, whether or not read here."""
    kinds = ("TOKEN", "PASSWORD", "PASSWD", "SECRET", "PRIVATE_KEY", "ACCESS_KEY", "API_KEY")
    return tuple(value for name, value in os.environ.items() if name.upper().endswith(kinds))


def child_environment() -> dict[str, str]:
    """Return what a child process may see, once the settings have taken out what it may not."""
    return dict(os.environ)
