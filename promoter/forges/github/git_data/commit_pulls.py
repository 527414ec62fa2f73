"""Which merged pull brought a commit to the base: GitHub knows it where no message says so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from promoter.forges.github.api.client import Client
from promoter.forges.github.api.failures import FAILURES
from promoter.forges.github.api.queries import repository_query

# So many commits are asked about in one query; by REST, each costs a request.
_AT_ONCE, _BY_REST = 50, 4


def pulls_of_commits(client: Client, commits: Sequence[str], base: str) -> dict[str, int]:
    """Return the numbers of the pulls by which commits came to a base, as far as they are known."""
    found: dict[str, int] = {}
    for start in range(0, len(commits), _AT_ONCE):
        some = commits[start : start + _AT_ONCE]
        ask = partial(_by_graph, client, some, base)
        known = client.attempt("look for the pull requests", ask)
        if known is None:
            return found | _by_rest(client, some[:_BY_REST], base)
        found |= known
    return found


def query(commits: Sequence[str]) -> str:
    """Return the query for the pulls of commits, which answers them as `c0`, `c1` and so on."""
    fields = (
        f"c{n}: object(oid: {json.dumps(commit)}) {{ ... on Commit {{ "
        "associatedPullRequests(first: 5) { nodes { number mergedAt baseRefName } } } }"
        for n, commit in enumerate(commits)
    )
    return repository_query("CommitPulls", fields)


def _by_graph(client: Client, commits: Sequence[str], base: str) -> dict[str, int]:
    shown, found = client.query(query(commits)), dict[str, int]()
    for n, commit in enumerate(commits):
        nodes = ((shown[f"c{n}"] or {}).get("associatedPullRequests") or {}).get("nodes") or ()
        merged = (one for one in nodes if one["mergedAt"] and one["baseRefName"] == base)
        if (pull := next(merged, None)) is not None:
            found[commit] = int(pull["number"])
    return found


def _by_rest(client: Client, commits: Sequence[str], base: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for commit in commits:
        try:
            shown: Any = client.ask("GET", f"/commits/{commit}/pulls")
            merged = (one for one in shown if one["merged_at"] and one["base"]["ref"] == base)
            if (pull := next(merged, None)) is not None:
                found[commit] = int(pull["number"])
        except FAILURES:
            return found
    return found
