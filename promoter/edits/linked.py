"""Strings that hold the same tag as an image: `?ref=` of a remote base, labels, annotations."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ruamel.yaml.nodes import ScalarNode

from promoter.domain.errors import SelectionError
from promoter.domain.model import LINKED
from promoter.domain.redaction import shown
from promoter.edits import engine, scalar_path
from promoter.edits.anchors import LABELS
from promoter.edits.region import Region, everything
from promoter.edits.working_files import WorkingFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import PurePosixPath

    from promoter.domain.model import FileEdit, ImageMove, Tree
    from promoter.edits.region import Spot
    from promoter.edits.targets import Linked

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
        replace(edit, warnings=(*edit.warnings, *left_behind([edit], moves)))
        for edit in files.edits.values()
    )


def move(path: PurePosixPath, data: bytes, where: str, moves: Sequence[ImageMove]) -> FileEdit:
    """Return the proved edit that moves tags within the strings at a path.

    Raises `SelectionError` where the path leads to nothing, or to strings that hold neither an old
    tag nor a new one; `RefusedError` where they cannot be changed.
    """
    region = Region.of(path, data)
    spots = [spot for spot in scalar_path.find(region, where) if spot.text]
    steps: list[engine.Step] = []
    for spot in spots:
        for text, image in _moved(spot.text, moves):
            engine.check_fit(spot)
            steps.append(engine.set_text(spot, text, LINKED, image))
    if not steps and not any(_holds_new(spot.text, moves) for spot in spots):
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


def left_behind(edits: Iterable[FileEdit], moves: Sequence[ImageMove]) -> tuple[str, ...]:
    """Return a warning for every `?ref=`, label and annotation that still holds a moved tag."""
    return tuple(
        f"{edit.path}:{line}:{column}: {shown(text)} still holds the tag {tag}; list it under "
        "`linked` to move it too"
        for edit in edits
        for line, column, text, tag in _stale(edit, moves)
    )


def _stale(edit: FileEdit, moves: Sequence[ImageMove]) -> Iterator[tuple[int, int, str, str]]:
    """Yield the place, the text and the tag of each string of a file that was left behind."""
    tags = [one.before.tag for one in moves if one.before.tag and one.before.tag != one.after.tag]
    tags = [tag for tag in tags if len(tag) >= _SHORT and tag.encode() in edit.after]
    if not tags:
        return
    region = Region.of(edit.path, edit.after)
    for spot in everything(region):
        if not isinstance(spot.node, ScalarNode) or not _is_linked(spot):
            continue
        held = next((tag for tag in tags if _occurrence(tag).search(spot.text)), None)
        if held is not None:
            yield *spot.position, spot.text, held


def _is_linked(spot: Spot) -> bool:
    return bool(_REF.search(spot.text)) or any(part in LABELS for part in spot.path)


def _moved(text: str, moves: Sequence[ImageMove]) -> Iterator[tuple[str, str]]:
    """Yield the text with every old tag moved, and the first image that moves it."""
    new, images = text, []
    for one in moves:
        for old, to in _pairs(one):
            changed = to.join(_occurrence(old).split(new))
            if changed != new:
                images.append(one.name)
                new = changed
    if images:
        yield new, images[0]


def _pairs(one: ImageMove) -> Iterator[tuple[str, str]]:
    """Yield old and new as they may stand in a string: `v1.2` is written `1.2` there at times."""
    if not one.before.tag or not one.after.tag or one.before.tag == one.after.tag:
        return
    yield one.before.tag, one.after.tag
    if re.match(r"v\d", one.before.tag) and re.match(r"v\d", one.after.tag):
        yield one.before.tag[1:], one.after.tag[1:]


def _holds_new(text: str, moves: Sequence[ImageMove]) -> bool:
    tags = [one.after.tag for one in moves if one.after.tag]
    bare = [tag[1:] for tag in tags if re.match(r"v\d", tag)]
    return any(_occurrence(tag).search(text) for tag in (*tags, *bare))


def _occurrence(tag: str) -> re.Pattern[str]:
    """Return an expression for a tag as a word of its own; a version may have a `v` before it."""
    version = r"(?<![A-Za-z0-9_.-]v)" if tag[:1].isdigit() else ""
    before = r"(?:(?<![A-Za-z0-9_.-])|(?<=v))" if version else r"(?<![A-Za-z0-9_.-])"
    return re.compile(f"{version}{before}{re.escape(tag)}(?![A-Za-z0-9_-]|\\.[A-Za-z0-9_])")
