"""Kustomize's image transformer: which images an entry of `images` matches, and what it makes of them.

The semantics are those of kustomize v5.0 to v5.8.1. The name of an entry is an expression of Go's,
anchored but not escaped. One that is more than a plain name is not evaluated here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from promoter.domain.dataclass import dataclass
from promoter.domain.image import join, kustomize_split
from promoter.edits.kustomization.entries import ImageEntry
from promoter.graph.documents import Mapping, Scalar, text_of

_TAIL = r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?"
# Names whose only special character is the dot; Python's own engine reads them as Go's does.
_PLAIN = re.compile(r"[A-Za-z0-9_./:@-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of `images` as its own values, and where it stands."""

    name: str | None = None
    new_name: str | None = None
    tag: str | None = None
    digest: str | None = None
    suffix: str | None = None
    file: str = ""
    line: int = 1

    @classmethod
    def of(cls, fields: Mapping) -> Entry:
        """Return the entry that a mapping of a kustomization is."""
        texts = {key.lower(): text_of(value) or None for key, value in fields.items()}
        first = next((one for one in fields.values() if isinstance(one, Scalar)), Scalar(""))
        return cls(
            texts.get("name"), texts.get("newname"), texts.get("newtag"), texts.get("digest"),
            texts.get("tagsuffix"), first.file, first.line,
        )  # fmt: skip

    @property
    def place(self) -> str:
        """Where it stands, as `file:line`."""
        return f"{self.file}:{self.line}"


def is_plain(name: str | None) -> bool:
    """Return whether an entry's name is a plain name, and no more than that as an expression."""
    return _PLAIN.fullmatch(name or "") is not None


def entry_matches(name: str | None, image: str) -> bool | None:
    """Return whether an entry of that name changes the image; None where only Go's engine knows."""
    match = matcher(name or "")
    return None if match is None else match(image) is not None


def changed(image: str, entry: Entry | ImageEntry) -> str:
    """Return what an entry makes of an image that it matches; a tagSuffix is left out."""
    name, tag, digest = kustomize_split(image)
    if entry.tag or entry.digest:
        tag, digest = entry.tag, entry.digest
    return join(entry.new_name or name, tag, digest)


@lru_cache(maxsize=4_096)
def matcher(name: str) -> Callable[[str], object] | None:
    """Return what matches the images of an entry of that name; None for one that is not plain."""
    return re.compile(name + _TAIL, re.ASCII).fullmatch if is_plain(name) else None
