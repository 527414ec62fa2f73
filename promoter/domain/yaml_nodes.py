"""YAML as nodes that know their place: libyaml parses, as kustomize's own parser is a port of it.

The tags and values of the nodes are ruamel.yaml's. Both libraries' composers refuse an anchor that
is defined anew, which kustomize does not, and follow nesting on the interpreter's stack; the one
here takes any text in bounded time and memory.
"""

from __future__ import annotations

from dataclasses import field
from functools import lru_cache
from typing import Any, TypeAlias

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tag import Tag

from promoter.domain.dataclass import dataclass

Mark: TypeAlias = "yaml.error.Mark | yaml._yaml.Mark | None"  # noqa: SLF001 - has no other name

NESTING_LIMIT = 100
NODES_LIMIT = 200_000
# Without a wheel for the platform, PyYAML may have come without libyaml: its own parser is slower.
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_RESOLVER = VersionedResolver()
# By what libyaml was about when it met something else; `{}` is the character that began it.
_ENDLESS = {
    "flow sequence": "the {} that begins here is not closed",
    "flow mapping": "the {{ that begins here is not closed",
    "quoted scalar": "the quote {} that begins here is not closed",
    "simple key": "there is no ':' after this key",
}
_MAP, _SEQ, _STR = (Tag(suffix=f"tag:yaml.org,2002:{name}") for name in ("map", "seq", "str"))


class BrokenYAMLError(Exception):
    """A text that is no YAML, or too much of it: the rule, why, and the place, all from 0."""

    def __init__(self, reason: str, index: int, line: int, column: int, rule: str = "yaml") -> None:
        super().__init__(reason)
        self.reason, self.rule = reason, rule
        self.index, self.line, self.column = index, line, column


def compose(text: str) -> list[Node]:
    """Return a text's documents as nodes with marks, or raise `BrokenYAMLError` with the place.

    An alias is the very node of its anchor: who writes aliases out has to bound what comes of it.
    """
    if text.startswith("\ufeff"):
        # libyaml would take it for the text's own, and count no character for it.
        raise BrokenYAMLError("found a second byte order mark", 0, 0, 0)
    composer = _Composer()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            composer.take(event)
    except yaml.reader.ReaderError as error:
        # The error's own position counts bytes.
        at = text.index(chr(error.character))
        line, column = text.count("\n", 0, at), at - text.rfind("\n", 0, at) - 1
        reason = f"the character U+{error.character:04X} must not stand in it"
        raise BrokenYAMLError(reason, at, line, column) from None
    except yaml.MarkedYAMLError as error:
        raise _explained(text, error) from None
    return composer.documents


def compose_one(text: str) -> Node | None:
    """Return a text's only document, None where it has none, or raise `BrokenYAMLError`."""
    documents = compose(text)
    if len(documents) > 1:
        raise _broken("holds a second document", documents[1].start_mark)
    return documents[0] if documents else None


def values(document: Node) -> Any:  # noqa: ANN401 - YAML
    """Return a document's value as ruamel.yaml reads it, or raise its `YAMLError` or `ValueError`."""
    try:
        return YAML(typ="safe", pure=True).constructor.construct_document(document)
    except (LookupError, TypeError, AttributeError, ArithmeticError) as error:
        # ruamel.yaml trusts a tag such as `!!bool` to stand before what it says.
        raise YAMLError("a value is not what its tag says") from error


@dataclass(slots=True)
class _Composer:
    """From events to nodes; `path` holds the collections that are open, each with its children."""

    documents: list[Node] = field(default_factory=list)
    path: list[tuple[Node, list[Node]]] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    count: int = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        if isinstance(event, yaml.ScalarEvent):
            self._add(event, _scalar(event))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(event.end_mark)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.anchors.clear()

    def _add(self, event: yaml.NodeEvent, node: Node) -> None:
        """Put a node where it belongs, and remember its anchor."""
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        self.count += 1
        if self.count > NODES_LIMIT:
            raise _broken(f"has more than {NODES_LIMIT} values", event.start_mark, "size")
        (self.path[-1][1] if self.path else self.documents).append(node)

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        kind, tag = (
            (MappingNode, _MAP)
            if isinstance(event, yaml.MappingStartEvent)
            else (SequenceNode, _SEQ)
        )
        own = tag if event.implicit else Tag(suffix=event.tag)
        start = event.start_mark
        node = kind(own, [], start, None, bool(event.flow_style), anchor=event.anchor)
        self._add(event, node)
        self.path.append((node, node.value))
        if len(self.path) > NESTING_LIMIT:
            raise _broken("is nested too deeply", start, "nesting")

    def _close(self, mark: Mark) -> None:
        node, children = self.path.pop()
        node.end_mark = mark
        if isinstance(node, MappingNode):
            node.value = list(zip(children[::2], children[1::2], strict=True))

    def _alias(self, event: yaml.AliasEvent) -> None:
        """Put an anchor's node where an alias stands for it."""
        node = self.anchors.get(str(event.anchor))
        if node is None:
            raise _broken(f"found undefined alias {event.anchor!r}", event.start_mark)
        self._add(yaml.NodeEvent(None, event.start_mark, event.end_mark), node)


def _scalar(event: yaml.ScalarEvent) -> ScalarNode:
    plain, quoted = event.implicit
    if plain:
        tag = _plain_tag(event.value) if len(event.value) < 100 else _resolved(event.value)
    else:
        tag = _STR if quoted else Tag(suffix=event.tag)
    marks = event.start_mark, event.end_mark
    return ScalarNode(tag, event.value, *marks, event.style or None, anchor=event.anchor)


def _resolved(text: str) -> Tag:
    """Return the tag of a plain scalar by YAML 1.2."""
    tag: Tag = _RESOLVER.resolve(ScalarNode, text, (True, False))
    return tag


_plain_tag = lru_cache(maxsize=4096)(_resolved)


def _explained(text: str, error: yaml.MarkedYAMLError) -> BrokenYAMLError:
    """Return the parser's own error, the character named that it only points at.

    What has no end is reported where it begins, if that is in an earlier line.
    """
    mark, begun = error.problem_mark or error.context_mark, error.context_mark
    said = str(error.problem or error.context)
    endless = next((sign for sign in _ENDLESS if sign in str(error.context)), None)
    if endless and mark is not None and begun is not None and begun.line < mark.line:
        return _broken(_ENDLESS[endless].format(text[begun.index : begun.index + 1]), begun)
    if "maximum nesting depth" in said:
        return _broken("is nested too deeply", mark, "nesting")
    if mark is not None and mark.index < len(text):
        said = said.replace("found character that", f"found {text[mark.index]!a}, which")
    return _broken(said, mark)


def _broken(reason: str, mark: Mark, rule: str = "yaml") -> BrokenYAMLError:
    place = (mark.index, mark.line, mark.column) if mark is not None else (0, 0, 0)
    return BrokenYAMLError(reason, *place, rule)
