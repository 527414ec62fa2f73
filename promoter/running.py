"""A command from its settings to its end, which a signal or the deadline may bring about in order."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from promoter import commands
from promoter.ending import Stopped, ending_after
from promoter.settings import taken_environment

if TYPE_CHECKING:
    import argparse


def run_command(name: str, parsed: argparse.Namespace) -> dict[str, Any]:
    """Run a command of `flags.COMMANDS`; what ends it before its time says what was done."""
    # What was imported stays: looking through it for garbage takes a tenth of a run over many apps.
    gc.freeze()
    work = getattr(commands, name.replace("-", "_"))
    progress: list[str] = []
    with taken_environment(parsed) as settings, ending_after(settings.timeout):
        try:
            result: dict[str, Any] = work(settings, parsed, progress)
        except Stopped as stop:
            raise stop.after(progress) from None
    return {
        **result,
        "_progress": progress if settings.verbose else (),
        "_quiet": settings.quiet,
    }
