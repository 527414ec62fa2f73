"""A YAML text with its nodes, in a file or in a scalar of one, and the way to each of its nodes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from pathlib import PurePosixPath

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import RefusedError
from promoter.domain.redaction import shown
from promoter.domain.yaml_nodes import NODES_LIMIT
from promoter.edits.nodes import Path, aliased, children
from promoter.edits.scalars import is_null
from promoter.edits.text import Source, compose, decode_file

_ANCHOR = re.compile(r"&[^\s,\[\]{}]+[ \t]+")


@dataclass(frozen=True, slots=True, eq=False)
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
        source = decode_file(str(path), data)
        return cls(source, source, _documents(source))

    def place(self, index: int) -> int:
        """Return where a character of the text stands in the file."""
        if not self.starts:
            return index
        line, column = self.text.position(index)
        return self.starts[line - 1] + column - 1

    def indented(self, text: str) -> str:
        """Return new text of several lines as it stands in the file."""
        if not self.starts:
            return text
        first = self.starts[0]
        margin = " " * (first - self.file.line_start(first))
        return text.replace("\n", self.file.newline(first) + margin)

    def refuse(self, rule: str, reason: str, hint: str, *, at: int) -> RefusedError:
        """Return an error that holds one refusal, at a character of the text."""
        return self.file.refuse(rule, reason, hint, at=self.place(at))

    def unproved(self, text: str, *, at: int) -> RefusedError:
        """Return the refusal of an edit that would change more, or less, than was meant."""
        reason = f"{shown(text)} cannot be set here so that nothing else changes"
        return self.refuse("unproved", reason, "Set it by hand.", at=at)


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """A node and the way to it."""

    region: Region
    node: Node
    path: Path
    key: ScalarNode | None = None
    parent: Spot | None = field(default=None, repr=False)
    unfit: str = ""
    """Why it must not simply be changed: `duplicate-key` on the way to it, `anchor` or `alias` where
    the node itself stands for other places too, `shared` where one on the way does. An anchor that no
    alias names stands for its own place alone."""

    @property
    def text(self) -> str:
        """The scalar's text; '' for nulls and collections."""
        node = self.node
        if not isinstance(node, ScalarNode) or is_null(node.value, node.style):
            return ""
        return str(node.value)

    @property
    def style(self) -> str | None:
        """The scalar's quotes or block sign; None where it is plain."""
        return self.node.style if isinstance(self.node, ScalarNode) else None

    @property
    def start(self) -> int:
        """Where the value begins in its region, behind its anchor."""
        at = int(self.node.start_mark.index)
        anchor = _ANCHOR.match(self.region.text.text, at) if self.node.anchor else None
        return anchor.end() if anchor else at

    @property
    def end(self) -> int:
        """Where the value ends in its region."""
        return int(self.node.end_mark.index)

    @property
    def key_start(self) -> int:
        """Where the value's key begins in its region; the value itself where it has none."""
        return int(self.key.start_mark.index) if self.key is not None else self.start

    @property
    def key_end(self) -> int:
        """Where the value's key ends in its region."""
        return int(self.key.end_mark.index) if self.key is not None else self.start

    @property
    def written(self) -> int:
        """Where it is written in its region: an alias stands behind its key, not at its anchor."""
        before = self.key if self.key is not None else self.parent.node if self.parent else None
        if before is None:
            return self.start
        return max(self.start, int(before.start_mark.index))

    @property
    def position(self) -> tuple[int, int]:
        """The line and column of what it says, in the file."""
        return self.region.file.position(self.region.place(self.start))

    @property
    def place(self) -> str:
        """The `file:line:column` where it is written."""
        at = self.region.file.position(self.region.place(self.written))
        return ":".join(map(str, (self.region.file.path, *at)))

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

    def merged(self) -> dict[str, Spot]:
        """Return the values that a mapping has by merges (`<<`) alone, by their keys."""
        values: dict[str, Spot] = {}
        for child in self.below():
            if child.path[-1] != "<<":
                continue
            for one in child.below() if isinstance(child.node, SequenceNode) else [child]:
                own = {str(below.path[-1]): below for below in one.below()}
                values = {**one.merged(), **own, **values}
        own_keys = {str(child.path[-1]) for child in self.below()}
        return {key: value for key, value in values.items() if key not in own_keys}

    def at(self, *names: str) -> Spot | None:
        """Return what stands under a chain of keys."""
        reached: Spot | None = self
        for name in names:
            reached = reached.get(name) if reached is not None else None
        return reached

    def inside(self, what: str = "text") -> Region:
        """Return the YAML that a scalar's text is, or raise `RefusedError`; `what` names it."""
        region = self.region
        starts = _line_starts(region, self.node) if isinstance(self.node, ScalarNode) else ()
        if not starts or region.starts or self.unfit:
            raise region.refuse(
                "inline-text",
                f"the {what} does not stand in the file character by character",
                "Write it as a literal block, `|-`, without alias or anchor.",
                at=self.written,
            )
        try:
            text = decode_file(region.file.path, self.text.encode())
            return Region(region.file, text, _documents(text), self.path, starts)
        except RefusedError as error:
            first = error.refusals[0]
            reason = f"inside the {what}: {first.reason}"
            raise region.refuse(first.rule, reason, first.hint, at=self.written) from None

    def _child(self, node: Node, part: str | int, key: Node | None, unfit: str) -> Spot:
        # An alias is composed to the node of its anchor, which stands before it.
        before = key if key is not None else self.node
        own = "alias" if node.start_mark.index < before.start_mark.index else ""
        own = own or ("anchor" if node.anchor and id(node) in _aliased(self.region) else "")
        above = "shared" if self.unfit in ("anchor", "alias") else self.unfit
        named = key if isinstance(key, ScalarNode) else None
        return Spot(self.region, node, (*self.path, part), named, self, above or unfit or own)


def roots(region: Region) -> Iterator[Spot]:
    """Yield the root of every document."""
    for index, node in enumerate(region.documents):
        yield Spot(region, node, (index,))


def everything(region: Region) -> Iterator[Spot]:
    """Yield every node of every document, outer before inner; aliases are written out."""
    waiting = list(reversed(list(roots(region))))
    while waiting:
        spot = waiting.pop()
        yield spot
        waiting += reversed(list(spot.below()))


def occurrences(region: Region, node: Node) -> Sequence[Spot]:
    """Return each place of a node, its anchor's and its aliases'; what holds aliases counts once."""
    return _places(region).get(id(node), ())


@lru_cache(maxsize=2)
def _aliased(region: Region) -> set[int]:
    return aliased(region.documents)


@lru_cache(maxsize=2)
def _places(region: Region) -> Mapping[int, Sequence[Spot]]:
    """Return the places of every node, found in one walk: a file may ask for those of many."""
    found: dict[int, list[Spot]] = {}
    waiting = list(reversed(list(roots(region))))
    while waiting:
        spot = waiting.pop()
        known = found.setdefault(id(spot.node), [])
        if not known:
            waiting += reversed(list(spot.below()))
        known.append(spot)
    return found


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
