"""What many branches hold, with their pulls and rules: some in each query, so that none is too large."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promoter.domain.dataclass import dataclass
from promoter.forges.github.overview import CHANGES, TIP, Branch, read_branch
from promoter.forges.github.pull_shapes import PULL, graph_pulls
from promoter.forges.github.rules import RULES, graph_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promoter.domain.model import Pull
    from promoter.forges.github.client import Client

# GitHub ends a query after ten seconds.
_AT_ONCE = 25
# So many pulls of one branch: an older no to a tag than this is forgotten.
_PULLS = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """One branch, as of one query."""

    pulls: tuple[Pull, ...]
    """Those from it to the base, newest first."""
    branch: Branch


def look(client: Client, base: str, branches: Sequence[str], *, commits: bool) -> dict[str, Seen]:
    """Return what is to be known of branches, and keep the rules of all; `commits`: also what they hold.

    Raises one of `FAILURES`.
    """
    found: dict[str, Seen] = {}
    for start in range(0, len(branches), _AT_ONCE):
        part = branches[start : start + _AT_ONCE]
        shown = client.graphql(query(base, part, commits=commits), client.names)["repository"]
        client.node = shown["id"]
        client.rules[base] = graph_rules(shown["base"])
        for n, branch in enumerate(part):
            client.rules[branch] = graph_rules(shown[f"b{n}"])
            found[branch] = _seen(shown, n, base, commits=commits)
    return found


def query(base: str, branches: Sequence[str], *, commits: bool) -> str:
    """Return the query for some branches and the pulls from them."""
    fields = "\n".join(_fields(branches, commits=commits))
    fragments = f"{RULES}{PULL}{TIP + CHANGES if commits else ''}"
    return (
        "query Branches($owner: String!, $name: String!) {\n"
        "  repository(owner: $owner, name: $name) {\n"
        f"    id base: ref(qualifiedName: {_ref(base)}) {{ name ...Rules }}\n{fields}\n  }}\n}}\n"
        f"{fragments}"
    )


def _fields(branches: Sequence[str], *, commits: bool) -> Iterator[str]:
    tip, changes = ("target { ...Tip }", "...Changes") if commits else ("", "")
    for n, branch in enumerate(branches):
        yield (
            f"    b{n}: ref(qualifiedName: {_ref(branch)}) {{ ...Rules {tip} }} "
            f"p{n}: pullRequests(headRefName: {json.dumps(branch)}, first: {_PULLS}, "
            f"orderBy: {{field: CREATED_AT, direction: DESC}}) {{ nodes {{ ...Pull {changes} }} }}"
        )


def _ref(branch: str) -> str:
    return json.dumps(f"refs/heads/{branch}")


def _seen(shown: Any, number: int, base: str, *, commits: bool) -> Seen:  # noqa: ANN401 - JSON
    """Return one branch of an answer."""
    pulls = graph_pulls(shown[f"p{number}"], shown["id"])
    branch = Branch(None)
    if commits:
        one = {"branch": shown[f"b{number}"], "pulls": shown[f"p{number}"]}
        branch = read_branch({**one, "id": shown["id"], "base": {"name": base}})
    return Seen(tuple(one for one in pulls if one.base == base), branch)
