"""The gates on the edit itself: it can be made, a container uses it, no placeholder is replaced."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promoter.domain.image import PLACEHOLDER_SIGNS
from promoter.gates.gate import Result, Verdict

if TYPE_CHECKING:
    from promoter.domain.proposal import Proposal
    from promoter.gates.facts import Facts

_PLACEHOLDER = "template"
_FILLED_IN = "Set the tag where the placeholder is filled in."


def edit(facts: Facts) -> Verdict | None:
    """Pass what changes the intended fields and no other byte."""
    refusals = tuple(one for one in facts.edit_refusals if one.rule != _PLACEHOLDER)
    if refusals:
        return Verdict(Result.FAILED, refusals[0].reason, refusals)
    if facts.proposal is None or not _sets_images(facts.proposal):
        return None
    count = sum(len(one.changes) for one in facts.proposal.edits)
    fields = f"{count} field{'s' if count != 1 else ''}"
    return Verdict(Result.PASSED, f"{fields} changed, every other byte is the same")


def _sets_images(proposal: Proposal) -> bool:
    return bool(proposal.declaration.images or proposal.declaration.members)


def placeholder(facts: Facts) -> Verdict | None:
    """Refuse to replace a value such as `${TAG}`, which something else fills in."""
    refusals = tuple(
        replace(one, hint=_FILLED_IN) for one in facts.edit_refusals if one.rule == _PLACEHOLDER
    )
    if refusals:
        return Verdict(Result.FAILED, refusals[0].reason, refusals)
    edits = facts.proposal.edits if facts.proposal else ()
    replaced = [change.old or "" for one in edits for change in one.changes]
    if any(sign in old for old in replaced for sign in PLACEHOLDER_SIGNS):
        return Verdict(Result.FAILED, "a placeholder is replaced")
    return None


def dead_edit(facts: Facts) -> Verdict | None:
    """Refuse to set an image that no container uses: the names say so, or the render."""
    judged = facts.render.refusals if facts.render else ()
    rendered = tuple(one for one in judged if one.rule == "dead-edit")
    refusals = facts.dead_edits or rendered
    if refusals:
        return Verdict(Result.FAILED, refusals[0].reason, refusals)
    if facts.unread:
        return Verdict(Result.UNKNOWN, facts.unread[0], warnings=facts.unread)
    files = facts.render.not_judged if facts.render else ()
    if not files:
        return None
    detail = f"not judged: whether a container gets what is set in {files[0]} is not known"
    return Verdict(Result.UNKNOWN, detail)
