"""`promote status`: what runs where, since when, and what is newer, proposed or refused."""

from __future__ import annotations

import argparse

from promoter.cli.requests import checked_names, wired_to_read
from promoter.engine.run_context import Expected, open_run
from promoter.engine.status import read_status
from promoter.git.first_fetch import RECENT_DEPTH
from promoter.output.result import CommandResult
from promoter.output.status import of_status
from promoter.settings import Settings
from promoter.system.budget import REGISTRY_ANSWER_OF_MANY


def run(settings: Settings, _: argparse.Namespace, progress: list[str]) -> CommandResult:
    """Return the status of the apps in their environments; nothing is written."""
    apps, environments = checked_names(settings, "app"), checked_names(settings, "env", many=True)
    expected = Expected(apps, depth=RECENT_DEPTH)
    with open_run(
        wired_to_read(settings), progress, expected, patience=REGISTRY_ANSWER_OF_MANY.seconds
    ) as context:
        found = read_status(context, apps, environments, registry=not settings.no_registry)
        progress.extend(context.requests_made())
        return of_status(found.rows, base=found.base, now=context.now, warnings=found.warnings)
