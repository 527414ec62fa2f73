"""What the rules of a base branch demand, from GraphQL in one answer, or piece by piece from REST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promoter.forges.github.client import FAILURES, UNLIKE

if TYPE_CHECKING:
    from promoter.forges.github.client import Client

RULES = """
fragment Rules on Ref {
  branchProtectionRule { requiresCommitSignatures requiresStrictStatusChecks }
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


@dataclass(frozen=True, slots=True)
class Rules:
    """The demands of a base branch that matter before anything is pushed."""

    signatures: bool
    """Verified commits alone."""
    up_to_date: bool
    """Branches alone that stand on its tip."""


def graph_rules(shown: Any) -> Rules:  # noqa: ANN401 - JSON
    """Return the rules from the fragment `Rules`; no branch has none."""
    protection = (shown or {}).get("branchProtectionRule") or {}
    nodes = ((shown or {}).get("rules") or {}).get("nodes") or ()
    strict = [
        (one.get("parameters") or {}).get("strictRequiredStatusChecksPolicy") for one in nodes
    ]
    return Rules(
        bool(protection.get("requiresCommitSignatures"))
        or any(one["type"] == "REQUIRED_SIGNATURES" for one in nodes),
        bool(protection.get("requiresStrictStatusChecks")) or any(strict),
    )


def rest_rules(client: Client, base: str) -> Rules:
    """Return the rules as far as REST tells them; what cannot be read counts as not demanded."""
    signed, strict = False, False
    for ask in (_of_rulesets, _of_protection):
        try:
            found = ask(client, base)
        except UNLIKE as error:
            raise client.failure("read the rules", error) from error
        except FAILURES:
            continue
        signed, strict = signed or found.signatures, strict or found.up_to_date
    return Rules(signed, strict)


def _of_rulesets(client: Client, base: str) -> Rules:
    rules = client.ask("GET", f"/rules/branches/{base}")
    policy = "strict_required_status_checks_policy"
    return Rules(
        any(one["type"] == "required_signatures" for one in rules),
        any((one.get("parameters") or {}).get(policy) for one in rules),
    )


def _of_protection(client: Client, base: str) -> Rules:
    """Read the classic protection, which only administrators may."""
    rules = client.ask("GET", f"/branches/{base}/protection")
    return Rules(
        bool((rules.get("required_signatures") or {}).get("enabled")),
        bool((rules.get("required_status_checks") or {}).get("strict")),
    )
