"""Where a mistake about an image or a target stands: in the request, or in promoter.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import PurePosixPath

from promoter import graph
from promoter.config.document import NOWHERE, Location
from promoter.config.layout import Target
from promoter.domain.errors import SelectionError
from promoter.domain.image import may_be_one
from promoter.domain.model import ImageRequest
from promoter.domain.redaction import shown
from promoter.domain.refusal import Refusal
from promoter.edits.site import Part, Site
from promoter.edits.targets.model import InFile


def at_request(refusal: Refusal, target: Target, asked: Iterable[str]) -> Refusal:
    """Return a refusal of an image that the request misnames with the flag that has it."""
    for name in asked:
        if refusal.reason == graph.unused(name):
            where = f"{target.app} in {target.environment}"
            return replace(
                refusal,
                reason=f"--image: no container of {where} uses the image {name}",
                file=None,
                line=None,
                column=None,
                source_line=None,
            )
    return refusal


def at_configuration(refusal: Refusal, target: Target) -> Refusal:
    """Return a refusal of an image that promoter.yaml misnames with the place of that name there."""
    for index, name in enumerate(target.images):
        place = target.config and target.config.place_of(("apps", target.app, "images", index))
        beginnings = (graph.unused(name), f"there is no entry {name!r}")
        if refusal.reason.partition(",")[0] in beginnings and place:
            hint = _shared_folder(target) or refusal.hint
            reason, unused = refusal.reason, "no container "
            if reason.startswith(unused):
                where = f"of {target.app} in {target.environment} "
                reason = f"{unused}{where}{reason.removeprefix(unused)}"
            return replace(refusal, **place, reason=reason, hint=hint, source_line=None)
    return refusal


def _shared_folder(target: Target) -> str:
    """Return what to do where the folder is one for all apps, and is called like one of them."""
    config, path = target.config, target.settings.path
    apps = config.apps if config else {}
    named = next((one for one in PurePosixPath(path).parts if one in apps), None)
    if "{app}" in path or named in (None, target.app):
        return ""
    meant = "/".join("{app}" if one == named else one for one in PurePosixPath(path).parts)
    key = f"environments.{target.environment}.path"
    return f"Write {meant} as {key}: it names {named} for every app."


def other_names(places: Iterable[tuple[Site, ImageRequest]], target: Target) -> Iterator[str]:
    """Yield a warning for each place whose file names another image than the one that is set there.

    A place by its path alone is meant; a container's image may have any name.
    """
    for site, request in places:
        if not (site.by_place and site.loose and site.part is not Part.DIGEST and site.names):
            continue
        if may_be_one(site.name, request.name):
            continue
        images = [getattr(one, "image", None) for one in target.targets]
        number = images.index(request.name) if request.name in images else None
        at = target_location(target, number) if number is not None else NOWHERE
        where = ":".join(str(part) for part in at.values() if part is not None)
        asked = f"the target at {where}" if where else "the request"
        yield (
            f"{request.name}: the {site.part} at {site.spot.place} is of {shown(site.name)}, as its "
            f"file says, and {asked} names {request.name}"
        )


def target_location(target: Target, number: int) -> Location:
    """Return where promoter.yaml has one of an app's targets, by its number from 0."""
    config = target.config
    keys = config.listed_targets(target.environment, target.app)[0] if config else ()
    return (config and keys and config.place_of((*keys, number))) or NOWHERE


@contextmanager
def at_target(target: Target) -> Iterator[None]:
    """Add to an error about a target where promoter.yaml names it."""
    try:
        yield
    except SelectionError as error:
        files = [str(one.file) for one in target.targets if isinstance(one, InFile)]
        file = next((one for one in files if one in str(error)), "".join(files[:1]))
        config = target.config if files else None
        place = config and config.place_of_target(target.environment, target.app, file)
        if place and error.file is None:
            error.file, error.line, error.column = place["file"], place["line"], place["column"]
        elif place:
            where = ":".join(str(part) for part in place.values())
            error.hint = f"{error.hint} The target is at {where}"
        raise
