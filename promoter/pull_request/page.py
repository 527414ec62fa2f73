"""The page of a pull request: one screen that says what a reviewer asks, in that order."""

from __future__ import annotations

import shlex
from dataclasses import replace
from itertools import pairwise
from urllib.parse import urlsplit

from promoter.domain.declaration import AppDeclaration, Declaration
from promoter.domain.evidence import Evidence, GateStatus
from promoter.domain.page import Line, Page, Span, Undo
from promoter.domain.proposal import Proposal
from promoter.domain.suggest import listed
from promoter.policy.tag_kinds import is_moving
from promoter.pull_request.alerts import alerts
from promoter.pull_request.checks import checks
from promoter.pull_request.commits import commit_listings
from promoter.pull_request.environments import environment_table, has_run_in
from promoter.pull_request.folds import diff_fold, folds, moves_table
from promoter.pull_request.hold import hold_command, hold_listing
from promoter.pull_request.links import compare_page, pull_page, web_address
from promoter.pull_request.texts import goes_back, tags_in_short
from promoter.pull_request.words import counted, mono, pull_span, short_image, strong

# Checks that want to be seen stand first.
_ORDER = (
    GateStatus.FAILED, GateStatus.WARNED, GateStatus.ALLOWED,
    GateStatus.PASSED, GateStatus.UNKNOWN, GateStatus.SKIPPED,
)  # fmt: skip
_ROWS = 8


def page(proposal: Proposal, evidence: Evidence) -> Page:
    """Return what the pull request of a proposal says."""
    if not proposal.moves:
        return _hold_page(proposal, evidence)
    replaced = any(move.before.tag_or_digest for move in proposal.moves)
    alike = len(_sides(proposal)) == 1
    return Page(
        headline=_headline(proposal),
        facts=_facts(proposal, evidence),
        alerts=alerts(proposal, evidence),
        hold=hold_listing(proposal, evidence),
        images=None if alike or len(proposal.moves) > _ROWS else moves_table(proposal.moves),
        checks=tuple(sorted(checks(evidence), key=lambda one: _ORDER.index(one.verdict))),
        commits=commit_listings(evidence) if replaced else (),
        environments=environment_table(proposal, evidence),
        folds=folds(proposal, evidence),
        edit=diff_fold(proposal, evidence),
        undo=_undo(proposal, evidence),
        footer=_footer(proposal, evidence),
    )


def _hold_page(proposal: Proposal, evidence: Evidence) -> Page:
    """Return what the pull request of a hold says, which changes no image."""
    declaration = proposal.declaration
    hold = declaration.first.hold
    verb = "Ends the hold of " if hold and hold.ends else "Holds "
    headline = (
        Span(verb),
        strong(declaration.app),
        Span(" in "),
        strong(declaration.environment),
        Span("."),
    )
    return Page(
        headline=headline,
        hold=hold_listing(proposal, evidence),
        edit=diff_fold(proposal, evidence),
        undo=_undo(proposal, evidence),
        footer=_footer(proposal, evidence),
    )


def _sides(proposal: Proposal) -> set[tuple[str | None, str | None]]:
    return {(short_image(one.before), short_image(one.after)) for one in proposal.moves}


def _headline(proposal: Proposal) -> Line:
    declaration, change = proposal.declaration, _from_to(proposal)
    line: list[Span] = [Span("Roll back ")] if goes_back(proposal) else []
    line += [strong(declaration.app), Span(" in "), strong(declaration.environment)]
    return (*line, Span(": "), *change) if change else tuple(line)


def _facts(proposal: Proposal, evidence: Evidence) -> tuple[Line, ...]:
    """Return how many images it is about, where they have run, and the links."""
    number = len(proposal.moves)
    images: Line = (Span(f"{number} images"),) if number > 1 else ()
    page = evidence.alone.argocd if evidence.alone else None
    argocd: Line = (Span("Argo CD", url=page),) if page else ()
    found = (images, has_run_in(proposal, evidence), _compare(evidence), argocd)
    return tuple(one for one in found if one)


def _from_to(proposal: Proposal) -> Line:
    old, new = map(set, zip(*_sides(proposal), strict=True))
    if len(new) > 1 or len(old) > 1:
        return (Span("to "), _goal(new.pop())) if len(new) == 1 else ()
    (before,), (after,) = old, new
    if before is None:
        return (_goal(after), Span(" (nothing was set before)"))
    return (mono(before), Span(" → "), _goal(after))


def _goal(reference: str | None) -> Span:
    """Return what an image shall be; a rollback may leave that to a base."""
    return mono(reference) if reference else Span("no tag of its own")


def _compare(evidence: Evidence) -> Line:
    source = evidence.source
    if source is None:
        return ()
    web = web_address(source.repository)
    come, gone = len(source.commits) + source.more, len(source.removed) + source.removed_more
    # GitHub lists what the right one has and the left one does not.
    left, right = (source.old, source.new) if come else (source.new, source.old)
    url = compare_page(web, left, right)
    number = come or gone
    return (Span(f"compare {counted(number, 'commit')}", url=url),) if url and number else ()


def _undo(proposal: Proposal, evidence: Evidence) -> Undo:
    """Return how to take the promotion back after the merge, by one command where one does."""
    declaration = proposal.declaration
    if not proposal.moves and (hold := declaration.first.hold) is not None:
        verb = "hold" if hold.ends else "unhold"
        return Undo(hold_command(verb, declaration.first, evidence.repository))
    command = _undo_command(proposal, evidence)
    # Reverting the merge ends the hold of a rollback as well.
    held = declaration.goes_back and command is not None
    return Undo(command, before="end the hold, then" if held else "")


def _undo_command(proposal: Proposal, evidence: Evidence) -> str | None:
    """Return the command that sets the images as they were; None where none does."""
    back, declaration = proposal.undo, proposal.declaration
    where = ["--env", declaration.environment]
    if evidence.repository:
        where += ["--repo", evidence.repository]
    if not goes_back(proposal):
        known = all(move.before.tag_or_digest for move in proposal.moves)
        found = ["promote", "rollback", *_apps(declaration), *where, "--reason", "TEXT"]
        return shlex.join(found) if known else None
    if not back:
        return None
    tags = {str(one.tag) if one.tag and not one.digest else None for one in back}
    if proposal.whole and len(tags) == 1 and None not in tags:
        what = ["--tag", str(tags.pop())]
    else:
        what = [part for one in back for part in ("--image", str(one))]
    moving = any(one.tag and not one.digest and is_moving(one.tag) for one in back)
    allow = ["--allow", "mutable-tag"] if moving else []
    return shlex.join(["promote", *_apps(declaration), *where, *what, *allow])


def _footer(proposal: Proposal, evidence: Evidence) -> Line:
    """Return what closing it and a newer tag do, and who asked from where."""
    declaration, goal = proposal.declaration, tags_in_short(proposal.moves)
    parts: list[Span] = []
    if evidence.merges_itself:
        parts += [strong("It merges by itself"), Span(" once the required checks pass. ")]
    if proposal.moves and declaration.goes_back:
        held = listed([one.app for one in declaration.members], 3)
        parts.append(Span(f"While it is open, no other promotion of {held} is made."))
    elif proposal.moves:
        parts += [strong("A newer tag"), Span(" replaces this pull request in place")]
        # A schedule asks for each app by itself, and looks at the pulls of its own branch.
        alone = None if declaration.is_together else evidence.alone
        parts += _closing(goal) if alone and alone.is_scheduled else [Span(".")]
    found = (*parts, *_history(declaration, evidence), *_asked(declaration.first))
    return (replace(found[0], text=found[0].text.lstrip()), *found[1:]) if found else ()


def _closing(goal: str) -> list[Span]:
    """Return what closing the pull request means to a schedule."""
    end = Span(f" does not propose {goal} again.")
    return [Span("; if you "), strong("close it"), Span(", "), mono("promote auto"), end]


def _apps(declaration: Declaration) -> list[str]:
    apps = [part for one in declaration.members for part in ("--app", one.app)]
    return [*apps, "--together"] if declaration.is_together else apps


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


def _asked(declaration: AppDeclaration) -> Line:
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
