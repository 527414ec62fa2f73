"""`promote --app A --tag T`: the apps that were asked for, each by its own pull request."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from promoter.cli.requests import new_tokens, request_of, requested, wired
from promoter.cli.signals import signals_deferred
from promoter.domain.address import is_repository
from promoter.domain.errors import PromoteError
from promoter.engine.run_context import Expected, open_run
from promoter.engine.wiring import Wiring
from promoter.git.first_fetch import HISTORY_DEPTH
from promoter.planning.plan import Request
from promoter.settings import Settings

if TYPE_CHECKING:
    from promoter.output.result import CommandResult
    from promoter.planning.outcome import Outcome


def run(settings: Settings, _: argparse.Namespace, progress: list[str]) -> CommandResult:
    """Promote the apps that were asked for and return their envelope, or envelopes."""
    return run_requests(requested(settings, request_of), settings, progress)


def run_requests(
    requests: Sequence[Request], settings: Settings, progress: list[str]
) -> CommandResult:
    """Carry requests out and return their envelope, or envelopes."""
    masks: list[str] = []
    tried: Collection[str] = ()
    try:
        outcomes, tried = _promoted(requests, settings, progress, masks)
    except PromoteError as error:  # what keeps all apps from being looked for is reported for each
        outcomes = [_failed(error, one) for one in requests]
    return replace(_result(outcomes, tried), masks=tuple(masks))


def _promoted(
    requests: Sequence[Request], settings: Settings, progress: list[str], masks: list[str]
) -> tuple[list[Outcome], Collection[str]]:
    """Carry requests out and return what became of each, and the file that was tried, if one was.

    What must not be shown is put into `masks`.
    """
    found = wired(settings)
    masks += new_tokens(settings, found)
    apps = [app for one in requests for app in one.apps]
    # What is rolled back needs more of the files' history than comes with the pulls.
    goes_back = any(one.rollback is not None for one in requests)
    expected = Expected(apps, (), HISTORY_DEPTH) if goes_back else Expected(apps, apps)
    with open_run(found, progress, expected) as context:
        # Late: git and the forge look at the repository while the engine is imported.
        with signals_deferred():
            from promoter.engine.run import promote
        outcomes = promote(
            [_with_source_revision(one, found) for one in requests],
            context,
        )
    progress.extend(context.requests_made())
    return outcomes, found.tried


def _with_source_revision(request: Request, wiring: Wiring) -> Request:
    """Return a request with the source commit: as given, else that of the workflow which builds.

    A run in the GitOps repository itself builds none, and what another environment runs, or ran
    before, was built by another run.
    """
    given, building = wiring.settings.source_revision, wiring.settings.building
    if request.rollback is not None or request.hold is not None:
        return request
    if given or building is None or request.from_environment is not None:
        return replace(request, source_revision=given)
    if is_repository(wiring.address.path, building.repository):
        return request
    return replace(request, source_revision=building.revision, built_by=building.repository)


def _failed(error: PromoteError, request: Request) -> Outcome:
    from promoter.planning.outcome import failed

    return failed(error, request.app, request.environment)


def _result(outcomes: Sequence[Outcome], tried: Collection[str]) -> CommandResult:
    """Return what is shown of the outcomes; what it is made by is imported after git has begun."""
    from promoter.output.envelope import envelope
    from promoter.output.result import of_promotion, of_promotions

    shown = [envelope(one) for one in outcomes]
    if len(shown) == 1:
        return of_promotion(shown[0], tried)
    return of_promotions(shown, tried=tried)
