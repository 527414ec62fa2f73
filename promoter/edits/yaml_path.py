"""Any scalar by its path, as in Helm values: `image.tag`, with its repository and digest beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promoter.domain.errors import SelectionError
from promoter.domain.suggest import nearest
from promoter.edits.site import Spot, position, roots

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promoter.edits.site import Region

_PART = re.compile(r"\.?(?:\[(?P<bracketed>[^\]]*)\]|(?P<name>(?:\\.|[^.\[\\])+))")


def parts(path: str) -> tuple[str, ...]:
    r"""Return the parts of a path, or raise `ValueError`.

    Parts are parted by dots (`\.` is a dot in a name), lists are entered by `[0]`, `0`, `[name=app]`
    (the element whose key has this value) or `*`, and `[a.b/c]` is a key with dots.
    """
    found: list[str] = []
    place = 0
    while place < len(path):
        match = _PART.match(path, place)
        if match is None or (found and match[0][0] not in ".["):
            raise ValueError(f"the path {path!r} can not be read at character {place + 1}")
        name = match["name"]
        if name is None:
            found.append(f"[{match['bracketed']}]")
        else:
            found.append(re.sub(r"\\(.)", r"\1", name))
        place = match.end()
    if not found:
        raise ValueError("the path is empty")
    return tuple(found)


def find(region: Region, path: str) -> tuple[Spot, ...]:
    """Return every node that a path leads to, in every document."""
    steps = parts(path)
    return tuple(spot for root in roots(region) for spot in _follow(root, steps))


def one(region: Region, path: str) -> Spot:
    """Return the one node that a path leads to, or raise `SelectionError` with the place."""
    spots = find(region, path)
    if len(spots) == 1:
        return spots[0]
    if spots:
        places = ", ".join(":".join(map(str, position(region, spot))) for spot in spots[:5])
        reason = f"{path} leads to {len(spots)} places: {places}"
        hint, at = "Say which: [0] or [name=app] enter a list.", spots[0]
    else:
        parent, missing = _nearest_parent(region, path)
        if parent is None:
            raise SelectionError("the file is empty", "", file=region.file.path)
        reason = f"{path} leads nowhere: there is no {missing}"
        hint, at = nearest(missing, _names(parent)), parent
    line, column = position(region, at)
    raise SelectionError(reason, hint, file=region.file.path, line=line, column=column)


def refuse_stale_digest(region: Region, tag: str) -> None:
    """Raise `RefusedError` where a digest beside a tag would win over it."""
    steps = (*parts(tag)[:-1], "digest")
    for root in roots(region):
        for spot in _follow(root, steps):
            if spot.text:
                raise region.refuse(
                    "stale-digest",
                    "the digest beside the tag would win over it",
                    "Give the target the digest's path as well: it is set, or emptied.",
                    at=spot.node.start_mark.index,
                )


def _names(parent: Spot) -> list[str]:
    """Return the printable names of what stands below a node."""
    return [text for spot in parent.below() if (text := str(spot.path[-1])).isprintable()]


def _nearest_parent(region: Region, path: str) -> tuple[Spot | None, str]:
    """Return the last node on a path that is there, and the first part that is not."""
    steps = parts(path)
    for length in range(len(steps) - 1, 0, -1):
        spot = next((s for root in roots(region) for s in _follow(root, steps[:length])), None)
        if spot is not None:
            return spot, steps[length]
    return next(roots(region), None), steps[0]


def _follow(spot: Spot, steps: Iterable[str]) -> Iterator[Spot]:
    """Yield what a path leads to from a node."""
    first, *rest = steps
    for child in _step(spot, first):
        if rest:
            yield from _follow(child, rest)
        else:
            yield child


def _step(spot: Spot, part: str) -> Iterator[Spot]:
    """Yield the children that one part of a path means."""
    inside = part[1:-1] if part.startswith("[") and part.endswith("]") else None
    key, equals, value = (inside or "").partition("=")
    for child in spot.below():
        last = child.path[-1]
        if isinstance(last, int):
            if equals:
                beside = child.get(key) if key else child
                wanted = beside is not None and beside.text == value
            else:
                wanted = part == "*" or (inside or part) == str(last)
        else:
            wanted = part == "*" or last == (part if inside is None else inside)
        if wanted:
            yield child
