"""`promote history`: what happened to apps in their environments, newest first."""

from __future__ import annotations

import argparse

from promoter.cli.requests import checked_names, wired_to_read
from promoter.engine.history import read_history
from promoter.engine.run_context import Expected, open_run
from promoter.git.first_fetch import HISTORY_DEPTH
from promoter.output.history import of_history
from promoter.output.result import CommandResult
from promoter.settings import Settings

_NUMBER = 20


def run(settings: Settings, _: argparse.Namespace, progress: list[str]) -> CommandResult:
    """Return the newest entries of the apps' history; nothing is written."""
    apps, environments = checked_names(settings, "app"), checked_names(settings, "env", many=True)
    expected = Expected(apps, depth=HISTORY_DEPTH)
    with open_run(wired_to_read(settings), progress, expected) as context:
        found = read_history(context, apps, environments, settings.number or _NUMBER)
        progress.extend(context.requests_made())
        return of_history(
            found.entries,
            base=found.base,
            now=context.now,
            is_whole=found.is_whole,
            warnings=found.warnings,
        )
