"""The base of a run over many apps, in one query: its newest commit, and which branches there are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promoter.domain.dataclass import dataclass
from promoter.forges.github.folders import Listing, listing
from promoter.forges.github.overview import BRANCHES, CONFIGURATION
from promoter.forges.github.rules import RULES, graph_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promoter.domain.model import BranchRules


@dataclass(frozen=True, slots=True)
class BaseLook:
    """One answer, taken apart."""

    node: str
    default_branch: str
    base: str
    commit: str
    root: Listing | None
    """None where the answer is cut off."""
    configuration: Any
    rules: BranchRules
    tips: Mapping[str, str] | None
    """The branches of promotions and holds; None where there are too many for one answer."""


def query(wanted: str | None) -> str:
    """Return the query for a base branch, or for the default one."""
    ref = json.dumps(f"refs/heads/{wanted}")
    named = f"ref(qualifiedName: {ref})" if wanted else "defaultBranchRef"
    fields = f"oid tree {{ oid entries {{ name mode oid }} }} {CONFIGURATION}"
    return (
        "query Base($owner: String!, $name: String!) {\n"
        "  repository(owner: $owner, name: $name) {\n"
        "    id defaultBranchRef { name }\n"
        f"    base: {named} {{ name ...Rules target {{ ... on Commit {{ {fields} }} }} }}\n"
        f'    branches: refs(refPrefix: "refs/heads/", query: {json.dumps(BRANCHES)}, first: 100) '
        "{ pageInfo { hasNextPage } nodes { name target { oid } } }\n"
        f"  }}\n}}\n{RULES}"
    )


def read(shown: Any) -> BaseLook:  # noqa: ANN401 - JSON
    """Return an answer taken apart; raises `TypeError` or `KeyError` for what is none."""
    base, default, branches = shown["base"], shown["defaultBranchRef"], shown["branches"]
    tips = {str(one["name"]): str(one["target"]["oid"]) for one in branches["nodes"]}
    return BaseLook(
        node=shown["id"],
        default_branch=default["name"] if default else "",
        base=base["name"],
        commit=base["target"]["oid"],
        root=listing(base["target"]["tree"]),
        configuration=base["target"]["configuration"],
        rules=graph_rules(base),
        tips=None if branches["pageInfo"]["hasNextPage"] else tips,
    )
