"""The writes that make a promotion: its branch, its commit and its pull, as GraphQL takes them."""

from __future__ import annotations

import base64
from typing import Any

from promoter.domain.branch import CommitDraft, Opening
from promoter.domain.pull import Pull
from promoter.forges.github import node_ids
from promoter.forges.github.client import Client
from promoter.forges.github.mutations import Mutation
from promoter.forges.github.pull_shapes import WRITTEN, graph_pull

# Where a commit is made before its branch is moved there.
_ASIDE = "promote-commit"


def aside_of(branch: str) -> str:
    """Return the place aside of a branch, at which its commits are made before it moves there."""
    return f"{_ASIDE}/{branch}"


def new_branch(repository: str, branch: str, commit: str) -> Mutation:
    """Return the write of a branch that is not there yet; `repository` is GitHub's id of it."""
    wanted = {"repositoryId": repository, "name": f"refs/heads/{branch}", "oid": commit}
    return Mutation("createRef", wanted, "ref { name }")


def new_commit(client: Client, draft: CommitDraft, branch: str) -> Mutation:
    """Return the write of a commit on a branch, which must be at the draft's parent."""
    title, _, body = draft.message.partition("\n")
    additions = [
        {"path": str(path), "contents": base64.b64encode(data).decode()}
        for path, data in draft.files.items()
        if data is not None
    ]
    deletions = [{"path": str(path)} for path, data in draft.files.items() if data is None]
    wanted = {
        "branch": {
            "repositoryNameWithOwner": f"{client.owner}/{client.name}",
            "branchName": branch,
        },
        "message": {"headline": title, "body": body.strip("\n")},
        "fileChanges": {"additions": additions, "deletions": deletions},
        "expectedHeadOid": draft.onto,
    }
    return Mutation("createCommitOnBranch", wanted, "commit { oid }")


def new_pull(client: Client, branch: str, opens: Opening) -> Mutation:
    """Return the write of a pull, whose answer tells the ids of what it is to get beside its text.

    The repository's id must be known.
    """
    wanted = {
        "repositoryId": client.node,
        "headRefName": branch,
        "baseRefName": opens.base,
        "title": opens.draft.title,
        "body": opens.draft.body,
        "draft": opens.extras.draft,
    }
    names = node_ids.fields(opens.extras, teams=client.api.may_read_teams)
    beside = f" repository {{ {names} }}" if names else ""
    return Mutation("createPullRequest", wanted, f"pullRequest {{ {WRITTEN}{beside} }}")


def opened(client: Client, shown: Any, opens: Opening) -> Pull:  # noqa: ANN401 - JSON
    """Return the pull that was opened, and keep the ids that its answer tells.

    Raises `TypeError` or `KeyError` for an answer that shows none.
    """
    pull = graph_pull(shown["pullRequest"])
    if beside := shown["pullRequest"].get("repository"):
        client.ids[pull.node] = node_ids.read(beside, opens.extras)
    return pull
