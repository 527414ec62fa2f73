"""From settings to what is asked for: names that are checked, tags that are parsed."""

from __future__ import annotations

import gc
import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from promoter.cli.hold_end import hold_end
from promoter.config.refs import check_ref_name
from promoter.domain.declaration import HoldChange
from promoter.domain.errors import UsageError
from promoter.domain.image import Name, Tag, is_digest, split
from promoter.domain.image_argument import parse_image
from promoter.domain.redaction import one_line, shown
from promoter.domain.suggest import placeholder_hint
from promoter.engine.wiring import Wiring
from promoter.planning.plan import Request, Rollback
from promoter.settings import Settings
from promoter.system.deadline import Deadline
from promoter.system.environment import names_of_variables

# What apps are called together is a part of a ref, whose length is bounded.
_LONGEST_NAME = 100
# After so many new objects, garbage is looked for.
_ALLOCATIONS = 50_000


def requested_apps(settings: Settings) -> tuple[str, ...]:
    """Return the apps that were asked for, or raise `UsageError`."""
    if not settings.app:
        raise UsageError(
            "no app is given", "Give --app APP, or set PROMOTER_APP; --help shows all flags."
        )
    checked_names(settings, "env")
    return checked_names(settings, "app")


def requested(settings: Settings, ask: Callable[[Settings, str], Request]) -> list[Request]:
    """Return what is asked for: of each app alone, or of several by one commit and one pull.

    Raises `UsageError`.
    """
    if settings.group is not None:
        if settings.app:
            raise UsageError(
                f"{settings.source('app')} and {settings.source('group')} are both given",
                "A group names its apps itself: leave one of them out.",
            )
        checked_names(settings, "group")
        checked_names(settings, "env")
        _check_no_image(settings)
        return [replace(ask(settings, settings.group), group=True)]
    apps = requested_apps(settings)
    if not settings.together or len(apps) == 1:
        return [ask(settings, app) for app in apps]
    _check_no_image(settings)
    apps = tuple(sorted(apps))
    return [replace(ask(settings, _joined(apps)), together=apps)]


def _check_no_image(settings: Settings) -> None:
    """Raise `UsageError` where images are named, which could be those of any of the apps."""
    if settings.image:
        raise UsageError(
            f"{settings.source('image')} does not say which of the apps it is for",
            "Several apps go together by --tag or --from; promote one app's images alone.",
        )


def _joined(apps: tuple[str, ...]) -> str:
    """Return the name that apps have together, which is part of a branch's: `a+b`, or in short."""
    name = "+".join(apps)
    if len(name) <= _LONGEST_NAME:
        return name
    short = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{apps[0][:_LONGEST_NAME]}+{len(apps) - 1}-{short}"


def checked_names(settings: Settings, option: str, *, many: bool = False) -> tuple[str, ...]:
    """Return the names of apps, environments or a group, each once, or raise `UsageError`.

    `many`: whether the flag may be given several times, as `--app` always may.
    """
    given = getattr(settings, option)
    once = tuple(dict.fromkeys((given,) if isinstance(given, str) else given))
    for name in once:
        try:
            check_ref_name(name)
        except ValueError as error:
            message = f"{settings.source(option)} {shown(name)} is not a name"
            is_many = many or option == "app"
            hint = _name_meant(name, settings.source(option), str(error), many=is_many)
            raise UsageError(message, hint) from error
    return once


def _name_meant(name: str, source: str, reason: str, *, many: bool) -> str:
    """Return what to write in place of a text that is no name: several names, a path, an image."""
    if placeholder := placeholder_hint(name, "name"):
        return placeholder
    several = re.findall(r"[\w.-]+", name) if re.fullmatch(r"[\w.-]+([,; ]+[\w.-]+)+", name) else []
    if several and not source.startswith("--"):
        return f"{source} takes one name a line."
    if several and many:
        return f"Write {' '.join(f'{source} {one}' for one in several)}"
    if several:
        return f"Run promote once for each: {source} {f', then {source} '.join(several)}"
    if "*" in name:
        groups = "; a group: --group GROUP; what the policies choose of all: promote auto"
        each = f"Name each: {source} A {source} B{groups if source == '--app' else ''}"
        return each if many else "Run promote once for each."
    from promoter.cli.hints.command_lines import ENVIRONMENTS, split_word

    image, _, tag = split_word(name)
    first, sign, last = image.rstrip("/").rpartition("/")
    # Of a path, the app may be any part.
    if sign and source == "--app" and last in ENVIRONMENTS and "/" not in first:
        return f"Did you mean --app {first} --env {last}?"
    with suppress(ValueError):
        end = f" --tag {tag}" if tag and source == "--app" else ""
        equals = " " if source.startswith("--") else "="
        meant = f"Did you mean {source}{equals}{check_ref_name(last)}{end}"
        is_pair = many and re.fullmatch(r"[\w-]+/[\w-]+", name, re.ASCII)
        return f"{meant}? Both of them: {source} {first} {source} {last}" if is_pair else meant
    return f"It {reason}."


def request_of(settings: Settings, app: str) -> Request:
    """Return what is asked for one app, parsed; raises `UsageError`."""
    source_of_image, beside = settings.source("image"), settings.tag or ""
    images = tuple(parse_image(text, source_of_image, beside) for text in settings.image)
    source, given = settings.from_, settings.tag is not None or bool(images)
    if source is None and not given:
        is_empty = "PROMOTER_TAG" in names_of_variables("PROMOTER_TAG")
        raise UsageError(
            "no tag is given" + (": PROMOTER_TAG is set, but empty" if is_empty else ""),
            "Give --tag TAG, --image NAME=TAG, or --from ENVIRONMENT.",
        )
    if source is not None and given:
        raise UsageError(
            f"{settings.source('from_')} and a tag are both given",
            "--from promotes what the other environment runs; leave out --tag and --image.",
        )
    if source:
        checked_names(settings, "from_")
    tag = _tag(settings.tag, app, settings.source("tag")) if settings.tag is not None else None
    request = Request(app, tag=tag, images=images, allow=settings.allow, from_environment=source)
    return _asked(settings, request)


def rollback_of(settings: Settings, app: str) -> Request:
    """Return the rollback that is asked for of one app; raises `UsageError`."""
    if settings.to is not None and settings.steps is not None:
        raise UsageError(
            f"{settings.source('to')} and {settings.source('steps')} are both given",
            "Name the tag to go back to, or how many changes.",
        )
    to = _tag_to_go_back_to(settings) if settings.to is not None else None
    found = Rollback(_reason(settings), to, settings.steps or 1)
    return _asked(settings, Request(app, allow=settings.allow, rollback=found))


def _tag_to_go_back_to(settings: Settings) -> Tag:
    """Return the tag of a rollback, or raise `UsageError`; a digest is none."""
    try:
        return Tag.parse(settings.to or "")
    except UsageError as error:
        error.message = f"{settings.source('to')}: {error.message}"
        if (settings.to or "").startswith("sha256:"):
            error.hint = "Name the tag that ran, or how many changes to go back: --steps N"
        raise


def hold_of(settings: Settings, app: str, *, ends: bool) -> Request:
    """Return the hold to begin or to end for one app; raises `UsageError`."""
    change = HoldChange(_reason(settings), ends, until=None if ends else hold_end(settings))
    return _asked(settings, Request(app, hold=change))


def _asked(settings: Settings, request: Request) -> Request:
    return replace(
        request,
        environment=settings.environment,
        actor=settings.actor,
        run=settings.run,
        take_over=settings.take_over,
    )


def _reason(settings: Settings) -> str:
    """Return the reason that was given, on one line; raises `UsageError` where there is none."""
    reason = one_line(settings.reason or "")
    if not reason:
        raise UsageError("no reason is given", 'Say why, as in --reason "1.4.3 loses orders"')
    return reason


def _tag(text: str, app: str, source: str) -> Tag:
    """Return a tag parsed; raises `UsageError`, with what was probably meant."""
    try:
        return Tag.parse(text)
    except UsageError as error:
        if source != "--tag":
            error.message = f"{source}: {error.message}"
        name, tag, digest = split(text)
        if not text.strip():
            error.hint = "Give --tag TAG. If a variable holds it, check whether it is empty."
        elif name != "sha256" and tag and not digest and Tag.is_one(tag) and Name.is_one(name):
            error.hint = f"Give the tag alone: --app {app} --tag {tag}"
            if "/" in name:
                error.hint += f"; or one image of the app: --image {name}={tag}"
        elif is_digest(digest or "") and Name.is_one(name) and (tag or not Tag.is_one(name)):
            error.hint = (
                f"A digest goes with its image: --image {text.replace(':', '=', tag is not None)}"
            )
        raise


def wired(settings: Settings) -> Wiring:
    """Return where a run that may write goes, with what it may show there."""
    found = _wired(settings)
    from promoter.engine import wiring

    wiring.check_token(found)
    return found


def wired_to_read(settings: Settings) -> Wiring:
    """Return where a run that only reads goes; a public repository needs no token for that."""
    return replace(_wired(settings), reads_only=True)


def _wired(settings: Settings) -> Wiring:
    # Late: git's library heeds the variables that were taken while it is imported.
    from promoter.engine import wiring

    # What was imported stays: looking through it for garbage takes a tenth of a run over many apps.
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS)
    found = wiring.wire(settings, Deadline(settings.seconds))
    if settings.api_url and found.address.local:
        found.warn(f"{settings.source('api_url')} is not used: the repository is a folder")
    if found.document is not None and found.document.value is None:
        found.warn(f"{settings.config} is empty, and counts as if it were not there")
    return wiring.authenticated(found)


def new_tokens(settings: Settings, wiring: Wiring) -> list[str]:
    """Return the token that was made for this run and is known to nobody else yet."""
    token = wiring.settings.token if settings.github_app else None
    return [token.get_secret_value()] if token else []
