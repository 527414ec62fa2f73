"""Sites: scalars that hold an image or a part of one, and the proved edit that sets them.

A kind of target only finds its sites. What is common to all kinds is here: the walk over a file's
nodes, YAML inside a scalar of YAML, what makes a scalar unfit to be set, splicing, and the proof.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from promoter.edits.scalars import is_null, written
from promoter.edits.text import (
    Splice,
    compose,
    decode,
    encode,
    flatten,
    proved,
    replace,
)
from promoter.errors import PromoteError, RefusedError
from promoter.image import join, shown, split
from promoter.model import Change, FileEdit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import PurePosixPath

    from ruamel.yaml.nodes import Node

    from promoter.edits.text import Path, Source
    from promoter.model import ImageRequest

_NODES_LIMIT = 200_000
_PLACEHOLDERS = ("${", "$(", "{{", "<%")


class Part(StrEnum):
    """What of an image a scalar holds."""

    REFERENCE = "image"
    """`name[:tag][@digest]`"""
    TAG = "tag"
    DIGEST = "digest"
    OVERRIDE = "override"
    """`[old=]name[:tag][@digest]`, as Argo CD has it"""


@dataclass(frozen=True, slots=True)
class Region:
    """A YAML text with its nodes: a whole file, or the text of a scalar in one."""

    file: Source
    text: Source
    documents: tuple[Node, ...]
    path: Path = ()
    """The way to the scalar that holds the text; () for a whole file."""
    starts: tuple[int, ...] = ()
    """Where each line of the text begins in the file; () for a whole file."""

    @classmethod
    def of(cls, path: PurePosixPath, data: bytes) -> Region:
        """Return a file's region, or raise `RefusedError` with the place."""
        source = decode(str(path), data)
        return cls(source, source, tuple(compose(source)))

    def place(self, index: int) -> int:
        """Return where a character of the text stands in the file."""
        if not self.starts:
            return index
        line, column = self.text.position(index)
        return self.starts[line - 1] + column - 1

    def refuse(self, rule: str, reason: str, hint: str, *, at: int) -> RefusedError:
        """Return an error that holds one refusal, at a character of the text."""
        return self.file.refuse(rule, reason, hint, at=self.place(at))

    def inside(self, spot: Spot) -> Region:
        """Return the YAML that a scalar's text is, or raise `RefusedError`."""
        node = spot.node
        starts = _line_starts(self, node)
        if not starts or self.starts:
            raise self.refuse(
                "inline-text",
                "the text is written so that its characters do not stand in the file as they are",
                "Write it as a literal block: `|-`.",
                at=node.start_mark.index,
            )
        try:
            text = decode(self.file.path, str(node.value).encode())
            return Region(self.file, text, tuple(compose(text)), spot.path, starts)
        except RefusedError as error:
            first = error.refusals[0]
            reason = f"inside the text: {first.reason}"
            at = node.start_mark.index
            raise self.refuse(first.rule, reason, first.hint, at=at) from None


@dataclass(frozen=True, slots=True)
class Spot:
    """A node and the way to it; `unfit` says why it must not be changed."""

    node: Node
    path: Path
    key: ScalarNode | None = None
    unfit: str = ""

    @property
    def text(self) -> str:
        """The scalar's text; '' for nulls and collections."""
        node = self.node
        if not isinstance(node, ScalarNode) or is_null(node.value, node.style):
            return ""
        return str(node.value)

    def below(self) -> Iterator[Spot]:
        """Yield the values of a mapping or the elements of a sequence."""
        if isinstance(self.node, SequenceNode):
            for index, child in enumerate(self.node.value):
                yield self._child(child, index, None, "")
        if not isinstance(self.node, MappingNode):
            return
        names = [k.value if isinstance(k, ScalarNode) else "?" for k, _ in self.node.value]
        often, seen = Counter(names), Counter[str]()
        for (key, child), name in zip(self.node.value, names, strict=True):
            seen[name] += 1
            part = name if seen[name] == 1 else f"{name}#{seen[name]}"
            twice = "duplicate-key" if often[name] > 1 else ""
            yield self._child(child, part, key, twice)

    def get(self, name: str) -> Spot | None:
        """Return the value of a mapping's key."""
        return next((spot for spot in self.below() if spot.path[-1] == name), None)

    def _child(self, node: Node, part: str | int, key: Node | None, unfit: str) -> Spot:
        # An alias is composed to the node of its anchor, which stands before it.
        before = key if key is not None else self.node
        shared = node.start_mark.index < before.start_mark.index or bool(node.anchor)
        reason = self.unfit or unfit or ("alias" if shared else "")
        own = key if isinstance(key, ScalarNode) else None
        return Spot(node, (*self.path, part), own, reason)


@dataclass(frozen=True, slots=True)
class Site:
    """A scalar to set: what it holds of which image."""

    region: Region
    spot: Spot
    part: Part
    image: str = ""
    """The image's name as the request has it; filled in where the place itself says it."""

    @property
    def name(self) -> str:
        """The image's name as the scalar has it; '' for a mere tag or digest."""
        text = self.spot.text
        if self.part is Part.OVERRIDE:
            old, equals, reference = text.rpartition("=")
            return old if equals else split(reference)[0]
        return split(text)[0] if self.part is Part.REFERENCE else ""


@dataclass(slots=True)
class Work:
    """All that happens to one file."""

    path: PurePosixPath
    before: bytes
    region: Region
    splices: list[Splice] = field(default_factory=list)
    intended: dict[Path, str | None] = field(default_factory=dict)
    changes: dict[tuple[Path, Path], Change] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def roots(region: Region) -> Iterator[Spot]:
    """Yield the root of every document."""
    for index, node in enumerate(region.documents):
        yield Spot(node, (index,), None, "alias" if node.anchor else "")


def everything(region: Region) -> Iterator[Spot]:
    """Yield every node of every document, outer before inner; aliases are written out."""
    waiting = list(reversed(list(roots(region))))
    for _ in range(_NODES_LIMIT):
        if not waiting:
            return
        spot = waiting.pop()
        yield spot
        if len(spot.path) < 100:
            waiting += reversed(list(spot.below()))
    raise region.refuse("size", "the file, its aliases written out, is too large", "", at=0)


def edit(path: PurePosixPath, data: bytes, sites: Sequence[tuple[Site, ImageRequest]]) -> FileEdit:
    """Return the proved edit that sets the sites, or raise `RefusedError` with all refusals."""
    region = Region.of(path, data)
    work = Work(path, data, region)
    inner: dict[Path, list[tuple[Site, str]]] = {}
    refusals = []
    for site, request in sites:
        try:
            text = _wanted(site, request, work)
        except RefusedError as error:
            refusals += error.refusals
            continue
        if text != site.spot.text:
            inner.setdefault(site.region.path, []).append((site, text))
            _remember(work, site, request, text)
    if refusals:
        raise RefusedError(refusals)
    for outer, group in inner.items():
        _splice(work, outer, dict.fromkeys(group))
    return finish(work)


def finish(work: Work) -> FileEdit:
    """Return the edit of a file, after proving that only what was intended is different."""
    source = work.region.file
    text = replace(source, work.splices)
    if work.splices:
        after = compose(decode(source.path, encode(source, text)))
        if not proved(flatten(work.region.documents), flatten(after), work.intended):
            raise PromoteError(
                f"the edit of {work.path} could not be proved", "Please report it with the file."
            )
    changes = tuple(sorted(work.changes.values(), key=lambda c: (c.line, c.column)))
    warnings = tuple(dict.fromkeys(work.warnings))
    return FileEdit(work.path, work.before, encode(source, text), changes, warnings)


def check_fit(region: Region, spot: Spot) -> None:
    """Raise `RefusedError` where changing a scalar would not mean what it says."""
    node, at = spot.node, spot.node.start_mark.index
    if spot.key is not None and at < spot.key.start_mark.index:
        at = spot.key.start_mark.index
    if not isinstance(node, ScalarNode):
        raise region.refuse("type", "here is no text", "Name the scalar itself.", at=at)
    if spot.unfit == "duplicate-key":
        reason = "a key on the way here stands twice, and readers differ on which one counts"
        raise region.refuse("duplicate-key", reason, "Remove one of them.", at=at)
    if spot.unfit or region.text.text.startswith(("&", "*"), at):
        reason = "the value is one with another place by an anchor or alias"
        raise region.refuse("alias", reason, "Write the value out.", at=at)
    if region.text.text.startswith("!", at) or node.style in ("|", ">"):
        reason = "the value is tagged or written as a block"
        raise region.refuse("style", reason, "Write it on one line.", at=at)
    if any(sign in spot.text for sign in _PLACEHOLDERS):
        reason = f"the value is a placeholder: {shown(spot.text)}"
        hint = "Set the tag where the placeholder is filled in."
        raise region.refuse("template", reason, hint, at=at)


def _wanted(site: Site, request: ImageRequest, work: Work) -> str:
    """Return the text that a site shall have, or raise `RefusedError`."""
    check_fit(site.region, site.spot)
    text, at = site.spot.text, site.spot.node.start_mark.index
    if site.part is Part.DIGEST:
        if not request.digest and text:
            work.warnings.append(
                f"{request.name}: the digest {text[:19]}… is emptied, as it would win over the tag"
            )
        return request.digest or ""
    if site.part is Part.TAG:
        if "@" in text or not request.tag:
            reason = f"here stands {shown(text)}, and {request} does not say which tag shall"
            raise site.region.refuse("tag", reason, "Ask for a tag.", at=at)
        return str(request.tag)
    old, equals, reference = text.rpartition("=")
    name, _, digest = split(reference)
    if digest and not request.digest:
        work.warnings.append(
            f"{request.name}: the digest {digest[:19]}… is dropped, as it would win over the tag"
        )
    return old + equals + join(name, request.tag, request.digest)


def _remember(work: Work, site: Site, request: ImageRequest, text: str) -> None:
    """Note a change with its place in the file."""
    line, column = work.region.file.position(site.region.place(site.spot.node.start_mark.index))
    work.changes[site.region.path, site.spot.path] = Change(
        work.path, line, column, str(site.part), request.name, site.spot.text or None, text
    )


def _splice(work: Work, outer: Path, group: dict[tuple[Site, str], None]) -> None:
    """Add the splices for the sites of one text, and what the proof shall expect of them."""
    splices, intended = [], {}
    for site, text in group:
        splices.append(_replacement(site, text))
        intended[site.spot.path] = f"str:{text}"
    region = next(iter(group))[0].region
    if not outer:
        work.splices += splices
        work.intended |= intended
        return
    after = replace(region.text, splices)
    if not proved(
        flatten(region.documents),
        flatten(compose(decode(region.text.path, encode(region.text, after)))),
        intended,
    ):
        raise PromoteError(f"the edit of {work.path} could not be proved", "Please report it.")
    work.splices += [Splice(region.place(s.start), region.place(s.end), s.text) for s in splices]
    work.intended[outer] = f"str:{after}"


def _replacement(site: Site, text: str) -> Splice:
    """Return the splice for one scalar; an empty value gets a blank before it."""
    node = site.spot.node
    start, end = node.start_mark.index, node.end_mark.index
    if start == end and site.spot.key is not None:
        colon = site.region.text.text.index(":", site.spot.key.end_mark.index) + 1
        return Splice(colon, colon, f" {written(text, None)}")
    return Splice(start, end, written(text, node.style))


def _line_starts(region: Region, node: Node) -> tuple[int, ...]:
    """Return where each line of a scalar's text begins in the file, () where it does not."""
    text, value, start = region.text.text, str(node.value), node.start_mark.index
    if node.style != "|":
        start += 1 if node.style else 0
        return (start,) if text.startswith(value, start) and "\n" not in value else ()
    starts = []
    at, indent = region.text.next_line(start), None
    for line in value.split("\n"):
        written_line = text[at : region.text.line_end(at)] if at < len(text) else ""
        if line and indent is None:
            indent = len(written_line) - len(line)
        margin = indent or 0
        if line and written_line[margin:] != line:
            return ()
        starts.append(min(at + margin, region.text.line_end(at)))
        at = region.text.next_line(at)
    return tuple(starts)
