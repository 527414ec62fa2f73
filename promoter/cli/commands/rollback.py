"""`promote rollback --app A --reason TEXT`: back to what ran before, and held there."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from promoter.cli.commands.promote import run_requests
from promoter.cli.requests import requested, rollback_of
from promoter.settings import Settings

if TYPE_CHECKING:
    from promoter.output.result import CommandResult


def run(settings: Settings, _: argparse.Namespace, progress: list[str]) -> CommandResult:
    """Roll the apps back that were asked for and return their envelope, or envelopes."""
    return run_requests(requested(settings, rollback_of), settings, progress)
