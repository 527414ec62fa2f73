"""The one way in which YAML files are edited: splices into the text, read again, and proved.

Nothing is dumped. Each step says which characters it replaces and which values are other ones
afterwards; the new text is composed again, and it has to differ in exactly that, inside of block
texts as well as in the file around them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from ruamel.yaml.nodes import ScalarNode

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import RefusedError
from promoter.domain.model import FieldChange, FileEdit
from promoter.domain.redaction import shown
from promoter.edits import env_file
from promoter.edits.nodes import Path, flatten, proved
from promoter.edits.region import Region, Spot
from promoter.edits.scalars import written_scalar
from promoter.edits.text import Splice, compose, decode_file, encode, replace

_KO = "ko://"
_COLON = re.compile(r"[ \t]*:")
_PLAIN = re.compile(r".+[/=?]|[A-Za-z]\S* ")


@dataclass(frozen=True, slots=True)
class EditStep:
    """A part of an edit: the characters that it replaces in a region, and what is other afterwards."""

    region: Region
    splices: tuple[Splice, ...]
    expected: Mapping[Path, str | None]
    """The values that differ afterwards, as `nodes.flatten` has them; None for what is gone."""
    changes: tuple[FieldChange, ...]

    def unproved(self) -> RefusedError:
        """Return the refusal of the edit, as `Region.unproved` has it."""
        new = next((change.new for change in self.changes if change.new is not None), "")
        return self.region.unproved(new, at=min(splice.start for splice in self.splices))


def edit(file: Region, steps: Sequence[EditStep]) -> FileEdit:
    """Return the proved edit that steps make of a file and of texts inside it.

    Raises `RefusedError` where the new text would not differ in exactly what was meant.
    """
    source = file.text
    inner: dict[Path, list[EditStep]] = {}
    for step in steps:
        inner.setdefault(step.region.path, []).append(step)
    splices: list[Splice] = []
    expected: dict[Path, str | None] = {}
    for path, group in inner.items():
        region = group[0].region
        within = [splice for step in group for splice in step.splices]
        meant = {way: text for step in group for way, text in step.expected.items()}
        if path:
            text = replace(region.text, within)
            if not _holds(region, text, meant):
                raise group[0].unproved()
            meant = {path: f"str:{text}"}
        splices += [_in_file(region, splice) for splice in within]
        expected |= meant
    text = replace(source, splices)
    if steps and not _holds(file, text, expected):
        raise steps[0].unproved()
    changes = sorted(
        (change for step in steps for change in step.changes),
        key=lambda change: (change.line, change.column),
    )
    return FileEdit(PurePosixPath(source.path), source.data, encode(source, text), tuple(changes))


def set_text(spot: Spot, text: str, field: str, image: str) -> EditStep:
    """Return the step that sets a scalar; `field` and `image` are for people."""
    region = spot.region
    change = FieldChange(
        PurePosixPath(region.file.path), *spot.position, field, image, spot.text or None, text
    )
    at = _line_in_block(spot)
    splice = scalar_splice(spot, text) if at is None else Splice(at, at + len(spot.text), text)
    return EditStep(region, (splice,), {spot.path: f"str:{text}"}, (change,))


def scalar_splice(spot: Spot, text: str) -> Splice:
    """Return the splice that sets a scalar, in its quotes; an empty value gets a blank before it."""
    source = spot.region.text
    if spot.style == env_file.STYLE:
        return Splice(spot.start, spot.end, text)
    if spot.start == spot.end and spot.key is not None:
        colon = _COLON.match(source.text, spot.key.end_mark.index)
        if colon is None:
            raise spot.region.unproved(text, at=spot.written)
        return Splice(colon.end(), colon.end(), f" {written_scalar(text, None)}")
    if spot.style in ("|", ">"):
        return Splice(spot.start, written_end(spot), written_scalar(text, None))
    # No reader takes an address or several words for a number, a boolean or a date: they stay plain.
    plain = spot.style is None and _PLAIN.match(text)
    return Splice(spot.start, spot.end, text if plain else written_scalar(text, spot.style))


def written_end(spot: Spot) -> int:
    """Return where a value ends; a block ends before its last line break and the empty lines below."""
    text = spot.region.text.text[spot.start : spot.end]
    return spot.start + len(text.rstrip("\r\n")) if spot.style in ("|", ">") else spot.end


def check_fit(spot: Spot) -> None:
    """Raise `RefusedError` where changing a scalar would not mean what it says."""
    region = spot.region
    at, text = spot.written, region.text.text
    if not isinstance(spot.node, ScalarNode):
        raise region.refuse("type", "the value there is not text", "Name the scalar itself.", at=at)
    check_unshared(spot)
    if spot.style in ("|", ">") and _line_in_block(spot) is None:
        reason = f"the value is a block ({spot.style}) of several lines, or ends with a line break"
        raise region.refuse("style", reason, "Write it on one line, behind its key.", at=at)
    if text.startswith(("!", "&"), spot.start):
        sign = text[spot.start : spot.end].split(maxsplit=1)[0]
        reason = f"the value has {shown(sign)} before it"
        raise region.refuse("style", reason, "Write the value without it.", at=at)
    check_taken_by_ko(spot)


def check_unshared(spot: Spot) -> None:
    """Raise `RefusedError` where a value is one with another place's, or its key stands twice."""
    if spot.unfit == "duplicate-key":
        reason = "a key on the way here stands twice, and readers differ on which one counts"
        raise spot.region.refuse("duplicate-key", reason, "Remove one of them.", at=spot.written)
    if spot.unfit:
        reason = "the value is shared with another place by an anchor or alias"
        hint = "Write the value out in both places."
        raise spot.region.refuse("alias", reason, hint, at=spot.written)


def check_taken_by_ko(spot: Spot) -> None:
    """Raise `RefusedError` for the path of a Go package in the place of an image: it takes no tag."""
    if spot.text.startswith(_KO):
        raise spot.region.refuse(
            "ko",
            f"{shown(spot.text)} is a Go package that ko builds: no tag can follow it",
            "Write the image itself, or set the tag where ko is run.",
            at=spot.written,
        )


def _line_in_block(spot: Spot) -> int | None:
    """Return where the only line of a block begins that has no line break; None for other blocks."""
    value = str(spot.node.value)
    if spot.style not in ("|", ">"):
        return None
    at = spot.region.text.text.rfind(value, spot.start, spot.end)
    return at if value and "\n" not in value and at >= 0 else None


def _holds(region: Region, text: str, expected: Mapping[Path, str | None]) -> bool:
    """Return whether a region's new text, read again, differs in exactly what was intended."""
    source = region.text
    if text == source.text:
        return not expected
    try:
        after = compose(decode_file(source.path, encode(source, text)))
    except RefusedError:
        return False
    return proved(flatten(region.documents), flatten(after), expected)


def _in_file(region: Region, splice: Splice) -> Splice:
    return Splice(
        region.place(splice.start), region.place(splice.end), region.indented(splice.text)
    )
