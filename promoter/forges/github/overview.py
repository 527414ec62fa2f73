"""All that a run most probably needs to know of the base, and of one promotion, in one query."""

from __future__ import annotations

import json
from dataclasses import field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from promoter.domain.dataclass import dataclass
from promoter.forges.github import folders
from promoter.forges.github.branches import CHANGES, TIP, Branch, read_branch
from promoter.forges.github.file_histories import VERSION, history_field
from promoter.forges.github.folders import FOLDER, Listing, listing
from promoter.forges.github.guess import KUSTOMIZATION
from promoter.forges.github.pull_shapes import PULL
from promoter.forges.github.queries import branch_field, pulls_field
from promoter.forges.github.queries import query as repository_query
from promoter.forges.github.rules import RULES, graph_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promoter.domain.model import BranchRules
    from promoter.forges.github.guess import Guess

CONFIGURATION = (
    'configuration: file(path: "promoter.yaml") '
    "{ name oid mode object { ... on Blob { text isTruncated } } }"
)
"""The field of a commit for the repository's configuration."""
# What the names of the branches of promotions and holds begin with.
BRANCHES = "promote"


@dataclass(frozen=True, slots=True)
class Overview:
    """One answer, taken apart."""

    node: str
    base: str
    commit: str
    root: Listing | None
    """None where the answer is cut off."""
    rules: BranchRules
    configuration: Any
    tips: Mapping[str, str] | None
    """The branches of promotions and holds; None where there are too many for one answer."""
    branch: Branch = Branch()
    """That of the one promotion, with its pulls."""
    folders: dict[tuple[str, PurePosixPath], Any] = field(default_factory=dict)
    """Folders as GraphQL shows them, by commit and path."""
    histories: dict[PurePosixPath, list[dict[str, Any]]] = field(default_factory=dict)


def query(base: str | None, wanted: Guess | None) -> str:
    """Return the query of the base, None for the default one, and of a promotion that is guessed."""
    fields = [
        "id",
        'branches: refs(refPrefix: "refs/heads/", '
        f"query: {json.dumps(BRANCHES)}, first: 100) "
        "{ pageInfo { hasNextPage } nodes { name target { oid } } }",
    ]
    of_base = f"oid tree {{ oid entries {{ name mode oid }} }} {CONFIGURATION}"
    if wanted is None:
        shown = f"name ...Rules target {{ ... on Commit {{ {of_base} }} }}"
        return repository_query("Base", [*fields, branch_field("base", base, shown)], RULES)
    branch = f"refs/heads/{wanted.branch}"
    # Of the base's commit itself, which cannot move meanwhile.
    checks = [
        f"k{n}: file(path: {json.dumps(str(path / KUSTOMIZATION))}) {{ oid }}"
        for n, path in enumerate(wanted.own)
    ]
    histories = [history_field(n, path) for n, path in enumerate(wanted.histories)]
    of_base = " ".join([of_base, *checks, *histories])
    shown = f"name ...Rules target {{ ... on Commit {{ {of_base} }} }}"
    fields += [
        branch_field("base", base, shown),
        *folders.fields("f", wanted.head, wanted.folders),
        branch_field("branch", wanted.branch, "...Rules target { ...Tip }"),
        *folders.fields("t", branch, wanted.own),
        *folders.fields("o", f"{branch}^", wanted.own),
        pulls_field("pulls", wanted.branch, 20, "...Changes"),
    ]
    return repository_query("Overview", fields, FOLDER, RULES, PULL, TIP, CHANGES, VERSION)


def read(shown: Any, wanted: Guess | None) -> Overview | None:  # noqa: ANN401 - JSON
    """Return an answer taken apart; None where the base has moved while it was made.

    Raises `TypeError` or `KeyError` for what is none.
    """
    base, target, refs = shown["base"], shown["base"]["target"], shown["branches"]
    tips = {str(one["name"]): str(one["target"]["oid"]) for one in refs["nodes"]}
    seen = Overview(
        node=shown["id"],
        base=base["name"],
        commit=target["oid"],
        root=listing(target["tree"]),
        rules=graph_rules(base),
        configuration=target["configuration"],
        tips=None if refs["pageInfo"]["hasNextPage"] else tips,
    )
    if wanted is None:
        return seen
    found = {(seen.commit, path): shown[f"f{n}"] for n, path in enumerate(wanted.folders)}
    if seen.root is None or not _agree(target, seen.root, found, wanted):
        return None
    branch = read_branch(shown["branch"], shown["pulls"], seen.node, seen.base)
    if branch.tip and branch.commit:
        parents = branch.commit["parents"]["nodes"]
        for n, path in enumerate(wanted.own):
            found[branch.tip, path] = shown[f"t{n}"]
            if len(parents) == 1:
                found[parents[0]["oid"], path] = shown[f"o{n}"]
    histories = {path: target[f"h{n}"]["nodes"] for n, path in enumerate(wanted.histories)}
    return replace(seen, branch=branch, folders=found, histories=histories)


def _agree(
    target: Any,  # noqa: ANN401 - JSON
    root: Listing,
    found: Mapping[tuple[str, PurePosixPath], Any],
    wanted: Guess,
) -> bool:
    """Say whether the folders, which were looked up by the base's name, are those of its commit."""
    for (_, path), shown in found.items():
        top = PurePosixPath(path.parts[0])
        if shown and top == path and root.get(path.name, ("",))[0] != shown.get("oid"):
            return False
        if shown and str(top) not in root:
            return False
    for n, path in enumerate(wanted.own):
        held = (listing(found[target["oid"], path]) or {}).get(KUSTOMIZATION, (None,))[0]
        if held != (target[f"k{n}"] or {}).get("oid"):
            return False
    return True
