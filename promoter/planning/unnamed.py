"""Why nothing says which images an app has: what its targets find, and the line to write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from promoter.config.document import NOWHERE
from promoter.config.layout import Target
from promoter.domain.errors import PromoteError, SelectionError
from promoter.domain.model import Tree
from promoter.domain.suggest import listed
from promoter.edits.image_paths import hint_of_paths
from promoter.edits.region import Region
from promoter.edits.site import Site
from promoter.edits.targets import FileTarget, ManifestTarget
from promoter.edits.working_files import WorkingFiles
from promoter.planning.misnamed import target_location

_LISTED = 3


def unnamed(target: Target, tree: Tree) -> SelectionError | None:
    """Return the error about the first of an app's targets that finds no image or does not name it.

    None where none is to blame, as where a file cannot be read.
    """
    files = WorkingFiles(tree, target.directory)
    for number, one in enumerate(target.targets):
        if not isinstance(one, FileTarget) or one.image is not None:
            continue
        try:
            path = files.path(one.file)
            region = Region.of(path, files.read(path))
            sites = list(one.find(region))
        except PromoteError:
            continue
        reason, hint = _of_sites(sites) if sites else _of_none(one, region)
        if reason:
            return SelectionError(reason, hint, **target_location(target, number))
    with suppress(PromoteError):
        return _of_others(target, tree)
    return None


def _of_sites(sites: Iterable[Site]) -> tuple[str, str]:
    nameless = next((one for one in sites if not one.name), None)
    if nameless is None:
        return "", ""
    return (
        f"nothing says of which image the {nameless.part} at {nameless.spot.place} is",
        "Write it in the target, as in image: ghcr.io/owner/app",
    )


def _of_none(target: FileTarget, region: Region) -> tuple[str, str]:
    """Return what a target without any place misses; only containers are told apart from others."""
    if not isinstance(target, ManifestTarget):
        return "", ""
    return f"no container of {region.file.path} has an image", hint_of_paths(region)


def _of_others(target: Target, tree: Tree) -> SelectionError | None:
    """Return the error where none of the images that promoter.yaml lists is among the targets'."""
    held = [one.name for one in target.held_images(tree)] if target.images else []
    if not held or target.kustomized or target.own_images(tree):
        return None
    keys = ("apps", target.app, "images", 0)
    place = (target.config and target.config.place_of(keys)) or NOWHERE
    hint = f"They hold {listed(held, _LISTED)}."
    return SelectionError(f"no target holds the image {target.images[0]}", hint, **place)


def nameless(errors: Mapping[tuple[str, str], SelectionError]) -> str:
    """Return the warning of apps whose targets name no image: the first, and how many more."""
    (app, environment), error = next(iter(errors.items()))
    others = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
    return f"no image is known of {app} in {environment}{others}: {error}. {error.hint}".rstrip()
