"""What the rules of a branch demand: by GraphQL in one answer, by REST piece by piece."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from promoter.domain.model import BranchRules

if TYPE_CHECKING:
    from promoter.forges.github.client import Client

RULES = """
fragment Rules on Ref {
  branchProtectionRule { requiresCommitSignatures requiresStrictStatusChecks allowsForcePushes }
  refUpdateRule { requiresSignatures allowsForcePushes }
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
    return BranchRules(
        bool(protection.get("requiresCommitSignatures"))
        or bool(own.get("requiresSignatures"))
        or any(one["type"] == "REQUIRED_SIGNATURES" for one in nodes),
        bool(protection.get("requiresStrictStatusChecks")) or any(strict),
        protection.get("allowsForcePushes") is False
        or own.get("allowsForcePushes") is False
        or any(one["type"] == "NON_FAST_FORWARD" for one in nodes),
    )


def rest_rules(client: Client, base: str) -> BranchRules:
    """Return the rules as far as REST shows them; what cannot be read counts as not demanded."""
    found = BranchRules()
    for ask in (_of_rulesets, _of_protection):
        if (read := client.attempt("read the rules", partial(ask, client, base))) is None:
            continue
        found = BranchRules(
            found.verified_commits or read.verified_commits,
            found.up_to_date or read.up_to_date,
            found.append_only or read.append_only,
        )
    return found


def _of_rulesets(client: Client, base: str) -> BranchRules:
    rules = client.ask("GET", f"/rules/branches/{base}")
    policy = "strict_required_status_checks_policy"
    return BranchRules(
        any(one["type"] == "required_signatures" for one in rules),
        any((one.get("parameters") or {}).get(policy) for one in rules),
        any(one["type"] == "non_fast_forward" for one in rules),
    )


def _of_protection(client: Client, base: str) -> BranchRules:
    """Read the classic protection, which only administrators may."""
    rules = client.ask("GET", f"/branches/{base}/protection")
    return BranchRules(
        bool((rules.get("required_signatures") or {}).get("enabled")),
        bool((rules.get("required_status_checks") or {}).get("strict")),
        (rules.get("allow_force_pushes") or {}).get("enabled") is False,
    )
