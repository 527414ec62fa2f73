"""Where a file seems to hold an image under a key of any name, as custom resources do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from promoter.domain.image import Name, Tag, split
from promoter.edits.nodes import Path
from promoter.edits.region import Region, everything

_KEY = re.compile(r"(?:.*[a-z_-])?image(?:name|ref|reference)?", re.IGNORECASE)
_LISTED = 3
_PLAIN = re.compile(r"[^.\[\]\\*=]+")


def hint_of_paths(region: Region) -> str:
    """Return how a target names the images that a file has outside of containers; '' without any."""
    paths = image_paths(region)[:_LISTED]
    if not paths:
        return ""
    also = f" (or {', '.join(paths[1:])})" if paths[1:] else ""
    return f"Images of other objects are those of kind: yaml-path, reference: {paths[0]}{also}"


def image_paths(region: Region) -> list[str]:
    """Return the paths, as targets have them, of values under keys of images that are one with a tag."""
    return [written for path in _images(region) if (written := _written(path))]


def _images(region: Region) -> Iterator[Path]:
    for spot in everything(region):
        if spot.unfit or not _KEY.fullmatch(str(spot.path[-1])):
            continue
        name, tag, _ = split(spot.text)
        if tag and Tag.is_one(tag) and Name.is_one(name):
            yield spot.path


def _written(path: Path) -> str:
    """Return a path within a document as targets have it; '' where it would have to be escaped."""
    parts = [f"[{part}]" if isinstance(part, int) else part for part in path[1:]]
    if any(not part.startswith("[") and not _PLAIN.fullmatch(part) for part in parts):
        return ""
    return "".join(part if part.startswith("[") else f".{part}" for part in parts).removeprefix(".")
