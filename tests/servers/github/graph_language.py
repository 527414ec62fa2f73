"""GraphQL as a language: documents parsed to selections, and objects answered field by field.

An object is a dict of its fields under `__typename`; a field that takes arguments, or costs
something, is a function.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tests.servers.github.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOKEN = re.compile(
    r'[\s,]+|#[^\n]*|(?P<token>\.\.\.|[{}()\[\]:!$=@|&]|"(?:[^"\\\n]|\\.)*"'
    r"|-?\d+(?:\.\d+)?|[A-Za-z_]\w*)"
)


# What every object is that a fragment of ours names by its interface.
_INTERFACES = ("Node", "GitObject", "Actor")


@dataclass
class Selection:
    """One field, or a fragment (`kind` is its type) with what is selected of it."""

    name: str
    alias: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    children: list[Selection] = field(default_factory=list)
    kind: str | None = None


@dataclass(frozen=True)
class Variable:
    """A variable that an argument names."""

    name: str


@dataclass
class Document:
    """An operation with its fragments."""

    operation: str
    selections: list[Selection]
    fragments: dict[str, Selection]


class _Parser:
    """Reads one document, token by token; raises `ValueError` where it is none."""

    def __init__(self, text: str) -> None:
        self.tokens, at = [], 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                msg = f"Parse error on {text[at : at + 9]!r}"
                raise ValueError(msg)
            at = found.end()
            if found["token"]:
                self.tokens.append(found["token"])
        self.at = 0

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.next
        if not token or (wanted and token != wanted):
            msg = f"Parse error on {token!r}, expected {wanted or 'more'}"
            raise ValueError(msg)
        self.at += 1
        return token

    def document(self) -> Document:
        operation, selections, fragments = "query", [], {}
        while self.next:
            if self.next == "fragment":
                self.take()
                name = self.take()
                self.take("on")
                kind = self.take()
                fragments[name] = Selection("", kind=kind, children=self.selections())
                continue
            if self.next != "{":
                operation = self.take()
                while self.next != "{":
                    self.take()
            selections = self.selections()
        return Document(operation, selections, fragments)

    def selections(self) -> list[Selection]:
        self.take("{")
        found = []
        while self.next != "}":
            found.append(self.selection())
        self.take("}")
        return found

    def selection(self) -> Selection:
        if self.next == "...":
            self.take()
            if self.next != "on":
                return Selection(self.take(), kind="")
            self.take()
            return Selection("", kind=self.take(), children=self.selections())
        alias = name = self.take()
        if self.next == ":":
            self.take()
            name = self.take()
        arguments = {}
        if self.next == "(":
            self.take()
            while self.next != ")":
                key = self.take()
                self.take(":")
                arguments[key] = self.value()
            self.take(")")
        children = self.selections() if self.next == "{" else []
        return Selection(name, alias, arguments, children)

    def value(self) -> Any:
        token = self.take()
        if token == "$":
            return Variable(self.take())
        if token == "[":
            found = []
            while self.next != "]":
                found.append(self.value())
            self.take("]")
            return found
        if token == "{":
            fields = {}
            while self.next != "}":
                key = self.take()
                self.take(":")
                fields[key] = self.value()
            self.take("}")
            return fields
        if token.startswith('"'):
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        words = {"true": True, "false": False, "null": None}
        return words[token] if token in words else int(token) if token.isdecimal() else token


@lru_cache(maxsize=256)
def parse(text: str) -> Document:
    """Return a document; raises `ValueError` for what is none, or has a fragment without a use."""
    document = _Parser(text).document()
    whole = [*document.selections, *document.fragments.values()]
    used = {name for one in whole for name in _spreads(one)}
    for name in sorted(used ^ document.fragments.keys()):
        what = "used, but not defined" if name in used else "defined, but not used"
        msg = f"Fragment {name} was {what}"
        raise ValueError(msg)
    return document


def _spreads(selection: Selection) -> Iterator[str]:
    """Yield the fragments that a selection names."""
    if selection.kind == "":
        yield selection.name
    for one in selection.children:
        yield from _spreads(one)


def bound(value: Any, variables: dict[str, Any]) -> Any:
    """Return an argument with its variables filled in."""
    if isinstance(value, Variable):
        return variables.get(value.name)
    if isinstance(value, dict):
        return {key: bound(one, variables) for key, one in value.items()}
    return [bound(one, variables) for one in value] if isinstance(value, list) else value


@dataclass
class Selector:
    """Answers a document's selections, and keeps the errors of fields that are not to be read."""

    document: Document
    variables: dict[str, Any]
    check: Callable[[str, str, Any], None]
    """Raises `GraphError` for a field of a type, with its value, that is not shown."""
    errors: list[dict[str, Any]] = field(default_factory=list)

    def select(self, node: Any, selections: list[Selection], path: tuple[str | int, ...]) -> Any:
        """Return what is selected of an object, of each of a list, or of nothing."""
        if node is None:
            return None
        if isinstance(node, list):
            return [self.select(one, selections, (*path, n)) for n, one in enumerate(node)]
        found: dict[str, Any] = {}
        for one in selections:
            if one.kind is not None:
                part = self.document.fragments[one.name] if one.name else one
                if part.kind in (node["__typename"], *_INTERFACES):
                    found |= self.select(node, part.children, path)
                continue
            found[one.alias] = self._field(node, one, (*path, one.alias))
        return found

    def _field(self, node: dict[str, Any], one: Selection, path: tuple[str | int, ...]) -> Any:
        """Return one field of an object."""
        if one.name not in node:
            msg = f"Field '{one.name}' doesn't exist on type '{node['__typename']}'"
            raise ValueError(msg)
        value = node[one.name]
        if callable(value):
            value = value(**bound(one.arguments, self.variables))
        try:
            self.check(node["__typename"], one.name, value)
        except GraphError as error:
            self.errors.append({"path": list(path), **error.body})
            return None
        return self.select(value, one.children, path) if one.children else value
