"""Which kustomizations may be an app's, by their folders and by the images that they build."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import PurePosixPath

from promoter import graph
from promoter.config.likely_places import BASES, LikelyPlace, likely_place
from promoter.config.targets_of_files import is_service, names_app
from promoter.domain.errors import PromoteError
from promoter.domain.image import split
from promoter.domain.model import Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES

# So many kustomizations are read with all that they are built from.
_LIMIT = 40


def kustomized_places(
    files: Iterable[PurePosixPath], app: str | None, environment: str | None, tree: Tree
) -> Iterator[LikelyPlace]:
    """Yield the folders of kustomizations that may be those of an app in an environment.

    Each has the images that are the app's, where it builds others too or lists none. A folder whose
    images another kustomization sets is none: that one is.
    """
    folders = dict.fromkeys(one.parent for one in files if one.name in KUSTOMIZATION_NAMES)
    places = [
        likely_place(folder, "", app, environment)
        for folder in folders
        if BASES.isdisjoint(part.lower() for part in folder.parts)
    ]
    near = sorted(
        places,
        key=lambda one: (
            not one.is_of_app,
            one.environment != environment,
            not one.environment,
            len(one.at.parts),
        ),
    )
    chosen = [one.at for one in near[:_LIMIT]]
    # What does not come is read one by one.
    with suppress(PromoteError):
        graph.prefetch_closures(tree, chosen)
    closures = {one: graph.read_closure(tree, one) for one in chosen}
    outer_of = {one.at: list(_outer(one, closures)) for one in places if one.is_of_app}
    set_in: dict[PurePosixPath, list[str]] = {}
    for at, names in chain.from_iterable(outer_of.values()):
        set_in.setdefault(at, []).extend(names)
    environments = {one.at: one.environment for one in places}
    for one in places:
        if (closure := closures.get(one.at)) is None:
            yield one
            continue
        if one.is_of_app and one.has_app and _is_inner(outer_of[one.at], environments):
            continue
        if not (closure.entries or closure.images or not closure.complete):
            continue
        yield _with_images(one, closure, app, set_in.get(one.at, ()))


def _outer(
    place: LikelyPlace, closures: dict[PurePosixPath, graph.Closure]
) -> Iterator[tuple[PurePosixPath, list[str]]]:
    """Yield the kustomizations that include a folder, with those of their entries that set its images."""
    if (own := closures.get(place.at)) is None:
        return
    texts = [one.text for one in own.images] + [
        one.new_name or one.name or "" for one in own.entries
    ]
    for at, closure in closures.items():
        if at != place.at and place.at in closure.folders:
            names = [one.name or "" for one in closure.entries]
            yield at, [n for n in names if any(graph.entry_matches(n, text) for text in texts)]


def _is_inner(
    outer: list[tuple[PurePosixPath, list[str]]], environments: dict[PurePosixPath, str]
) -> bool:
    """Return whether a folder's images are set by what includes it, or it is of several environments."""
    over = {environments[at] for at, _ in outer if environments[at]}
    return len(over) > 1 or any(names for _, names in outer)


def _with_images(
    place: LikelyPlace, closure: graph.Closure, app: str | None, set_here: Sequence[str]
) -> LikelyPlace:
    """Return a place with the images of its kustomization that are the app's, where not all are."""
    names = {one.name: one.new_name or one.name for one in closure.entries if one.name}
    tags = {one.name: (one.tag, one.digest) for one in closure.entries}
    # What a patch says may be no image at all.
    sure = [one for one in closure.images if one.certain] or closure.images
    built = {name: name for one in sure if "$" not in one.text for name in [split(one.text)[0]]}
    if app is None:
        return replace(place, sets_images=bool(names))
    own = called_like(names, app) or called_like(built, app)
    is_of_app = place.is_of_app or bool(own or set_here)
    if place.has_app and place.is_of_app:
        own = [one for one in names or built if names_app(one, app) or not is_service(one)]
    elif not own:
        own = list(dict.fromkeys(set_here))
        is_sole = len({one.name for one in closure.images}) == 1 and not place.has_app
        own += built if is_sole and not own and not names else ()
    # One tag is not meant for images whose tags differ: they are not listed as if it were.
    is_mixed = len({tags.get(one) for one in own}) > 1
    return replace(
        place,
        is_of_app=is_of_app,
        images=() if is_mixed or set(own) == names.keys() else tuple(own),
        sets_images=bool(names),
    )


def called_like(names: dict[str, str], app: str) -> list[str]:
    """Return the images that are called like an app: as a whole or at the end, else by a word."""
    ends = re.compile(rf"(?:.*[/_-])?{re.escape(app)}", re.IGNORECASE)
    return [one for one, said in names.items() if ends.fullmatch(said) or ends.fullmatch(one)] or [
        one for one, said in names.items() if names_app(said, app) or names_app(one, app)
    ]
