"""`promote unhold --app A --reason TEXT`: the app goes on again."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from promoter.cli.commands.promote import run_requests
from promoter.cli.requests import hold_of, requested_apps
from promoter.settings import Settings

if TYPE_CHECKING:
    from promoter.output.result import CommandResult


def run(settings: Settings, _: argparse.Namespace, progress: list[str]) -> CommandResult:
    """End the holds of the apps that were asked for and return their envelope, or envelopes."""
    requests = [hold_of(settings, app, ends=True) for app in requested_apps(settings)]
    return run_requests(requests, settings, progress)
