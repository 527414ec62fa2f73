"""A key that is not there yet, added to a mapping in the file's own manner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from ruamel.yaml.nodes import MappingNode, ScalarNode

from promoter.domain.model import FieldChange
from promoter.edits.engine import EditStep
from promoter.edits.nodes import last_index
from promoter.edits.region import Spot
from promoter.edits.scalars import is_null, written_scalar
from promoter.edits.text import Splice

_INDENT = 2


def insert_key(spot: Spot, keys: Sequence[str], text: str, what: tuple[str, str]) -> EditStep:
    """Return the step that adds keys, each below the one before it, with a value to a mapping.

    A null takes its place, too. `what` is the field and the image, for people.
    """
    region, node = spot.region, spot.node
    expected: dict[tuple[str | int, ...], str | None] = {(*spot.path, *keys): f"str:{text}"}
    if not node.value or isinstance(node, ScalarNode):
        expected[spot.path] = None
    field, image = what
    change = FieldChange(PurePosixPath(region.file.path), *spot.position, field, image, None, text)
    return EditStep(region, (_splice(spot, keys, text),), expected, (change,))


def accepts_keys(spot: Spot) -> bool:
    """Return whether keys can be added to a node: a mapping or nothing that nothing else shares."""
    node = spot.node
    tagged = spot.region.text.text.startswith("!", spot.start)
    empty = isinstance(node, ScalarNode) and is_null(node.value, node.style) and not tagged
    return not spot.unfit and (isinstance(node, MappingNode) or empty)


def _splice(spot: Spot, keys: Sequence[str], text: str) -> Splice:
    node, source = spot.node, spot.region.text
    if isinstance(node, MappingNode) and node.flow_style:
        quoted = bool(node.value) and node.value[0][0].style == '"'
        entry = _flow(keys, text, quoted=quoted)
        if not node.value:
            at = node.start_mark.index + 1
            return Splice(at, at, entry)
        key, value = node.value[-1]
        at, start = value.end_mark.index, source.line_start(key.start_mark.index)
        indent = source.text[start : key.start_mark.index]
        # Where each key has a line of its own, as in JSON, the new one has, too.
        own_line = start > node.start_mark.index and not indent.strip()
        return Splice(
            at, at, f",{source.newline(start)}{indent}{entry}" if own_line else f", {entry}"
        )
    if isinstance(node, MappingNode):
        column, end = node.value[0][0].start_mark.column, last_index(node)
    else:
        # Nothing stands here: the keys go below the key that says nothing, or become the text.
        key = spot.key
        column = key.start_mark.column + _INDENT if key is not None else 0
        end = source.text.find(":", key.end_mark.index) + 1 if key is not None else 0
    while end and source.text[end - 1] in "\r\n":
        end -= 1
    newline = source.newline(end)
    lines = _block(keys, text, column, newline)
    if isinstance(node, ScalarNode) and node.value and spot.key is None:
        return Splice(node.start_mark.index, node.end_mark.index, lines)
    if isinstance(node, ScalarNode) and node.value:
        # `~` and `null` are written out, and give way.
        return Splice(end, node.end_mark.index, newline + lines)
    at = source.line_end(end)
    return Splice(at, at, newline + lines)


def _block(keys: Sequence[str], text: str, column: int, newline: str) -> str:
    """Return the keys as lines in block style, the last one without its line break."""
    lines = [
        f"{' ' * (column + depth * _INDENT)}{written_scalar(key, None)}:"
        for depth, key in enumerate(keys)
    ]
    return f"{newline.join(lines)} {written_scalar(text, None)}"


def _flow(keys: Sequence[str], text: str, *, quoted: bool) -> str:
    style = '"' if quoted else None
    first, *rest = (written_scalar(key, style) for key in keys)
    value = written_scalar(text, style)
    for key in reversed(rest):
        value = f"{{{key}: {value}}}"
    return f"{first}: {value}"
