"""The promotion path: the environment that a promotion comes from, and what it proposes then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from promoter import graph
from promoter.config.config import Config
from promoter.config.layout import Target, find_target
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import RefusedError, SelectionError, UsageError
from promoter.domain.image import split
from promoter.domain.model import ImageRequest, RunningImage, SetBy, Tree
from promoter.domain.refusal import Refusal
from promoter.domain.suggest import listed
from promoter.domain.trees import kind_of
from promoter.planning.plan import Request
from promoter.planning.running_images import image_named, prefetch_bases, running_images

# So many images are named.
_NAMED = 4


@dataclass(frozen=True, slots=True)
class FromEnvironment:
    """What another environment runs, as a request for this one."""

    images: tuple[ImageRequest, ...]
    warnings: tuple[str, ...] = ()
    """Images that one of the two environments has and the other has not."""
    file: PurePosixPath | None = None
    """The file that says so."""
    own: tuple[RunningImage, ...] = ()
    """What the environment itself has now."""
    nothing: SelectionError | None = None
    """Why there is nothing to promote yet; None where there are images."""


def follow(request: Request, config: Config, target: Target, tree: Tree) -> FromEnvironment:
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
    previous = find_target(config, tree, target.app, name)
    prefetch_bases((previous, target), tree, _names_of(target, target.own_images(tree)))
    found = images_from(previous, target, tree)
    if found.nothing is not None:
        raise found.nothing
    return found


def images_from(previous: Target, target: Target, tree: Tree) -> FromEnvironment:
    """Return all images of an environment that the previous one runs, as they are there.

    What their own files do not set, a base of either may. Raises `SelectionError` where the two
    have images, and none in common; `RefusedError` where an entry would be added for an image that
    the previous environment pulls by another name.
    """
    own = running_images(target, tree)
    names = _names_of(target, own)
    there = running_images(previous, tree, names)
    images, warnings, found, alike = [], [], set(), []
    for name, pulled in names.items():
        has, image = image_named(own, name), image_named(there, name, pulled)
        if image is None or not (image.tag or image.digest):
            why = "has none" if image is None else "sets no tag of it"
            warnings.append(f"{name} is left as it is: {previous.environment} {why}")
            continue
        found.add(image.name)
        if has and has.set_by is image.set_by is SetBy.BASE and has.refs == image.refs:
            alike.append(f"{image.first_place(SetBy.BASE)} sets {name}")
            continue
        if len(image.tags) > 1:
            tags = ", ".join(image.tags[:_NAMED])
            warnings.append(
                f"{previous.environment} has {name} at {tags}: {image.tags[0]} is taken"
            )
        if target.kustomized and not (has and has.first_place(SetBy.OWN)):
            _check_pulled_alike(name, image, previous, target)
        images.append(_request(name, image, previous, tree))
    if not images:
        reason = _nothing(previous, target, (there, own), tree)
        said = (reason.message,) if there or own else ()
        if alike:
            message = f"{target.environment} has what {previous.environment} has: {alike[0]}"
            hint = f"Promote it to {previous.environment} first: promote {previous.flags} --tag TAG"
            reason, said = SelectionError(message, hint), ()
        # Of an app without images, or with those of a base alone, there is nothing to say each time.
        return FromEnvironment((), said, own=own, nothing=reason)
    warnings += [
        f"{one.name} is in {previous.environment} alone: {target.environment} does not have it"
        for one in there
        if one.name not in found and not target.images and image_named(own, one.name) is None
    ]
    return FromEnvironment(tuple(images), tuple(warnings), _file(previous, tree), own)


def _names_of(target: Target, own: Sequence[RunningImage]) -> dict[str, str]:
    """Return the images that are followed by their names here, each with what it is pulled as."""
    found = {name: image_named(own, name) for name in target.images or [one.name for one in own]}
    return {name: one.repository if one else name for name, one in found.items()}


def _nothing(
    previous: Target,
    target: Target,
    images: tuple[Sequence[RunningImage], Sequence[RunningImage]],
    tree: Tree,
) -> SelectionError:
    """Return why there is nothing to promote yet, of the images of both.

    Raises the error of two environments that have images, and none in common.
    """
    theirs, own = images
    app, name, other = target.app, target.environment, previous.environment
    names = target.images or tuple(one.name for one in own)
    hint = f"Promote it to {other} first: promote {previous.flags} --tag TAG"
    path = _file(previous, tree)
    file = str(path) if path else None
    if not theirs and not own:
        reason = f"neither {other} nor {name} sets an image of {app}"
    elif _is_built_from(previous, target, tree):
        folder = previous.directory
        reason = (
            f"{name} is built from {folder}, the kustomization of {other}, and has what that has"
        )
        hint = f"Promote it to {other}: {name} changes with it."
    elif not theirs:
        reason = f"{other} sets no image of {app} yet"
    elif target.images or any(image_named(theirs, one) for one in names):
        reason = f"{other} sets no tag of {listed(names, _NAMED)} yet"
    elif not own:
        reason = f"{name} sets no image of {app} yet, and {other} sets {_names(theirs)}"
        hint = f"Set it by its name first: promote {target.flags} --image {theirs[0].name}=TAG"
    else:
        raise SelectionError(
            f"{other} and {name} have no image of {app} in common: {other} has {_names(theirs)}, "
            f"and {name} has {_names(own)}",
            f"Use one name for it in both; --image NAME=TAG sets what {name} has.",
            file=file,
        )
    return SelectionError(reason, hint, file=file)


def _is_built_from(previous: Target, target: Target, tree: Tree) -> bool:
    if not (previous.kustomized and target.kustomized) or previous.file == target.file:
        return False
    return previous.file in graph.read_closure(tree, target.directory).files


def _check_pulled_alike(name: str, image: RunningImage, previous: Target, target: Target) -> None:
    """Raise `RefusedError` where an entry for an image would be added without its `newName`."""
    pulled = split(name)[0]
    if image.repository == pulled:
        return
    raise RefusedError(
        [
            Refusal(
                "previous-environment",
                f"{previous.environment} runs {image.repository} in place of {name}, and "
                f"{target.environment} would run {pulled} with its tag: another image",
                f"Add the entry with its newName to {target.file} first: name: {name}, "
                f"newName: {image.repository}",
                str(previous.file),
            )
        ]
    )


def _request(name: str, image: RunningImage, previous: Target, tree: Tree) -> ImageRequest:
    try:
        return image.request(name)
    except UsageError as error:
        raise SelectionError(
            f"{previous.environment} has no tag of {name} that can be promoted: {error.message}",
            "Promote there first, or give the tag with --image.",
            file=str(_file(previous, tree)),
        ) from error


def _file(target: Target, tree: Tree) -> PurePosixPath | None:
    return next((path for path in target.files if kind_of(tree, path)), None)


def _names(images: Sequence[RunningImage]) -> str:
    return listed([one.name for one in images], _NAMED)
