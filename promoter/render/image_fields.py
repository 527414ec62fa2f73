"""Which changed fields of rendered objects hold an image that edits set, beside those of containers.

These are the fields that the edits themselves change, wherever a resource or a patch leads them, and
those that are called like an image and get the very reference that is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import field, replace
from typing import Any, TypeAlias

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError
from promoter.domain.image import join
from promoter.domain.model import FieldChange, FileEdit
from promoter.domain.paths import KUSTOMIZATION_NAMES
from promoter.edits import env_file, kustomization
from promoter.graph.documents import (
    Origin,
    Scalar,
    UnreadableDocumentError,
    Value,
    decode_document,
    documents,
    mapping_of,
    parse_document,
    sequence_of,
    text_of,
)

YAMLPath: TypeAlias = "tuple[str | int, ...]"
_Field: TypeAlias = "tuple[tuple[str, ...], Any, Any]"
_Moved: TypeAlias = "tuple[str, str]"
MISSING = object()
_CONTAINERS = frozenset({"containers", "initContainers", "ephemeralContainers"})
_DATA = frozenset({"data", "stringData", "binaryData", "labels", "annotations", "matchLabels"})


@dataclass(frozen=True, slots=True)
class ImageFields:
    """The fields that hold images which edits set."""

    edited: dict[_Field, _Moved] = field(default_factory=dict)
    """The fields that edits change, without places in lists and with both values; their images."""
    texts: dict[_Moved, _Moved] = field(default_factory=dict)
    """The whole files that edits change, before and after; their images."""
    references: frozenset[str] = frozenset()
    """The images as edits leave them."""
    keys: frozenset[str] = frozenset()
    """The last keys of the fields that `configurations` name as those of images."""

    @classmethod
    def of(cls, edits: Iterable[FileEdit]) -> ImageFields:
        """Return those of edits; a file that cannot be read has none."""
        edited: dict[_Field, _Moved] = {}
        texts: dict[_Moved, _Moved] = {}
        references: set[str] = set()
        for edit in edits:
            edited |= dict(_edited(edit))
            texts |= dict(_text(edit))
            references.update(_references(edit))
        return cls(edited, texts, frozenset(references))

    def beside(self, names: dict[_Moved, _Moved]) -> ImageFields:
        """Return these with texts more that stand for images, such as names with a hash of them."""
        return replace(self, texts=self.texts | names)

    def moved(self, path: YAMLPath, old: Any, new: Any) -> _Moved | None:  # noqa: ANN401 - YAML
        """Return the image from and to where a changed field holds one, else None."""
        is_text = isinstance(old, str) and isinstance(new, str)
        if is_text and (
            _is_of_container(path) or (new in self.references and self._is_image(path))
        ):
            return old, new
        if is_text and (found := self.texts.get((old.rstrip("\n"), new.rstrip("\n")))):
            return found
        return self.edited.get(_key(path, old, new)) if self.edited else None

    def _is_image(self, path: YAMLPath) -> bool:
        """Return whether a field is called like one of an image."""
        if not path or not _DATA.isdisjoint(path):
            return False
        key = str(path[-1])
        return key in self.keys or key.lower().endswith("image")


def changed_fields(old: Any, new: Any, path: YAMLPath = ()) -> Iterator[tuple[YAMLPath, Any, Any]]:  # noqa: ANN401 - YAML
    """Yield the paths of the scalars that differ, with both values; `MISSING` for what is not there."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from changed_fields(old.get(key, MISSING), new.get(key, MISSING), (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from changed_fields(left, right, (*path, index))
    elif old != new or type(old) is not type(new):
        yield path, old, new


def plain_value(value: Value | None) -> Any:  # noqa: ANN401 - YAML
    """Return a value as mappings, lists, texts and None."""
    if isinstance(value, dict):
        return {key: plain_value(child) for key, child in value.items()}
    if isinstance(value, list):
        return [plain_value(child) for child in value]
    return value.text if isinstance(value, Scalar) and not value.null else None


def _is_of_container(path: YAMLPath) -> bool:
    match path:
        case (*_, str(holder), int(), "image"):
            return holder in _CONTAINERS
        case (*_, "volumes", int(), "image", "reference"):
            return True
    return False


def _edited(edit: FileEdit) -> Iterator[tuple[_Field, _Moved]]:
    """Yield the fields that an edit changes as objects have them, with the images that they hold."""
    changes = [one for one in edit.changes if not one.is_linked]
    # What moves along with an image is told from it by its place, which a text in a file has not.
    places = {(one.line, one.column): one for one in changes}
    linked = len(changes) < len(edit.changes)
    if (old := env_file.values(str(edit.path), edit.before)) and not linked:
        # A generator makes a ConfigMap of it.
        new = env_file.values(str(edit.path), edit.after)
        for path, left, right in changed_fields(old, new, ("data",)):
            yield _key(path, left, right), _moved(_change_to(right, changes))
        return
    try:
        files = [list(documents(decode_document(data))) for data in (edit.before, edit.after)]
        values = [[parse_document(text, Origin("", line)) for line, text in one] for one in files]
    except UnreadableDocumentError:
        return
    for before, after in zip(*values, strict=False):
        for path, left, right in changed_fields(plain_value(before), plain_value(after)):
            change = places.get(_place(before, path) or (0, 0))
            if linked and change is None:
                continue
            image = _moved(change or _change_to(right, changes))
            yield _key(_of_object(path, after), left, right), image
            for inner, old_text, new_text in _inside(left, right):
                yield _key(inner, old_text, new_text), image


def _change_to(value: Any, changes: Sequence[FieldChange]) -> FieldChange:  # noqa: ANN401 - YAML
    return next((one for one in changes if one.new == value), changes[0])


def _text(edit: FileEdit) -> Iterator[tuple[_Moved, _Moved]]:
    """Yield a whole file, as a ConfigMap that is generated from it holds it."""
    changes = edit.changes
    if edit.path.name in KUSTOMIZATION_NAMES or any(one.is_linked for one in changes):
        return
    with suppress(UnreadableDocumentError):
        before, after = (decode_document(data).rstrip("\n") for data in (edit.before, edit.after))
        yield (before, after), _moved(changes[0])


def _inside(left: Any, right: Any) -> Iterator[tuple[YAMLPath, Any, Any]]:  # noqa: ANN401 - YAML
    """Yield the fields that differ in a text that is YAML itself, such as a patch."""
    if not (isinstance(left, str) and isinstance(right, str) and "\n" in right):
        return
    try:
        old, new = (parse_document(text, Origin("")) for text in (left, right))
    except UnreadableDocumentError:
        return
    if isinstance(new, dict | list):
        for path, before, after in changed_fields(plain_value(old), plain_value(new)):
            yield _of_object(path, new), before, after


def _of_object(path: YAMLPath, document: Value | None) -> YAMLPath:
    """Return a path in a patch of operations as that in the object, any other as it is."""
    match path:
        case (int(index), "value", *rest):
            pointer = text_of(mapping_of(sequence_of(document)[index]).get("path"))
            steps = (one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:])
            return (*(one for one in steps if not re.fullmatch(r"\d+|-", one)), *rest)
    return path


def _key(path: YAMLPath, old: Any, new: Any) -> _Field:  # noqa: ANN401 - YAML
    steps = tuple(one for one in path if isinstance(one, str))
    return steps, _hashable(old), _hashable(new)


def _hashable(value: Any) -> Any:  # noqa: ANN401 - YAML
    if isinstance(value, dict | list):
        return repr(value)
    # A text at the end of an object is taken out of a render without its last line breaks.
    return value.rstrip("\n") if isinstance(value, str) else value


def _place(value: Value | None, path: Sequence[str | int]) -> tuple[int, int] | None:
    """Return the line and the column of the scalar at a path."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
    return (value.line, value.column) if isinstance(value, Scalar) else None


def _moved(change: FieldChange) -> _Moved:
    """Return the image from and to of one change of a file."""
    sign = {"tag": ":", "newTag": ":", "digest": "@"}.get(change.field, "")
    texts = []
    for value in (change.old, change.new):
        whole = f"{change.image}{sign}{value}" if sign else (value or "").rpartition("=")[2]
        texts.append(whole if value else change.image)
    return texts[0], texts[1]


def _references(edit: FileEdit) -> Iterator[str]:
    """Yield the images that an edit sets as they are after it."""
    if edit.path.name not in KUSTOMIZATION_NAMES:
        yield from (_moved(one)[1] for one in edit.changes if not one.is_linked)
        return
    try:
        entries = kustomization.read(edit.path, edit.after).entries
    except PromoteError:
        return
    for one in entries:
        if one.name in edit.images and (one.tag or one.digest):
            yield join(one.new_name or one.name or "", one.tag, one.digest)
