"""`promote auto`: what the policies choose, each app as its environment delivers."""

from __future__ import annotations

import argparse
from dataclasses import replace

from promoter.cli.requests import checked_names, new_tokens, wired
from promoter.engine.run import Run
from promoter.engine.run_context import open_run
from promoter.engine.selection.auto import Policies
from promoter.engine.selection.places import Scope
from promoter.output import terminal
from promoter.output.envelope import envelope
from promoter.output.result import CommandResult, of_promotions
from promoter.planning.plan import Request
from promoter.settings import Settings
from promoter.system.budget import REGISTRY_ANSWER_OF_MANY


def run(settings: Settings, _: argparse.Namespace, progress: list[str]) -> CommandResult:
    """Promote what the policies choose and return the envelopes."""
    found = wired(settings)
    scope = Scope(
        checked_names(settings, "app"),
        checked_names(settings, "env", many=True),
        settings.apps_shard,
    )
    asked = Request(
        "", allow=settings.allow, actor=settings.actor, run=settings.run, scheduled=True
    )
    whole = open_run(found, progress, patience=REGISTRY_ANSWER_OF_MANY.seconds)
    with whole as context, terminal.progress(quiet=settings.quiet) as shown:
        outcomes = Run(context, Policies(context, scope, asked, shown)).results()
    progress.extend(context.requests_made())
    done = of_promotions([envelope(one) for one in outcomes], counted=True, tried=found.tried)
    return replace(done, masks=tuple(new_tokens(settings, found)))
