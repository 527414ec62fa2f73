"""The promotion path: the environment that a promotion comes from, and what it proposes then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.config.layout import find_target
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import SelectionError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from promoter.config.config import Config
    from promoter.config.layout import Target
    from promoter.domain.model import ImageRequest, RunningImage, Tree
    from promoter.planning.plan import Request


@dataclass(frozen=True, slots=True)
class Followed:
    """What another environment runs, as a request for this one."""

    images: tuple[ImageRequest, ...]
    warnings: tuple[str, ...] = ()
    """Images that one of the two environments has and the other has not."""
    file: PurePosixPath | None = None
    """The kustomization that says so."""


def follow(request: Request, config: Config, target: Target, tree: Tree) -> Followed:
    """Return what `--from` means on a base; raises `UsageError` or `SelectionError`."""
    name = request.from_environment or target.settings.promotes_from
    if name is None:
        raise UsageError(
            f"--from names no environment, and {target.environment} has no promotes-from",
            f"Give --from ENV, or set environments.{target.environment}.promotes-from.",
        )
    if name == target.environment:
        raise UsageError(
            f"{name} cannot be promoted from itself: --from and --env name the same environment",
            "Name the environment to promote to with --env ENV; without it, it is the default one.",
        )
    return images_from(find_target(config, tree, target.app, name), target, tree)


def images_from(previous: Target, target: Target, tree: Tree) -> Followed:
    """Return all images of an environment that the previous one runs, as they are there.

    Raises `SelectionError` where the two have no image in common.
    """
    there, own = previous.held_images(tree), target.held_images(tree)
    names = target.images or tuple(one.name for one in own)
    images, warnings, found = [], [], set()
    for name in names:
        image = image_named(there, name)
        if image is None or not (image.tag or image.digest):
            why = "has none" if image is None else "sets no tag of it"
            warnings.append(f"{name} is left as it is: {previous.environment} {why}")
            continue
        found.add(image.name)
        images.append(_request(name, image, previous))
    if not images:
        listed = ", ".join(one.name for one in there) or "no image"
        raise SelectionError(
            f"{previous.environment} has none of the images of {target.app} in "
            f"{target.environment}, but {listed}",
            "Check the images of both; --image sets one that is new.",
            file=str(previous.file),
        )
    warnings += [
        f"{one.name} is in {previous.environment} alone: {target.environment} does not have it"
        for one in there
        if one.name not in found and not target.images and image_named(own, one.name) is None
    ]
    return Followed(tuple(images), tuple(warnings), previous.file)


def _request(name: str, image: RunningImage, previous: Target) -> ImageRequest:
    """Return an image as the previous environment has it, or raise `SelectionError`."""
    try:
        return image.request(name)
    except UsageError as error:
        raise SelectionError(
            f"{previous.environment} has no tag of {name} that can be promoted: {error.message}",
            "Promote there first, or give the tag with --image.",
            file=str(previous.file),
        ) from error


def image_named(images: Sequence[RunningImage], name: str) -> RunningImage | None:
    """Return the image that a name means: by its name, else by the only one pulled so."""
    for one in images:
        if one.name == name:
            return one
    pulled = [one for one in images if one.repository == name]
    return pulled[0] if len(pulled) == 1 else None
