"""JSON patches (RFC 6902) over plain values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promoter.graph.fields import BuildError
from promoter.graph.value import Past, Scalar, copied, mapping, text_of

if TYPE_CHECKING:
    from promoter.graph.value import Mapping, Sequence, Value


def apply(root: Mapping, operations: Sequence) -> Mapping:
    """Return an object with the operations carried out, or raise `BuildError`."""
    patched = copied(root)
    for operation in operations:
        fields = mapping(operation)
        patched = _carried_out(patched, fields, text_of(fields.get("op")))
    return mapping(patched)


def pointer(text: str) -> list[str]:
    """Return the unescaped parts of a JSON pointer (RFC 6901), or raise `BuildError`."""
    if text and not text.startswith("/"):
        raise BuildError(f"the path {text!r} does not begin with '/'")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _carried_out(root: Value, fields: Mapping, verb: str) -> Value:
    """Return the value after one operation."""
    path = pointer(text_of(fields.get("path")))
    if verb in ("add", "replace", "test") and "value" not in fields:
        fields = {**fields, "value": Scalar("null", null=True)}
    match verb:
        case "add" | "replace":
            return _put(root, path, fields["value"], new=verb == "add")
        case "remove":
            return _removed(root, path)
        case "move" | "copy":
            source = pointer(text_of(fields.get("from")))
            value = copied(_get(root, source))
            return _put(_removed(root, source) if verb == "move" else root, path, value, new=True)
        case "test":
            if not _same(_get(root, path), fields["value"]):
                raise BuildError(f"a patch's test of {text_of(fields['path'])} fails")
            return root
        case _:
            raise BuildError(f"a patch has the operation {verb!r}")


def _get(value: Value, path: list[str]) -> Value:
    """Return what a path leads to, or raise `BuildError`."""
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list):
            value = value[_index(part, len(value) - 1)]
        else:
            raise _missing(part)
    return value


def _put(root: Value, path: list[str], value: Value, *, new: bool) -> Value:
    """Return the root with a value added, or put in another's place."""
    if not path:
        return copied(value)
    parent, last = _get(root, path[:-1]), path[-1]
    if isinstance(parent, list):
        place = (
            len(parent) if last == "-" else _index(last, len(parent) if new else len(parent) - 1)
        )
        if new:
            parent.insert(place, copied(value))
        else:
            parent[place] = _successor(parent[place], value)
    elif isinstance(parent, dict):
        # Where RFC 6902 refuses to replace what is not there, kustomize adds it.
        parent[last] = _successor(parent.get(last), value)
    else:
        raise _missing(last)
    return root


def _removed(root: Value, path: list[str]) -> Value:
    """Return the root without what a path leads to."""
    _get(root, path)
    if not path:
        raise BuildError("a patch removes the whole object")
    parent = _get(root, path[:-1])
    if isinstance(parent, list):
        del parent[int(path[-1])]
    else:
        del mapping(parent)[path[-1]]
    return root


def _successor(old: Value | None, new: Value) -> Value:
    """Return a new value that remembers, where both are scalars, what it took the place of."""
    if isinstance(old, Scalar) and isinstance(new, Scalar):
        return replace(new, past=(*old.past, Past(old.text, new.file)))
    return copied(new)


def _index(part: str, last: int) -> int:
    """Return a list's index, or raise `BuildError`."""
    if not (part.isascii() and part.isdigit()) or len(part) > 9 or int(part) > last:
        raise _missing(part)
    return int(part)


def _missing(part: str) -> BuildError:
    return BuildError(f"a patch's path finds no {part!r}")


def _same(one: Value, other: Value) -> bool:
    """Say whether two values are equal, as texts."""
    if isinstance(one, Scalar) and isinstance(other, Scalar):
        return (one.text, one.null) == (other.text, other.null)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return False
