"""The way to a scalar as the configuration writes it: `image.tag`, `list[name=app].version`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from promoter.domain.errors import NoPlaceError, SelectionError
from promoter.domain.suggest import listed, nearest
from promoter.edits.region import Region, Spot, roots

_LISTED = 6
# How others write a key, every element, and the element with a value: JSONPath, JSON Pointer, yq.
_QUOTED = re.compile(r"""\[(['"])([^\[\]]*?)\1\]""")
_EVERY = re.compile(r"\[\*?\]")
_FILTER = re.compile(r"""\[\?\(?@\.([\w-]+)\s*==\s*(['"]?)([^'"\[\])]+)\2\)?\]""")
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
            raise ValueError(f"the path {path!r} cannot be read at character {place + 1}")
        name = match["name"]
        if name is None:
            found.append(f"[{match['bracketed']}]")
        else:
            found.append(re.sub(r"\\(.)", r"\1", name))
        place = match.end()
    if not found:
        raise ValueError("the path is empty")
    return tuple(found)


def beside(path: str, name: str) -> str:
    """Return the path of another key of the mapping in which a path ends."""
    start = [match.start() for match in _PART.finditer(path)][-1]
    return f"{path[:start]}.{name}" if start else name


def first_key(path: str) -> tuple[str, str]:
    """Return the key that a path begins with and the path below it; '' for what is no plain name."""
    match = _PART.match(path)
    key = match["name"] if match else None
    if match is None or not key or re.search(r"[*/\\]|^\.", key):
        return "", ""
    return key, path[match.end() :].removeprefix(".")


def check(path: str) -> None:
    """Raise `ValueError` for what is no path; one in the form of another tool is shown in ours."""
    meant = _meant(path)
    if meant != path and meant:
        raise ValueError(f"must be a path such as image.tag, not {path!r}\nWrite {meant}")
    parts(path)


def _meant(path: str) -> str:
    """Return a path of another form (`$.a['b']`, `.a.b`, `/a/b`) as it is written here."""
    if path.startswith("/"):
        names = (one.replace("~1", "/").replace("~0", "~") for one in path[1:].split("/"))
        return "".join(map(_written, names)).removeprefix(".")
    text = re.sub(r"^\$(?=[.\[])", "", path)
    text = _QUOTED.sub(lambda found: _written(found[2]), text)
    text = _FILTER.sub(r"[\1=\3]", _EVERY.sub(".*", text))
    return text.removeprefix(".")


def _written(name: str) -> str:
    """Return a key as a further part of a path."""
    return f"[{name}]" if re.search(r"[./\\]", name) else f".{name}"


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
        places = ", ".join(":".join(map(str, spot.position)) for spot in spots[:5])
        reason = f"{path} leads to {len(spots)} places: {places}"
        hint, at, kind = _which(path, spots), spots[0], SelectionError
    else:
        parent, missing = nearest_parent(region, path)
        if parent is None:
            raise NoPlaceError("the file is empty", "", file=region.file.path)
        reason = f"{path} leads nowhere: there is no {missing[0]}"
        hint, at, kind = nearest(missing[0], names(parent)), parent, NoPlaceError
        if "/" in missing[0]:
            hint = f"Dots separate the parts of a path: {path.replace('/', '.')}. {hint}"
        elif "Did you mean" not in hint:
            hint += " If the path is right, add the key to the file."
    line, column = at.position
    raise kind(reason, hint, file=region.file.path, line=line, column=column)


def _which(path: str, spots: Sequence[Spot]) -> str:
    """Return how a path names one of several places."""
    ways = [
        part for part in zip(*(spot.path for spot in spots), strict=False) if len(set(part)) > 1
    ]
    keys = [_written(str(key)).removeprefix(".") for key in ways[0]] if ways else []
    if not keys or "*" not in path or any(isinstance(key, int) for key in ways[0]):
        return "Say which: [0] or [name=app] enter a list."
    return f"Say which: {path.replace('*', keys[0], 1)}, with one of {listed(keys, _LISTED)} for *."


def with_merged(region: Region, path: str) -> list[Spot]:
    """Return every value that a path leads to; where a mapping has its last key by a merge, that."""
    *steps, last = parts(path)
    reached = [
        spot for root in roots(region) for spot in (_follow(root, steps) if steps else [root])
    ]
    spots: list[Spot] = []
    for parent in reached:
        for one in _entered(parent) or [parent]:
            own = list(_step(one, last))
            merged = [] if own else [one.merged().get(last)]
            spots += own or [spot for spot in merged if spot is not None]
    return spots


def names(parent: Spot) -> list[str]:
    """Return the printable names of what stands below a node."""
    return [text for spot in parent.below() if (text := str(spot.path[-1])).isprintable()]


def nearest_parent(region: Region, path: str) -> tuple[Spot | None, tuple[str, ...]]:
    """Return the last node on a path that is there, and the parts that are not."""
    steps = parts(path)
    for length in range(len(steps) - 1, 0, -1):
        reached = [spot for root in roots(region) for spot in _follow(root, steps[:length])]
        if reached:
            return (_entered(reached[0]) or reached)[0], steps[length:]
    return next(roots(region), None), steps


def _follow(spot: Spot, steps: Iterable[str]) -> Iterator[Spot]:
    first, *rest = steps
    for child in _step(spot, first):
        if not rest:
            yield child
            continue
        for one in _entered(child) or [child]:
            yield from _follow(one, rest)


def _entered(spot: Spot) -> list[Spot]:
    """Return the roots of the YAML that a block of text is; none for any other value."""
    if spot.style not in ("|", ">") or not spot.text:
        return []
    return list(roots(spot.inside()))


def _step(spot: Spot, part: str) -> Iterator[Spot]:
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
