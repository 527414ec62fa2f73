"""What a run says: one JSON envelope or readable text; pure functions of outcomes and errors."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from promoter.domain.diff import unified
from promoter.domain.errors import Exit, PromoteError
from promoter.planning.outcome import Outcome, failed
from promoter.planning.plan import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promoter.domain.evidence import GateResult
    from promoter.domain.model import Pull, PullDraft
    from promoter.domain.refusal import Refusal

SCHEMA = 1
_GRAVEST = (
    Exit.INTERRUPTED, Exit.TERMINATED,
    Exit.BUG, Exit.USAGE, Exit.REMOTE, Exit.REFUSED, Exit.SELECTION, Exit.PENDING,
)  # fmt: skip


def envelope(outcome: Outcome) -> dict[str, Any]:
    """Return one promotion's outcome in the form that the contract fixes."""
    told = {"_text": ""} if outcome.by_policy else {}
    return _blank(
        action=outcome.action.value,
        changed=outcome.changed,
        app=outcome.app,
        environment=outcome.environment,
        images=[
            {
                "name": m.name,
                "from": m.from_tag or m.from_digest,
                "to": m.to_tag,
                "digest": m.to_digest,
            }
            for m in outcome.images
        ],
        files=[str(edit.path) for edit in outcome.edits],
        base=outcome.base,
        branch=outcome.branch,
        commit=outcome.commit,
        pull_request=_pull(outcome.pull, outcome.draft),
        diff=unified(outcome.edits),
        refusals=[refusal(one) for one in outcome.refusals],
        gates=[_gate(one) for one in outcome.gates],
        warnings=list(outcome.warnings),
        error=_error(outcome.error),
        exit_code=int(outcome.exit_code),
        **told,
    )


def failure(error: PromoteError) -> dict[str, Any]:
    """Return the envelope of a run that could not go on."""
    return envelope(failed(error))


def _gate(one: GateResult) -> dict[str, Any]:
    """Return what a gate said; `until` is a time where it would pass then, else null."""
    until = datetime.fromtimestamp(one.until, UTC).isoformat() if one.until is not None else None
    return {"gate": one.name, "verdict": str(one.verdict), "detail": one.detail, "until": until}


def _error(error: PromoteError | None) -> dict[str, Any] | None:
    """Return an error as the contract shows it."""
    if error is None:
        return None
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "file": error.file,
        "line": error.line,
        "column": error.column,
    }


def lacking(result: Mapping[str, Any], error: PromoteError) -> dict[str, Any]:
    """Return a result of whose telling a part has failed."""
    told = failure(error)
    if "error" not in result:
        return {**result, "_lacking": told, "exit_code": told["exit_code"]}
    return {**result, "error": result["error"] or told["error"], "exit_code": told["exit_code"]}


def counted(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the line that sums up a run over many apps, e.g. `3 apps: 1 pushed, 2 unchanged`."""
    found: dict[str, int] = {}
    for result in results:
        found[result["action"]] = found.get(result["action"], 0) + 1
    counts = ", ".join(f"{found[action]} {action}" for action in Action if action in found)
    return f"{len(results)} app{'s' if len(results) != 1 else ''}{': ' if counts else ''}{counts}\n"


def several(results: Sequence[Mapping[str, Any]], **more: object) -> dict[str, Any]:
    """Return the envelope of a run over several apps; the gravest exit code stands for all."""
    codes = [int(result["exit_code"]) for result in results]
    return {"schema": SCHEMA, "results": list(results), **more, "exit_code": gravest(codes)}


def gravest(codes: Iterable[int]) -> int:
    """Return the exit code that stands for several: a failure before a pending change before 0."""
    found = set(codes)
    return next((int(code) for code in _GRAVEST if code in found), 0)


def as_json(value: Mapping[str, Any]) -> str:
    """Return JSON for stdout, in plain ASCII; what is for a terminal alone (`_…`) is left out."""
    return json.dumps(_public(value), indent=2) + "\n"


class Kind(StrEnum):
    """What a piece of a result's text is written in."""

    PLAIN = "plain"
    DIFF = "diff"
    MARKDOWN = "markdown"


def text(result: Mapping[str, Any]) -> str:
    """Return a result as a person reads it on stdout."""
    return "".join(piece for _, piece in pieces(result))


def pieces(result: Mapping[str, Any]) -> list[tuple[Kind, str]]:
    """Return the same in pieces, so that a terminal can show each in its own shape."""
    if "_pieces" in result:
        return list(result["_pieces"])
    if "_text" in result:
        return [(Kind.PLAIN, str(result["_text"]))]
    if "results" in result:
        parts = [piece for one in result["results"] for piece in pieces(one)]
        return [*parts, (Kind.PLAIN, str(result.get("_summary", "")))]
    if result["error"] or result["refusals"]:
        return []
    where = f"{result['app']} in {result['environment']}"
    lines = [f"{result['action']}: {where}"]
    lines += [f"  {i['name']}: {i['from'] or '(not set)'} -> {_to(i)}" for i in result["images"]]
    pull = result["pull_request"]
    if pull and pull["number"] is not None:
        lines.append(f"  pull {pull['number']} ({pull['state']}): {pull['url']}")
    if result["action"] == Action.PLANNED and not result["changed"]:
        lines.append("  nothing to do")
    found = [(Kind.PLAIN, "\n".join(lines) + "\n")]
    if result["action"] == Action.PLANNED and result["diff"]:
        found += [(Kind.PLAIN, "\n"), (Kind.DIFF, result["diff"].rstrip("\n") + "\n")]
        if pull:
            told = f"# {pull['title']}\n\n{pull['body'].rstrip()}\n"
            found += [(Kind.PLAIN, "\n"), (Kind.MARKDOWN, told)]
    return found


def complaints(result: Mapping[str, Any], about: str = "") -> str:
    """Return a result's warnings, refusals and error as a person reads them on stderr."""
    if "_lacking" in result:
        rest = {key: value for key, value in result.items() if key != "_lacking"}
        return complaints(rest, about) + complaints(result["_lacking"])
    if "results" in result:
        several = len(result["results"]) > 1
        return "".join(complaints(one, _about(one) if several else "") for one in result["results"])
    lines = [
        f"promote: warning: {about}{warning}"
        for warning in result.get("warnings", result.get("_warnings", ()))
    ]
    refusals, error = result.get("refusals", ()), result.get("error")
    for refusal in refusals:
        lines += _complaint(f"refused: {about}", refusal["reason"], refusal)
    if error and not refusals:
        lines += _complaint(f"error: {about}", error["message"], error)
    return "".join(f"{line}\n" for line in lines)


def _about(result: Mapping[str, Any]) -> str:
    """Return which of several promotions a complaint is about."""
    app, environment = result.get("app"), result.get("environment")
    return f"{app}{f' in {environment}' if environment else ''}: " if app else ""


def _complaint(word: str, reason: str, place: Mapping[str, Any]) -> list[str]:
    """Return one complaint: the place, the reason, the line with a caret, the way out."""
    parts = [str(place[key]) for key in ("file", "line", "column") if place[key] is not None]
    lines = [f"promote: {word}{':'.join(parts)}{': ' if parts else ''}{reason}"]
    source = place.get("_source_line")
    if source is not None:
        shown = str(source).expandtabs(1)
        lines += [f"  | {shown}", f"  | {' ' * ((place['column'] or 1) - 1)}^"]
    if place["hint"]:
        lines.append(f"  {place['hint']}")
    return lines


def _to(image: Mapping[str, Any]) -> str:
    """Return what an image goes to, in a word."""
    return (image["to"] or "") + (f"@{image['digest']}" if image["digest"] else "")


def refusal(one: Refusal) -> dict[str, Any]:
    """Return a refusal as the contract shows it, and its source line for a terminal."""
    shown = asdict(one)
    line = shown.pop("source_line")
    return {**shown, "_source_line": line}


def _public(value: object) -> object:
    """Return a value without the keys that begin with an underscore, at any depth."""
    if isinstance(value, dict):
        return {key: _public(one) for key, one in value.items() if not key.startswith("_")}
    return [_public(one) for one in value] if isinstance(value, list) else value


def _pull(pull: Pull | None, draft: PullDraft | None) -> dict[str, Any] | None:
    """Return the pull as it is, or as it would be."""
    if pull is None and draft is None:
        return None
    return {
        "number": pull.number if pull else None,
        "url": pull.url if pull else None,
        "state": pull.state.value if pull else None,
        "title": draft.title if draft else pull.title if pull else None,
        "body": draft.body if draft else pull.body if pull else None,
    }


def _blank(**known: object) -> dict[str, Any]:
    """Return an envelope with every key, in the contract's order."""
    return {
        "schema": SCHEMA,
        "action": Action.FAILED.value,
        "changed": False,
        "app": None,
        "environment": None,
        "images": [],
        "files": [],
        "base": None,
        "branch": None,
        "commit": None,
        "pull_request": None,
        "diff": "",
        "refusals": [],
        "gates": [],
        "warnings": [],
        "error": None,
    } | known
