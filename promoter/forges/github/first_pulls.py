"""What the pulls of one promotion most probably are, asked while git looks at the repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promoter.domain.dataclass import dataclass
from promoter.forges.github.file_histories import VERSION, history_field
from promoter.forges.github.pull_shapes import PULL, graph_pulls
from promoter.forges.github.rules import RULES, graph_rules

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from promoter.domain.model import BranchRules, Pull
    from promoter.forges.github.overview import Guess


@dataclass(frozen=True, slots=True)
class FirstPulls:
    """One answer, taken apart."""

    base: str
    pulls: dict[str, tuple[Pull, ...]]
    """Those to the base, by their branch."""
    rules: dict[str, BranchRules]
    """The rules of these branches and of the base."""
    histories: dict[tuple[str, PurePosixPath], list[dict[str, Any]]]
    """The newest versions of the files that the app probably has, by commit and path."""


def query(wanted: Guess) -> str:
    """Return the query for the pulls of branches, the rules, and the history of the app's files."""
    head = json.dumps(f"refs/heads/{wanted.base}")
    base = f"ref(qualifiedName: {head})" if wanted.base else "defaultBranchRef"
    histories = " ".join(history_field(n, path) for n, path in enumerate(wanted.histories))
    fields = [
        f"base: {base} {{ name ...Rules target {{ ... on Commit {{ oid {histories} }} }} }}",
        *(_pulls_field(n, branch) for n, branch in enumerate(wanted.branches)),
    ]
    text = "\n    ".join(["id", *fields])
    return (
        "query Pulls($owner: String!, $name: String!) {\n"
        f"  repository(owner: $owner, name: $name) {{\n    {text}\n  }}\n}}\n"
        f"{RULES}{PULL}{VERSION}"
    )


def read(shown: Any, wanted: Guess) -> FirstPulls:  # noqa: ANN401 - JSON
    """Return an answer taken apart; raises `TypeError` or `KeyError` for what is none."""
    base, target = shown["base"], shown["base"]["target"]
    pulls = {
        branch: graph_pulls(shown[f"p{n}"], shown["id"]) for n, branch in enumerate(wanted.branches)
    }
    rules = {branch: graph_rules(shown[f"r{n}"]) for n, branch in enumerate(wanted.branches)}
    return FirstPulls(
        base=base["name"],
        pulls={
            branch: tuple(one for one in found if one.base == base["name"])
            for branch, found in pulls.items()
        },
        rules={base["name"]: graph_rules(base), **rules},
        histories={
            (target["oid"], path): target[f"h{n}"]["nodes"]
            for n, path in enumerate(wanted.histories)
        },
    )


def _pulls_field(number: int, branch: str) -> str:
    ref = json.dumps(f"refs/heads/{branch}")
    return (
        f"r{number}: ref(qualifiedName: {ref}) {{ ...Rules }} "
        f"p{number}: pullRequests(headRefName: {json.dumps(branch)}, first: 30, "
        "orderBy: {field: CREATED_AT, direction: DESC}) { nodes { ...Pull } }"
    )
