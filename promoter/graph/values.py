"""YAML as plain values: scalars that keep their text, unresolved, and their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from promoter.domain.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def mapping(value: Value | None) -> Mapping:
    """Return a value where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Value | None) -> Sequence:
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
