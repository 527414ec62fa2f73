"""Values that an anchor makes one with other places: whether they may change together."""

from __future__ import annotations

from dataclasses import replace

from ruamel.yaml.nodes import ScalarNode

from promoter.domain.errors import RefusedError
from promoter.edits.engine import check_unshared
from promoter.edits.region import Spot, occurrences

# Beside a tag, the keys whose values say which image it is of.
NAME_KEYS = ("registry", "repository", "name", "image", "newName")
# A value below these names something else than an image, and selectors are made of it.
LABELS = frozenset(
    {"labels", "annotations", "commonLabels", "commonAnnotations", "pairs", "matchLabels"}
)


def owner(spot: Spot, *, partial: bool) -> tuple[Spot, tuple[str, ...]]:
    """Return the place to change for a value, and a warning for each place that follows it.

    A value that no anchor shares is its own place. Of one that is shared, the anchor's own scalar is
    changed, where each alias stands for the same image: a whole reference names its image itself, a
    mere part (`partial`) needs the same name beside it. Raises `RefusedError` where one does not.
    """
    if spot.unfit not in ("anchor", "alias", "shared") or not isinstance(spot.node, ScalarNode):
        return spot, ()
    if spot.unfit == "shared":
        return _below_shared(spot, partial=partial)
    places = occurrences(spot.region, spot.node)
    names = _names(spot)
    for place in places:
        if place.path == spot.path:
            continue
        same = not partial or (bool(names) and _names(place) == names)
        kept = place.unfit == "anchor" and not _names(place) and not _alike(spot, place)
        if place.unfit in ("duplicate-key", "shared") or _labels(place) or not (same or kept):
            raise _stands_for_another(spot, place)
    first = next((one for one in places if one.unfit == "anchor"), spot)
    followers = [one for one in places if one.path != spot.path and one.unfit == "alias"]
    return replace(first, unfit=""), tuple(map(follows, followers))


def shared_value(spot: Spot) -> tuple[object, ...] | None:
    """Return what the places of one value have in common, for which `owner` is the same.

    None for a value that no anchor shares.
    """
    if spot.unfit in ("anchor", "alias"):
        return (id(spot.node),)
    if spot.unfit != "shared":
        return None
    around: list[int] = []
    above = spot.parent
    while above is not None:
        around += [id(above.node)] if above.node.anchor else []
        above = above.parent
    return (id(spot.node), tuple(around), _labels(spot))


def _below_shared(spot: Spot, *, partial: bool) -> tuple[Spot, tuple[str, ...]]:
    """Return the place to change for a value in a mapping or list that stands for other places.

    They hold the same image, where its name stands in what is shared, and no merge replaces it.
    """
    if (partial and not _names(spot)) or _labels(spot):
        check_unshared(spot)
    followers: list[Spot] = []
    around = spot.parent
    while around is not None:
        if around.node.anchor:
            followers += occurrences(spot.region, around.node)
        around = around.parent
    followers = [one for one in followers if one.unfit == "alias"]
    for one in followers:
        merged = one if one.path[-1] == "<<" else one.parent
        into = merged.parent if merged is not None and merged.path[-1] == "<<" else None
        if _labels(one) or (into is not None and any(into.get(key) for key in NAME_KEYS)):
            raise _stands_for_another(spot, one)
    own, *others = occurrences(spot.region, spot.node)
    for one in others:
        if _labels(one) or (partial and _names(one) != _names(spot)):
            raise _stands_for_another(spot, one)
        followers.append(one)
    return replace(own, unfit=""), tuple(map(follows, followers))


def _stands_for_another(spot: Spot, other: Spot) -> RefusedError:
    return spot.region.refuse(
        "alias",
        f"the value is shared with {other.place} by an anchor or alias, and that is not known to be "
        "of the same image",
        "Write the value out in both places.",
        at=spot.written,
    )


def _names(spot: Spot) -> tuple[tuple[str, str], ...]:
    """Return what beside a value says which image it is of."""
    beside = {key: spot.parent.get(key) if spot.parent else None for key in NAME_KEYS}
    return tuple(
        (key, one.text) for key, one in beside.items() if one and one.text and one.path != spot.path
    )


def _alike(spot: Spot, anchor: Spot) -> bool:
    """Return whether an anchor stands for a tag of its own, and not where values are only kept.

    It does where nothing names an image at either place, and both have the same key at one depth:
    `dev.tag` is no store of `prod.tag`.
    """
    same_key = spot.path[-1] == anchor.path[-1] and len(spot.path) == len(anchor.path)
    return same_key and not _names(spot)


def _labels(spot: Spot) -> bool:
    return any(part in LABELS for part in spot.path)


def follows(spot: Spot) -> str:
    """Return the warning for a place that changes with another one."""
    way = ".".join(str(part) for part in spot.path[1:])
    return f"{spot.place}: {way} follows, as it is the same value by an anchor"
