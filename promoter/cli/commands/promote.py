"""`promote --app A --tag T`: the apps that were asked for, each by its own pull request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promoter.cli.requests import new_tokens, request_of, requested, wired
from promoter.cli.signals import held
from promoter.domain.errors import PromoteError
from promoter.engine import wiring
from promoter.engine.world import opened
from promoter.output.envelope import Envelope, envelope
from promoter.output.result import Result, of_promotion, of_promotions
from promoter.planning.outcome import failed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from promoter.planning.plan import Request
    from promoter.settings import Settings


def run(settings: Settings, _: argparse.Namespace, progress: list[str]) -> Result:
    """Promote the apps that were asked for and return their envelope, or envelopes."""
    return run_requests(requested(settings, request_of), settings, progress)


def run_requests(requests: Sequence[Request], settings: Settings, progress: list[str]) -> Result:
    """Carry requests out and return their envelope, or envelopes."""
    masks: list[str] = []
    try:
        results = _promoted(requests, settings, progress, masks)
    except PromoteError as error:  # what keeps all apps from being looked for is told of each
        results = [envelope(failed(error, one.app, one.environment)) for one in requests]
    done = of_promotion(results[0]) if len(results) == 1 else of_promotions(results)
    return replace(done, masks=tuple(masks))


def _promoted(
    requests: Sequence[Request], settings: Settings, progress: list[str], masks: list[str]
) -> list[Envelope]:
    """Carry requests out and return their envelopes; what must not be shown is put into `masks`."""
    found = wired(settings)
    masks += new_tokens(settings, found)
    revision = wiring.source_revision(found)
    apps = [app for one in requests for app in one.together or (one.app,)]
    with opened(found, progress, apps=apps) as world:
        # Late: git looks at the repository while the engine, and then the forge, are imported.
        with held():
            from promoter.engine import run as engine
        world.load_forge()
        outcomes = engine.promote(
            [replace(one, source_revision=revision) for one in requests], world
        )
    progress.extend(world.bill())
    return [envelope(one) for one in outcomes]
