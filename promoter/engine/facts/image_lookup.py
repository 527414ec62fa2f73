"""The images of a promotion as their registries have them, waited for where the caller wants it."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from promoter.config.layout import Target
from promoter.config.sections import Environment
from promoter.domain.duration import format_seconds
from promoter.domain.errors import PromoteError
from promoter.domain.evidence import BuiltImage
from promoter.domain.image import Name, is_digest
from promoter.domain.suggest import listed, placeholder_hint
from promoter.engine.run_context import RunContext
from promoter.gates import ImageFacts
from promoter.policy.nearest_tag import nearest_tag, nearness, promotable
from promoter.registry.failures import AbsentError, RegistryError
from promoter.system.threads import answers

if TYPE_CHECKING:
    from promoter.registry.client import Registry

_LOG = logging.getLogger(__name__)
_AT_ONCE = 8
# Seconds between two looks for an image whose push is under way.
_PAUSE = 2.0
# How many of a registry's tags are listed where one is missing.
_LISTED = 4


def look_up(
    registry: Registry, target: Target, wanted: Sequence[ImageFacts], seconds: float
) -> list[BuiltImage | PromoteError]:
    """Return each image of an app, or why not; waits up to `seconds` for missing ones."""

    def now(asked: Sequence[ImageFacts]) -> list[BuiltImage | PromoteError]:
        return list(answers(one, asked, min(_AT_ONCE, len(asked))))

    def one(image: ImageFacts) -> BuiltImage | PromoteError:
        try:
            return look_up_image(
                registry, target.settings, image.repository, image.request.reference
            )
        except PromoteError as error:
            return located(error, image.repository, target)

    end = time.monotonic() + seconds
    images = now(wanted)
    waiting = [image for image, found in zip(wanted, images, strict=True) if _may_come(found)]
    if waiting and seconds > 0:
        names = ", ".join(str(image.request) for image in waiting)
        first = next(one for one in images if isinstance(one, PromoteError) and _may_come(one))
        _LOG.info("waiting up to %.0f s for %s: %s", seconds, names, first.message)
    # The wait is here and in no thread, so that a signal and the deadline end it at once.
    while waiting and (left := end - time.monotonic()) > 0:
        time.sleep(min(_PAUSE, left))
        for image in waiting:
            registry.forget(image.repository)
        again = iter(now(waiting))
        images = [next(again) if _may_come(found) else found for found in images]
        waiting = [image for image, found in zip(wanted, images, strict=True) if _may_come(found)]
    for image, found in zip(wanted, images, strict=True):
        if isinstance(found, AbsentError):
            _explain(found, image, registry, seconds)
    return images


def _explain(error: AbsentError, image: ImageFacts, registry: Registry, waited: float) -> None:
    tag = image.request.tag
    if waited > 0:
        error.message += f", after waiting {format_seconds(waited)}"
        error.hint = "Check the tag, and the job that pushes it."
    if tag is None:
        return
    try:
        known = promotable(registry.tags(image.repository))
    except RegistryError as unread:
        if unread.is_unknown_name:
            error.message = f"the registry does not know the name {image.repository}"
            error.hint = unread.hint
        return
    except PromoteError:
        return
    if image.request.digest and tag in known:
        error.hint = f"The registry has {tag}, and not that digest: leave the digest out."
    elif is_digest(f"sha256:{tag}"):
        error.hint = f"It reads as a digest: --image {image.repository}@sha256:{tag}"
    elif near := nearest_tag(tag, known):
        error.hint = f"Did you mean {near}? The registry has that."
    elif known:
        last = sorted(known, key=lambda one: nearness(one, tag), reverse=True)
        there = f"It has {listed(last, _LISTED)}."
        placeholder = placeholder_hint(tag, "tag")
        error.hint = f"{placeholder} {there}" if placeholder else f"{there} {error.hint}"


def look_up_image(
    registry: Registry, settings: Environment, name: str, reference: str
) -> BuiltImage:
    """Return what a registry says of an image, no more than the checks of an environment want to know.

    Of an image that is pushed without a pull nobody reads of what and for what it is made. But a
    digest that is written is computed from the image's bytes, however it is delivered.
    """
    if (
        settings.max_age
        or settings.deliver != "push"
        or settings.checks.platforms not in ("off", ())
    ):
        return registry.describe(name, reference)
    if settings.pin != "tag":
        return BuiltImage(registry.prove(name, reference))
    return BuiltImage(registry.resolve(name, reference))


def image_in_registry(context: RunContext, name: str, reference: str) -> BuiltImage | None:
    """Return what the registry says of an image, None where it does not answer."""
    with suppress(PromoteError):
        return context.registry().describe(name, reference)
    return None


def located(error: PromoteError, repository: str, target: Target) -> PromoteError:
    """Return a registry's error with where the image's name comes from, if that names no registry."""
    implied = Name(repository).registry == "docker.io" and not repository.startswith("docker.io/")
    if not implied or not isinstance(error, (AbsentError, RegistryError)):
        return error
    error.file = error.file or str(target.first_file)
    error.hint = (
        f"{repository} names no registry, so Docker Hub is asked. If it is elsewhere, write the "
        f"whole name, such as ghcr.io/owner/{repository.rpartition('/')[2]}. {error.hint}"
    ).strip()
    return error


def _may_come(image: BuiltImage | PromoteError) -> bool:
    """Return whether an image may be there soon: it is being pushed, or its registry is not well."""
    return isinstance(image, AbsentError) or (isinstance(image, RegistryError) and image.may_pass)
