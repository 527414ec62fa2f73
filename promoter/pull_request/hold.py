"""What a pull request says of a hold, and of the rollback that it came with."""

from __future__ import annotations

import shlex

from promoter.domain.declaration import AppDeclaration
from promoter.domain.evidence import Evidence
from promoter.domain.model import ImageMove
from promoter.domain.moment import shown_end
from promoter.domain.page import Line, Listing, Span
from promoter.domain.proposal import Proposal
from promoter.pull_request.links import commit_page, pull_page, web_address
from promoter.pull_request.words import mono, pull_span, short_image, strong


def hold_listing(proposal: Proposal, evidence: Evidence) -> Listing | None:
    """Return what is held, why, until when, and how to end it; None where no hold changes.

    Of several apps, each line begins with the app that it is about.
    """
    found = [
        (one.app, listing)
        for one in proposal.declaration.members
        if (listing := _app_listing(one, proposal.moves, evidence))
    ]
    if not found:
        return None
    if not proposal.declaration.is_together:
        return found[0][1]
    lines: list[Line] = [
        (strong(f"{app}: "), *line) for app, listing in found for line in listing.lines
    ]
    return Listing("Held", tuple(lines))


def _app_listing(
    declaration: AppDeclaration, moves: tuple[ImageMove, ...], evidence: Evidence
) -> Listing | None:
    """Return the same of one app; `moves` are the images of all."""
    hold = declaration.hold
    if hold is None:
        return None
    lines: list[Line] = []
    if hold.undoes:
        web = web_address(evidence.repository)
        undone: list[Span] = [
            Span("Takes back "),
            mono(hold.undoes[:7], commit_page(web, hold.undoes)),
        ]
        if number := hold.undone_pull:
            undone += [Span(" ("), pull_span(number, pull_page(web, number)), Span(")")]
        lines.append(tuple(undone))
    lines.append((strong("Reason:"), Span(f" {hold.reason}")))
    if hold.ends:
        lines.append((Span("Promotions go on, scheduled ones too."),))
        return Listing("The hold ends", tuple(lines))
    until = f" until {shown_end(hold.until)}" if hold.until else ""
    where = f"{declaration.app} stays in {declaration.environment} at {_stays_at(moves)}"
    lines.append((Span(f"{where}{until}: no schedule and no older pipeline changes that."),))
    if moves:  # Without any, it is how to undo the whole.
        command = hold_command("unhold", declaration, evidence.repository)
        lines.append((Span("To end the hold: "), mono(command)))
    return Listing("Held", tuple(lines))


def _stays_at(moves: tuple[ImageMove, ...]) -> str:
    """Return what a held app runs: what it goes back to, where the hold comes with that."""
    if not moves:
        return "what it runs"
    goals = {short_image(one.after) for one in moves}
    goal = goals.pop() if len(goals) == 1 else None
    return goal or "what it then runs"


def hold_command(verb: str, declaration: AppDeclaration, repository: str | None) -> str:
    """Return the command that holds an app (`hold`), or ends that (`unhold`)."""
    where = ["--app", declaration.app, "--env", declaration.environment]
    where += ["--repo", repository] if repository else []
    return shlex.join(["promote", verb, *where, "--reason", "TEXT"])
