"""YAML of the usual form read line by line, in a tenth of the parser's time, or not at all.

A promotion reads every manifest below its kustomization. Most are block mappings and lists of plain
keys and one-line values; this reader knows those alone and says None at the first doubt, and then the
parser reads the document. What it reads, the parser reads the same: a test holds it to that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promoter.edits.scalars import is_null
from promoter.graph.value import Scalar

if TYPE_CHECKING:
    from promoter.graph.value import Mapping, Origin, Sequence, Value

_DEPTH = 50
_VALUES = 100_000
_KEY = re.compile(r"([A-Za-z0-9_./$][\w./$-]*):(?: +|$)", re.ASCII)
_DASH = re.compile(r"-(?: +|$)")
_COMMENT = re.compile(r"(?:^| +)#.*| +$")
_PLAIN = re.compile(r"(?:[A-Za-z0-9_./$+(=^<;~\\]|-(?=[^ ]))(?:[^:]|:(?! |$))*")
_QUOTED = re.compile(r"(?:\"([^\"\\]*)\"|'([^']*)')(?= +#| *$)")
_FLOW = re.compile(r"(?:\{(?P<map>[^{}\[\]#]*)\}|\[(?P<list>[^{}\[\]#]*)\])(?= +#| *$)")
_WORD = r"(?:[A-Za-z0-9_./][\w./-]*|\"[^\"\\,:]*\")"
_ITEM = re.compile(rf" *({_WORD}) *", re.ASCII)
_PAIR = re.compile(rf" *([A-Za-z0-9_./][\w./-]*): +({_WORD}) *", re.ASCII)
_LITERAL = re.compile(r"\|(-?)")


class _DoubtError(Exception):
    """The text has not the usual form."""


def read(text: str, origin: Origin) -> Value | None:
    """Return a document's value, or None where the parser has to be asked."""
    # Tabs, carriage returns, other line breaks of YAML and control characters are doubts.
    if not text.replace("\n", "").isprintable():
        return None
    rows = text.split("\n")
    lines = [
        _Line(number, len(row) - len(body), body)
        for number, row in enumerate(rows)
        if (body := row.lstrip(" ")) and body[0] != "#"
    ]
    if lines and lines[0].body.rstrip(" ") == "---" and not lines[0].indent:
        del lines[0]
    if not lines or len(lines) > _VALUES:
        return None
    reader = _Reader(origin, rows, lines)
    try:
        value = reader.block(lines[0].indent, 0)
    except _DoubtError:
        return None
    return value if reader.next == len(lines) else None


@dataclass(frozen=True, slots=True)
class _Line:
    """One line with text: its number from 0, where the text begins, and the text."""

    number: int
    indent: int
    body: str


@dataclass(slots=True)
class _Reader:
    """Reads lines in order; `next` is the line that has not been taken yet."""

    origin: Origin
    rows: list[str]
    lines: list[_Line]
    next: int = 0

    def block(self, indent: int, depth: int) -> Value:
        """Take the mapping or list that begins at this column."""
        if depth > _DEPTH:
            raise _DoubtError
        if _DASH.match(self.lines[self.next].body):
            return self._sequence(indent, depth)
        return self._mapping(indent, depth)

    def _mapping(self, indent: int, depth: int) -> Mapping:
        found: Mapping = {}
        while line := self._here(indent):
            if _DASH.match(line.body):
                break
            key = _KEY.match(line.body)
            if key is None or key[1] in found:
                raise _DoubtError
            self.next += 1
            below = self._peek()
            rest, column = line.body[key.end() :], indent + key.end()
            if rest and rest[0] != "#":
                found[key[1]] = self._value(rest, line.number, column, indent)
            elif below and below.indent == indent and _DASH.match(below.body):
                found[key[1]] = self._sequence(indent, depth + 1)
            else:
                found[key[1]] = self._below(line, indent + key.end(1) + 1, indent, depth)
        return found

    def _sequence(self, indent: int, depth: int) -> Sequence:
        found: Sequence = []
        while (line := self._here(indent)) and (dash := _DASH.match(line.body)):
            rest, column = line.body[dash.end() :], indent + dash.end()
            if rest and rest[0] != "#" and (_KEY.match(rest) or _DASH.match(rest)):
                # What follows a dash is a block of its own that begins there.
                self.lines[self.next] = _Line(line.number, column, rest)
                found.append(self.block(column, depth + 1))
                continue
            self.next += 1
            if rest and rest[0] != "#":
                found.append(self._value(rest, line.number, column, indent))
            else:
                found.append(self._below(line, indent + 1, indent, depth))
        return found

    def _here(self, indent: int) -> _Line | None:
        """Return the next line where it is at this column; one further right belongs to nothing."""
        line = self._peek()
        if line is None or line.indent < indent:
            return None
        if line.indent > indent:
            raise _DoubtError
        return line

    def _peek(self) -> _Line | None:
        return self.lines[self.next] if self.next < len(self.lines) else None

    def _below(self, line: _Line, column: int, indent: int, depth: int) -> Value:
        """Return the block below a line that has no value itself, or the null where there is none."""
        below = self._peek()
        if below is not None and below.indent > indent:
            return self.block(below.indent, depth + 1)
        return self._scalar("", line.number, column, null=True)

    def _value(self, rest: str, number: int, column: int, indent: int) -> Value:
        """Return a value that begins on its key's or dash's line."""
        if quoted := _QUOTED.match(rest):
            text = quoted[1] if quoted[1] is not None else quoted[2]
            return self._scalar(text, number, column)
        text = _COMMENT.sub("", rest)
        if literal := _LITERAL.fullmatch(text):
            return self._scalar(self._literal(number, indent, literal[1]), number, column)
        if _PLAIN.fullmatch(text):
            return self._scalar(text, number, column, null=is_null(text, None))
        if flow := _FLOW.match(rest):
            return self._flow(flow, number, column)
        raise _DoubtError

    def _flow(self, flow: re.Match[str], number: int, column: int) -> Value:
        """Return a flow mapping or list of words on one line."""
        inside = flow["list"] if flow["map"] is None else flow["map"]
        start, parts = column + 1, inside.split(",") if inside.strip(" ") else []
        mapping: Mapping = {}
        sequence: Sequence = []
        for part in parts:
            found = (_ITEM if flow["map"] is None else _PAIR).fullmatch(part)
            if found is None or (flow["map"] is not None and found[1] in mapping):
                raise _DoubtError
            group = found.re.groups
            word, plain = found[group].strip('"'), found[group][0] != '"'
            null = plain and is_null(word, None)
            scalar = self._scalar(word, number, start + found.start(group), null=null)
            if flow["map"] is None:
                sequence.append(scalar)
            else:
                mapping[found[1]] = scalar
            start += len(part) + 1
        return sequence if flow["map"] is None else mapping

    def _literal(self, number: int, indent: int, chomp: str) -> str:
        """Return the text of a literal block below a line, and go on behind it."""
        end, inner = number + 1, None
        while end < len(self.rows):
            row = self.rows[end]
            width = len(row) - len(row.lstrip(" "))
            if width == len(row):
                if width > (inner or 0):
                    raise _DoubtError
            elif inner is None and width > indent:
                inner = width
            elif inner is None or width < inner:
                if width > indent:
                    raise _DoubtError
                break
            end += 1
        # Without a last line break the text would have none either.
        if inner is None or (end == len(self.rows) and self.rows[-1]):
            raise _DoubtError
        while (line := self._peek()) and line.number < end:
            self.next += 1
        text = "\n".join(row[inner:] for row in self.rows[number + 1 : end]).rstrip("\n")
        return text if chomp else text + "\n"

    def _scalar(self, text: str, number: int, column: int, *, null: bool = False) -> Scalar:
        line = number + 1 + self.origin.line
        return Scalar(text, self.origin.file, line, column + 1 + self.origin.column, null)
