"""`images:` of a kustomization: read the entries, set tags and digests, byte by byte.

What kustomize itself does to the file is in its `edit set image`; where promote differs on purpose
is listed in config/README.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from functools import lru_cache
from pathlib import PurePosixPath

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, RefusedError
from promoter.domain.image import Digest, Name, Tag, split
from promoter.domain.model import FieldChange, FileEdit
from promoter.domain.paths import KUSTOMIZATION_NAMES
from promoter.domain.refusal import Refusal
from promoter.edits import engine
from promoter.edits.engine import EditStep
from promoter.edits.kustomization.entries import (
    ImageEntry,
    Kustomization,
    check_editable,
    check_shared,
    parse_entries,
)
from promoter.edits.kustomization.entry_fields import field_splices
from promoter.edits.kustomization.new_entries import insert_entries
from promoter.edits.nodes import Path
from promoter.edits.text import Source, decode_file
from promoter.edits.working_files import joined_edits

__all__ = [
    "KEEP",
    "ImageEntry",
    "ImageSetting",
    "Keep",
    "Kustomization",
    "promotion",
    "read",
    "set_images",
    "unbuildable",
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
    return parse_entries(decode_file(str(path), data))


def unbuildable(edit: FileEdit) -> list[Refusal]:
    """Return why kustomize refuses a file as it is before an edit; nothing for other files."""
    if edit.path.name not in KUSTOMIZATION_NAMES or edit.added:
        return []
    entries = read(edit.path, edit.before).entries
    return [doubt for entry in entries for doubt in entry.doubtful.values()]


def set_images(
    path: PurePosixPath,
    data: bytes,
    settings: Sequence[ImageSetting],
    *,
    placeholders: bool = False,
) -> FileEdit:
    """Return the proved edit that sets images, or raise `RefusedError` with every refusal found."""
    kustomization = read(path, data)
    source = kustomization.region.text
    refusals: list[Refusal] = []
    steps: list[EditStep] = []
    warnings: list[str] = []
    missing: list[ImageSetting] = []
    for setting in settings:
        entry = kustomization.find(setting.name)
        try:
            if entry is None:
                _check_new(source, setting, kustomization)
                missing.append(setting)
                continue
            check_editable(entry, placeholders=placeholders)
            _check_kept(source, entry, setting)
            step, lost = _step(entry, setting)
        except RefusedError as error:
            refusals += error.refusals
            continue
        steps += [step] if step is not None else []
        warnings += lost
    refusals += _left(kustomization, steps)
    if refusals:
        raise RefusedError(refusals)
    edit = _checked(engine.edit(kustomization.region, steps), steps)
    if missing:
        edit = joined_edits(edit, _with_entries(path, edit.after, missing, end=len(source.text)))
    return replace(edit, warnings=tuple(warnings))


def _step(entry: ImageEntry, setting: ImageSetting) -> tuple[EditStep | None, tuple[str, ...]]:
    """Return the step that brings one entry's fields to what is wanted, and what is lost by it."""
    assert entry.spot is not None
    wanted = {"newName": setting.new_name, "newTag": setting.tag, "digest": setting.digest}
    old = {"newName": entry.new_name, "newTag": entry.tag, "digest": entry.digest}
    new = {key: old[key] if value is KEEP else _text(value) for key, value in wanted.items()}
    lost: tuple[str, ...] = ()
    if old["digest"] and new["digest"] is None and new["newTag"] is not None:
        begun = f"the digest {old['digest'][:19]}… is dropped"
        lost = (f"{entry.name}: {begun}, as it would win over the tag",)
    if entry.joined:
        old, new = _as_written(old), _as_written(new)
    changed = {key: new[key] for key in new if new[key] != old[key]}
    if not changed:
        return None, ()
    check_shared(entry, changed)
    region = entry.spot.region
    expected: dict[Path, str | None] = {}
    changes = []
    for name, text in changed.items():
        spot = entry.fields.get(name)
        key = spot.path[-1] if spot is not None else name
        expected[(*entry.spot.path, key)] = None if text is None else f"str:{text}"
        at = region.text.position(entry.start) if spot is None else spot.position
        file = PurePosixPath(region.file.path)
        changes.append(FieldChange(file, *at, name, entry.name or "", old[name], text))
    splices = tuple(field_splices(region.text, entry, changed))
    return EditStep(region, splices, expected, tuple(changes)), lost


def _as_written(values: dict[str, str | None]) -> dict[str, str | None]:
    """Return fields with tag and digest in `newTag`, where both are wanted."""
    tag, digest = values["newTag"], values["digest"]
    return values | {"newTag": f"{tag}@{digest}", "digest": None} if tag and digest else values


def _left(kustomization: Kustomization, steps: Sequence[EditStep]) -> list[Refusal]:
    """Return why kustomize would refuse the file for values that no step replaces."""
    replaced = {path for step in steps for path in step.expected}
    return [
        doubt
        for entry in kustomization.entries
        for name, doubt in entry.doubtful.items()
        if entry.fields[name].path not in replaced
    ]


def _checked(edit: FileEdit, steps: Sequence[EditStep]) -> FileEdit:
    """Return an edit whose result is a kustomization still, or raise `RefusedError`."""
    try:
        read(edit.path, edit.after)
    except RefusedError:
        if not steps:
            raise
        raise steps[0].unproved() from None
    return edit


def _with_entries(
    path: PurePosixPath, data: bytes, missing: Sequence[ImageSetting], *, end: int
) -> FileEdit:
    """Return the edit that adds entries at the first place that proves, or raise `RefusedError`.

    `end` is where the file ended before other edits, which is the place that is shown for new entries.
    """
    kustomization = read(path, data)
    source = kustomization.region.text
    new = [_new_fields(setting) for setting in missing]
    at = source.position(min(end, len(source.text)))
    changes = tuple(
        FieldChange(path, *at, name, one["name"], None, value)
        for one in new
        for name, value in one.items()
        if name != "name"
    )
    for way in insert_entries(source, kustomization, new):
        expected: dict[Path, str | None] = dict.fromkeys(way.gone)
        for index, one in enumerate(new, way.index):
            for key, value in one.items():
                expected[(0, way.field, index, key)] = f"str:{value}"
        step = EditStep(kustomization.region, tuple(way.splices), expected, changes)
        try:
            return _checked(engine.edit(kustomization.region, [step]), [step])
        except RefusedError:
            continue
    raise source.refuse(
        "insert", "there is no place where an entry can be added and nothing else changes",
        "Add the entry by hand.", at=kustomization.place,
    )  # fmt: skip


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
        bare = split(setting.name)[0]
        tagged = bare != setting.name and Name.is_one(bare)
        raise source.refuse(
            "name", f"there is no entry {setting.name!r}, and none is added: "
            + ("a name holds no tag and no digest" if tagged else error.message),
            f"Write the image without them: {bare}." if tagged else error.hint,
            at=kustomization.place,
        ) from error  # fmt: skip
    if len(_new_fields(setting)) == 1:
        raise source.refuse(
            "empty", f"there is no entry {setting.name!r}, and nothing to set is given for it",
            "Give a tag or a digest.", at=kustomization.place,
        )  # fmt: skip
