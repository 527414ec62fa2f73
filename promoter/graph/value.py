"""YAML as plain values: scalars that keep their text, unresolved, and their place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias


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
