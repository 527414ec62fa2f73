"""What a pull request says of a hold, and of the rollback that it came with."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from promoter.domain.evidence import day
from promoter.pull_request.markdown import Section, code, fenced, inert

if TYPE_CHECKING:
    from promoter.domain.declaration import Declaration
    from promoter.domain.proposal import Proposal


def section(proposal: Proposal) -> list[Section]:
    """Return what is held, why, until when, and how to end it; nothing where no hold changes."""
    declaration, hold = proposal.declaration, proposal.declaration.hold
    if hold is None:
        return []
    lines = []
    if hold.undoes:
        pull = f" (#{hold.undone_pull})" if hold.undone_pull else ""
        lines.append(f"- Takes back: {code(hold.undoes[:12])}{pull}")
    lines.append(f"- Reason: {inert(hold.reason)}")
    if hold.ends:
        lines.append("- Promotions go on, scheduled ones too.")
        return [Section("The hold ends", "\n".join(lines), 9)]
    until = f" until {day(hold.until)}" if hold.until else ""
    where = f"{code(declaration.app)} stays in {code(declaration.environment)} at what it runs"
    lines.append(f"- {where}{until}: no schedule and no older pipeline changes that.")
    command = fenced(_command(declaration), "sh")
    return [Section("Held", "\n".join(lines) + f"\n\nTo end it:\n\n{command}", 9)]


def _command(declaration: Declaration) -> str:
    """Return the command that ends a hold."""
    where = ["--app", declaration.app, "--env", declaration.environment]
    return shlex.join(["promote", "unhold", *where, "--reason", "WHY"])
