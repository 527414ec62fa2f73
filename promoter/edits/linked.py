"""Strings that hold the same tag as an image: `?ref=` of a remote base, labels, annotations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from ruamel.yaml.nodes import ScalarNode

from promoter.domain.errors import SelectionError
from promoter.domain.model import LINKED, FileEdit, ImageMove, Tree
from promoter.domain.redaction import shown
from promoter.edits import engine, scalar_path
from promoter.edits.anchors import LABELS
from promoter.edits.placeholders import check_placeholder
from promoter.edits.region import Region, Spot, everything
from promoter.edits.targets import Linked
from promoter.edits.working_files import WorkingFiles

_REF = re.compile(r"[?&](?:ref|version)=")
_SHORT = 3


def edit_linked(
    tree: Tree,
    file: PurePosixPath,
    listed: Sequence[Linked],
    edits: Sequence[FileEdit],
    moves: Sequence[ImageMove],
) -> tuple[FileEdit, ...]:
    """Return the edits with the linked strings moved too; those of one file become one edit.

    Each edit warns of strings that hold a moved tag still. Raises as `move` does.
    """
    files = WorkingFiles(tree, file.parent, {edit.path: edit for edit in edits})
    for one in listed:
        path = files.path(one.file)
        files.put(move(path, files.read(path), one.path, moves))
    return tuple(
        replace(edit, warnings=(*edit.warnings, *left_behind(edit, moves)))
        for edit in files.edits.values()
    )


def move(path: PurePosixPath, data: bytes, where: str, moves: Sequence[ImageMove]) -> FileEdit:
    """Return the proved edit that moves tags within the strings at a path.

    Raises `SelectionError` where the path leads to nothing, or to strings that hold neither an old
    tag nor a new one; `RefusedError` where they cannot be changed.
    """
    region = Region.of(path, data)
    spots = [spot for spot in scalar_path.find(region, where) if spot.text]
    pairs = _pairs(moves)
    steps: list[engine.EditStep] = []
    for spot in spots:
        text, image = _moved(spot.text, pairs)
        if image is not None:
            engine.check_fit(spot)
            check_placeholder(spot)
            steps.append(engine.set_text(spot, text, LINKED, image))
    new = _spellings(one.after.tag for one in moves)
    if not steps and not any(_held(new, spot.text) for spot in spots):
        tags = " or ".join(dict.fromkeys(shown(m.before.tag) for m in moves if m.before.tag))
        line, column = spots[0].position if spots else (1, 1)
        hint = "Set it by hand once, or remove it from `linked`."
        raise SelectionError(
            f"no string at {where} holds the tag {tags or 'that the image has'}"
            if spots
            else f"there is no string at {where}",
            hint if spots else f"Correct the path in `linked`, or add {where} to the file.",
            file=str(path),
            line=line,
            column=column,
        )
    return engine.edit(region, steps)


def left_behind(edit: FileEdit, moves: Sequence[ImageMove]) -> Iterator[str]:
    """Yield a warning for every `?ref=`, label and annotation that still holds a moved tag."""
    tags = (one.before.tag or "" for one in moves if one.before.tag != one.after.tag)
    held = [one for one in dict.fromkeys(tags) if len(one) >= _SHORT and one.encode() in edit.after]
    for spot in everything(Region.of(edit.path, edit.after)) if held else ():
        if not isinstance(spot.node, ScalarNode) or not _is_linked(spot):
            continue
        if (tag := _held(held, spot.text)) is not None:
            place = ":".join(map(str, (edit.path, *spot.position)))
            yield (
                f"{place}: {shown(spot.text)} still holds the tag {tag}; list it under `linked` "
                "to move it too"
            )


def _is_linked(spot: Spot) -> bool:
    return bool(_REF.search(spot.text)) or any(part in LABELS for part in spot.path)


def _moved(text: str, pairs: Mapping[tuple[str, str], str]) -> tuple[str, str | None]:
    """Return the text with every old tag moved, and the first image that moves it; None for none."""
    first = None
    for (old, new), image in pairs.items():
        # Few of many tags are in a text, which is known sooner than where.
        if old in text and (changed := new.join(_occurrence(old).split(text))) != text:
            text, first = changed, first or image
    return text, first


def _pairs(moves: Sequence[ImageMove]) -> dict[tuple[str, str], str]:
    """Return each old tag with the new one as they may stand in strings, and the first such image."""
    found: dict[tuple[str, str], str] = {}
    for one in moves:
        if one.before.tag and one.after.tag and one.before.tag != one.after.tag:
            old, new = _spellings([one.before.tag]), _spellings([one.after.tag])
            for pair in zip(old, new, strict=False):
                found.setdefault(pair, one.name)
    return found


def _spellings(tags: Iterable[str | None]) -> list[str]:
    """Return tags as they may stand in a string: `v1.2` is written `1.2` there at times."""
    known = list(dict.fromkeys(filter(None, tags)))
    return [*known, *(tag[1:] for tag in known if re.match(r"v\d", tag))]


def _held(tags: Iterable[str], text: str) -> str | None:
    return next((one for one in tags if one in text and _occurrence(one).search(text)), None)


def _occurrence(tag: str) -> re.Pattern[str]:
    """Return an expression for a tag as a word of its own; a version may have a `v` before it."""
    version = r"(?<![A-Za-z0-9_.-]v)" if tag[:1].isdigit() else ""
    before = r"(?:(?<![A-Za-z0-9_.-])|(?<=v))" if version else r"(?<![A-Za-z0-9_.-])"
    return re.compile(f"{version}{before}{re.escape(tag)}(?![A-Za-z0-9_-]|\\.[A-Za-z0-9_])")
