"""`images:` of a kustomization: read the entries, set tags and digests, byte by byte.

What kustomize itself does to the file is in its `edit set image`; where promote differs on purpose
is listed in config/README.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from promoter.domain.errors import PromoteError, RefusedError
from promoter.domain.image import Name
from promoter.domain.model import Change, FileEdit
from promoter.edits import fields
from promoter.edits.entries import (
    ImageEntry,
    Kustomization,
    check_editable,
    parse,
)
from promoter.edits.insert import insert_entries
from promoter.edits.nodes import flatten, proved
from promoter.edits.text import decode, encode, replace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from promoter.domain.image import Digest, Tag
    from promoter.domain.refusal import Refusal
    from promoter.edits.nodes import Path
    from promoter.edits.text import Source, Splice

__all__ = [
    "KEEP",
    "ImageEntry",
    "ImageSetting",
    "Keep",
    "Kustomization",
    "promotion",
    "read",
    "set_images",
]


class Keep(Enum):
    """The wish to leave a field as it is."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True, slots=True)
class ImageSetting:
    """What an entry's fields shall be: a text, nothing (None), or what they are (KEEP)."""

    name: str
    new_name: str | Keep | None = KEEP
    tag: str | Keep | None = KEEP
    digest: str | Keep | None = KEEP


def promotion(name: str, tag: Tag | None, digest: Digest | None) -> ImageSetting:
    """Return the setting of a promotion: newName stays, the field that is not given goes."""
    return ImageSetting(name, KEEP, tag, digest)


@lru_cache(maxsize=64)
def read(path: PurePosixPath, data: bytes) -> Kustomization:
    """Return the images of a kustomization, or raise `RefusedError` with place and reason."""
    return parse(decode(str(path), data))


def set_images(
    path: PurePosixPath,
    data: bytes,
    settings: Sequence[ImageSetting],
    *,
    placeholders: bool = False,
) -> FileEdit:
    """Return the proved edit that sets images, or raise `RefusedError` with every refusal found."""
    source = decode(str(path), data)
    kustomization = read(path, data)
    refusals: list[Refusal] = []
    work = _Work(source)
    missing: list[ImageSetting] = []
    for setting in settings:
        try:
            entry = kustomization.find(setting.name)
            if entry is None:
                _check_new(source, setting, kustomization)
                missing.append(setting)
            else:
                check_editable(source, entry, placeholders=placeholders)
                _check_kept(source, entry, setting)
                work.edit(entry, setting)
        except RefusedError as error:
            refusals += error.refusals
    refusals += [
        span.doubtful
        for entry in kustomization.entries
        for span in entry.fields.values()
        if span.doubtful and (*entry.path, span.key) not in work.intended
    ]
    if refusals:
        raise RefusedError(refusals)
    return _finish(path, work, kustomization, missing)


class _Work:
    """The splices, the intended differences and the changes of one file, as they are gathered."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.splices: list[Splice] = []
        self.intended: dict[Path, str | None] = {}
        self.changes: list[tuple[int, str, str, str | None, str | None]] = []
        self.warnings: list[str] = []

    def edit(self, entry: ImageEntry, setting: ImageSetting) -> None:
        """Bring one entry's fields to what is wanted."""
        wanted = {"newName": setting.new_name, "newTag": setting.tag, "digest": setting.digest}
        old = {"newName": entry.new_name, "newTag": entry.tag, "digest": entry.digest}
        new = {k: old[k] if v is KEEP else _text(v) for k, v in wanted.items()}
        changed = {k: new[k] for k in new if new[k] != old[k]}
        if not changed:
            return
        if old["digest"] and new["digest"] is None and new["newTag"] is not None:
            self.warnings.append(
                f"{entry.name}: the digest {old['digest'][:19]}… is dropped, as it would win "
                "over the tag"
            )
        self.splices += fields.splices(self.source, entry, changed)
        for field, text in changed.items():
            place = entry.fields[field].key if field in entry.fields else None
            self.intended[(*entry.path, place or field)] = None if text is None else f"str:{text}"
            at = entry.fields[field].value_start if field in entry.fields else entry.start
            self.changes.append((at, field, entry.name or "", old[field], text))


def _finish(
    path: PurePosixPath, work: _Work, kustomization: Kustomization, missing: Sequence[ImageSetting]
) -> FileEdit:
    """Apply the splices, then add entries to what they made; prove that nothing else differs."""
    source = work.source
    text = replace(source, work.splices)
    if not _holds(path, (source, text), kustomization, work.intended):
        at = min(work.changes)[0]
        reason = "the values can not be set so that nothing else changes"
        raise source.refuse("unproved", reason, "Set them by hand.", at=at)
    new = [_new_fields(setting) for setting in missing]
    if new:
        text = _with_entries(path, decode(str(path), encode(source, text)), new)
    return _file_edit(path, work, text, new)


def _with_entries(path: PurePosixPath, source: Source, new: Sequence[dict[str, str]]) -> str:
    """Return the text with new entries, at the first place that proves; or raise `RefusedError`."""
    kustomization = read(path, source.data)
    for way in insert_entries(source, kustomization, new):
        intended: dict[Path, str | None] = dict.fromkeys(way.gone)
        for index, one in enumerate(new, way.index):
            for key, value in one.items():
                intended[(0, way.field, index, key)] = f"str:{value}"
        text = replace(source, way.splices)
        if _holds(path, (source, text), kustomization, intended):
            return text
    raise source.refuse(
        "insert", "there is no place where an entry can be added and nothing else changes",
        "Add the entry by hand.", at=kustomization.place,
    )  # fmt: skip


def _holds(
    path: PurePosixPath,
    texts: tuple[Source, str],
    kustomization: Kustomization,
    intended: dict[Path, str | None],
) -> bool:
    """Say whether a new text, read anew, is the old one but for what was intended."""
    source, text = texts
    if text == source.text:
        return not intended
    data = encode(source, text)
    try:
        before, after = flatten(kustomization.documents), flatten(read(path, data).documents)
        return proved(before, after, intended)
    except RefusedError:
        return False


def _file_edit(
    path: PurePosixPath, work: _Work, text: str, new: Sequence[dict[str, str]]
) -> FileEdit:
    """Return the edit with its changes, each at its place in the old file."""
    source = work.source
    changes = [
        Change(path, *source.position(at), field, image, old, to)
        for at, field, image, old, to in sorted(work.changes)
    ]
    end = source.position(len(source.text))
    changes += [
        Change(path, *end, field, one["name"], None, value)
        for one in new
        for field, value in one.items()
        if field != "name"
    ]
    return FileEdit(path, source.data, encode(source, text), tuple(changes), tuple(work.warnings))


def _new_fields(setting: ImageSetting) -> dict[str, str]:
    """Return the fields of an entry to add, in the order in which people write them."""
    texts = {"newName": setting.new_name, "newTag": setting.tag, "digest": setting.digest}
    given = {key: text for key, value in texts.items() if (text := _text(value)) is not None}
    return {"name": setting.name, **given}


def _text(value: str | Keep | None) -> str | None:
    """Return a wanted value as plain text; what is kept of nothing is nothing."""
    return None if value is None or isinstance(value, Keep) else str(value)


def _check_kept(source: Source, entry: ImageEntry, setting: ImageSetting) -> None:
    """Refuse to keep what is not there, where the other of tag and digest would go for it."""
    pairs = (
        ("digest", setting.digest, entry.digest, setting.tag, entry.tag),
        ("newTag", setting.tag, entry.tag, setting.digest, entry.digest),
    )
    for field, kept, there, other, lost in pairs:
        if kept is KEEP and there is None and other is None and lost is not None:
            reason = f"{entry.name} has no {field} to keep, and nothing else would be left"
            raise source.refuse("empty", reason, "Give what it shall have.", at=entry.start)


def _check_new(source: Source, setting: ImageSetting, kustomization: Kustomization) -> None:
    """Refuse to add an entry that another one renames to, that has no image name, or sets nothing."""
    for entry in kustomization.entries:
        if entry.new_name == setting.name:
            raise source.refuse(
                "new-name", f"{setting.name} is the newName of the entry {entry.name}, not a name",
                f"Name the entry: {entry.name}=*:TAG.", at=entry.start,
            )  # fmt: skip
    try:
        Name.parse(setting.name)
    except PromoteError as error:
        raise source.refuse(
            "name", f"there is no entry {setting.name!r}, and none is added: {error.message}",
            "Name an entry that is there, or an image name without tag and digest.",
            at=kustomization.place,
        ) from error  # fmt: skip
    if len(_new_fields(setting)) == 1:
        raise source.refuse(
            "empty", f"there is no entry {setting.name!r}, and nothing to set is given for it",
            "Give a tag or a digest.", at=kustomization.place,
        )  # fmt: skip
