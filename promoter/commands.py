"""The commands: from settings to an envelope, each over the same parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promoter import report, wiring
from promoter.config import check_name
from promoter.errors import PromoteError, UsageError
from promoter.gitops.git import Deadline
from promoter.image import Tag
from promoter.plan import Request
from promoter.promote import open_world
from promoter.promote import promote as carry_out
from promoter.promotion import parse_image

if TYPE_CHECKING:
    import argparse

    from promoter.promote import World
    from promoter.settings import Settings


def promote(settings: Settings, _: argparse.Namespace, progress: list[str]) -> dict[str, Any]:
    """Promote the apps that were asked for, each by its own pull."""
    requests = [_request(settings, app) for app in _apps(settings)]
    wired = wiring.authenticated(wiring.wire(settings, Deadline(settings.timeout)))
    wiring.check_token(wired)
    with wiring.opened(wired) as repository:
        world = open_world(wired, repository, progress)
        results = [one(request, world) for request in requests]
    progress.extend(world.bill())
    result = results[0] if len(results) == 1 else report.several(results)
    minted = wired.settings.token if settings.github_app else None
    return {**result, "_masks": [minted.get_secret_value()] if minted else []}


def one(request: Request, world: World) -> dict[str, Any]:
    """Return the envelope of one request, whatever becomes of it."""
    settings = world.wiring.settings
    try:
        outcome = carry_out(request, world)
    except PromoteError as error:
        return report.failure(error, request)
    preview = settings.dry_run or settings.check
    return report.envelope(outcome, preview=preview, check=settings.check)


def pulls(settings: Settings, parsed: argparse.Namespace, _: list[str]) -> dict[str, Any]:
    """List the pulls of a repository, or end one of the local forge."""
    from promoter import pulls as listing

    return listing.run(settings, parsed.verb, parsed.number)


def demo(settings: Settings, parsed: argparse.Namespace, progress: list[str]) -> dict[str, Any]:
    """Make the Aurora repository and promote through it."""
    from promoter.demo import story

    return story.run(settings, parsed.directory, progress)


def set_image(settings: Settings, parsed: argparse.Namespace, _: list[str]) -> dict[str, Any]:
    """Edit kustomizations in place."""
    from promoter import set_image as editor

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
    for name in (*settings.apps, *([settings.environment] if settings.environment else [])):
        try:
            check_name(name)
        except ValueError as error:
            raise UsageError(
                f"{name!r} is no name of an app or environment", f"It {error}."
            ) from error
    return tuple(dict.fromkeys(settings.apps))


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
        source_revision=settings.source_revision,
        take_over=settings.take_over,
    )
