"""What a pull request says of a hold, and of the rollback that it came with."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from promoter.domain.page import Listing, Span
from promoter.domain.proposal import Proposal
from promoter.pull_request.links import commit_page, pull_page, web_address
from promoter.pull_request.words import mono, pull_span, strong

if TYPE_CHECKING:
    from promoter.domain.declaration import Declaration
    from promoter.domain.evidence import Evidence
    from promoter.domain.page import Line


def hold_listing(proposal: Proposal, evidence: Evidence) -> Listing | None:
    """Return what is held, why, until when, and how to end it; None where no hold changes."""
    declaration, hold = proposal.declaration, proposal.declaration.hold
    if declaration.members:
        return _together(declaration, evidence)
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
    until = (
        f" until {datetime.fromtimestamp(hold.until, UTC):%Y-%m-%d %H:%M} UTC" if hold.until else ""
    )
    where = f"{declaration.app} stays in {declaration.environment} at what it runs"
    lines.append((Span(f"{where}{until}: no schedule and no older pipeline changes that."),))
    lines.append((Span("To end it: "), mono(_command(declaration))))
    return Listing("Held", tuple(lines))


def _together(declaration: Declaration, evidence: Evidence) -> Listing | None:
    """Return what is held of several apps; None where nothing is."""
    found = [
        (one.app, listing)
        for one in declaration.members
        if (listing := hold_listing(Proposal(one, (), ()), evidence))
    ]
    lines: list[Line] = [
        (strong(f"{app}: "), *line) for app, listing in found for line in listing.lines
    ]
    return Listing("Held", tuple(lines)) if lines else None


def _command(declaration: Declaration) -> str:
    """Return the command that ends a hold."""
    where = ["--app", declaration.app, "--env", declaration.environment]
    return shlex.join(["promote", "unhold", *where, "--reason", "WHY"])
