"""A YAML file of ours, read once: its value, and where each key of it stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TypedDict

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.domain.json import mapping
from promoter.domain.paths import KUSTOMIZATION_NAMES
from promoter.domain.redaction import shown
from promoter.domain.yaml_mistakes import CONFLICT, explain_yaml_error, first_mark_of_conflict
from promoter.domain.yaml_nodes import BrokenYAMLError, compose_one, values
from promoter.edits.nodes import children

_SIZE_LIMIT = 4 * 1024 * 1024


class Location(TypedDict):
    """A file, a line and a column, as errors take them."""

    file: str | None
    line: int | None
    column: int | None


NOWHERE = Location(file=None, line=None, column=None)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: the value, and the nodes that know their lines."""

    file: str
    value: object
    root: Node | None

    def place(self, keys: Sequence[object]) -> Location:
        """Return where a key stands, or its nearest parent that is there."""
        node, mark = self.root, self.root.start_mark if self.root else None
        for part in keys:
            found = _child(node, part)
            if found is None:
                break
            key, node = found
            mark = key.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (None, None)
        return Location(file=self.file, line=line, column=column)


def load(data: bytes, file: str) -> Document:
    """Return a YAML document without aliases, or raise `UsageError` with place and reason."""
    if len(data) > _SIZE_LIMIT:
        raise UsageError(f"has {len(data)} bytes, and {_SIZE_LIMIT} is the most", "", file=file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise UsageError(
            "is not UTF-8", "Save it as UTF-8.", file=file, line=line, column=column
        ) from error
    hint, root = "", None
    place: tuple[int | None, int | None] = None, None
    try:
        root = compose_one(text)
        _check_aliases(root, file)
        return Document(file, None if root is None else values(root), root)
    except BrokenYAMLError as error:
        reason, place = error.reason, (error.line + 1, error.column + 1)
    except MarkedYAMLError as error:
        reason = str(error.problem or error.context)
        if mark := error.problem_mark or error.context_mark:
            place = mark.line + 1, mark.column + 1
    except (YAMLError, ValueError) as error:
        reason, place = str(error), _place_of_value(root)
        hint = "Correct the value, or put it in quotes where it is text."
    reason, meant = explain_yaml_error(reason, text, place[0])
    if reason == CONFLICT:
        place = first_mark_of_conflict(text), 1
    raise UsageError(
        f"is not valid YAML: {reason}", hint or meant, file=file, line=place[0], column=place[1]
    )


def check_no_object(document: Document) -> None:
    """Raise `UsageError` for an object of Kubernetes, such as a kustomization."""
    keys = mapping(document.value)
    is_kustomization = PurePosixPath(document.file).name in KUSTOMIZATION_NAMES
    if is_kustomization or {"apiVersion", "kind"} <= keys.keys():
        kind = "Kustomization" if is_kustomization else shown(str(keys["kind"]))
        raise UsageError(
            f"it is a {kind} of Kubernetes, and not a promoter.yaml",
            "Give the promoter.yaml itself: its keys are environments, apps and others.",
            **document.place(("kind",)),
        )


def _place_of_value(root: Node | None) -> tuple[int | None, int | None]:
    """Return the line and column of the first value that cannot be read, such as a 13th month."""
    waiting = [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        waiting += reversed(list(children(node)))
        if isinstance(node, ScalarNode):
            try:
                values(node)
            except (YAMLError, ValueError):
                return node.start_mark.line + 1, node.start_mark.column + 1
    return None, None


def _check_aliases(root: Node | None, file: str) -> None:
    """Raise `UsageError` for a value that stands in two places: it could grow without bound."""
    stack, seen = [root] if root is not None else [], set[int]()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            raise UsageError(
                "aliases are not taken here",
                "Write the value out.",
                file=file,
                line=node.start_mark.line + 1,
                column=node.start_mark.column + 1,
            )
        seen.add(id(node))
        stack += children(node)


def _child(node: Node | None, part: object) -> tuple[Node, Node] | None:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == (part if isinstance(part, str) else str(part)):
                return key, value
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None
