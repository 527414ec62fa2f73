"""All that a run most probably needs to know of the base, and of one promotion, in one query."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import PurePosixPath
from typing import Any

from promoter.domain.dataclass import dataclass
from promoter.domain.pull import BranchRules
from promoter.forges.github.api.queries import branch_field, pulls_field, repository_query
from promoter.forges.github.first_look.guess import KUSTOMIZATION, Guess
from promoter.forges.github.git_data import folders
from promoter.forges.github.git_data.branches import CHANGES, TIP, BranchAnswer, read_branch_answer
from promoter.forges.github.git_data.file_histories import VERSION, history_field
from promoter.forges.github.git_data.folders import FOLDER, Listing, listing
from promoter.forges.github.git_data.rules import RULES, graph_rules
from promoter.forges.github.pulls.shapes import PULL

CONFIGURATION = (
    'configuration: file(path: "promoter.yaml") '
    "{ name oid mode object { ... on Blob { text isTruncated } } }"
)
"""The field of a commit for the repository's configuration."""
BRANCHES = "promote"
"""What the names of the branches of promotions and holds begin with."""
# So many branches are shown by one field.
_LISTED = 100


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
    """The branches of promotions and holds; None where not all of them came."""
    together: frozenset[str] | None
    """The branches with a `+`, as those of several apps have it; None where there are too many."""
    named: dict[str, str | None] = field(default_factory=dict)
    """The commits of the branches that matter to the one promotion; None for one that is not there."""
    branch: BranchAnswer = BranchAnswer()
    """That of the one promotion, with its pulls."""
    folders: dict[tuple[str, PurePosixPath], Any] = field(default_factory=dict)
    """Folders as GraphQL shows them, by commit and path."""
    histories: dict[PurePosixPath, list[dict[str, Any]]] = field(default_factory=dict)


def query(base: str | None, wanted: Guess | None) -> str:
    """Return the query of the base, None for the default one, and of a promotion that is guessed."""
    fields = ["id", _refs("together", f'query: "+", first: {_LISTED}')]
    of_base = f"oid tree {{ oid entries {{ name mode oid }} }} {CONFIGURATION}"
    if wanted is None:
        shown = f"name ...Rules target {{ ... on Commit {{ {of_base} }} }}"
        fields += [
            _refs("branches", f"query: {json.dumps(BRANCHES)}, first: {_LISTED}"),
            branch_field("base", base, shown),
        ]
        return repository_query("Base", fields, RULES)
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
        *(branch_field(f"n{n}", one, "target { oid }") for n, one in enumerate(_near(wanted))),
        *(_refs(f"b{n}", f"first: {_LISTED}", one) for n, one in enumerate(wanted.own_branches)),
        *folders.fields("t", branch, wanted.own),
        *folders.fields("o", f"{branch}^", wanted.own),
        pulls_field("pulls", wanted.branch, 20, "...Changes"),
    ]
    return repository_query("Overview", fields, FOLDER, RULES, PULL, TIP, CHANGES, VERSION)


def read(shown: Any, wanted: Guess | None) -> Overview | None:  # noqa: ANN401 - JSON
    """Return an answer taken apart; None where the base has moved while it was made.

    Raises `TypeError` or `KeyError` for what is none.
    """
    base, target = shown["base"], shown["base"]["target"]
    together = _tips(shown["together"])
    seen = Overview(
        node=shown["id"],
        base=base["name"],
        commit=target["oid"],
        root=listing(target["tree"]),
        rules=graph_rules(base),
        configuration=target["configuration"],
        tips=_tips(shown["branches"]) if wanted is None else None,
        together=None if together is None else frozenset(together),
    )
    if wanted is None:
        return seen
    found = {(seen.commit, path): shown[f"f{n}"] for n, path in enumerate(wanted.folders)}
    if seen.root is None or not _agree(target, seen.root, found, wanted):
        return None
    branch = read_branch_answer(shown["branch"], shown["pulls"], seen.node, seen.base)
    if branch.tip and branch.commit:
        parents = branch.commit["parents"]["nodes"]
        for n, path in enumerate(wanted.own):
            found[branch.tip, path] = shown[f"t{n}"]
            if len(parents) == 1:
                found[parents[0]["oid"], path] = shown[f"o{n}"]
    histories = {path: target[f"h{n}"]["nodes"] for n, path in enumerate(wanted.histories)}
    near = {one: shown[f"n{n}"] for n, one in enumerate(_near(wanted))}
    named = {one: ref and str(ref["target"]["oid"]) for one, ref in near.items()}
    for n, _ in enumerate(wanted.own_branches):
        named |= _tips(shown[f"b{n}"]) or {}
    named[wanted.branch] = branch.tip
    return replace(seen, branch=branch, named=named, folders=found, histories=histories)


def _near(wanted: Guess) -> list[str]:
    """Return the branch of a hold, and those beside which git cannot have it or the promotion's."""
    parts = (one.split("/") for one in wanted.own_branches)
    above = ("/".join(one[:n]) for one in parts for n in range(1, len(one)))
    return list(dict.fromkeys((wanted.hold_branch, *above)))


def _refs(alias: str, which: str, below: str = "") -> str:
    """Return the field of the branches below a folder that are asked for."""
    prefix = json.dumps(f"refs/heads/{below}/" if below else "refs/heads/")
    shown = "pageInfo { hasNextPage } nodes { prefix name target { oid } }"
    return f"{alias}: refs(refPrefix: {prefix}, {which}) {{ {shown} }}"


def _tips(refs: Any) -> dict[str, str] | None:  # noqa: ANN401 - JSON
    """Return the branches that a field shows, with their commits; None where there are more."""
    if refs["pageInfo"]["hasNextPage"]:
        return None
    return {
        f"{one['prefix']}{one['name']}".removeprefix("refs/heads/"): str(one["target"]["oid"])
        for one in refs["nodes"]
    }


def _agree(
    target: Any,  # noqa: ANN401 - JSON
    root: Listing,
    found: Mapping[tuple[str, PurePosixPath], Any],
    wanted: Guess,
) -> bool:
    """Return whether the folders, which were looked up by the base's name, are those of its commit."""
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
