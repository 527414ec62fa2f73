"""A pull as promote sees it, from the two forms in which GitHub shows one."""

from __future__ import annotations

from typing import Any

from promoter.domain.pull import Pull, PullState

WRITTEN = "...Pull baseRef { target { oid } }"
"""What a write of a pull is answered with: the pull, and where its base is then."""
PULL = """
fragment Pull on PullRequest {
  id number url state title body headRefName baseRefName headRefOid isDraft
  author { __typename login }
  headRepository { id }
  labels(first: 50) { nodes { name } }
  assignees(first: 20) { nodes { login } }
  reviewRequests(first: 1) { totalCount }
  milestone { title }
  reviews(first: 1) { totalCount }
  autoMergeRequest { enabledAt }
}
"""


def own_pull(shown: object) -> Pull | None:
    """Return a listed pull, or None for one from a fork, whose branch may have any name."""
    pull = rest_pull(shown)
    assert isinstance(shown, dict)
    # The repository of a fork that was deleted is null.
    head, base = (shown[end].get("repo") or {} for end in ("head", "base"))
    return pull if head and head.get("id") == base.get("id") else None


def rest_pull(shown: object) -> Pull:
    """Return a pull from REST's JSON; raises `TypeError` or `KeyError` for what shows none."""
    if not isinstance(shown, dict) or not isinstance(shown.get("number"), int):
        msg = "the answer is no pull"
        raise TypeError(msg)
    for text in ("title", "html_url"):
        if not isinstance(shown[text], str):
            msg = f"the answer is a pull request without {text}"
            raise TypeError(msg)
    is_asked = bool(shown.get("requested_reviewers") or shown.get("requested_teams"))
    return Pull(
        number=shown["number"],
        url=shown["html_url"],
        state=PullState.MERGED if shown.get("merged_at") else PullState(shown["state"]),
        branch=shown["head"]["ref"],
        base=shown["base"]["ref"],
        head=shown["head"]["sha"],
        title=shown["title"],
        body=(shown.get("body") or "").replace("\r\n", "\n"),
        node=shown.get("node_id") or "",
        author=(shown.get("user") or {}).get("login", ""),
        draft=bool(shown.get("draft")),
        labels=tuple(one["name"] for one in shown.get("labels") or ()),
        # Who has reviewed already is not shown beside.
        has_reviewers=is_asked or None,
        assignees=tuple(one["login"] for one in shown.get("assignees") or ()),
        milestone=(shown.get("milestone") or {}).get("title"),
        auto_merge=bool(shown.get("auto_merge")),
    )


def graph_pulls(shown: Any, repository: str, base: str) -> tuple[Pull, ...] | None:  # noqa: ANN401 - JSON
    """Return the pulls of a connection that matter to a base, from the repository with this id.

    None where others hide older ones: anybody may open pulls from branches of this name in a fork.
    """
    nodes = shown["nodes"]
    own = [
        one
        for one in nodes
        if (one["headRepository"] or {}).get("id") == repository
        and (one["baseRefName"] == base or one["state"] == "OPEN")
    ]
    if len(own) < len(nodes) < shown["totalCount"]:
        return None
    return tuple(map(graph_pull, own))


def graph_pull(shown: Any) -> Pull:  # noqa: ANN401 - JSON
    """Return a pull from the fragment `Pull`; raises `TypeError` or `KeyError` for what is none."""
    if not isinstance(shown["title"], str):
        msg = "the answer is a pull request without title"
        raise TypeError(msg)
    author = shown["author"] or {"__typename": "User", "login": "ghost"}
    return Pull(
        number=int(shown["number"]),
        url=shown["url"],
        state=PullState(shown["state"].lower()),
        branch=shown["headRefName"],
        base=shown["baseRefName"],
        head=shown["headRefOid"],
        title=shown["title"],
        body=shown["body"].replace("\r\n", "\n"),
        node=shown["id"],
        author=author["login"] + ("[bot]" if author["__typename"] == "Bot" else ""),
        draft=bool(shown["isDraft"]),
        labels=tuple(one["name"] for one in shown["labels"]["nodes"] if one),
        # Their names are not asked for: not every token may read those of teams.
        has_reviewers=any(shown[one]["totalCount"] for one in ("reviewRequests", "reviews")),
        assignees=tuple(one["login"] for one in shown["assignees"]["nodes"] if one),
        milestone=(shown["milestone"] or {}).get("title"),
        auto_merge=bool(shown["autoMergeRequest"]),
        base_head=((shown.get("baseRef") or {}).get("target") or {}).get("oid"),
    )
