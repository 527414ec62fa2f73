"""What the rules of a branch demand: by GraphQL in one answer, by REST piece by piece."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote

from promoter.domain.pull import BranchRules
from promoter.forges.github.api.client import Client

RULES = """
fragment Rules on Ref {
  branchProtectionRule {
    requiresCommitSignatures requiresStrictStatusChecks allowsForcePushes allowsDeletions
  }
  refUpdateRule { requiresSignatures allowsForcePushes allowsDeletions }
  rules(first: 100) {
    nodes {
      type
      parameters {
        ... on RequiredStatusChecksParameters { strictRequiredStatusChecksPolicy }
      }
    }
  }
}
"""


def graph_rules(shown: Any) -> BranchRules:  # noqa: ANN401 - JSON
    """Return the rules from the fragment `Rules`; no branch has none.

    A protection is for administrators to read; anybody may read what of it is for themselves, which
    says of no branch that it must be up to date.
    """
    protection = (shown or {}).get("branchProtectionRule") or {}
    own = (shown or {}).get("refUpdateRule") or {}
    nodes = ((shown or {}).get("rules") or {}).get("nodes") or ()
    strict = [
        (one.get("parameters") or {}).get("strictRequiredStatusChecksPolicy") for one in nodes
    ]
    kinds = {one["type"] for one in nodes}

    def forbids(key: str) -> bool:
        return protection.get(key) is False or own.get(key) is False

    return BranchRules(
        verified_commits=bool(protection.get("requiresCommitSignatures"))
        or bool(own.get("requiresSignatures"))
        or "REQUIRED_SIGNATURES" in kinds,
        up_to_date=bool(protection.get("requiresStrictStatusChecks")) or any(strict),
        append_only=forbids("allowsForcePushes") or "NON_FAST_FORWARD" in kinds,
        permanent=forbids("allowsDeletions") or "DELETION" in kinds,
    )


def rest_rules(client: Client, base: str) -> BranchRules:
    """Return the rules as far as REST shows them; what cannot be read counts as not demanded."""
    asked = (partial(one, client, base) for one in (_of_rulesets, _of_protection))
    found = [client.attempt("read the rules", one) or BranchRules() for one in asked]
    return BranchRules(
        verified_commits=any(one.verified_commits for one in found),
        up_to_date=any(one.up_to_date for one in found),
        append_only=any(one.append_only for one in found),
        permanent=any(one.permanent for one in found),
    )


def _of_rulesets(client: Client, base: str) -> BranchRules:
    rules = client.ask("GET", f"/rules/branches/{quote(base)}")
    kinds = {one["type"] for one in rules}
    policy = "strict_required_status_checks_policy"
    return BranchRules(
        verified_commits="required_signatures" in kinds,
        up_to_date=any((one.get("parameters") or {}).get(policy) for one in rules),
        append_only="non_fast_forward" in kinds,
        permanent="deletion" in kinds,
    )


def _of_protection(client: Client, base: str) -> BranchRules:
    """Read the classic protection, which only administrators may."""
    rules = client.ask("GET", f"/branches/{quote(base)}/protection")

    def says(key: str, what: str, value: bool) -> bool:
        return (rules.get(key) or {}).get(what) is value

    return BranchRules(
        verified_commits=says("required_signatures", "enabled", True),
        up_to_date=says("required_status_checks", "strict", True),
        append_only=says("allow_force_pushes", "enabled", False),
        permanent=says("allow_deletions", "enabled", False),
    )
