"""The text of a YAML file: spans by the composer's marks, splices, and the proof of an edit.

Marks count characters, not bytes; the byte order mark is kept aside. Nothing here dumps YAML: an
edit is a set of splices on the original text, and the result is composed again and compared.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from promoter.errors import PromoteError, RefusedError
from promoter.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SIZE_LIMIT = 8 * 1024 * 1024
_NESTING_LIMIT = 60
_BOM = "\ufeff"
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})(?: |\r?$)", re.MULTILINE)
_TEMPLATE = re.compile(r"\{%|\{\{|\$\{")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Splice:
    """A span of the text, by character offsets, and what stands there afterwards."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Source:
    """A file as bytes and as text without its byte order mark."""

    path: str
    data: bytes
    text: str
    bom: str
    _starts: list[int] = field(repr=False)

    def position(self, index: int) -> tuple[int, int]:
        """Return the line and column of a character, both from 1."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def line_start(self, index: int) -> int:
        """Return where the line of a character begins."""
        return self._starts[bisect_right(self._starts, index) - 1]

    def line_end(self, index: int) -> int:
        """Return where the line of a character ends, before its line break."""
        found = self.text.find("\n", index)
        if found < 0:
            return len(self.text)
        return found - 1 if found > index and self.text[found - 1] == "\r" else found

    def next_line(self, index: int) -> int:
        """Return where the line after a character begins, or the end of the text."""
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found + 1

    def newline(self, index: int) -> str:
        """Return the line break in use around a place: its own line's, else the one before it."""
        found = self.text.find("\n", index)
        if found < 0:
            found = self.text.rfind("\n", 0, index)
        if found < 0:
            return "\n"
        return "\r\n" if found and self.text[found - 1] == "\r" else "\n"

    def refusal(self, rule: str, reason: str, hint: str = "", *, at: int | None = None) -> Refusal:
        """Return a refusal with the place, the line and what to do."""
        if at is None:
            return Refusal(rule, reason, hint, self.path)
        line, column = self.position(min(at, len(self.text)))
        start = self._starts[line - 1]
        return Refusal(
            rule, reason, hint, self.path, line, column, self.text[start : self.line_end(start)]
        )

    def refuse(
        self, rule: str, reason: str, hint: str = "", *, at: int | None = None
    ) -> RefusedError:
        """Return an error that holds one refusal."""
        return RefusedError([self.refusal(rule, reason, hint, at=at)])


def decode(path: str, data: bytes) -> Source:
    """Return a file's text, or raise `RefusedError` for what no edit can be safe in."""
    if len(data) > SIZE_LIMIT:
        reason = f"the file has {len(data)} bytes, and {SIZE_LIMIT} is the most"
        raise RefusedError([Refusal("size", reason, "Split it.", path)])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        reason = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise RefusedError(
            [Refusal("encoding", reason, "Save the file as UTF-8.", path, line, column)]
        ) from error
    bom = _BOM if text.startswith(_BOM) else ""
    text = text[len(bom) :]
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    source = Source(path, data, text, bom, starts)
    conflict = _CONFLICT.search(text)
    if conflict and text.startswith(("<", ">"), conflict.start()):
        raise source.refuse(
            "conflict", "an unresolved merge conflict", "Resolve it first.", at=conflict.start()
        )
    return source


def compose(source: Source) -> list[Node]:
    """Return the documents of a file as nodes with marks, or raise `RefusedError` with the place."""
    yaml = YAML(typ="safe", pure=True)
    # An anchor may be defined anew; it is no mistake, and no reason to speak on stderr.
    yaml.composer.warn_double_anchors = False
    try:
        documents = [node for node in yaml.compose_all(source.text) if node is not None]
        for node in documents:
            _check_depth(node)
    except MarkedYAMLError as error:
        raise _unparsable(source, error) from None
    except RecursionError:
        raise source.refuse("nesting", "the file is nested too deeply", "Flatten it.") from None
    except (YAMLError, ValueError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise source.refuse("yaml", f"not valid YAML: {said[:200]}", "Mend it first.") from None
    return documents


def replace(source: Source, splices: Iterable[Splice]) -> str:
    """Return the text with the splices applied; overlapping splices are a bug."""
    parts, end = [], 0
    for splice in sorted(splices, key=lambda one: (one.start, one.end)):
        if splice.start < end:
            raise PromoteError(f"overlapping edits of {source.path}", "Please report it.")
        parts += [source.text[end : splice.start], splice.text]
        end = splice.end
    return "".join([*parts, source.text[end:]])


def encode(source: Source, text: str) -> bytes:
    """Return a text as the bytes of the file, byte order mark included."""
    return (source.bom + text).encode("utf-8")


def flatten(nodes: Iterable[Node]) -> dict[Path, str]:
    """Return every scalar's raw text and every empty collection by its path; aliases by their node."""
    found: dict[Path, str] = {}
    for index, node in enumerate(nodes):
        found.update(_flat(node, (index,)))
    return found


def proved(
    before: Mapping[Path, str], after: Mapping[Path, str], changes: Mapping[Path, str | None]
) -> bool:
    """Say whether two flattened trees differ in exactly the intended paths (None: gone)."""
    wanted = dict(before)
    for path, text in changes.items():
        if text is None:
            wanted.pop(path, None)
        else:
            wanted[path] = text
    return wanted == dict(after)


def children(node: Node) -> Iterator[Node]:
    """Yield a collection's own nodes, keys included."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, SequenceNode):
        yield from node.value


def last_index(node: Node) -> int:
    """Return where a node's content ends, which for block collections is before comments."""
    flow = getattr(node, "flow_style", False)
    inner = [] if flow or isinstance(node, ScalarNode) else list(children(node))
    if not inner:
        return int(node.end_mark.index)
    return max(last_index(child) for child in inner)


def _flat(node: Node, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the scalars below a node with the kind that they are read as."""
    if isinstance(node, ScalarNode):
        yield path, f"{str(node.tag).rpartition(':')[2]}:{node.value}"
    elif isinstance(node, SequenceNode):
        if not node.value:
            yield path, "[]"
        for index, child in enumerate(node.value):
            yield from _flat(child, (*path, index))
    elif isinstance(node, MappingNode):
        if not node.value:
            yield path, "{}"
        seen: Counter[str] = Counter()
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else "?"
            # A key may stand twice outside of what is edited: number it, so that none is lost.
            seen[name] += 1
            yield from _flat(value, (*path, name if seen[name] == 1 else f"{name}#{seen[name]}"))


def _check_depth(node: Node) -> None:
    """Raise `RecursionError` for nesting that no real file has."""
    level, depth = [node], 0
    seen: set[int] = set()
    while level:
        depth += 1
        if depth > _NESTING_LIMIT:
            raise RecursionError
        below = {id(child): child for node in level for child in children(node)}
        level = [child for key, child in below.items() if key not in seen]
        seen.update(below)


def _unparsable(source: Source, error: MarkedYAMLError) -> RefusedError:
    """Return the refusal for text that is no YAML, naming templates where one is the likely cause."""
    mark = error.problem_mark or error.context_mark
    at = min(mark.index, len(source.text)) if mark else None
    template = _TEMPLATE.search(source.text)
    if template and (at is None or abs(template.start() - at) < 400):
        return source.refuse(
            "template",
            "an unrendered template: it is not YAML until it is rendered",
            "Promote the rendered repository, or move the tag out of the template.",
            at=template.start(),
        )
    problem = error.problem or error.context or "broken"
    return source.refuse("yaml", f"not valid YAML: {problem}", "Mend it first.", at=at)
