"""What a change does to the rendered objects: each one's diff, and whether only images change.

Pure: two outputs of `kustomize build` in, values out. What is the same in both is never parsed, so
that large renders cost little; values of Secrets are never shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from promoter.domain.dataclass import dataclass
from promoter.domain.diff import hunks
from promoter.domain.json import mapping
from promoter.domain.render import ObjectDiff, RenderDiff
from promoter.graph.documents import Origin, UnreadableDocumentError, parse_document
from promoter.render.image_fields import ImageFields, YAMLPath, changed_fields, plain_value
from promoter.render.immutable import immutable_fields

# Beyond this an object is named, and not taken apart.
_OBJECT_BYTES, _ALL_BYTES = 1_000_000, 8_000_000
_OBJECT_LINES, _LINE = 120, 200
_HASHED = frozenset({"ConfigMap", "Secret"})
_HASH = re.compile(r"-[bcdfghkm2456789t]{10}$")
_SEPARATOR = re.compile(r"^---[ \t]*$", re.MULTILINE)
_CONTAINERS_ALONE = ImageFields()
_KIND = re.compile(r"^kind: ", re.MULTILINE)


def holds_objects(text: str) -> bool:
    """Return whether a render is what a renderer prints: objects, at least one, and nothing else."""
    found = _documents(text)
    return bool(found) and all(_KIND.search(one) for one in found)


def compare_renders(
    before: str, after: str, *, fields: ImageFields = _CONTAINERS_ALONE
) -> RenderDiff:
    """Return what differs between two renders, object by object.

    `fields` are those that hold images beside those of containers.
    """
    old, new = _documents(before), _documents(after)
    gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
    removed = _by_key(text for text in dict.fromkeys(old) if text in gone)
    added = _by_key(text for text in dict.fromkeys(new) if text in come)
    _pair_renamed(removed, added)
    renamed = [key for key in added if key in removed and removed[key].key != added[key].key]
    first = {key: _difference(removed[key], added[key], fields) for key in renamed}
    # A name with a hash of what holds images alone is itself no more than an image.
    names = {
        (removed[key].key[3], added[key].key[3]): one.images[0]
        for key, one in first.items()
        if one.images and one.other == ("metadata.name",)
    }
    fields = fields.beside(names) if names else fields
    found = [_difference(removed.get(key), added.get(key), fields) for key in {**removed, **added}]
    return RenderDiff(tuple(sorted(found, key=lambda one: (one.images_only, one.title))))


@dataclass(frozen=True, slots=True)
class _Object:
    """One rendered object: its text, and its data where it could be taken apart."""

    text: str
    data: Any
    key: tuple[str, str, str, str]


def _documents(text: str) -> list[str]:
    return [part.strip("\n") for part in _SEPARATOR.split(text) if part.strip()]


def _by_key(texts: Iterator[str]) -> dict[tuple[str, str, str, str], _Object]:
    found: dict[tuple[str, str, str, str], _Object] = {}
    size = 0
    for text in texts:
        size += len(text)
        one = _parsed(text, known=len(text) <= _OBJECT_BYTES and size <= _ALL_BYTES)
        found[one.key] = one
    return found


def _parsed(text: str, *, known: bool) -> _Object:
    """Take one document apart; what is too large or no object is known by its text alone."""
    data: Any = None
    if known:
        try:
            data = plain_value(parse_document(text, Origin("")))
        except UnreadableDocumentError:
            data = None
    if not isinstance(data, dict):
        group = _first(r"^apiVersion: (.*)$", text).rpartition("/")[0]
        head = re.split(
            r"^(?=\S)", text.partition("\nmetadata:\n")[2], maxsplit=1, flags=re.MULTILINE
        )
        name, space = (_first(rf"^  {key}: (.*)$", head[0]) for key in ("name", "namespace"))
        return _Object(text, None, (group, _first(r"^kind: (.*)$", text), space, name))
    metadata = mapping(data.get("metadata"))
    group = str(data.get("apiVersion", "")).rpartition("/")[0]
    kind, name = str(data.get("kind", "")), str(metadata.get("name", ""))
    return _Object(text, data, (group, kind, str(metadata.get("namespace", "")), name))


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else ""


def _pair_renamed(
    removed: dict[tuple[str, str, str, str], _Object],
    added: dict[tuple[str, str, str, str], _Object],
) -> None:
    """Pair the generated objects whose names differ in their hash alone."""
    by_stem = {(*key[:3], _HASH.sub("", key[3])): key for key in reversed(added)}
    for key in [key for key in removed if key[1] in _HASHED and key not in added]:
        stem = _HASH.sub("", key[3])
        match = by_stem.get((*key[:3], stem))
        if match is not None and stem != key[3]:
            removed[match] = removed.pop(key)


def _difference(old: _Object | None, new: _Object | None, fields: ImageFields) -> ObjectDiff:
    one = new or old
    assert one is not None
    _, kind, namespace, name = one.key
    state = "changed" if old and new else "added" if new else "removed"
    before, after = old.data if old else None, new.data if new else None
    if kind == "Secret":
        paths = sorted({_dotted(path) for path, _, _ in changed_fields(before or {}, after or {})})
        lines = tuple(f"~ {path}: *** (not shown)" for path in paths)
        return ObjectDiff(kind, namespace, name, state, lines, (), tuple(paths) or ("?",))
    lines = _lines(old.text if old else "", new.text if new else "")
    if not (old and new):
        return ObjectDiff(kind, namespace, name, state, lines, (), ("the whole object",))
    if before is None or after is None:
        return ObjectDiff(kind, namespace, name, state, lines, compared=False)
    images, others = [], []
    leaves = list(changed_fields(before, after))
    for path, left, right in leaves:
        moved = fields.moved(path, left, right)
        if moved is not None:
            images.append(moved)
        else:
            others.append(_dotted(path))
    fixed = immutable_fields(kind, after, [path for path, _, _ in leaves])
    pairs = tuple(dict.fromkeys(images))
    return ObjectDiff(kind, namespace, name, state, lines, pairs, tuple(others), immutable=fixed)


def _dotted(path: YAMLPath) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def _lines(old: str, new: str) -> tuple[str, ...]:
    """Return an object's diff, cut with a note where it is long."""
    left, right = old.splitlines(), new.splitlines()
    if max(len(left), len(right)) > 20_000:
        return (f"({len(left)} lines become {len(right)}: too many to be shown)",)
    found = list(hunks(left, right))
    shown = _shortened(found[:_OBJECT_LINES])
    if len(found) <= _OBJECT_LINES:
        return shown
    return (*shown, f"({len(found) - _OBJECT_LINES} more lines)")


def _shortened(lines: Sequence[str]) -> tuple[str, ...]:
    """Return a diff whose long lines are cut to what differs in them."""
    shown = []
    for number, line in enumerate(lines):
        if len(line) <= _LINE:
            shown.append(line)
            continue
        other = _other(lines, number)
        pairs = enumerate(zip(line[1:], other[1:], strict=False), start=1)
        same = next((place for place, (one, two) in pairs if one != two), 0)
        start = max(0, same - _LINE // 2)
        end = start + _LINE
        left, right = "…" if start else "", "…" if end < len(line) else ""
        shown.append(line[:1] + left + line[start + (not start) : end] + right)
    return tuple(shown)


def _other(lines: Sequence[str], number: int) -> str:
    """Return the line that stands for another one on the other side of a diff, '' without one."""
    sign = lines[number][:1]
    if sign not in ("-", "+"):
        return ""
    run = [one[:1] for one in lines]
    first = number
    while first and run[first - 1] == sign:
        first -= 1
    last = number
    while last + 1 < len(run) and run[last + 1] == sign:
        last += 1
    back = first - 1
    while sign == "+" and back > 0 and run[back - 1] == "-":
        back -= 1
    other = last + 1 + number - first if sign == "-" else back + number - first
    wanted = "+" if sign == "-" else "-"
    return lines[other] if 0 <= other < len(run) and run[other] == wanted else ""
