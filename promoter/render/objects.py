"""What a change does to the rendered objects: each one's diff, and whether only images change.

Pure: two outputs of `kustomize build` in, values out. What is the same in both is never parsed, so
that large renders cost little; values of Secrets are never shown.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Beyond this an object is told, and not taken apart.
_OBJECT_BYTES = 1_000_000
_OBJECT_LINES = 120
_HASHED = frozenset({"ConfigMap", "Secret"})
_HASH = re.compile(r"-[bcdfghkm2456789t]{10}$")
_SEPARATOR = re.compile(r"^---[ \t]*$", re.MULTILINE)
_CONTAINERS = frozenset({"containers", "initContainers", "ephemeralContainers"})
_MISSING = object()


@dataclass(frozen=True, slots=True)
class ObjectDiff:
    """One object that would change: its diff, its images from and to, and what else changes."""

    kind: str
    namespace: str
    name: str
    state: str
    lines: tuple[str, ...] = ()
    images: tuple[tuple[str, str], ...] = ()
    other: tuple[str, ...] = ()
    """Paths that change beside images, e.g. `spec.replicas`."""

    @property
    def images_only(self) -> bool:
        """Whether nothing but container images changes in it."""
        return self.state == "changed" and bool(self.images) and not self.other

    @property
    def title(self) -> str:
        """The object's name as people say it."""
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"


@dataclass(frozen=True, slots=True)
class RenderDiff:
    """Every object that would change at run time, those that change more than images first."""

    objects: tuple[ObjectDiff, ...]

    @property
    def images_only(self) -> bool:
        """Whether the promise holds: nothing but container images changes."""
        return bool(self.objects) and all(one.images_only for one in self.objects)


def compare(before: str, after: str) -> RenderDiff:
    """Return what differs between two renders, object by object."""
    old, new = _documents(before), _documents(after)
    gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
    removed = _by_key(text for text in dict.fromkeys(old) if text in gone)
    added = _by_key(text for text in dict.fromkeys(new) if text in come)
    _pair_renamed(removed, added)
    found = [_difference(removed.get(key), added.get(key)) for key in {**removed, **added}]
    return RenderDiff(tuple(sorted(found, key=lambda one: (one.images_only, one.title))))


@dataclass(frozen=True, slots=True)
class _Object:
    """One rendered object: its text, and its data where it could be taken apart."""

    text: str
    data: Any
    key: tuple[str, str, str, str]


def _documents(text: str) -> list[str]:
    """Split a render into its documents."""
    return [part.strip("\n") for part in _SEPARATOR.split(text) if part.strip()]


def _by_key(texts: Iterator[str]) -> dict[tuple[str, str, str, str], _Object]:
    """Return objects by group, kind, namespace and name."""
    found: dict[tuple[str, str, str, str], _Object] = {}
    for text in texts:
        one = _parsed(text)
        found[one.key] = one
    return found


def _parsed(text: str) -> _Object:
    """Take one document apart; what is too large or no object is known by its text alone."""
    data: Any = None
    if len(text) <= _OBJECT_BYTES:
        yaml = YAML(typ="safe", pure=True)
        yaml.composer.warn_double_anchors = False
        try:
            data = yaml.load(text)
        except (YAMLError, RecursionError, ValueError):
            data = None
    if not isinstance(data, dict):
        found = {key: _first(rf"^{key}: (.*)$", text) for key in ("apiVersion", "kind")}
        name = _first(r"^  name: (.*)$", text)
        return _Object(text, None, (found["apiVersion"], found["kind"], "", name))
    metadata = data.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    group = str(data.get("apiVersion", "")).rpartition("/")[0]
    kind, name = str(data.get("kind", "")), str(metadata.get("name", ""))
    return _Object(text, data, (group, kind, str(metadata.get("namespace", "")), name))


def _first(pattern: str, text: str) -> str:
    """Return a pattern's first group in a text, or ''."""
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else ""


def _pair_renamed(
    removed: dict[tuple[str, str, str, str], _Object],
    added: dict[tuple[str, str, str, str], _Object],
) -> None:
    """Bring generated objects together whose name changed in its hash alone."""
    for key in [key for key in removed if key[1] in _HASHED and key not in added]:
        stem = _HASH.sub("", key[3])
        match = next(
            (
                k
                for k in added
                if k[:3] == key[:3] and k[3] != key[3] and _HASH.sub("", k[3]) == stem
            ),
            None,
        )
        if match is not None and stem != key[3]:
            removed[match] = removed.pop(key)


def _difference(old: _Object | None, new: _Object | None) -> ObjectDiff:
    """Return what became of one object."""
    one = new or old
    assert one is not None
    _, kind, namespace, name = one.key
    state = "changed" if old and new else "added" if new else "removed"
    before, after = old.data if old else None, new.data if new else None
    if kind == "Secret":
        paths = sorted({path for path, _, _ in _leaves(before or {}, after or {})})
        lines = tuple(f"~ {path}: *** (not shown)" for path in paths)
        return ObjectDiff(kind, namespace, name, state, lines, (), tuple(paths) or ("?",))
    lines = _lines(old.text if old else "", new.text if new else "")
    if before is None or after is None:
        other = ("the whole object",) if not (old and new) else ("it is too large to be compared",)
        return ObjectDiff(kind, namespace, name, state, lines, (), other)
    images, others = [], []
    for path, left, right in _leaves(before, after):
        if _is_image(path) and isinstance(left, str) and isinstance(right, str):
            images.append((left, right))
        else:
            others.append(path)
    return ObjectDiff(
        kind, namespace, name, state, lines, tuple(dict.fromkeys(images)), tuple(others)
    )


def _leaves(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - YAML
    """Yield the paths of the scalars that differ, with both values."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            inner = f"{path}.{key}" if path else str(key)
            yield from _leaves(old.get(key, _MISSING), new.get(key, _MISSING), inner)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from _leaves(left, right, f"{path}[{index}]")
    elif old != new or type(old) is not type(new):
        yield path, old, new


def _is_image(path: str) -> bool:
    """Say whether a path is where a container's image stands."""
    parts = [part.partition("[")[0] for part in path.split(".")]
    if parts[-2:] == ["image", "reference"]:
        return parts[-3:-2] == ["volumes"]
    return parts[-1] == "image" and len(parts) > 1 and parts[-2] in _CONTAINERS


def _lines(old: str, new: str) -> tuple[str, ...]:
    """Return an object's diff, cut with a note where it is long."""
    left, right = old.splitlines(), new.splitlines()
    if max(len(left), len(right)) > 20_000:
        return (f"({len(left)} lines become {len(right)}: too many to be shown)",)
    found = list(unified_diff(left, right, n=3, lineterm=""))[2:]
    if len(found) <= _OBJECT_LINES:
        return tuple(found)
    return (*found[:_OBJECT_LINES], f"({len(found) - _OBJECT_LINES} more lines)")


def images_of(diffs: Sequence[ObjectDiff]) -> tuple[tuple[str, str], ...]:
    """Return the images that change in any of the objects, from and to."""
    return tuple(dict.fromkeys(image for one in diffs for image in one.images))
