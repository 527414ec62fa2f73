"""Scalars of a file, and of YAML inside its scalars: the way to them, and the proved edit of them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from promoter.domain.errors import RefusedError
from promoter.domain.image import shown
from promoter.domain.model import Change, FileEdit
from promoter.edits.nodes import children, flatten, proved
from promoter.edits.scalars import is_null, written
from promoter.edits.text import Splice, compose, decode, encode, replace
from promoter.yaml_nodes import NODES_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import PurePosixPath

    from ruamel.yaml.nodes import Node

    from promoter.edits.nodes import Path
    from promoter.edits.text import Source

_COLON = re.compile(r"[ \t]*:")
_PLAIN = re.compile(r".+[/=?]|[A-Za-z]\S* ")
_PLACEHOLDERS = ("${", "$(", "{{", "<%")


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
        return cls(source, source, _documents(source))

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
        at = spot.node.start_mark.index
        starts = _line_starts(self, spot.node) if isinstance(spot.node, ScalarNode) else ()
        if not starts or self.starts or spot.unfit:
            raise self.refuse(
                "inline-text",
                "the patch does not stand in the file character by character",
                "Write it as a literal block, `|-`, without alias or anchor.",
                at=at,
            )
        try:
            text = decode(self.file.path, spot.text.encode())
            return Region(self.file, text, _documents(text), spot.path, starts)
        except RefusedError as error:
            first = error.refusals[0]
            reason = f"inside the patch: {first.reason}"
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
            yield self._child(child, part, key, "duplicate-key" if often[name] > 1 else "")

    def get(self, name: str) -> Spot | None:
        """Return the value of a mapping's key."""
        return next((spot for spot in self.below() if spot.path[-1] == name), None)

    def at(self, *names: str) -> Spot | None:
        """Return what stands under a chain of keys."""
        found: Spot | None = self
        for name in names:
            found = found.get(name) if found is not None else None
        return found

    def _child(self, node: Node, part: str | int, key: Node | None, unfit: str) -> Spot:
        # An alias is composed to the node of its anchor, which stands before it.
        before = key if key is not None else self.node
        shared = node.start_mark.index < before.start_mark.index or bool(node.anchor)
        reason = self.unfit or unfit or ("alias" if shared else "")
        own = key if isinstance(key, ScalarNode) else None
        return Spot(node, (*self.path, part), own, reason)


@dataclass(frozen=True, slots=True)
class Setting:
    """A scalar and the text that it shall have; `field` and `image` are for people."""

    region: Region
    spot: Spot
    text: str
    field: str
    image: str

    @property
    def position(self) -> tuple[int, int]:
        """The scalar's line and column in the file."""
        return position(self.region, self.spot)


def position(region: Region, spot: Spot) -> tuple[int, int]:
    """Return a node's line and column in the file."""
    return region.file.position(region.place(spot.node.start_mark.index))


def roots(region: Region) -> Iterator[Spot]:
    """Yield the root of every document."""
    for index, node in enumerate(region.documents):
        yield Spot(node, (index,), None, "alias" if node.anchor else "")


def everything(region: Region) -> Iterator[Spot]:
    """Yield every node of every document, outer before inner; aliases are written out."""
    waiting = list(reversed(list(roots(region))))
    while waiting:
        spot = waiting.pop()
        yield spot
        waiting += reversed(list(spot.below()))


def check_fit(region: Region, spot: Spot, *, placeholders: bool = False) -> None:
    """Raise `RefusedError` where changing a scalar would not mean what it says."""
    node, text = spot.node, region.text.text
    at = max(node.start_mark.index, spot.key.start_mark.index if spot.key is not None else 0)
    if not isinstance(node, ScalarNode):
        raise region.refuse("type", "here is no text", "Name the scalar itself.", at=at)
    if spot.unfit == "duplicate-key":
        reason = "a key on the way here stands twice, and readers differ on which one counts"
        raise region.refuse("duplicate-key", reason, "Remove one of them.", at=at)
    if spot.unfit:
        reason = "the value is one with another place by an anchor or alias"
        raise region.refuse("alias", reason, "Write the value out.", at=at)
    if node.style in ("|", ">") or text.startswith("!", node.start_mark.index):
        reason = "the value is tagged, or written as a block"
        raise region.refuse("style", reason, "Write it on one line.", at=at)
    if not placeholders and any(sign in spot.text for sign in _PLACEHOLDERS):
        reason = f"the value is a placeholder: {shown(spot.text)}"
        hint = "Set the tag where the placeholder is filled in, or allow it: --allow placeholder."
        raise region.refuse("template", reason, hint, at=at)


def set_scalars(path: PurePosixPath, region: Region, settings: Iterable[Setting]) -> FileEdit:
    """Return the proved edit of a file that sets scalars; what can not be proved is refused."""
    wanted = {(one.region.path, one.spot.path): one for one in settings}
    changed = [one for one in wanted.values() if one.text != one.spot.text]
    groups: dict[Path, list[Setting]] = {}
    for one in changed:
        groups.setdefault(one.region.path, []).append(one)
    splices: list[Splice] = []
    intended: dict[Path, str | None] = {}
    for outer, group in groups.items():
        inner = group[0].region
        within = [_splice(one) for one in group]
        expected: dict[Path, str | None] = {one.spot.path: f"str:{one.text}" for one in group}
        if outer:
            text = replace(inner.text, within)
            if not _holds(inner.text, inner.documents, text, expected):
                raise _unproved(group[0])
            expected = {outer: f"str:{text}"}
        splices += [Splice(inner.place(s.start), inner.place(s.end), s.text) for s in within]
        intended |= expected
    text = replace(region.file, splices)
    if changed and not _holds(region.file, region.documents, text, intended):
        raise _unproved(changed[0])
    changes = [
        Change(path, *one.position, one.field, one.image, one.spot.text or None, one.text)
        for one in changed
    ]
    changes.sort(key=lambda change: (change.line, change.column))
    return FileEdit(path, region.file.data, encode(region.file, text), tuple(changes))


def _holds(
    source: Source, documents: Iterable[Node], text: str, expected: dict[Path, str | None]
) -> bool:
    """Say whether a new text, read anew, differs in exactly what was intended."""
    try:
        after = compose(decode(source.path, encode(source, text)))
    except RefusedError:
        return False
    return proved(flatten(documents), flatten(after), expected)


def _unproved(setting: Setting) -> RefusedError:
    """Return the refusal of an edit that would change more, or less, than was meant."""
    at = setting.spot.node.start_mark.index
    reason = f"{shown(setting.text)} can not be set here so that nothing else changes"
    return setting.region.refuse("unproved", reason, "Set it by hand.", at=at)


def _splice(setting: Setting) -> Splice:
    """Return the splice for one scalar; an empty value gets a blank before it."""
    node, key = setting.spot.node, setting.spot.key
    start, end = node.start_mark.index, node.end_mark.index
    if start == end and key is not None:
        colon = _COLON.match(setting.region.text.text, key.end_mark.index)
        if colon is None:
            raise _unproved(setting)
        return Splice(colon.end(), colon.end(), f" {written(setting.text, None)}")
    style = node.style if isinstance(node, ScalarNode) else None
    # No reader takes an address or several words for a number, a boolean or a date: they stay plain.
    plain = style is None and _PLAIN.match(setting.text)
    return Splice(start, end, setting.text if plain else written(setting.text, style))


def _documents(source: Source) -> tuple[Node, ...]:
    """Return a text's documents, or refuse those whose aliases stand for too much."""
    documents = compose(source)
    sizes: dict[int, int] = {}

    def size(node: Node) -> int:
        if id(node) not in sizes:
            # Until it is known, a node that holds itself is without end.
            sizes[id(node)] = NODES_LIMIT
            sizes[id(node)] = 1 + sum(size(child) for child in children(node))
        return sizes[id(node)]

    try:
        total = sum(map(size, documents))
    except RecursionError:
        total = NODES_LIMIT
    if total >= NODES_LIMIT:
        raise source.refuse("size", "the file, its aliases written out, is too large", "Split it.")
    return tuple(documents)


def _line_starts(region: Region, node: ScalarNode) -> tuple[int, ...]:
    """Return where each line of a scalar's text begins in the file, () where it does not."""
    text, value, start = region.text.text, str(node.value), node.start_mark.index
    if node.style != "|":
        start += 1 if node.style else 0
        return (start,) if text.startswith(value, start) and "\n" not in value else ()
    starts: list[int] = []
    at, indent = region.text.next_line(start), -1
    for line in value.split("\n"):
        end = region.text.line_end(at)
        if line and indent < 0:
            indent = end - at - len(line)
        begin = min(at + max(indent, 0), end)
        if text[begin:end] != line and line:
            return ()
        starts.append(begin)
        at = region.text.next_line(at)
    return tuple(starts)
