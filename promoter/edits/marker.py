"""Scalars marked by a comment on their line, for Flux or for promote.

Flux: `# {"$imagepolicy": "NAMESPACE:POLICY"}` on the whole image, with `:tag`, `:name` or `:digest`
behind the policy on a part of it. promote: `# {"$promoter": "IMAGE"}`, with the same endings.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruamel.yaml.nodes import ScalarNode

from promoter.edits.parts import Part, Site
from promoter.edits.site import everything

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promoter.edits.site import Region, Spot

FLUX, OWN = "$imagepolicy", "$promoter"
_COMMENT = re.compile(r"[ \t]+#[ \t]*(\{[^\r\n]*\})[ \t]*\r?(?=\n|\Z)")
_PARTS = {"tag": Part.TAG, "digest": Part.DIGEST}
_NAME = "name"


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked scalar: which policy or image it follows, and with what of it."""

    site: Site
    subject: str
    """Flux: `namespace:policy`; promote: the image's name."""
    own: bool


def marks(region: Region) -> tuple[Mark, ...]:
    """Return every marked scalar, or raise `RefusedError` for a marker that stands behind none.

    Markers of a name alone are passed over: a promotion changes no name.
    """
    text, found, behind = region.text.text, [], set()
    for spot in everything(region):
        if not isinstance(spot.node, ScalarNode) or spot.node.style in ("|", ">"):
            continue
        comment = _COMMENT.match(text, spot.node.end_mark.index)
        said = _said(comment[1]) if comment else None
        if comment is None or said is None:
            continue
        behind.add(comment.start(1))
        subject, ending, own = said
        if ending == _NAME:
            continue
        part = _PARTS.get(ending, Part.REFERENCE)
        found.append(Mark(Site(region, spot, part), subject, own))
    for place in _all(text):
        if place not in behind and not _commented(region, place):
            raise region.refuse(
                "marker",
                "the marker stands behind no value",
                "Put it on the line of the value, behind it.",
                at=place,
            )
    return tuple(found)


def _said(comment: str) -> tuple[str, str, bool] | None:
    """Return a marker's subject, its ending, and whether it is promote's own; None for others."""
    try:
        value = json.loads(comment)
    except (ValueError, RecursionError):
        return None
    for key in (FLUX, OWN):
        subject = value.get(key) if isinstance(value, dict) else None
        if isinstance(subject, str) and subject:
            head, _, ending = subject.rpartition(":")
            known = ending in (*_PARTS, _NAME) and (":" in head if key == FLUX else bool(head))
            return (head, ending, key == OWN) if known else (subject, "", key == OWN)
    return None


def _all(text: str) -> Iterator[int]:
    """Yield where every marker of a text begins."""
    for comment in _COMMENT.finditer(text):
        if _said(comment[1]) is not None:
            yield comment.start(1)


def _commented(region: Region, place: int) -> bool:
    """Say whether a marker stands on a line that is a comment, or inside a block of text."""
    start = region.text.line_start(place)
    if region.text.text[start:place].lstrip().startswith("#"):
        return True
    return any(_covers(spot, place) for spot in everything(region))


def _covers(spot: Spot, place: int) -> bool:
    """Say whether a scalar's own text holds a place."""
    node = spot.node
    return isinstance(node, ScalarNode) and node.start_mark.index <= place < node.end_mark.index
