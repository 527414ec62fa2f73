"""`promote history`: what happened to apps in their environments, newest first."""

from __future__ import annotations

import argparse

from promoter.cli.requests import checked_names, wired_to_read
from promoter.engine.history import read_history
from promoter.engine.world import Expected, open_world
from promoter.git.first_fetch import HISTORY_DEPTH
from promoter.output.history import of_history
from promoter.output.result import Result
from promoter.settings import Settings

_NUMBER = 20


def run(settings: Settings, _: argparse.Namespace, progress: list[str]) -> Result:
    """Return the newest entries of the apps' history; nothing is written."""
    apps, environments = checked_names(settings, "app"), checked_names(settings, "env", many=True)
    expected = Expected(apps, depth=HISTORY_DEPTH)
    with open_world(wired_to_read(settings), progress, expected) as world:
        found = read_history(world, apps, environments, settings.number or _NUMBER)
        progress.extend(world.requests_made())
        return of_history(
            found.entries,
            base=found.base,
            now=world.now,
            is_whole=found.is_whole,
            warnings=found.warnings,
        )
