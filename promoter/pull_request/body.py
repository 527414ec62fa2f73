"""The pull's body: it answers what a reviewer asks, in the order in which it is asked."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from promoter.domain.diff import unified
from promoter.domain.evidence import Evidence, day, span
from promoter.domain.image import split
from promoter.domain.model import PullDraft
from promoter.policy.tag_kinds import is_moving
from promoter.pull_request.brings import section as brings
from promoter.pull_request.hold import section as hold
from promoter.pull_request.markdown import (
    Section,
    bounded,
    code,
    fenced,
    inert,
    link,
    table,
)
from promoter.pull_request.runtime import alarm
from promoter.pull_request.runtime import section as runtime
from promoter.pull_request.state import block
from promoter.pull_request.texts import fields, filled, shall_be, summary, title, was

if TYPE_CHECKING:
    from promoter.config.sections import Templates
    from promoter.domain.evidence import Built, Place
    from promoter.domain.model import ImageMove
    from promoter.domain.proposal import Proposal

_DIFF_LIMIT = 20_000
_ROWS = 60
_NOTHING = Evidence()
_PAGES = {
    "ghcr.io": "https://ghcr.io/",
    "quay.io": "https://quay.io/repository/",
    "docker.io": "https://hub.docker.com/r/",
}
_SAFE = re.compile(r"[A-Za-z0-9._-]+")


def draft(proposal: Proposal, templates: Templates, evidence: Evidence = _NOTHING) -> PullDraft:
    """Return title and body of the pull for a branch that holds the proposal."""
    declaration = proposal.declaration
    if not proposal.moves:
        sections = [*hold(proposal), Section("What changes", _diff(proposal), 5), *_asked(proposal)]
        return PullDraft(
            title(proposal, templates), bounded("", sections, block(proposal, evidence))
        )
    head = [
        f"Promotes **{code(declaration.app)}** to **{code(declaration.environment)}**: "
        f"{code(fields(proposal)['from'])} → {code(summary(proposal.moves))}.",
        alarm(evidence),
        "\n".join(f"> **Note:** {inert(warning)}" for warning in proposal.warnings),
    ]
    sections = [
        *hold(proposal),
        Section("What changes", _changes(proposal, evidence), 9),
        *runtime(evidence),
        *brings(evidence.brings),
        *_places(evidence, proposal),
        *_gates(evidence),
        Section("How to undo it", _undo(proposal, evidence), 8),
        *_asked(proposal),
    ]
    text = bounded("\n\n".join(part for part in head if part), sections, block(proposal, evidence))
    if templates.body != "{body}":
        known = {key: inert(value) for key, value in fields(proposal).items()}
        text = filled(templates.body, known | {"body": text})
    return PullDraft(title(proposal, templates), text)


def _changes(proposal: Proposal, evidence: Evidence) -> str:
    """Return the images from and to, with what the registry says of them, and the diff."""
    known = [evidence.built.get(move.name) for move in proposal.moves]
    header = ["image", "from", "to"]
    rows = [[_image(move), code(was(move)), code(shall_be(move))] for move in proposal.moves]
    if any(known):
        header += ["new digest", "built"]
        for row, move, new in zip(rows, proposal.moves, known, strict=True):
            old = evidence.running.get(move.name)
            digest = new.digest[:19] + "…" if new and new.digest else "?"
            row += [code(digest), f"{_made(old)} → {_made(new)}"]
    if len(rows) > _ROWS:
        rows = [*rows[:_ROWS], [f"and {len(rows) - _ROWS} more", *[""] * (len(header) - 1)]]
    return f"{table(header, rows)}\n\n{_diff(proposal)}"


def _diff(proposal: Proposal) -> str:
    """Return the files that change, and how."""
    diff = unified(proposal.edits)
    if len(diff) > _DIFF_LIMIT:
        diff = diff[:_DIFF_LIMIT].rpartition("\n")[0] + "\n(cut)"
    files = ", ".join(code(str(edit.path)) for edit in proposal.edits)
    return f"In {files}:\n\n{fenced(diff, 'diff')}"


def _image(move: ImageMove) -> str:
    """Return an image's name with its page; of one that is pulled under another name, both."""
    if move.pulled is None:
        return link(move.name, _page(move.name))
    return f"{code(move.name)}, pulled as {link(move.pulled, _page(move.pulled))}"


def _made(built: Built | None) -> str:
    """Return when an image was made."""
    return f"{built.created:%Y-%m-%d %H:%M} UTC" if built and built.created else "?"


def _page(image: str) -> str | None:
    """Return the web page of an image, at the registries that have one for it."""
    host, _, path = split(image)[0].partition("/")
    page = _PAGES.get(host)
    return page + path if page and _SAFE.fullmatch(path.replace("/", "")) else None


def _places(evidence: Evidence, proposal: Proposal) -> list[Section]:
    """Return where the app's images run, as a table and as a picture of the way."""
    if not evidence.places:
        return []
    to = summary(proposal.moves)
    rows = [
        [
            code(place.environment) + (" (this pull)" if place.target else ""),
            ", ".join(code(tag) for tag in place.tags) or "?",
            _since(place),
            "yes" if place.tags == (to,) else "no",
        ]
        for place in evidence.places
    ]
    parts = [table(["environment", "runs", "since", f"has {code(to)}"], rows)]
    if evidence.more_places:
        parts.append(f"… and {evidence.more_places} more environments.")
    parts += [
        f"{code(to)} has run in {code(place.environment)} for {_for(place)}."
        for place in evidence.places
        if place.tags == (to,) and not place.target and place.age is not None
    ]
    if len(evidence.places) > 1:
        parts.append(fenced(_picture(evidence.places, to), "mermaid"))
    return [Section("Where it has been", "\n\n".join(parts), 5)]


def _for(place: Place) -> str:
    """Return how long an environment has had what it has."""
    return f"{'more than ' if place.at_least else ''}{span(place.age or 0)}"


def _since(place: Place) -> str:
    """Return since when an environment has what it has."""
    if place.since is None:
        return "?"
    age = f" ({span(place.age)})" if place.age is not None else ""
    return f"{'before ' if place.at_least else ''}{day(place.since)}{age}"


def _picture(places: tuple[Place, ...], to: str) -> str:
    """Return the environments as a Mermaid picture, in their order; the target says where it goes."""
    lines = ["flowchart LR"]
    for number, place in enumerate(places):
        runs = ", ".join(_label(tag) for tag in place.tags) or "?"
        shown = f"{runs} → {_label(to)}" if place.target else runs
        lines.append(f'  e{number}["{_label(place.environment)}<br/>{shown}"]')
    lines += [f"  e{n} --> e{n + 1}" for n in range(len(places) - 1)]
    return "\n".join(lines)


def _label(text: str) -> str:
    """Return text for a picture, in which only plain characters are safe."""
    return "".join(c if _SAFE.fullmatch(c) else " " for c in text)[:60]


def _gates(evidence: Evidence) -> list[Section]:
    """Return every rule that was asked, with its verdict."""
    if not evidence.gates:
        return []
    rows = [
        [inert(gate.title or gate.name), gate.verdict, inert(gate.detail)]
        for gate in evidence.gates
    ]
    return [Section("Why it may go", table(["rule", "verdict", "because"], rows), 6)]


def _undo(proposal: Proposal, evidence: Evidence) -> str:
    """Return the exact command that takes the promotion back after it was merged."""
    declaration = proposal.declaration
    back = proposal.undo
    if not back:
        return "Before the merge: close this pull. After it: revert the merge."
    tags = {str(one.tag) if one.tag and not one.digest else None for one in back}
    where = ["promote", "--app", declaration.app, "--env", declaration.environment]
    if evidence.repository:
        where += ["--repo", evidence.repository]
    if proposal.whole and len(tags) == 1 and None not in tags:
        what = ["--tag", str(tags.pop())]
    else:
        what = [part for one in back for part in ("--image", str(one))]
    rules = ["downgrade"]
    if any(one.tag and not one.digest and is_moving(one.tag) for one in back):
        rules.append("mutable-tag")
    command = shlex.join([*where, *what, *(part for rule in rules for part in ("--allow", rule))])
    return f"Before the merge: close this pull. After it:\n\n{fenced(command, 'sh')}"


def _asked(proposal: Proposal) -> list[Section]:
    """Return who asked, from where, and what came before."""
    declaration = proposal.declaration
    facts = []
    if declaration.actor:
        facts.append(f"- Asked by: {code(declaration.actor)}")
    if declaration.run:
        facts.append(f"- Run: {link(declaration.run, declaration.run)}")
    if declaration.source_revision:
        facts.append(f"- Source revision: {code(declaration.source_revision)}")
    if declaration.supersedes:
        facts.append(
            f"- In place of: {code(declaration.supersedes)}, which this pull proposed before"
        )
    if declaration.previous_pull:
        facts.append(f"- Earlier pull, closed unmerged: #{declaration.previous_pull}")
    return [Section("Who asked", "\n".join(facts), 7)] if facts else []
