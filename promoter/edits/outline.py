"""A kustomization's outline: its `images` parsed, everything else as opaque text.

The pure parser takes a second for files that exist in the wild. This scan reads lines, and goes on
only while each is of a shape whose meaning can not depend on any other: block mappings and lists
with plain keys, one-line values, literal blocks. At the first doubt it gives up, and the whole file
is parsed. What it accepts, the parser accepts too and reads the same: a test holds it to that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.error import StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from promoter.edits.nodes import children

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

    from promoter.edits.text import Source

# Blank lines and comments, of which large files hold many.
_IDLE = re.compile(r"(?: *(?:#[^\n]*)?\r?\n)+")
_COMMENT = r"(?: +#.*)?"
_PLAIN = r"[A-Za-z0-9_./$][^:#\"'{}\[\],&*!|>%@`]*(?:[:#](?=[^ \s])[^:#\"'{}\[\],&*!|>%@`]*)*"
_VALUE = rf"(?:\"[^\"\\]*\"|'[^']*'|[|>][-+]?|\[\]|\{{\}}|{_PLAIN}){_COMMENT} *"
_LINE = re.compile(
    rf"(?P<dashes>(?:- +)*)(?:(?P<key>[A-Za-z][A-Za-z0-9_./-]*) *:(?: *#.*| +(?P<value>{_VALUE}))? *"
    rf"|(?P<item>{_VALUE}))"
)
# The first line with text, after lines that are quite empty or, in doubt, hold blanks.
_FIRST = re.compile(r"(?:\r?\n)*(?P<blank> +\r?\n)?(?P<indent> *)(?=[^ \r\n])")
_DASH_ALONE = re.compile(rf"-{_COMMENT} *")

# Words that are text to every parser, with nothing behind them but blank lines.
_WORD = re.compile(
    r"(kind|apiVersion):[ ](Kustomization|Component|[a-z][a-z0-9.-]*/v[a-z0-9]+)\r?\n[\r\n]*"
)


@dataclass(slots=True)
class _Scan:
    """Where the scan is: open collections, whether a key waits for its value, the open block."""

    stack: list[tuple[int, str]] = field(default_factory=list)
    pending: bool = False
    block: int | None = None
    keys: list[tuple[str, int]] = field(default_factory=list)

    def enter(self, column: int, kind: str) -> bool:
        """Take one list item or key at a column; False where it does not clearly belong there."""
        while self.stack and self.stack[-1][0] > column:
            self.stack.pop()
            self.pending = False
        top = self.stack[-1] if self.stack else None
        if top == (column, kind):
            self.pending = False
            return True
        if top is None or top[0] < column:
            if self.stack and not self.pending:
                return False
            self.stack.append((column, kind))
            self.pending = False
            return top is not None or column == 0
        if kind == "item" and self.pending:
            self.stack.append((column, kind))
            self.pending = False
            return True
        if kind == "key" and len(self.stack) > 1 and self.stack[-2] == (column, "key"):
            self.stack.pop()
            self.pending = False
            return True
        return False


def outline(source: Source) -> MappingNode | None:
    """Return the document with `images` parsed and other fields opaque, or None where in doubt."""
    text = source.text
    # Tabs, lone carriage returns, other line breaks of YAML and control characters are doubts.
    if not text.replace("\r\n", "").replace("\n", "").isprintable():
        return None
    scan = _Scan()
    offset = 0
    while offset < len(text):
        if scan.block is not None:
            after = _block_end(text, offset, scan.block)
            if after is None:
                return None
            scan.block, offset = None, after
            continue
        if idle := _IDLE.match(text, offset):
            offset = idle.end()
            continue
        end = text.find("\n", offset)
        end = len(text) if end < 0 else end
        if not _take(scan, text[offset:end].rstrip("\r"), offset):
            return None
        offset = end + 1
    return _document(source, scan.keys) if scan.keys else None


def _block_end(text: str, start: int, owner: int) -> int | None:
    """Return where a literal block below a key at column `owner` ends, or None where in doubt."""
    first = _FIRST.match(text, start)
    if first is None or first["blank"] or len(first["indent"]) <= owner:
        return None
    lines = _block_lines(len(first["indent"]))
    end = lines.match(text, start)
    if end is None:
        return None
    after = _FIRST.match(text, end.end())
    # A line between the block's indent and its owner's is an error that the parser names.
    return None if after is not None and len(after["indent"]) > owner else end.end()


@cache
def _block_lines(indent: int) -> re.Pattern[str]:
    """Return the pattern of a literal block's lines: indented at least so far, or blank."""
    return re.compile(rf"(?: {{{indent}}}[^\n]*(?:\n|\Z)| *\r?\n)*")


def _take(scan: _Scan, line: str, offset: int) -> bool:
    """Take one line; False ends the scan in doubt."""
    body = line.lstrip(" ")
    column = len(line) - len(body)
    if not body or body[0] == "#":
        return True
    if column == 0 and body.startswith(("---", "...", "%")):
        return body == "---" and not scan.keys and not offset
    return _structure(scan, body, column, offset)


def _structure(scan: _Scan, body: str, column: int, offset: int) -> bool:
    """Take a line that is a key, a list item, or both."""
    if _DASH_ALONE.fullmatch(body):
        return False
    found = _LINE.fullmatch(body)
    if found is None:
        return False
    dashes = found["dashes"]
    for place in (index for index, char in enumerate(dashes) if char == "-"):
        if not scan.enter(column + place, "item"):
            return False
        scan.pending = True
    owner = column + dashes.rfind("-") if dashes else column
    if found["key"] is None:
        if not dashes:
            return False
        scan.pending = False
    else:
        owner = column + len(dashes)
        if not scan.enter(owner, "key"):
            return False
        if owner == 0:
            scan.keys.append((found["key"], offset))
        scan.pending = found["value"] is None
    if (found["value"] or found["item"] or "").startswith(("|", ">")):
        scan.block = owner
    return True


def _document(source: Source, keys: list[tuple[str, int]]) -> MappingNode | None:
    """Return the root mapping made of the top-level keys and their texts."""
    ends = [offset for _, offset in keys[1:]] + [len(source.text)]
    pairs: list[tuple[ScalarNode, Node]] = []
    images = 0
    for (name, start), end in zip(keys, ends, strict=True):
        lowered = name.lower()
        if lowered in ("images", "apiversion", "kind"):
            pair = _plain(source, start, end) or _parsed(source, start, end)
            if pair is None or (lowered == "images" and not isinstance(pair[1], SequenceNode)):
                return None
            images += lowered == "images"
            pairs.append(pair)
        else:
            pairs.append(_opaque(source, name, start, end))
    if images != 1 or not any(isinstance(v, SequenceNode) and v.value for _, v in pairs):
        return None
    mark = _mark(source, 0)
    return MappingNode("tag:yaml.org,2002:map", pairs, mark, _mark(source, len(source.text)), False)


def _plain(source: Source, start: int, end: int) -> tuple[ScalarNode, Node] | None:
    """Return `kind` or `apiVersion` where it is one plain word, which needs no parser."""
    found = _WORD.fullmatch(source.text, start, end)
    if found is None:
        return None
    key, value = (
        ScalarNode(
            "tag:yaml.org,2002:str",
            found[group],
            _mark(source, found.start(group)),
            _mark(source, found.end(group)),
            None,
        )
        for group in (1, 2)
    )
    return key, value


def _parsed(source: Source, start: int, end: int) -> tuple[ScalarNode, Node] | None:
    """Parse one field by itself, and put its marks where they are in the file."""
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False
    try:
        root = yaml.compose(source.text[start:end])
    except YAMLError:
        return None
    if not isinstance(root, MappingNode) or len(root.value) != 1:
        return None
    line = source.position(start)[0] - 1
    stack: list[Node] = [root]
    while stack:
        node = stack.pop()
        node.start_mark, node.end_mark = (
            StringMark(m.name, m.index + start, m.line + line, m.column, None, None)
            for m in (node.start_mark, node.end_mark)
        )
        stack.extend(children(node))
    key, value = root.value[0]
    return key, value


def _opaque(source: Source, name: str, start: int, end: int) -> tuple[ScalarNode, ScalarNode]:
    """Return a field whose value is its text as it stands."""
    key = ScalarNode(
        "tag:yaml.org,2002:str", name, _mark(source, start), _mark(source, start + len(name)), None
    )
    value = source.text[start + len(name) : end]
    where = _mark(source, start + len(name)), _mark(source, end)
    return key, ScalarNode("tag:yaml.org,2002:opaque", value, *where, "|")


def _mark(source: Source, index: int) -> StringMark:
    """Return a mark at a place of the text."""
    line, column = source.position(index)
    return StringMark(source.path, index, line - 1, column - 1, None, None)
