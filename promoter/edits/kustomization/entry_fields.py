"""The splices that set, add and drop the fields of one entry of `images:`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from promoter.edits.engine import scalar_splice, written_end
from promoter.edits.kustomization.entries import ImageEntry
from promoter.edits.region import Spot
from promoter.edits.scalars import written_scalar
from promoter.edits.text import Source, Splice

_COMMA = re.compile(r"\s*, *")
# Where a new field goes: after the first of these that the entry has.
_AFTER = {
    "newName": ("name",),
    "newTag": ("newName", "name", "digest"),
    "digest": ("newTag", "newName", "name"),
}


def field_splices(
    source: Source, entry: ImageEntry, changed: Mapping[str, str | None]
) -> list[Splice]:
    """Return the splices that bring an entry's fields to new texts; None drops a field."""
    work = dict(changed)
    found: list[Splice] = []
    swap = _swapped(source, entry, work)
    if swap:
        old, new = swap
        taken = entry.fields[old]
        text = written_scalar(work.pop(new) or "", taken.style)
        found.append(Splice(taken.key_start, taken.end, f"{_key(source, taken, new)}: {text}"))
        del work[old]
    gone = {name for name, value in work.items() if value is None and name in entry.fields}
    for name, value in work.items():
        span = entry.fields.get(name)
        if value is None:
            if span is not None:
                found.append(_drop(source, entry, span, gone))
        elif span is not None:
            found.append(scalar_splice(span, value))
        else:
            found.append(_add(source, entry, name, value, gone=gone))
    return _merged_drops(found)


def _swapped(
    source: Source, entry: ImageEntry, work: Mapping[str, str | None]
) -> tuple[str, str] | None:
    """Return the field that another one replaces on its own line: a digest by a tag or the reverse."""
    for old, new in (("digest", "newTag"), ("newTag", "digest")):
        span = entry.fields.get(old)
        if span is None or work.get(old, "") is not None or new in entry.fields:
            continue
        if work.get(new) is None or span.style not in (None, '"', "'"):
            continue
        rest = source.text[span.end : source.line_end(span.end)]
        # A comment on the line speaks of the old field; a marker in it would be wrong on the new.
        if "#" not in rest:
            return old, new
    return None


def _add(source: Source, entry: ImageEntry, name: str, value: str, *, gone: set[str]) -> Splice:
    """Add a field after the one it belongs to, in the entry's own manner."""
    candidates = [n for n in _AFTER[name] if n in entry.fields and n not in gone]
    anchor = entry.fields[candidates[0] if candidates else next(iter(entry.fields))]
    key = _key(source, anchor, name)
    style = anchor.style if anchor.style == '"' and key.startswith('"') else None
    if _flow(entry):
        return Splice(anchor.end, anchor.end, f", {key}: {written_scalar(value, style)}")
    newline = source.newline(anchor.key_start)
    column = source.position(anchor.key_start)[1] - 1
    # Values aligned in a column go on being aligned.
    gap = anchor.start - anchor.key_end
    pad = " " * max(1, gap + len(source.text[anchor.key_start : anchor.key_end]) - len(key) - 1)
    pad = pad if gap > 2 else " "
    line = f"{' ' * column}{key}:{pad}{written_scalar(value, style)}"
    after = source.line_end(written_end(anchor))
    return Splice(after, after, f"{newline}{line}")


def _drop(source: Source, entry: ImageEntry, span: Spot, gone: set[str]) -> Splice:
    """Remove a field with its line, or with its comma in flow style; others may go with it."""
    text = source.text
    if _flow(entry):
        stays = [one for name, one in entry.fields.items() if name not in gone]
        return _drop_flow(text, span, first=all(one.key_start > span.key_start for one in stays))
    start, end = source.line_start(span.key_start), source.next_line(written_end(span))
    if not text[start : span.key_start].strip():
        if end == len(text) and not text.endswith("\n") and start:
            # The last line goes: the one before it becomes the last, again without a line break.
            start -= 2 if text[start - 2 : start] == "\r\n" else 1
        return Splice(start, end, "")
    # The field stands behind the dash, where the next one that stays takes its place.
    follower = min(
        (
            one.key_start
            for name, one in entry.fields.items()
            if one.key_start > span.key_start and name not in gone
        ),
        default=None,
    )
    if follower is not None and not _between(source, entry, (end, follower), gone).strip():
        return Splice(span.key_start, follower, "")
    return Splice(len(text[: span.key_start].rstrip(" ")), source.line_end(written_end(span)), "")


def _between(source: Source, entry: ImageEntry, span: tuple[int, int], gone: set[str]) -> str:
    """Return what stands in a span beside the lines of fields that go."""
    start, end = span
    kept = ""
    for one in sorted((entry.fields[name] for name in gone), key=lambda one: one.key_start):
        if start <= one.key_start < end:
            kept += source.text[start : source.line_start(one.key_start)]
            start = source.next_line(written_end(one))
    return kept + source.text[start:end]


def _drop_flow(text: str, span: Spot, *, first: bool) -> Splice:
    """Remove `key: value` of a flow mapping with the comma before it, or behind the first ones."""
    if not first:
        return Splice(len(text[: span.key_start].rstrip().removesuffix(",")), span.end, "")
    behind = _COMMA.match(text, span.end)
    return Splice(span.key_start, behind.end() if behind else span.end, "")


def _merged_drops(found: list[Splice]) -> list[Splice]:
    """Join removals that touch or overlap, as those of neighbouring fields do."""
    joined: list[Splice] = []
    for splice in sorted(found, key=lambda one: (one.start, one.end)):
        last = joined[-1] if joined else None
        if last is not None and splice.start < last.end and not splice.text and not last.text:
            joined[-1] = Splice(last.start, max(last.end, splice.end), "")
        else:
            joined.append(splice)
    return joined


def _flow(entry: ImageEntry) -> bool:
    return entry.spot is not None and bool(getattr(entry.spot.node, "flow_style", False))


def _key(source: Source, sibling: Spot, name: str) -> str:
    quote = source.text[sibling.key_start]
    return f"{quote}{name}{quote}" if quote in "\"'" else name
