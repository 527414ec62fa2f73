"""The rules of branches as GraphQL shows them: classic protections, and what rulesets demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.github.protection import protection

if TYPE_CHECKING:
    from tests.servers.github.server import GitHub


def classic(github: GitHub, branch: str) -> dict[str, Any] | None:
    """Return a branch's classic protection; rulesets are not among it."""
    rules = protection(github, branch)
    if rules is None or rules.ruleset:
        return None
    return {
        "__typename": "BranchProtectionRule",
        "requiredApprovingReviewCount": rules.reviews,
        "requiresCodeOwnerReviews": rules.code_owners,
        "requiresCommitSignatures": rules.signatures,
        "requiresStatusChecks": bool(rules.checks),
        "requiresStrictStatusChecks": bool(rules.strict),
        "allowsForcePushes": rules.force,
        "allowsDeletions": rules.deletions,
        "requiredStatusCheckContexts": list(rules.checks),
    }


def own(github: GitHub, branch: str) -> dict[str, Any] | None:
    """Return what of a branch's classic protection is for whoever asks."""
    rules = protection(github, branch)
    if rules is None or rules.ruleset:
        return None
    found = {
        "requiresSignatures": rules.signatures,
        "allowsForcePushes": rules.force,
        "allowsDeletions": rules.deletions,
    }
    return {"__typename": "RefUpdateRule", **found}


def of_ruleset(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a rule of a ruleset."""
    parameters = rule.get("parameters")
    strict = (parameters or {}).get("strict_required_status_checks_policy")
    checks: dict[str, Any] = {"__typename": "RequiredStatusChecksParameters"}
    checks["strictRequiredStatusChecksPolicy"] = strict
    shown = checks if strict is not None else parameters and {"__typename": "Other"}
    return {"__typename": "RepositoryRule", "type": rule["type"].upper(), "parameters": shown}
