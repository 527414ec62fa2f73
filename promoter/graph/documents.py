"""YAML read as plain values whose scalars keep their text and their place, within fixed limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from promoter.domain.dataclass import dataclass
from promoter.domain.yaml_nodes import NESTING_LIMIT, NODES_LIMIT, BrokenYAMLError, compose_one
from promoter.edits.scalars import is_null

SIZE_LIMIT = 4 * 1024 * 1024
_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
# What ends a line, or hides the rest of one, for some readers of YAML and not for others.
_ODD = re.compile("\r(?!\n)|[\x85\u2028\u2029\ufeff]")
_CONTENTLESS = re.compile(r"(?:---|\.\.\.)?\s*(?:#.*)?|%.*")
_MERGE = "<<"
_TAGS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "value", "merge"})
_SHOWN = 400
# What was read of so many texts is kept, of texts up to so many characters.
_KEPT, _SMALL = 256, 4_096


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar's text, unresolved, and where it was written; lines and columns count from 1."""

    text: str
    file: str = ""
    line: int = 1
    column: int = 1
    null: bool = False


Value: TypeAlias = "Scalar | dict[str, Value] | list[Value]"
Mapping: TypeAlias = dict[str, Value]
Sequence: TypeAlias = list[Value]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text begins: its file, and how far its lines and columns are moved in there."""

    file: str
    line: int = 0
    column: int = 0


def mapping_of(value: Value | None) -> Mapping:
    """Return a value where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence_of(value: Value | None) -> Sequence:
    """Return a value where it is a sequence, else an empty one."""
    return value if isinstance(value, list) else []


def text_of(value: Value | None) -> str:
    """Return a scalar's text; '' for nulls and for what is no scalar."""
    return value.text if isinstance(value, Scalar) and not value.null else ""


def scalars(value: Value | None) -> Iterator[Scalar]:
    """Yield every scalar at or below a value, but for keys."""
    if isinstance(value, Scalar):
        yield value
    elif isinstance(value, list):
        for child in value:
            yield from scalars(child)
    elif value is not None:
        for child in value.values():
            yield from scalars(child)


class UnreadableDocumentError(Exception):
    """A text that cannot be read: why, and the line and column (from 1) where it is known."""

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        """Remember the reason and the place."""
        super().__init__(reason)
        self.reason, self.line, self.column = reason, line, column


def decode_document(data: bytes) -> str:
    """Return a file's text without its byte order mark, or raise `UnreadableDocumentError`."""
    if len(data) > SIZE_LIMIT:
        raise UnreadableDocumentError(f"has {len(data)} bytes, and {SIZE_LIMIT} is the most")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableDocumentError("is not UTF-8") from None


def documents(text: str) -> Iterator[tuple[int, str]]:
    """Yield each document of a stream with the number of lines before it.

    A line that begins with `---` parts documents wherever it stands: YAML allows it in no scalar.
    """
    starts = [0, *(found.start() for found in _SEPARATOR.finditer(text))]
    line = 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        document = text[start:end]
        if not all(_CONTENTLESS.fullmatch(row) for row in document.split("\n")):
            yield line, document
        line += document.count("\n")


def odd_character(text: str) -> str:
    """Return what in a text makes readers part its lines otherwise; '' where nothing does."""
    found = _ODD.search(text)
    return f"the character U+{ord(found[0]):04X}" if found else ""


def parse_document(text: str, origin: Origin) -> Value | None:
    """Return the value of one document, None for an empty one, or raise `UnreadableDocumentError`."""
    return parse_plainly(text, origin)[0]


def parse_plainly(text: str, origin: Origin) -> tuple[Value | None, str]:
    """Return the value of one document, and what in it another reader may read in another way.

    Values are shared, and nobody changes them: apps that stand on one base meet the same texts.
    """
    return (_read_once if len(text) <= _SMALL else _read)(text, origin)


def _read(text: str, origin: Origin) -> tuple[Value | None, str]:
    try:
        root = compose_one(text)
    except BrokenYAMLError as error:
        line = error.line + 1 + origin.line
        raise UnreadableDocumentError(error.reason, line, error.column + 1) from None
    reader = _ValueReader(origin)
    return None if root is None else reader.value(root), reader.odd


_read_once = lru_cache(maxsize=_KEPT)(_read)


@dataclass(slots=True)
class _ValueReader:
    """From nodes to values; aliases are written out, so that what they cost is counted."""

    origin: Origin
    count: int = 0
    odd: str = ""
    """What other readers may read otherwise: a tag, a merged mapping, a key that stands twice."""

    def value(self, node: Node, depth: int = 0) -> Value:
        """Return a node's value."""
        self.count += 1
        mark = node.start_mark
        line, column = mark.line + 1 + self.origin.line, mark.column + 1 + self.origin.column
        if self.count > NODES_LIMIT or depth > NESTING_LIMIT:
            raise UnreadableDocumentError("has aliases that stand for too much", line, column)
        if isinstance(node, MappingNode):
            return self._mapping(node, depth + 1)
        if isinstance(node, SequenceNode):
            return [self.value(child, depth + 1) for child in node.value]
        if str(node.tag).rpartition(":")[2] not in _TAGS:
            self.odd = self.odd or f"the tag {node.tag}"
        null = isinstance(node, ScalarNode) and is_null(node.value, node.style)
        return Scalar(str(node.value), self.origin.file, line, column, null)

    def _mapping(self, node: MappingNode, depth: int) -> Mapping:
        """Return a mapping: without keys that are no scalars, with the last of equal ones."""
        own: Mapping = {}
        merged: Mapping = {}
        for key, child in node.value:
            if not isinstance(key, ScalarNode):
                self.odd = self.odd or "a key that is no word"
                continue
            value = self.value(child, depth)
            if key.value in own or str(key.tag).rpartition(":")[2] not in _TAGS:
                self.odd = self.odd or f"the key {key.value}"
            if key.value == _MERGE:
                # Also in quotes: a tag makes it a merge again.
                self.odd = self.odd or f"the key {key.value}"
                for part in value if isinstance(value, list) else [value]:
                    merged = {**part, **merged} if isinstance(part, dict) else merged
            else:
                own[key.value] = value
        return {**merged, **own}


def shortened_line(text: str) -> str:
    """Return hostile text as one printable line of bounded length."""
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)
