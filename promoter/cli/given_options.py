"""What flags and variables say of an option before the settings are read, which takes long."""

from __future__ import annotations

from promoter.cli.options import setting_of, variable_of
from promoter.system.environment import variable

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def value_in_words(argv: Sequence[str], option: str, *, or_variable: bool = True) -> str | None:
    """Return an option's value on a command line that is not parsed yet, and may be malformed."""
    chosen = variable(variable_of(option)) if or_variable else None
    for index, word in enumerate(argv):
        if word == "--":
            break
        if word.startswith(f"--{option}="):
            chosen = word.partition("=")[2]
        elif word == f"--{option}" and index + 1 < len(argv):
            chosen = argv[index + 1]
    return chosen


def value_of(parsed: argparse.Namespace, option: str) -> str | None:
    """Return an option's value as the parsed flags have it, else its variable."""
    flag: str | None = getattr(parsed, setting_of(option), None)
    return flag or variable(variable_of(option))


def values_of(parsed: argparse.Namespace, option: str) -> list[str]:
    """Return the values of an option that may be given several times: one a line in its variable."""
    flags: list[str] | None = getattr(parsed, setting_of(option), None)
    lines = (variable(variable_of(option)) or "").splitlines()
    return flags or [one.strip() for one in lines if one.strip()]
