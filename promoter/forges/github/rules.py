"""What the rules of a branch demand, from GraphQL in one answer."""

from __future__ import annotations

from typing import Any

from promoter.domain.model import BranchRules

RULES = """
fragment Rules on Ref {
  branchProtectionRule { requiresCommitSignatures requiresStrictStatusChecks allowsForcePushes }
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
    """Return the rules from the fragment `Rules`; no branch has none."""
    protection = (shown or {}).get("branchProtectionRule") or {}
    nodes = ((shown or {}).get("rules") or {}).get("nodes") or ()
    strict = [
        (one.get("parameters") or {}).get("strictRequiredStatusChecksPolicy") for one in nodes
    ]
    return BranchRules(
        bool(protection.get("requiresCommitSignatures"))
        or any(one["type"] == "REQUIRED_SIGNATURES" for one in nodes),
        bool(protection.get("requiresStrictStatusChecks")) or any(strict),
        protection.get("allowsForcePushes") is False
        or any(one["type"] == "NON_FAST_FORWARD" for one in nodes),
    )
