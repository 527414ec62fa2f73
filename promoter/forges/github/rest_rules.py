"""The rules of a branch, piece by piece from REST, where GraphQL is missing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from promoter.domain.model import BranchRules

if TYPE_CHECKING:
    from promoter.forges.github.client import Client


def rest_rules(client: Client, base: str) -> BranchRules:
    """Return the rules as far as REST tells them; what cannot be read counts as not demanded."""
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
