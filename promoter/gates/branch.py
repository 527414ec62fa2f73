"""The gates on the branch: no person's commit is replaced, and the base's rules can be met."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.refusal import Refusal
from promoter.gates.gate import Result, Verdict
from promoter.pull_request import plain

if TYPE_CHECKING:
    from promoter.gates.facts import Facts


def human_commits(facts: Facts) -> Verdict | None:
    """Refuse to replace a branch that holds commits which promote did not make."""
    commits = facts.foreign
    if not commits:
        return None
    named = "; ".join(f"{c.sha[:9]} {plain(c.subject)} ({plain(c.author)})" for c in commits[:5])
    reason = (
        f"branch {facts.branch} holds {len(commits)} commit(s) that promote did not make: {named}"
    )
    hint = "Merge or move them, or give --take-over to replace the branch."
    return Verdict(Result.FAILED, reason, (Refusal("human-commits", reason, hint),))


def verified_commits(facts: Facts) -> Verdict | None:
    """Refuse a commit that the base's rules would keep from being merged."""
    if not facts.unverified:
        return None
    reason = f"{facts.base} takes verified commits alone, and this one would not be signed"
    hint = "Use transport: api, where GitHub signs, or give --signing-key."
    return Verdict(Result.FAILED, reason, (Refusal("verified-commits", reason, hint),))
