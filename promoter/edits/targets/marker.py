"""Scalars marked by a comment on their line, for Flux or for promote.

Flux: `# {"$imagepolicy": "NAMESPACE:POLICY"}` on the whole image, with `:tag`, `:name` or `:digest`
behind the policy on a part of it. promote: `# {"$promoter": "IMAGE"}`, with the same endings.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import RefusedError, SelectionError
from promoter.domain.json import parse_json
from promoter.domain.redaction import shown
from promoter.edits.region import Region, Spot, everything, roots
from promoter.edits.site import Part, Site
from promoter.edits.targets.model import FileTarget, Filled, image_names

FLUX, OWN = "$imagepolicy", "$promoter"
_COMMENT = re.compile(r"[ \t]+#[ \t]*(\{[^\r\n]*\})[ \t]*\r?(?=\n|\Z)")
_BEGINNING = re.compile(r"(?<![ \t])[ \t]+#[ \t]*\{")
_LINE_END = re.compile(r"[\r\n]")
_PARTS = {"tag": Part.TAG, "digest": Part.DIGEST}
_NAME = "name"


class MarkerTarget(FileTarget):
    """Lines with a marker: `# {"$imagepolicy": "ns:policy:tag"}` or `# {"$promoter": "IMAGE:tag"}`."""

    kind: Literal["marker"]
    policy: Filled = ""
    """Flux: the policy, `namespace:name`, whose markers stand for the image."""

    def find(self, region: Region) -> Iterator[Site]:
        """Yield the marked values: promote's own and whole references, or those of one policy."""
        unknown: Mark | None = None
        for mark in marks(region):
            if self.policy and mark.subject == self.policy and not mark.own:
                yield replace(mark.site, by_place=True)
            elif not self.policy and mark.site.names:
                yield mark.site
            elif not self.policy:
                unknown = unknown or mark
        if unknown is not None:
            raise SelectionError(
                f"{unknown.site.spot.place}: a marker of the policy {shown(unknown.subject)} stands "
                f"on a {unknown.site.part} alone, so that its image is not known",
                f"Give the target the policy {shown(unknown.subject)}.",
            )

    @classmethod
    def in_file(cls, file: str, region: Region) -> Mapping[str, FileTarget]:
        """Return a target for each image that a marker names, or that a marked value is."""
        sites = (mark.site for mark in marks(region))
        return {name: cls(kind="marker", file=file, image=name) for name in image_names(sites)}


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
    text, behind = region.text.text, set()
    found: list[Mark] = []
    spans: set[tuple[int, int]] = set()
    for spot in everything(region):
        if not isinstance(spot.node, ScalarNode):
            continue
        spans.add((spot.node.start_mark.index, spot.node.end_mark.index))
        if spot.style in ("|", ">"):
            found += _inside(spot)
            continue
        comment = _COMMENT.match(text, spot.node.end_mark.index)
        said = _said(comment[1]) if comment else None
        if comment is None or said is None:
            continue
        behind.add(comment.start(1))
        subject, ending, own = said
        if ending == _NAME:
            continue
        part = _PARTS.get(ending)
        site = Site.reference(spot) if part is None else Site(spot, part)
        found.append(Mark(replace(site, names=(subject,)) if own else site, subject, own))
    values = sorted(spans)
    for place in _all(text):
        if place not in behind and not _commented(region, place, values):
            raise region.refuse(
                "marker",
                "the marker stands behind no value",
                "Put it on the line of the value, behind it.",
                at=place,
            )
    return tuple(found)


def _inside(block: Spot) -> tuple[Mark, ...]:
    """Return the marked scalars of YAML in a block of text; a script may look like some."""
    if not any(key in block.text for key in (FLUX, OWN)):
        return ()
    try:
        inner = block.inside()
        whole = all(isinstance(one.node, MappingNode | SequenceNode) for one in roots(inner))
        return marks(inner) if whole else ()
    except RefusedError:
        return ()


def _said(comment: str) -> tuple[str, str, bool] | None:
    """Return a marker's subject, its ending, and whether it is promote's own; None for others."""
    try:
        value = parse_json(comment)
    except ValueError:
        return None
    for key in (FLUX, OWN):
        subject = value.get(key) if isinstance(value, dict) else None
        if isinstance(subject, str) and subject:
            head, _, ending = subject.rpartition(":")
            known = ending in (*_PARTS, _NAME) and (":" in head if key == FLUX else bool(head))
            return (head, ending, key == OWN) if known else (subject, "", key == OWN)
    return None


def _all(text: str) -> Iterator[int]:
    """Yield where the markers of a text stand, each line looked at once."""
    done = 0
    for begin in _BEGINNING.finditer(text):
        if begin.start() < done:
            continue
        done = end.start() if (end := _LINE_END.search(text, begin.end())) else len(text)
        comment = _COMMENT.match(text, begin.start())
        if comment is not None and _said(comment[1]) is not None:
            yield comment.start(1)


def _commented(region: Region, place: int, values: Sequence[tuple[int, int]]) -> bool:
    """Return whether a marker stands on a line that is a comment, or inside of one of the values.

    `values` are where each begins and ends, in order: none overlaps another.
    """
    start = region.text.line_start(place)
    if region.text.text[start:place].lstrip().startswith("#"):
        return True
    before = bisect_right(values, (place, len(region.text.text)))
    return before > 0 and place < values[before - 1][1]
