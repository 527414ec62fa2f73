"""The variables of this process: those that are read before settings are, and what children see."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Iterable


def variable(name: str) -> str | None:
    """Return a variable that matters before any setting is read, or None where it is empty."""
    return os.environ.get(name) or None


def variables_of(names: Iterable[str]) -> dict[str, str]:
    """Return those of some variables that are set to something."""
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def secret_values() -> tuple[str, ...]:
    """Return the values of variables that hold secrets by their names, whether or not read here."""
    kinds = ("TOKEN", "PASSWORD", "PASSWD", "SECRET", "PRIVATE_KEY", "ACCESS_KEY", "API_KEY")
    return tuple(value for name, value in os.environ.items() if name.upper().endswith(kinds))


def child_environment() -> dict[str, str]:
    """Return what a child process may see, once the settings have taken out what it may not."""
    return dict(os.environ)
