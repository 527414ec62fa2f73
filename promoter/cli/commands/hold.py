"""`promote hold --app A --reason TEXT`: the app stays at what its environment runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from promoter.cli.commands.promote import run_requests
from promoter.cli.requests import hold_of, requested_apps
from promoter.settings import Settings

if TYPE_CHECKING:
    from promoter.output.result import CommandResult


def run(settings: Settings, _: argparse.Namespace, progress: list[str]) -> CommandResult:
    """Hold the apps that were asked for and return their envelope, or envelopes."""
    requests = [hold_of(settings, app, ends=False) for app in requested_apps(settings)]
    return run_requests(requests, settings, progress)
