"""The part of a body that says what changes at run time: the promise first, then each object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.pull_request.markdown import Section, code, details, fenced, inert

if TYPE_CHECKING:
    from promoter.domain.evidence import Evidence
    from promoter.render import ObjectDiff

_SHOWN = 30
_TEXT_LIMIT, _LEAST = 30_000, 1_000


def alarm(evidence: Evidence) -> str:
    """Return the warning that leads a body where more than images would change; else ''."""
    diff = evidence.render
    if diff is None or not diff.broken:
        return ""
    broken = diff.broken
    lines = [f"> - {code(one.title)}: {_beside(one)}" for one in broken[:10]]
    if len(broken) > 10:
        lines.append(f"> - and {len(broken) - 10} more")
    return "\n".join(["> [!CAUTION]", "> **More than images would change at run time:**", *lines])


def section(evidence: Evidence) -> list[Section]:
    """Return what changes at run time, one folded diff an object."""
    diff = evidence.render
    if diff is None:
        if not evidence.render_note:
            return []
        return [
            Section("What changes at run time", f"Not rendered: {inert(evidence.render_note)}.", 1)
        ]
    count = len(diff.objects)
    objects = f"{count} object{'s' if count != 1 else ''}"
    if diff.images_only:
        promise = f"✅ Only container images change, in {objects}."
    elif diff.broken:
        promise = f"⚠️ {len(diff.broken)} of {objects} would change in more than images."
    else:
        promise = f"⚠️ {len(diff.unknown)} of {objects} could not be compared: too large."
    parts, size = [], 0
    for shown, one in enumerate(diff.objects):
        told = _object(one, _TEXT_LIMIT - size)
        size += len(told)
        if shown >= _SHOWN or not told:
            rest = ", ".join(code(other.title) for other in diff.objects[shown : shown + 20])
            more = count - shown
            parts.append(f"{more} more: {rest}{' …' if more > 20 else ''}")
            break
        parts.append(told)
    return [Section("What changes at run time", promise, 8, tuple(parts))]


def _object(one: ObjectDiff, room: int) -> str:
    """Return one object's diff, folded, and cut where there is little room; '' where there is none."""
    images = ", ".join(f"{_short(old)} → {_short(new)}" for old, new in one.images[:4])
    told = f": {inert(images)}" if images else ""
    state = "" if one.state == "changed" else f" ({one.state})"
    mark = "" if one.images_only else "⚠️ "
    head = f"{mark}{inert(one.title)}{state}{told}"
    text = "\n".join(one.lines)
    room -= len(head) + 100
    if len(text) > room:
        if room < _LEAST:
            return ""
        text = text[:room].rpartition("\n")[0] + "\n(cut)"
    return details(head, fenced(text, "diff"))


def _short(image: str) -> str:
    """Return an image without its registry."""
    return image.rpartition("/")[2]


def _beside(one: ObjectDiff) -> str:
    """Return what changes in an object beside images."""
    if one.state != "changed":
        return one.state
    shown = ", ".join(code(path) for path in one.other[:5])
    return f"{shown}{' …' if len(one.other) > 5 else ''}"
