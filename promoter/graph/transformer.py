"""Kustomize's image transformer: which images an `images` entry matches, and what it makes of them.

The semantics are those of kustomize v5.0 to v5.8.1; where a later one differs, the older holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, TypeAlias

from promoter.graph.pattern import PatternError, compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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


Prepared: TypeAlias = "tuple[tuple[Callable[[str], object], ImageFields], ...]"


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
    return bool(_matcher(name or "")(image))


def prepared(entries: Iterable[ImageFields]) -> Prepared:
    """Return entries for use on many images; raises `PatternError`."""
    return tuple((_matcher(entry.name or ""), entry) for entry in entries)


def steps(image: str, entries: Prepared, *, passes: int) -> Iterator[tuple[int, str]]:
    """Yield each entry that matches, by its number, with the image as it leaves it."""
    for number, (does_match, entry) in enumerate(entries):
        if not does_match(image):
            continue
        image = _changed(image, entry)
        for _ in range(1, passes):
            if does_match(image):
                image = _changed(image, entry)
        yield number, image


def transform(
    image: str, entries: Iterable[ImageFields], *, passes: int = POD_TEMPLATE_PASSES
) -> str:
    """Return what entries, in their order, make of one image string; raises `PatternError`."""
    return transformed(image, prepared(entries), passes=passes)


def transformed(image: str, entries: Prepared, *, passes: int) -> str:
    """Return what prepared entries, in their order, make of one image string."""
    for _, made in steps(image, entries, passes=passes):
        image = made
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


@lru_cache(maxsize=4_096)
def _matcher(name: str) -> Callable[[str], object]:
    """Return what says whether an entry of that name changes an image."""
    if _ORDINARY.fullmatch(name):
        return re.compile(name + _TAIL, re.ASCII).fullmatch
    return compiled(f"^{name}{_TAIL}$").search
