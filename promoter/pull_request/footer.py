"""The last line of a page: how to undo it, what closing it and a newer tag do, who asked."""

from __future__ import annotations

import shlex
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promoter.domain.page import CodeBlock, Fold, Span
from promoter.policy.tag_kinds import is_moving
from promoter.pull_request.links import pull_page, web_address
from promoter.pull_request.texts import summary
from promoter.pull_request.words import mono, pull_span, strong

if TYPE_CHECKING:
    from promoter.domain.declaration import Declaration
    from promoter.domain.evidence import Evidence
    from promoter.domain.page import Line
    from promoter.domain.proposal import Proposal

# A longer command is folded away, to be copied whole.
_COMMAND = 240


def undo_command(proposal: Proposal, evidence: Evidence) -> str | None:
    """Return the command that takes the promotion back after the merge; None where none does."""
    back, declaration = proposal.undo, proposal.declaration
    if not back or declaration.hold is not None:
        return None
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
    return shlex.join([*where, *what, *(part for rule in rules for part in ("--allow", rule))])


def undo_fold(proposal: Proposal, evidence: Evidence) -> Fold | None:
    """Return the command that undoes the promotion, where it is too long for a line."""
    command = undo_command(proposal, evidence)
    if command is None or _is_short(command):
        return None
    return Fold("How to undo it after the merge", (CodeBlock(command, "sh"),), 8)


def footer(proposal: Proposal, evidence: Evidence) -> Line:
    """Return how to undo it, what closing it and a newer tag do, and who asked from where."""
    declaration, goal = proposal.declaration, summary(proposal.moves)
    parts: list[Span] = [strong("Undo"), Span(" before the merge: close this pull request; ")]
    command = undo_command(proposal, evidence)
    if command is None:
        parts.append(Span("after it: revert the merge. "))
    elif _is_short(command):
        parts += [Span("after it: "), mono(command), Span(". ")]
    else:
        parts.append(Span("after it: run the command above. "))
    if evidence.merges_itself:
        parts += [strong("It merges by itself"), Span(" once the required checks pass. ")]
    if proposal.moves:
        parts += [strong("A newer tag"), Span(" replaces this pull request in place; ")]
        parts += [strong("closing it"), Span(f" is remembered as a rejection of {goal} by ")]
        parts += [mono("promote auto"), Span(".")]
    return (*parts, *_history(declaration, evidence), *_asked(declaration))


def _is_short(command: str) -> bool:
    """Say whether a command can be shown within a line, just as it is."""
    return len(command) <= _COMMAND and command.isprintable()


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
