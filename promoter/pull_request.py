"""The texts of a promotion: commit message, title and body; pure functions of the proposal."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from promoter.diff import unified
from promoter.model import PullDraft
from promoter.promotion import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promoter.config import Templates
    from promoter.model import ImageMove
    from promoter.propose import Proposal

LIMIT = 65_536
_TITLE_LIMIT = 250
_CLOSED = "<!-- promoter:closed -->"
_STATE = "<!-- promoter:state "


def title(proposal: Proposal, templates: Templates) -> str:
    """Return the pull's title, which is also the commit's first line."""
    return one_line(_filled(templates.title, _fields(proposal)))[:_TITLE_LIMIT]


def message(proposal: Proposal, templates: Templates) -> str:
    """Return the commit's message: title, one line an image, the trailers."""
    lines = [f"{move.name}: {_from(move)} -> {_to(move)}" for move in proposal.moves]
    fields = _fields(proposal) | {
        "title": title(proposal, templates),
        "images": "\n".join(lines),
    }
    return proposal.declaration.message(_filled(templates.commit, fields))


def superseding(standing: Proposal, proposal: Proposal) -> str | None:
    """Return the comment that says what an open pull proposes instead of what, where that changes."""
    old, new = summary(standing.moves), summary(proposal.moves)
    if standing.declaration.images == proposal.declaration.images:
        return None
    asked = proposal.declaration
    by = f" Asked by {code(asked.actor)}." if asked.actor else ""
    run = f" Run: {code(asked.run)}." if asked.run else ""
    return f"Proposes {code(new)} now, in place of {code(old)}.{by}{run}"


def draft(proposal: Proposal, templates: Templates) -> PullDraft:
    """Return title and body of the pull for a branch that holds the proposal."""
    declaration = proposal.declaration
    rows = [f"| {code(m.name)} | {code(_from(m))} | {code(_to(m))} |" for m in proposal.moves]
    known = {
        "Asked by": declaration.actor,
        "Run": declaration.run,
        "Source revision": declaration.source_revision,
    }
    facts = [f"- {label}: {code(text)}" for label, text in known.items() if text]
    if declaration.previous_pull:
        facts.append(f"- Earlier pull, closed unmerged: #{declaration.previous_pull}")
    files = [f"- {code(str(edit.path))}" for edit in proposal.edits]
    parts = [
        f"Promotes **{code(declaration.app)}** to **{code(declaration.environment)}**.",
        "\n".join(["| image | from | to |", "|---|---|---|", *rows]),
        *(["\n".join(facts)] if facts else []),
        "\n".join(["Files:", "", *files]),
        _fenced(unified(proposal.edits), "diff"),
        *([_quoted(proposal.warnings)] if proposal.warnings else []),
        _state(proposal),
    ]
    text = "\n\n".join(parts) + "\n"
    if templates.body != "{body}":
        fields = {key: code(value) for key, value in _fields(proposal).items()}
        text = _filled(templates.body, fields | {"body": text})
    return PullDraft(title(proposal, templates), _bounded(text))


def closing(proposal: Proposal, base: str) -> str:
    """Return the comment with which a pull is closed that the base has overtaken."""
    return (
        f"Closed as superseded: {code(base)} already has "
        f"{code(summary(proposal.moves))} of {code(proposal.declaration.app)}."
    )


def mark_closed(body: str) -> str:
    """Return a body that says the closing was ours, so that it is not taken for a human's no."""
    return body if closed_by_us(body) else f"{body[: LIMIT - len(_CLOSED) - 1]}\n{_CLOSED}"


def is_ours(body: str) -> bool:
    """Say whether a pull's body was written by promote."""
    return _STATE in body


def closed_by_us(body: str) -> bool:
    """Say whether a closed pull was closed by promote itself."""
    return _CLOSED in body


def summary(moves: tuple[ImageMove, ...]) -> str:
    """Return what a promotion goes to, in a word: the shared tag, or how many images change."""
    wanted = {_to(move) for move in moves}
    return wanted.pop() if len(wanted) == 1 else f"{len(moves)} images"


def code(text: str) -> str:
    """Return outside text as an inline code span that nothing in it can leave."""
    shown = one_line(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall(r"`+", shown)), default=0) + 1)
    pad = " " if fence != "`" or not shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def plain(text: str) -> str:
    """Return outside text for a message on one line."""
    return one_line(text)[:120]


def _fields(proposal: Proposal) -> dict[str, str]:
    """Return what a template may name, as plain text on one line."""
    declaration = proposal.declaration
    was = {_from(move) for move in proposal.moves}
    return {
        "app": declaration.app,
        "environment": declaration.environment,
        "from": was.pop() if len(was) == 1 else f"{len(proposal.moves)} images",
        "to": summary(proposal.moves),
        "images": ", ".join(move.name for move in proposal.moves),
        "actor": one_line(declaration.actor or ""),
        "run": one_line(declaration.run or ""),
        "source-revision": one_line(declaration.source_revision or ""),
    }


def _filled(template: str, fields: Mapping[str, str]) -> str:
    """Return a template with its fields replaced; nothing that a field brings is read again."""
    return re.sub(r"\{([a-z-]+)\}", lambda found: fields.get(found[1], found[0]), template)


def _from(move: ImageMove) -> str:
    """Return what an image was, in a word."""
    return _joined(move.from_tag, move.from_digest) or "(not set)"


def _to(move: ImageMove) -> str:
    """Return what an image shall be, in a word."""
    return _joined(move.to_tag, move.to_digest)


def _joined(tag: str | None, digest: str | None) -> str:
    """Return `tag@digest` with what there is of it."""
    return (tag or "") + (f"@{digest}" if digest else "")


def _fenced(text: str, language: str) -> str:
    """Return text as a code block that nothing in it can leave."""
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    return f"{fence}{language}\n{text}{fence}"


def _quoted(warnings: tuple[str, ...]) -> str:
    """Return warnings as a quotation."""
    return "\n".join(f"> {code(warning)}" for warning in warnings)


def _state(proposal: Proposal) -> str:
    """Return the hidden block that machines read."""
    state = {
        "schema": 1,
        "app": proposal.declaration.app,
        "environment": proposal.declaration.environment,
        "images": [str(image) for image in proposal.declaration.images],
    }
    text = json.dumps(state, sort_keys=True).replace("-", "\\u002d").replace(">", "\\u003e")
    return f"{_STATE}{text} -->"


def _bounded(body: str) -> str:
    """Return a body within the forge's limit, cut with a note."""
    if len(body) <= LIMIT:
        return body
    note = "\n\nCut: the whole is longer than the forge allows.\n"
    return body[: LIMIT - len(note) - 8].rstrip("`") + "\n```" + note
