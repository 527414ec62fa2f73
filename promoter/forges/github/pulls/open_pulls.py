"""The open pulls of a repository by GraphQL, page by page."""

from __future__ import annotations

import json

from promoter.domain.pull import Pull
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.pages import list_too_long
from promoter.forges.github.api.queries import repository_query
from promoter.forges.github.pulls.shapes import PULL, graph_pull

# So many pulls come in one answer, with all that they say; and so many answers are read.
_PAGE, _PAGES = 50, 100


def query(cursor: str | None) -> str:
    """Return the query for the open pulls behind a cursor, newest first; None for the newest."""
    pulls = (
        f"pulls: pullRequests(states: OPEN, first: {_PAGE}, after: {json.dumps(cursor)}, "
        "orderBy: {field: CREATED_AT, direction: DESC}) "
        "{ pageInfo { hasNextPage endCursor } nodes { ...Pull } }"
    )
    return repository_query("OpenPulls", ["id", pulls], PULL)


def open_pulls(client: Client) -> tuple[Pull, ...]:
    """Return the open pulls from the repository's own branches, newest first.

    Raises what is in `FAILURES`, and `RemoteError` where there are too many to read.
    """
    found: list[Pull] = []
    cursor = None
    for _ in range(_PAGES):
        shown = client.query(query(cursor))
        found += [
            graph_pull(one)
            for one in shown["pulls"]["nodes"]
            if (one["headRepository"] or {}).get("id") == shown["id"]
        ]
        page = shown["pulls"]["pageInfo"]
        if not page["hasNextPage"]:
            return tuple(found)
        cursor = str(page["endCursor"])
    raise list_too_long("list the pull requests", _PAGE * _PAGES)
