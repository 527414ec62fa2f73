"""What branches hold, with their pulls and rules: some in each query, so that none is too large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from promoter.domain.dataclass import dataclass
from promoter.domain.pull import BranchRules, Pull
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.queries import branch_field, pulls_field, repository_query
from promoter.forges.github.git_data.file_histories import NO_HISTORIES, FileHistories
from promoter.forges.github.git_data.rules import RULES, graph_rules
from promoter.forges.github.pulls.shapes import PULL, graph_pulls

# GitHub ends a query after ten seconds.
_AT_ONCE = 25
# So many pulls of one branch among several, and of one alone: an older no to a tag is forgotten.
_PULLS, _PULLS_OF_ONE = 10, 30

TIP = """
fragment Tip on Commit {
  oid message committedDate author { name } parents(first: 3) { nodes { oid } }
}
"""
CHANGES = """
fragment Changes on PullRequest {
  commits(first: 20) { totalCount nodes { commit { oid } } }
  files(first: 100) { totalCount nodes { path changeType } }
}
"""


@dataclass(frozen=True, slots=True)
class BranchAnswer:
    """What an answer says of a branch."""

    pulls: tuple[Pull, ...] | None = ()
    """Those from it to the base, newest first; None where those of forks hide them."""
    tip: str | None = None
    rules: BranchRules | None = None
    commit: dict[str, Any] | None = None
    """The only commit that it has and the base has not; None where that is not said."""
    changed: tuple[PurePosixPath, ...] = ()
    """What that commit changes."""


def look(
    client: Client,
    base: str,
    branches: Sequence[str],
    *,
    commits: bool = False,
    histories: FileHistories = NO_HISTORIES,
) -> dict[str, BranchAnswer]:
    """Return what is to be known of branches, and keep the rules of all and the histories.

    `commits`: also what the branches hold. Raises one of `FAILURES`.
    """
    found: dict[str, BranchAnswer] = {}
    for start in range(0, len(branches), _AT_ONCE):
        part = branches[start : start + _AT_ONCE]
        shown = client.query(branches_query(base, part, commits=commits, histories=histories))
        client.node = shown["id"]
        client.histories |= histories.read(shown)
        client.rules[base] = graph_rules(shown["base"])
        for n, branch in enumerate(part):
            client.rules[branch] = graph_rules(shown[f"b{n}"])
            found[branch] = read_branch_answer(shown[f"b{n}"], shown[f"p{n}"], shown["id"], base)
    return found


def branches_query(
    base: str,
    branches: Sequence[str],
    *,
    commits: bool = False,
    histories: FileHistories = NO_HISTORIES,
) -> str:
    """Return the query for some branches and the pulls from them."""
    most = _PULLS if len(branches) > 1 else _PULLS_OF_ONE
    tip, changes = (TIP, CHANGES) if commits else ("", "")

    def fields() -> Iterator[str]:
        yield f"id {histories.field}"
        yield branch_field("base", base, "name ...Rules")
        for n, branch in enumerate(branches):
            yield branch_field(f"b{n}", branch, f"...Rules {'target { ...Tip }' if tip else ''}")
            yield pulls_field(f"p{n}", branch, most, "...Changes" if changes else "")

    return repository_query("Branches", fields(), RULES, PULL, tip, changes, histories.fragment)


def read_branch_answer(branch: Any, pulls: Any, repository: str, base: str) -> BranchAnswer:  # noqa: ANN401 - JSON
    """Return what is said of a branch and its pulls; the pull at its tip tells its own commit.

    `repository` is GitHub's id of it.
    """
    own = graph_pulls(pulls, repository, base)
    if not branch or "target" not in branch:
        return BranchAnswer(own)
    target = branch["target"]
    found = BranchAnswer(own, target["oid"], graph_rules(branch))
    current = (one for one in pulls["nodes"] if _is_current(one, found.tip, repository, base))
    if (pull := next(current, None)) is None:
        return found
    kinds = {one["changeType"] for one in pull["files"]["nodes"]}
    # Of one commit alone, the pull's files are what it changed.
    is_alone = [one["commit"]["oid"] for one in pull["commits"]["nodes"]] == [found.tip]
    if not (is_alone and kinds <= {"MODIFIED", "ADDED"}):
        return found
    changed = tuple(PurePosixPath(one["path"]) for one in pull["files"]["nodes"])
    return replace(found, commit=target, changed=changed)


def _is_current(pull: Any, tip: str | None, repository: str, base: str) -> bool:  # noqa: ANN401 - JSON
    """Return whether a pull is ours, open or merged, at the branch's tip, and shown whole."""
    return bool(
        pull["state"] in ("OPEN", "MERGED")
        and pull["headRefOid"] == tip
        and pull["baseRefName"] == base
        and (pull["headRepository"] or {}).get("id") == repository
        and pull["commits"]["totalCount"] == len(pull["commits"]["nodes"])
        and pull["files"]["totalCount"] == len(pull["files"]["nodes"])
    )
