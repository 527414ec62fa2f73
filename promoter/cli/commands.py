"""The commands: from settings to an envelope, each over the same parts.

What asks git is imported by the commands that do: `set-image` is at home where there is none.
"""

from __future__ import annotations

import gc
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from promoter.cli.process import emit
from promoter.config.sections import check_name
from promoter.domain.declaration import parse_image
from promoter.domain.errors import PromoteError, UsageError
from promoter.domain.image import Tag
from promoter.domain.redaction import redacted
from promoter.output import report
from promoter.planning.outcome import failed
from promoter.planning.plan import Request

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence

    from promoter.cli.settings import Settings
    from promoter.engine.wiring import Wiring

# A list of tags takes longer than one image's manifest.
_AUTO_PATIENCE = 15.0


def promote(settings: Settings, _: argparse.Namespace, progress: list[str]) -> dict[str, Any]:
    """Promote the apps that were asked for, each by its own pull."""
    requests = [_request(settings, app) for app in _apps(settings)]
    masks: list[str] = []
    try:
        results = _promoted(requests, settings, progress, masks)
    except PromoteError as error:  # what keeps all apps from being looked for is told of each
        results = [report.envelope(failed(error, one.app, one.environment)) for one in requests]
    result = results[0] if len(results) == 1 else report.several(results)
    return {**result, "_masks": masks}


def _promoted(
    requests: Sequence[Request], settings: Settings, progress: list[str], masks: list[str]
) -> list[dict[str, Any]]:
    """Carry requests out and return their envelopes; what must not be shown is put into `masks`."""
    from promoter.engine import run, wiring
    from promoter.engine.world import opened

    wired = _wired(settings)
    masks += _minted(settings, wired)
    revision = wiring.source_revision(wired)
    with opened(wired, progress, notify=_notify(settings)) as world:
        outcomes = run.promote([replace(one, source_revision=revision) for one in requests], world)
    progress.extend(world.bill())
    return [report.envelope(one) for one in outcomes]


def _notify(settings: Settings) -> Callable[[str], None]:
    """Return what says on stderr, right away, what a run is waiting for; quiet runs say nothing."""
    from promoter.output import terminal

    def write(line: str) -> None:
        emit(sys.stderr, terminal.printable(f"promote: {' '.join(redacted(line).split())}\n"))

    return (lambda _: None) if settings.quiet else write


def auto(settings: Settings, _: argparse.Namespace, progress: list[str]) -> dict[str, Any]:
    """Promote what the policies choose, each app as its environment delivers."""
    from promoter.engine.auto import Policies
    from promoter.engine.run import Run
    from promoter.engine.survey import Scope
    from promoter.engine.world import opened
    from promoter.output import terminal

    wired = _wired(settings)
    scope = Scope(_names(settings.apps), _names(settings.environments), settings.shard)
    asked = Request(
        "", allow=settings.allow, actor=settings.actor, run=settings.run, scheduled=True
    )
    whole = opened(wired, progress, patience=_AUTO_PATIENCE)
    with whole as world, terminal.progress(settings) as shown:
        outcomes = Run(world, Policies(world, scope, asked, shown)).results()
    progress.extend(world.bill())
    results = [report.envelope(one) for one in outcomes]
    told = report.several(results, _summary=report.counted(results))
    return {**told, "_masks": _minted(settings, wired)}


def pulls(settings: Settings, parsed: argparse.Namespace, _: list[str]) -> dict[str, Any]:
    """List the pulls of a repository, or end one of the local forge."""
    from promoter.cli import pulls as listing

    return listing.run(settings, parsed.verb, parsed.number)


def demo(settings: Settings, parsed: argparse.Namespace, progress: list[str]) -> dict[str, Any]:
    """Make the Aurora repository and promote through it."""
    from promoter.demo import story

    return story.run(settings, parsed.directory, progress)


def set_image(settings: Settings, parsed: argparse.Namespace, _: list[str]) -> dict[str, Any]:
    """Edit kustomizations in place."""
    from promoter.cli import set_image as editor

    return editor.run(
        parsed.arguments,
        parsed.dir or (),
        parsed.file or (),
        dry_run=settings.dry_run,
        allow=settings.allow,
    )


def _apps(settings: Settings) -> tuple[str, ...]:
    """Return the apps that were asked for, or raise `UsageError`."""
    if not settings.apps:
        raise UsageError("no app is given", "Give --app APP; promote --help shows the rest.")
    _names((*settings.apps, *settings.environments))
    return tuple(dict.fromkeys(settings.apps))


def _names(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of apps or environments, each once, or raise `UsageError`."""
    found = tuple(dict.fromkeys(names))
    for name in found:
        try:
            check_name(name)
        except ValueError as error:
            raise UsageError(
                f"{name!r} is no name of an app or environment", f"It {error}."
            ) from error
    return found


def _wired(settings: Settings) -> Wiring:
    """Return where a run that writes goes, with what it may show there."""
    from promoter.domain.deadline import Deadline
    from promoter.engine import wiring

    # What was imported stays: looking through it for garbage takes a tenth of a run over many apps.
    gc.freeze()
    wired = wiring.authenticated(wiring.wire(settings, Deadline(settings.timeout)))
    wiring.check_token(wired)
    return wired


def _minted(settings: Settings, wired: Wiring) -> list[str]:
    """Return the token that was made for this run and is known to nobody else yet."""
    token = wired.settings.token if settings.github_app else None
    return [token.get_secret_value()] if token else []


def _request(settings: Settings, app: str) -> Request:
    """Return what is asked for one app, parsed; raises `UsageError`."""
    images = tuple(parse_image(text) for text in settings.images)
    if settings.tag is None and not images:
        raise UsageError("no tag is given", "Give --tag TAG, or --image NAME=TAG.")
    return Request(
        app=app,
        environment=settings.environment,
        tag=Tag.parse(settings.tag) if settings.tag is not None else None,
        images=images,
        allow=settings.allow,
        actor=settings.actor,
        run=settings.run,
        take_over=settings.take_over,
    )
