"""The status as it is shown: a table for people, the same for Markdown within one issue, and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from promoter.domain.duration import format_seconds
from promoter.domain.evidence import GateResult
from promoter.domain.image import is_digest
from promoter.domain.moment import shown_end
from promoter.domain.pull import Pull
from promoter.domain.suggest import listed
from promoter.output.envelope import SCHEMA, gate_as_json, moment_as_json
from promoter.output.history import hold_as_json
from promoter.output.printable import bounded_values
from promoter.output.result import CommandResult
from promoter.output.table import TextTable, inert_cell
from promoter.output.text import Complaint, Piece, PieceKind
from promoter.planning.status import PolicyChoice, PreviousEnvironment, Relation, Status

# GitHub takes 65,536 characters in an issue; around the table stands a sentence or two.
_MARKDOWN_LIMIT = 60_000
_REASONS = 5
_EMPTY = "no app is in any environment"


def of_status(
    rows: Sequence[Status], *, base: str, now: int, warnings: Sequence[str]
) -> CommandResult:
    """Return the result of `promote status`; `now` is in seconds since the epoch."""
    table = _table(rows, now)
    shown = [*warnings, *_unknown(rows)]
    return CommandResult(
        document={
            "schema": SCHEMA,
            "base": base,
            "apps": [bounded_values(_as_json(one)) for one in rows],
            "warnings": list(warnings),
            "exit_code": 0,
        },
        pieces=(table if rows else Piece(PieceKind.PLAIN, f"{_EMPTY}\n"),),
        markdown=_markdown(rows, now, shown),
        complaints=tuple(Complaint("warning", one) for one in shown),
    )


def _unknown(rows: Sequence[Status]) -> list[str]:
    """Return why no newest tag is shown, for the first apps of which that is so."""
    reasons: dict[str, list[str]] = {}
    for one in rows:
        if one.newest is not None and one.newest.tag is None and one.newest.note:
            reasons.setdefault(one.newest.note, []).append(f"{one.app} in {one.environment}")
    found = [
        f"{listed(places, 1)}: {reason}" for reason, places in list(reasons.items())[:_REASONS]
    ]
    if len(reasons) > _REASONS:
        found.append(f"{len(reasons) - _REASONS} more reasons are in --output json")
    return found


def _markdown(rows: Sequence[Status], now: int, warnings: Sequence[str]) -> str:
    """Return the table for one issue; where not all rows fit, those that wait for somebody come first."""
    notes = "".join(f"\n{one}\n" for one in map(inert_cell, warnings))
    if not rows:
        return f"{_EMPTY}\n{notes}"
    whole = _table(rows, now).markdown()
    if len(whole) + len(notes) <= _MARKDOWN_LIMIT:
        return whole + notes
    ordered = sorted(rows, key=lambda one: not _is_waiting(one))
    lines, size = [], len(notes)
    for line in _table(ordered, now).markdown().splitlines(keepends=True):
        size += len(line)
        if size > _MARKDOWN_LIMIT:
            break
        lines.append(line)
    left = len(rows) - (len(lines) - 2)
    return (
        "".join(lines) + f"\n{left} more rows do not fit here; `promote status` shows all.\n{notes}"
    )


def _is_waiting(row: Status) -> bool:
    """Return whether somebody may have something to do there."""
    is_behind = row.previous is not None and row.previous.relation is not Relation.SAME
    is_old = row.newest is not None and row.newest.behind != 0
    return bool(row.error or row.open_pull or row.refusals or is_behind or is_old)


def _table(rows: Sequence[Status], now: int) -> TextTable:
    """Return one row an app and environment; a column that is empty in all rows is left out."""
    cells = [
        {
            "app": one.app,
            "environment": one.environment,
            "runs": ", ".join(map(_short, one.tags)),
            "since": _since(one, now),
            "merged PR": f"#{one.arrival.pull}" if one.arrival and one.arrival.pull else "",
            "newest": _newest(one.newest),
            "compared with": _previous(one.previous),
            "open PR": f"#{one.open_pull.number}" if one.open_pull else "",
            "blocked by": one.error or "; ".join(_gate(gate, one) for gate in one.refusals),
        }
        for one in rows
    ]
    names = [
        name
        for name in (cells[0] if cells else ())
        if name in ("app", "environment", "runs") or any(row[name] for row in cells)
    ]
    return TextTable(
        tuple(names),
        tuple(tuple(row[name] for name in names) for row in cells),
        expendable=("merged PR",),
        copied=frozenset({"runs", "newest"}),
    )


def _gate(gate: GateResult, row: Status) -> str:
    """Return a gate's name and end; of a hold that is not merged yet with its pull request."""
    proposed = row.proposed_hold if gate.name == "hold" and row.hold is None else None
    name = f"hold (#{proposed.pull})" if proposed else gate.name
    return f"{name} until {shown_end(gate.until)}" if gate.until else name


def _short(tag: str) -> str:
    return tag[:19] if is_digest(tag) else tag


def _since(row: Status, now: int) -> str:
    if row.arrival is None:
        return ""
    least = "at least " if row.arrival.at_least else ""
    return least + format_seconds(now - row.arrival.time)


def _newest(newest: PolicyChoice | None) -> str:
    if newest is None:
        return ""
    if newest.tag is None:
        return "unknown" if newest.fits else "none fits"
    if newest.behind == 0:
        return "up to date"
    return newest.tag if newest.behind is None else f"{newest.tag} ({newest.behind} newer)"


def _previous(previous: PreviousEnvironment | None) -> str:
    if previous is None:
        return ""
    if previous.relation is Relation.SAME:
        return f"same as {previous.environment}"
    if previous.relation is Relation.UNKNOWN:
        return "unknown"
    words = {Relation.BEHIND: "behind", Relation.AHEAD: "ahead of"}
    tags = ", ".join(map(_short, previous.tags))
    return f"{words.get(previous.relation, 'differs from')} {previous.environment} ({tags})"


def _as_json(row: Status) -> dict[str, Any]:
    arrival, newest, previous = row.arrival, row.newest, row.previous
    return {
        "app": row.app,
        "environment": row.environment,
        "images": [
            {"name": one.name, "tag": one.tag, "digest": one.digest} for one in row.images
        ],
        "since": arrival and {
            "time": moment_as_json(arrival.time),
            "at_least": arrival.at_least,
            "commit": arrival.commit,
            "by": arrival.by,
            "pull_request": arrival.pull,
        },
        "newest": newest and {"tag": newest.tag, "behind": newest.behind, "note": newest.note},
        "previous": previous and {
            "environment": previous.environment,
            "tags": list(previous.tags),
            "relation": previous.relation.value,
        },
        "open_pull_request": _pull(row.open_pull),
        "gates": [gate_as_json(one) for one in row.refusals],
        "hold": hold_as_json(row.hold),
        "error": row.error or None,
    }  # fmt: skip


def _pull(pull: Pull | None) -> dict[str, Any] | None:
    if pull is None:
        return None
    return {"number": pull.number, "url": pull.url, "title": pull.title}
