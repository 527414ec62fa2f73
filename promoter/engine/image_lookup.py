"""The images of a promotion as their registries have them, waited for where the caller wants it."""

from __future__ import annotations

import logging
import re
import time
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING

from promoter.domain.duration import format_seconds
from promoter.domain.errors import PromoteError
from promoter.domain.evidence import BuiltImage
from promoter.domain.image import Name
from promoter.domain.suggest import begun_alike
from promoter.policy.choose import may_be_release
from promoter.policy.natural import natural
from promoter.registry.failures import AbsentError, UnreadableError
from promoter.threads import answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.config.layout import Target
    from promoter.config.sections import Environment
    from promoter.engine.world import World
    from promoter.gates import ImageFacts
    from promoter.registry.client import Registry

_LOG = logging.getLogger(__name__)
_AT_ONCE = 8
# Seconds between two looks for an image whose push is under way.
_PAUSE = 2.0
# So many of a registry's tags are listed where one is not there, none of them longer than this.
_LISTED, _LONGEST = 4, 40
# How alike a tag must be to be suggested.
_ALIKE = 0.75
# Letters that are read as digits.
_READ_ALIKE = str.maketrans("OolI", "0011")
_VERSION = re.compile(r"v?[0-9]+\.", re.ASCII)
_RELEASE = re.compile(r"v?[0-9.]+", re.ASCII)


def look_up(
    registry: Registry, target: Target, wanted: Sequence[ImageFacts], seconds: float
) -> list[BuiltImage | PromoteError]:
    """Return each image of an app, or why not; a missing one is waited for so many seconds."""

    def now(asked: Sequence[ImageFacts]) -> list[BuiltImage | PromoteError]:
        return list(answers(one, asked, min(_AT_ONCE, len(asked))))

    def one(image: ImageFacts) -> BuiltImage | PromoteError:
        try:
            return ask(registry, target.settings, image.repository, image.request.reference)
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
    """Say what there is in place of an image, and how long that was waited for."""
    tag = image.request.tag
    if waited > 0:
        error.message += f", after waiting {format_seconds(waited)}"
        error.hint = "Check the tag, and the job that pushes it."
    if tag is None:
        return
    try:
        known = [one for one in registry.tags(image.repository) if _is_version(one)]
    except UnreadableError as unread:
        if unread.is_unknown_name:
            error.message = f"the registry does not know the name {image.repository}"
            error.hint = unread.hint
        return
    except PromoteError:
        return
    if near := _nearest_tag(tag, known):
        error.hint = f"Did you mean {near}? The registry has that."
    elif known:
        # Those that begin alike first, then releases before builds of branches.
        last = sorted(known, key=lambda one: _rank(one, tag), reverse=True)
        more = f" and {len(last) - _LISTED} more" if len(last) > _LISTED else ""
        error.hint = f"It has {', '.join(last[:_LISTED])}{more}. {error.hint}"


def _rank(tag: str, asked: str) -> tuple[int, bool, object]:
    """Return how near a tag is to one that is not there: greater is nearer."""
    alike = begun_alike(asked.removeprefix("v"), tag.removeprefix("v"))
    is_release = _RELEASE.fullmatch(tag) is not None
    return alike if _VERSION.match(asked) else 0, is_release, natural(tag)


def _is_version(tag: str) -> bool:
    """Say whether a tag is one that people promote: no digest's, signature's or build cache's."""
    return len(tag) <= _LONGEST and may_be_release(None, tag)


def _nearest_tag(tag: str, known: Sequence[str]) -> str | None:
    """Return the tag that is probably meant; None where none is near, or several are.

    Near is one with or without a `v`, in other case, with a letter for a digit, in full, with a
    branch before it, or with two signs swapped.
    """
    plain = tag.lower().removeprefix("v").removeprefix("sha-")
    read = [one for one in known if one.translate(_READ_ALIKE) == tag.translate(_READ_ALIKE)]
    if read:
        return read[0]
    same = [one for one in known if one.lower().removeprefix("v") == plain]
    if same:
        return same[0]
    longer = [one for one in known if one.lower().removeprefix("v").startswith(f"{plain}.")]
    if longer and ("." in plain or len(longer) == 1):
        # 1.5 means 1.5.0 rather than 1.5.1-arm.
        return max(longer, key=lambda one: (_RELEASE.fullmatch(one) is not None, natural(one)))
    # What begins as a version does is another one behind a '-': 1.5.0-rc.1 is not meant by 1.5.0.
    is_version = tag[:1].isdecimal() and "." in tag
    parts = [one for one in known if one.startswith(f"{tag}-") or one.endswith(f"-{plain}")]
    if len(parts) == 1 and not is_version:
        return parts[0]
    # Of hundreds of thousands of tags few have the same signs, which is found soonest.
    signs = sorted(tag.replace(".", ""))
    swapped = [one for one in known if sorted(one.replace(".", "")) == signs]
    return next(iter(get_close_matches(tag, swapped, n=1, cutoff=_ALIKE)), None)


def ask(registry: Registry, settings: Environment, name: str, reference: str) -> BuiltImage:
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


def described(world: World, name: str, reference: str) -> BuiltImage | None:
    """Return what the registry says of an image, None where it does not answer."""
    with suppress(PromoteError):
        return world.registry().describe(name, reference)
    return None


def located(error: PromoteError, repository: str, target: Target) -> PromoteError:
    """Return a registry's error with where the image's name comes from, if that names no registry."""
    implied = Name(repository).registry == "docker.io" and not repository.startswith("docker.io/")
    if not implied or not isinstance(error, (AbsentError, UnreadableError)):
        return error
    error.file = error.file or str(target.file)
    error.hint = (
        f"{repository} names no registry, so Docker Hub is asked. If it is elsewhere, write the "
        f"whole name, such as ghcr.io/owner/{repository.rpartition('/')[2]}. {error.hint}"
    ).strip()
    return error


def _may_come(image: BuiltImage | PromoteError) -> bool:
    """Return whether an image may be there soon: it is being pushed, or its registry is not well."""
    return isinstance(image, AbsentError) or (isinstance(image, UnreadableError) and image.may_pass)
