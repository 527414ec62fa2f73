"""Kustomize's image transformer: which images an `images` entry matches, and what it makes of them.

The semantics are those of kustomize v5.0 to v5.8.1; where a later one differs, the older holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from promoter.graph.pattern import PatternError, compiled

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["POD_TEMPLATE_PASSES", "Entry", "ImageFields", "PatternError", "matches", "transform"]

# A container of a pod template is reached by two filters, so that its tagSuffix is added twice.
POD_TEMPLATE_PASSES = 2

_TAIL = r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?"
# Names whose only special character is the dot; Python's own engine reads them as Go's does.
_ORDINARY = re.compile(r"[A-Za-z0-9_./:@-]*", re.ASCII)


class ImageFields(Protocol):
    """What the transformer reads of an entry of `images`; absent and empty mean the same."""

    @property
    def name(self) -> str | None:
        """The image's name as an expression of Go's, unescaped."""

    @property
    def new_name(self) -> str | None:
        """What takes the name's place."""

    @property
    def tag(self) -> str | None:
        """`newTag`."""

    @property
    def digest(self) -> str | None:
        """`digest`."""

    @property
    def suffix(self) -> str | None:
        """`tagSuffix`: appended to the tag where neither tag nor digest is set."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of `images` as its own values."""

    name: str | None = None
    new_name: str | None = None
    tag: str | None = None
    digest: str | None = None
    suffix: str | None = None


def matches(name: str | None, image: str) -> bool:
    """Say whether an entry of that name changes the image; raises `PatternError`.

    The name is an expression that is anchored, but neither escaped nor grouped.
    """
    name = name or ""
    if _ORDINARY.fullmatch(name):
        return _ordinary(name).fullmatch(image) is not None
    return compiled(f"^{name}{_TAIL}$").search(image)


def transform(
    image: str, entries: Iterable[ImageFields], *, passes: int = POD_TEMPLATE_PASSES
) -> str:
    """Return what entries, in their order, make of one image string; raises `PatternError`."""
    for entry in entries:
        for _ in range(passes):
            if matches(entry.name, image):
                image = _changed(image, entry)
    return image


def split(image: str) -> tuple[str, str, str]:
    """Return name, tag and digest, parted where kustomize does: at a ':' or '@' past the host."""
    slash = max(image.find("/"), 0)
    sign = re.search(r"[:@]", image[slash:])
    if sign is None:
        return image, "", ""
    start = slash + sign.start()
    if sign[0] == "@":
        return image[:start], "", image[start + 1 :]
    tag, _, digest = image[start + 1 :].partition("@")
    return image[:start], tag, digest


def _changed(image: str, entry: ImageFields) -> str:
    """Return an image that the entry matches, changed."""
    name, tag, digest = split(image)
    name = entry.new_name or name
    if entry.tag or entry.digest:
        tag, digest = entry.tag or "", entry.digest or ""
    elif entry.suffix:
        tag, digest = tag + entry.suffix, ""
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


@lru_cache(maxsize=1_024)
def _ordinary(name: str) -> re.Pattern[str]:
    """Return the expression for a name without special characters but the dot."""
    return re.compile(name + _TAIL, re.ASCII)
