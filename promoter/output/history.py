"""The history as it is shown: a table for people, the same for Markdown, and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from promoter.config.holds import Hold
from promoter.domain.duration import format_seconds
from promoter.domain.image import Ref
from promoter.domain.model import ImageMove
from promoter.output.envelope import SCHEMA, moment_as_json
from promoter.output.printable import bounded_values
from promoter.output.result import CommandResult
from promoter.output.table import TextTable
from promoter.output.text import Complaint, Piece, PieceKind
from promoter.planning.history import EntryKind, HistoryEntry

_EMPTY = "nothing has changed yet"


def of_history(
    entries: Sequence[HistoryEntry], *, base: str, now: int, is_whole: bool, warnings: Sequence[str]
) -> CommandResult:
    """Return the result of `promote history`; `now` is in seconds since the epoch."""
    table = _table(entries, now)
    more = "" if is_whole else f"\n-n {2 * len(entries)} shows more.\n"
    text = (table, Piece(PieceKind.PLAIN, more)) if entries else ()
    return CommandResult(
        document={
            "schema": SCHEMA,
            "base": base,
            "entries": [bounded_values(_as_json(one, now)) for one in entries],
            "complete": is_whole,
            "warnings": list(warnings),
            "exit_code": 0,
        },
        pieces=text or (Piece(PieceKind.PLAIN, f"{_EMPTY}\n"),),
        markdown=f"{table.markdown()}{more}" if entries else f"{_EMPTY}\n",
        complaints=tuple(Complaint("warning", one) for one in warnings),
    )


def _table(entries: Sequence[HistoryEntry], now: int) -> TextTable:
    images: dict[str, set[str]] = {}
    for one in entries:
        images.setdefault(one.app, set()).update(image.name for image in one.images)
    rows = [
        {
            "when (UTC)": f"{datetime.fromtimestamp(one.time, UTC):%Y-%m-%d %H:%M}",
            "app": one.app,
            "environment": one.environment,
            "change": _change(one, len(images[one.app])),
            "what": _what(one),
            "PR": f"#{one.pull}" if one.pull else "",
            "by": _by(one),
            "ran": _ran(one, now),
            "commit": one.commit[:9],
        }
        for one in entries
    ]
    kept = {name for name in ("app", "environment") if len({row[name] for row in rows}) > 1}
    names = [name for name in (rows[0] if rows else ()) if name in kept or name not in _SAME]
    return TextTable(
        tuple(names),
        tuple(tuple(row[name] for name in names) for row in rows),
        expendable=("ran",),
        copied=frozenset({"change", "commit"}),
    )


_SAME = frozenset({"app", "environment"})


def _by(entry: HistoryEntry) -> str:
    """Return who asked, else who merged or made the commit, where that was not promote itself."""
    is_own_push = entry.kind in (EntryKind.PROMOTION, EntryKind.HOLD) and entry.pull is None
    return entry.actor or ("" if is_own_push else entry.author)


def _change(entry: HistoryEntry, images: int) -> str:
    """Return what became of the images: the tag where all share it, else each image.

    `images` is how many the app has: of one with several, the image that moves alone is named.
    """
    if entry.kind is EntryKind.REMOVED:
        return "removed"
    if entry.kind is EntryKind.UNREADABLE:
        return "cannot be read"
    if entry.kind is EntryKind.HOLD:
        return "held" if entry.held else "hold ended"
    steps = {(one.before, one.after) for one in entry.images}
    if len(steps) == 1 and (len(entry.images) > 1 or images < 2):
        return _step(entry.images[0])
    return ", ".join(f"{one.name.rpartition('/')[2]} {_step(one)}" for one in entry.images)


def _step(one: ImageMove) -> str:
    before, after = (_reference(ref) for ref in (one.before, one.after))
    if not one.after:
        return f"{before} removed"
    return f"{before} -> {after}" if one.before else after


def _reference(ref: Ref) -> str:
    """Return a tag, without the digest beside it, or the beginning of a digest alone."""
    return ref.tag or (ref.digest or "none")[:19]


def _what(entry: HistoryEntry) -> str:
    words = {
        EntryKind.PROMOTION: "rollback" if entry.goes_back else "promotion",
        EntryKind.EDIT: "back by hand" if entry.goes_back else "by hand",
        EntryKind.ADDED: "added",
        EntryKind.OTHER: "other edit",
        EntryKind.REMOVED: "removed",
        EntryKind.UNREADABLE: "unreadable",
        EntryKind.HOLD: "",
    }
    found = [words[entry.kind]]
    if entry.held is not None:
        found.append(f"hold: {entry.held.reason}")
    if entry.released and entry.kind is not EntryKind.HOLD:
        found.append("hold ended")
    if entry.is_first:
        found.append("older commits were not read")
    return ", ".join(filter(None, found))


def _ran(entry: HistoryEntry, now: int) -> str:
    if entry.runs:
        return f"{format_seconds(now - entry.time)} so far"
    return format_seconds(entry.lived) if entry.lived is not None else ""


def _as_json(entry: HistoryEntry, now: int) -> dict[str, Any]:
    return {
        "app": entry.app,
        "environment": entry.environment,
        "kind": entry.kind.value,
        "goes_back": entry.goes_back,
        "commit": entry.commit,
        "time": moment_as_json(entry.time),
        "author": entry.author,
        "actor": entry.actor,
        "run": entry.run,
        "title": entry.title,
        "pull_request": entry.pull,
        "images": [
            {"name": one.name, "from": str(one.before) or None, "to": str(one.after) or None}
            for one in entry.images
        ],
        "file": entry.file,
        "runs_now": entry.runs,
        "seconds": max(0, now - entry.time) if entry.runs else entry.lived,
        "hold": hold_as_json(entry.held),
        "hold_ended": entry.released,
        "note": entry.note,
        "older_not_read": entry.is_first,
    }


def hold_as_json(hold: Hold | None) -> dict[str, Any] | None:
    """Return a hold as JSON shows it; moments are RFC 3339."""
    if hold is None:
        return None
    return {
        "reason": hold.reason,
        "by": hold.by,
        "since": moment_as_json(hold.since) if hold.since else None,
        "until": moment_as_json(hold.until) if hold.until else None,
    }
