"""YAML read as plain values whose scalars keep their text and their place, within fixed limits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from promoter.edits.scalars import is_null

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ruamel.yaml.nodes import Node

SIZE_LIMIT = 4 * 1024 * 1024
_NESTING_LIMIT = 100
_VALUES_LIMIT = 200_000
_SEPARATOR = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_CONTENTLESS = re.compile(r"(?:---|\.\.\.)?\s*(?:#.*)?|%.*")
_MERGE = "<<"
_SHOWN = 400


class UnreadableError(Exception):
    """A text that can not be read: why, and the line and column (from 1) where it is known."""

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        """Remember the reason and the place."""
        super().__init__(reason)
        self.reason, self.line, self.column = reason, line, column


@dataclass(frozen=True, slots=True)
class Past:
    """What a scalar was before a file changed it."""

    text: str
    file: str


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar's text, unresolved, where it was written, and what changed it since."""

    text: str
    file: str = ""
    line: int = 1
    column: int = 1
    null: bool = False
    past: tuple[Past, ...] = field(default=())

    def changed(self, text: str, by: str) -> Scalar:
        """Return the scalar with another text, remembering who changed it."""
        if text == self.text:
            return self
        return replace(self, text=text, null=False, past=(*self.past, Past(self.text, by)))


Value: TypeAlias = "Scalar | dict[str, Value] | list[Value]"
Mapping: TypeAlias = dict[str, Value]
Sequence: TypeAlias = list[Value]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text begins: its file, and how far its lines and columns are moved in there."""

    file: str
    line: int = 0
    column: int = 0


def decode(data: bytes) -> str:
    """Return a file's text without its byte order mark, or raise `UnreadableError`."""
    if len(data) > SIZE_LIMIT:
        raise UnreadableError(f"has {len(data)} bytes, and {SIZE_LIMIT} is the most")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableError("is not UTF-8") from None


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


def parse(text: str, origin: Origin) -> Value | None:
    """Return the value of one document, None for an empty one, or raise `UnreadableError`."""
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = _NESTING_LIMIT
    # An anchor that stands twice is legal, and a warning of the parser's would go to the user.
    yaml.composer.warn_double_anchors = False
    try:
        node = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(str(error.problem or error.context).split())
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise UnreadableError(reason, line + origin.line, column) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise UnreadableError(str(error).partition("\n")[0], origin.line + 1) from None
    return None if node is None else _Reader(origin).value(node, 0)


@dataclass(slots=True)
class _Reader:
    """From nodes to values; aliases are written out, so that what they cost is counted."""

    origin: Origin
    count: int = 0

    def value(self, node: Node, depth: int) -> Value:
        """Return a node's value."""
        self.count += 1
        mark = node.start_mark
        line, column = mark.line + 1 + self.origin.line, mark.column + 1 + self.origin.column
        if self.count > _VALUES_LIMIT or depth > _NESTING_LIMIT:
            raise UnreadableError("is too deep, or its aliases stand for too much", line, column)
        if isinstance(node, MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, SequenceNode):
            return [self.value(child, depth + 1) for child in node.value]
        null = isinstance(node, ScalarNode) and is_null(node.value, node.style)
        return Scalar(str(node.value), self.origin.file, line, column, null)

    def _mapping(self, node: MappingNode, depth: int) -> Mapping:
        """Return a mapping: without keys that are no scalars, with the last of equal ones."""
        own: Mapping = {}
        merged: Mapping = {}
        for key, child in node.value:
            if not isinstance(key, ScalarNode):
                continue
            value = self.value(child, depth + 1)
            if key.value == _MERGE and key.style is None:
                for part in value if isinstance(value, list) else [value]:
                    merged = {**part, **merged} if isinstance(part, dict) else merged
            else:
                own[key.value] = value
        return {**merged, **own}


def one_line(text: str) -> str:
    """Return hostile text as one printable line of bounded length."""
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


def mapping(value: Value | None) -> Mapping:
    """Return a value where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Value | None) -> Sequence:
    """Return a value where it is a sequence, else an empty one."""
    return value if isinstance(value, list) else []


def text_of(value: Value | None) -> str:
    """Return a scalar's text; '' for nulls and for what is no scalar."""
    return value.text if isinstance(value, Scalar) and not value.null else ""


def copied(value: Value) -> Value:
    """Return a value that shares nothing which can change."""
    if isinstance(value, dict):
        return {key: copied(child) for key, child in value.items()}
    if isinstance(value, list):
        return [copied(child) for child in value]
    return value
