"""The end of a page: how to undo it, what closing it and a newer tag do, who asked."""

from __future__ import annotations

import shlex
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promoter.domain.page import Span, Undo
from promoter.policy.tag_kinds import is_moving
from promoter.pull_request.hold import hold_command
from promoter.pull_request.links import pull_page, web_address
from promoter.pull_request.texts import goes_back, summary
from promoter.pull_request.words import mono, pull_span, strong

if TYPE_CHECKING:
    from promoter.domain.declaration import Declaration
    from promoter.domain.evidence import Evidence
    from promoter.domain.page import Line
    from promoter.domain.proposal import Proposal


def undo(proposal: Proposal, evidence: Evidence) -> Undo:
    """Return how to take the promotion back after the merge, by one command where one does."""
    declaration = proposal.declaration
    if not proposal.moves and declaration.hold is not None:
        verb = "hold" if declaration.hold.ends else "unhold"
        return Undo(hold_command(verb, declaration, evidence.repository))
    command = undo_command(proposal, evidence)
    # Reverting the merge ends the hold of a rollback as well.
    held = declaration.goes_back and command is not None
    return Undo(command, before="end the hold, then" if held else "")


def undo_command(proposal: Proposal, evidence: Evidence) -> str | None:
    """Return the command that sets the images as they were; None where none does."""
    back, declaration = proposal.undo, proposal.declaration
    where = ["--env", declaration.environment]
    if evidence.repository:
        where += ["--repo", evidence.repository]
    if not back:
        known = all(move.before.tag_or_digest for move in proposal.moves)
        if declaration.goes_back or not known:
            return None
        apps = _apps(declaration)
        return shlex.join(["promote", "rollback", *apps, *where, "--reason", "WHY"])
    tags = {str(one.tag) if one.tag and not one.digest else None for one in back}
    if proposal.whole and len(tags) == 1 and None not in tags:
        what = ["--tag", str(tags.pop())]
    else:
        what = [part for one in back for part in ("--image", str(one))]
    rules = [] if goes_back(proposal) else ["downgrade"]
    if any(one.tag and not one.digest and is_moving(one.tag) for one in back):
        rules.append("mutable-tag")
    allow = [part for rule in rules for part in ("--allow", rule)]
    return shlex.join(["promote", *_apps(declaration), *where, *what, *allow])


def footer(proposal: Proposal, evidence: Evidence) -> Line:
    """Return what closing it and a newer tag do, and who asked from where."""
    declaration, goal = proposal.declaration, summary(proposal.moves)
    parts: list[Span] = []
    if evidence.merges_itself:
        parts += [strong("It merges by itself"), Span(" once the required checks pass. ")]
    if proposal.moves:
        parts += [strong("A newer tag"), Span(" replaces this pull request in place; ")]
        parts += [strong("closing it"), Span(f" is remembered as a rejection of {goal} by ")]
        parts += [mono("promote auto"), Span(".")]
    found = (*parts, *_history(declaration, evidence), *_asked(declaration))
    return (replace(found[0], text=found[0].text.lstrip()), *found[1:]) if found else ()


def _apps(declaration: Declaration) -> list[str]:
    if not declaration.members:
        return ["--app", declaration.app]
    return [*(part for one in declaration.members for part in ("--app", one.app)), "--together"]


def _history(declaration: Declaration, evidence: Evidence) -> Line:
    """Return what this pull request proposed before, and which one it follows."""
    found: list[Span] = []
    if declaration.supersedes:
        found += [Span(" It proposed "), mono(declaration.supersedes), Span(" before.")]
    if number := declaration.previous_pull:
        page = pull_page(web_address(evidence.repository), number)
        found += [Span(" It follows pull request "), pull_span(number, page)]
        found.append(Span(", which was closed without a merge."))
    return tuple(found)


def _asked(declaration: Declaration) -> Line:
    """Return who asked for it, and the run that did."""
    found: list[Span] = []
    if declaration.actor:
        found += [Span("Asked for by "), strong(declaration.actor)]
    if declaration.run:
        found.append(Span(" in " if found else "Asked for in "))
        found.append(Span(_run_name(declaration.run), url=declaration.run))
    return (Span(" "), *found, Span(".")) if found else ()


def _run_name(run: str) -> str:
    """Return what a run is called: its number behind `/runs/` or at the end of its address."""
    try:
        parts = [part for part in urlsplit(run).path.split("/") if part]
    except ValueError:
        return "a run"
    number = next((after for one, after in pairwise(parts) if one == "runs"), "")
    return f"run {number}" if number.isdecimal() else run[:120]
