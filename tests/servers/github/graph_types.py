"""The objects that GraphQL shows: the repository, its refs, commits, trees, blobs and pulls."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from tests.servers.github import graph_rules, merging, pull_shapes
from tests.servers.github.protection import as_rules, protection

if TYPE_CHECKING:
    from tests.servers.github.objects import Object
    from tests.servers.github.server import GitHub

_TEXT_LIMIT = 512_000


def repository(github: GitHub) -> dict[str, Any]:
    """Return the repository."""

    def ref_of(*, qualifiedName: str) -> dict[str, Any] | None:  # noqa: N803 - GitHub's own name
        return ref(github, qualifiedName.removeprefix("refs/heads/"))

    def one(*, number: int) -> dict[str, Any]:
        return pull(github, github.pulls[number - 1])

    return {
        "__typename": "Repository",
        "id": github.node_id,
        "nameWithOwner": github.full_name,
        "defaultBranchRef": lambda: ref(github, github.store.default_branch()),
        "ref": ref_of,
        "refs": lambda **how: _refs(github, how),
        "label": lambda name: _label(github, name),
        "assignableUsers": lambda query, first: _users(github, query, first),
        "milestones": lambda query, first, **_: _milestones(github, query, first),
        "owner": lambda: {"__typename": "Organization", "team": lambda slug: _team(github, slug)},
        "object": lambda **how: git_object(github, how.get("oid") or how.get("expression", "")),
        "pullRequest": one,
        "pullRequests": lambda **how: _pulls(github, how),
    }


def _refs(github: GitHub, how: dict[str, Any]) -> dict[str, Any]:
    """Return the refs below a prefix whose names hold a text."""
    prefix, text = how["refPrefix"], how.get("query") or ""
    tips = github.store.refs(prefix)
    found = [one for one in tips if text in one.removeprefix(prefix)]
    # GitHub calls them by what follows the prefix.
    nodes = [
        _ref(github, one.removeprefix("refs/heads/"), tips[one])
        | {"name": one.removeprefix(prefix)}
        for one in found[: how["first"]]
    ]
    page = {"__typename": "PageInfo", "hasNextPage": len(found) > how["first"], "endCursor": None}
    return {"__typename": "RefConnection", "nodes": nodes, "pageInfo": page}


def ref(github: GitHub, branch: str) -> dict[str, Any] | None:
    """Return a branch."""
    tip = github.head(branch)
    return None if tip is None else _ref(github, branch, tip)


def _ref(github: GitHub, branch: str, tip: str) -> dict[str, Any]:
    """Return a branch that is at a commit."""
    kinds = as_rules(protection(github, branch))
    return {
        "__typename": "Ref",
        "prefix": "refs/heads/",
        "name": branch,
        "target": lambda: commit(github, tip),
        "branchProtectionRule": lambda: graph_rules.classic(github, branch),
        "refUpdateRule": lambda: graph_rules.own(github, branch),
        "rules": lambda **_: {
            "__typename": "RuleConnection",
            "nodes": [graph_rules.of_ruleset(k) for k in kinds],
        },
    }


def commit(github: GitHub, sha: str) -> dict[str, Any]:
    """Return a commit."""
    found = github.store.read([sha])[0]
    people = {
        name: {"__typename": "GitActor", "name": one.name, "email": one.email, "date": one.date}
        for name, one in (("author", found.author), ("committer", found.committer))
    }

    def parents(*, first: int) -> dict[str, Any]:
        shown = [commit(github, one) for one in found.parents[:first]]
        return {"__typename": "CommitConnection", "nodes": shown, "totalCount": len(found.parents)}

    def history(*, first: int, path: str | None = None, after: str | None = None) -> dict[str, Any]:
        start = int(after.rpartition(" ")[2]) + 1 if after else 0
        listed = github.store.ancestry.listed(sha, path=path or "")
        shas = list(islice(listed, start, start + first + 1))
        nodes = [commit(github, one) for one in shas[:first]]
        end = {"hasNextPage": len(shas) > first, "endCursor": f"{sha} {start + len(nodes) - 1}"}
        page = {"__typename": "PageInfo", **end}
        return {"__typename": "CommitHistoryConnection", "nodes": nodes, "pageInfo": page}

    def file(*, path: str) -> dict[str, Any] | None:
        folder, slash, name = path.rpartition("/")
        tree = github.store.objects.get(f"{sha}:{folder}")
        entries = _entries(github, tree, f"{folder}{slash}")
        return next((one for one in entries if one["name"] == name), None)

    def brought(*, first: int) -> dict[str, Any]:
        return {"__typename": "Pulls", "nodes": [pull(github, o) for o in _of(github, sha)[:first]]}

    return {
        "__typename": "Commit",
        "oid": sha,
        "message": found.message,
        "committedDate": found.committer.date,
        **people,
        "parents": parents,
        "tree": lambda: git_object(github, f"{sha}^{{tree}}"),
        "history": history,
        "file": file,
        "associatedPullRequests": brought,
    }


def git_object(github: GitHub, expression: str) -> dict[str, Any] | None:
    """Return what a revision expression names: a tree, a blob or a commit."""
    found = github.store.objects.get(expression)
    if found is None or found.kind == "tag":
        return None
    if found.kind == "commit":
        return commit(github, found.oid)
    if found.kind == "blob":
        return _blob(found)
    return {"__typename": "Tree", "oid": found.oid, "entries": lambda: _entries(github, found)}


def _blob(found: Object) -> dict[str, Any]:
    """Return a file's text, which a binary one has not and a large one has in part."""
    is_binary = b"\0" in found.data[:8000]
    return {
        "__typename": "Blob",
        "oid": found.oid,
        "text": None if is_binary else found.data[:_TEXT_LIMIT].decode("utf-8", "replace"),
        "isBinary": is_binary,
        "isTruncated": len(found.data) > _TEXT_LIMIT,
        "byteSize": len(found.data),
    }


def _entries(github: GitHub, tree: Object | None, folder: str = "") -> list[dict[str, Any]]:
    """Return a tree's entries; their paths begin with the folder."""
    found = []
    for mode, oid, name in tree.entries() if tree and tree.kind == "tree" else ():
        kind = {"40000": "tree", "160000": "commit"}.get(mode, "blob")
        found.append({
            "__typename": "TreeEntry", "name": name, "path": f"{folder}{name}",
            "mode": int(mode, 8), "oid": oid, "type": kind,
            "object": (lambda oid=oid, kind=kind: None if kind == "commit" else git_object(github, oid)),
        })  # fmt: skip
    return found


def _of(github: GitHub, sha: str) -> list[dict[str, Any]]:
    """Return the pulls that brought a commit."""
    return [
        one
        for one in github.pulls
        if one["merge_commit_sha"] == sha
        or sha in github.store.between(one["base_sha"], one["sha"])
    ]


def pull(github: GitHub, one: dict[str, Any]) -> dict[str, Any]:
    """Return a pull."""
    state = "MERGED" if one["merged_at"] else one["state"].upper()
    is_bot = one["user"].endswith("[bot]")
    fork = one["repository"]
    author = {
        "__typename": "Bot" if is_bot else "User",
        "login": one["user"].removesuffix("[bot]"),
    }
    asked = [{"__typename": "User", "login": name} for name in one["reviewers"]]
    asked += [{"__typename": "Team", "slug": name} for name in one["teams"]]
    milestone = one["milestone"]

    def commits(*, first: int) -> dict[str, Any]:
        shas = github.store.between(one["base_sha"], one["sha"])[::-1]
        nodes = [
            {"__typename": "PullCommit", "commit": commit(github, sha)} for sha in shas[:first]
        ]
        return {"__typename": "PullCommits", "totalCount": len(shas), "nodes": nodes}

    def files(*, first: int) -> dict[str, Any]:
        start = github.store.merge_base(one["base_sha"], one["sha"]) or one["base_sha"]
        words = {"A": "ADDED", "D": "DELETED", "M": "MODIFIED", "T": "CHANGED"}
        shown = [
            {"__typename": "File", "path": found[1], "changeType": words[found[0]]}
            for found in github.store.files(start, one["sha"])
        ]
        return {"__typename": "Files", "totalCount": len(shown), "nodes": shown[:first]}

    return {
        "__typename": "PullRequest", "id": f"PR_{one['number']}", "number": one["number"],
        "url": f"{github.html_url}/pull/{one['number']}", "state": state, "title": one["title"],
        "body": one["body"] or "", "headRefName": one["head"], "baseRefName": one["base"],
        "headRefOid": one["sha"], "isDraft": one["draft"], "author": author,
        "mergedAt": one["merged_at"],
        "mergeCommit": one["merge_commit_sha"] and (lambda: commit(github, one["merge_commit_sha"])),
        "headRepository": fork and {"__typename": "Repository", "nameWithOwner": fork,
                                    "id": github.node_id if fork == github.full_name else f"R_{fork}"},
        "labels": lambda first: _nodes([{"__typename": "Label", "name": o} for o in one["labels"]][:first]),
        "assignees": lambda first: _nodes([{"__typename": "User", "login": o} for o in one["assignees"]][:first]),
        "reviewRequests": lambda first: _page(
            [{"__typename": "ReviewRequest", "requestedReviewer": o} for o in asked], first),
        "milestone": milestone and {"__typename": "Milestone", "title": github.milestones[milestone - 1]},
        "autoMergeRequest": one["auto_merge"] and {"__typename": "Auto", "enabledAt": "2026-01-01T00:00:00Z"},
        "commits": commits, "files": files, "comments": lambda last: _comments(github, one["number"], last),
        "repository": lambda: repository(github),
        "reviews": lambda first: _page([{"__typename": "Review"} for _ in one["reviews"]], first),
        "reviewDecision": lambda: merging.decision(github, one),
        "mergeStateStatus": lambda: merging.state_of(github, one).upper(),
        "baseRef": lambda: ref(github, one["base"]),
    }  # fmt: skip


def _comments(github: GitHub, number: int, last: int) -> dict[str, Any]:
    """Return the newest comments of a pull, oldest first."""
    count = len(github.comments.get(number, ()))
    said = [pull_shapes.comment(github, number, index) for index in range(count)][-last:]
    return _nodes([{"__typename": "Comment", "id": o["node_id"], "body": o["body"]} for o in said])


def _page(found: list[dict[str, Any]], first: int) -> dict[str, Any]:
    """Return the first of some objects, and how many there are in all."""
    return {"__typename": "Connection", "nodes": found[:first], "totalCount": len(found)}


def _nodes(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"__typename": "Connection", "nodes": found, "totalCount": len(found)}


def _label(github: GitHub, name: str) -> dict[str, Any] | None:
    """Return a label, whatever the case of its name."""
    found = next((one for one in github.labels if one.lower() == name.lower()), None)
    if found is None:
        return None
    return {"__typename": "Label", "id": f"LA_{found}", "name": found}


def _users(github: GitHub, query: str, first: int) -> dict[str, Any]:
    """Return the collaborators whose names hold a text."""
    found = sorted(one for one in github.collaborators if query in one)
    return _nodes([{"__typename": "User", "id": f"U_{o}", "login": o} for o in found[:first]])


def _team(github: GitHub, slug: str) -> dict[str, Any] | None:
    return {"__typename": "Team", "id": f"T_{slug}"} if slug in github.teams else None


def _milestones(github: GitHub, query: str, first: int) -> dict[str, Any]:
    """Return the milestones whose titles hold a text."""
    found = [(n, one) for n, one in enumerate(github.milestones, 1) if query in one][:first]
    return _nodes([{"__typename": "Milestone", "id": f"MI_{n}", "title": one} for n, one in found])


def _pulls(github: GitHub, how: dict[str, Any]) -> dict[str, Any]:
    found = [
        one
        for one in github.listed_pulls()
        if how.get("headRefName") in (None, one["head"])
        and how.get("baseRefName") in (None, one["base"])
        and how.get("states") in (None, "MERGED" if one["merged_at"] else one["state"].upper())
    ]
    if (how.get("orderBy") or {}).get("direction") == "DESC":
        found.reverse()
    start = int(how.get("after") or 0)
    end = start + how["first"]
    shown = _nodes([pull(github, one) for one in found[start:end]])
    page = {"__typename": "PageInfo", "hasNextPage": end < len(found), "endCursor": str(end)}
    return {**shown, "totalCount": len(found), "pageInfo": page}
