"""GraphQL's mutations of pulls, by the rules of their REST endpoints."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.servers.github import graph_types, issues, merging, pulls
from tests.servers.github.errors import GraphError, RejectedError
from tests.servers.github.protection import protection

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.github.routes import Answer, Request
    from tests.servers.github.server import GitHub


def _arm(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Let a pull merge itself; GitHub refuses where it could be merged at once."""
    pull = _pull(github, wanted)
    if not github.allow_auto_merge:
        said = "Pull request Auto merge is not allowed for this repository"
        raise GraphError("UNPROCESSABLE", said)
    state = merging.state_of(github, pull)
    if protection(github, pull["base"]) is None:
        raise GraphError(
            "UNPROCESSABLE",
            "Pull request Protected branch rules not configured for this branch",
        )
    if state == "clean":
        raise GraphError("UNPROCESSABLE", "Pull request Pull request is in clean status")
    method = wanted.get("mergeMethod", "MERGE").lower()
    pull["auto_merge"] = {"by": request.user, "method": method}
    return {"pullRequest": graph_types.pull(github, pull)}


def _enqueue(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Put a pull into the merge queue."""
    del request
    pull = _pull(github, wanted)
    github.queue.append(pull["number"])
    return {"mergeQueueEntry": {"__typename": "Entry", "position": len(github.queue)}}


def _pull(github: GitHub, wanted: dict[str, Any]) -> dict[str, Any]:
    number = wanted["pullRequestId"].removeprefix("PR_")
    pull = github.pulls[int(number) - 1]
    if wanted.get("expectedHeadOid") not in (None, pull["sha"]):
        said = "Head branch was modified. Review and try again."
        raise GraphError("UNPROCESSABLE", said)
    return pull


def _create_pull(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Open a pull, by the rules of its REST endpoint."""
    names = {"head": "headRefName", "base": "baseRefName", "title": "title", "body": "body"}
    body = {name: wanted.get(key) for name, key in names.items()} | {"draft": wanted.get("draft")}
    _, shown = _by_rest(pulls.created, github, request, body)
    return {"pullRequest": graph_types.pull(github, github.pulls[shown["number"] - 1])}


def _update_pull(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Change title, body, state or milestone."""
    pull = _pull(github, wanted)
    if "milestoneId" in wanted:
        pull["milestone"] = int(wanted["milestoneId"].removeprefix("MI_"))
    body: dict[str, Any] = {name: wanted[name] for name in ("title", "body") if name in wanted}
    if "state" in wanted:
        body["state"] = wanted["state"].lower()
    _by_rest(pulls.changed, github, request, body, number=str(pull["number"]))
    return {"pullRequest": graph_types.pull(github, pull)}


def _add_comment(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Comment on a pull."""
    pull = _pull(github, {"pullRequestId": wanted["subjectId"]})
    _, made = _by_rest(
        issues.commented, github, request, {"body": wanted["body"]}, number=str(pull["number"])
    )
    node = {"__typename": "IssueComment", "id": made["node_id"], "body": made["body"]}
    edge = {"__typename": "IssueCommentEdge", "node": node}
    return {"commentEdge": edge, "subject": graph_types.pull(github, pull)}


def _delete_comment(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Remove a comment."""
    number = wanted["id"].removeprefix("IC_")
    _by_rest(issues.uncommented, github, request, {}, number=number)
    return {}


def _ask(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Ask for reviews, beside those that were asked for."""
    pull = _pull(github, wanted)
    assert wanted.get("union"), "whoever was asked before would be asked no more"
    body = {
        "reviewers": [one.removeprefix("U_") for one in wanted.get("userIds", ())],
        "team_reviewers": [one.removeprefix("T_") for one in wanted.get("teamIds", ())],
    }
    _by_rest(pulls.ask, github, request, body, number=str(pull["number"]))
    return {"pullRequest": graph_types.pull(github, pull)}


def _assign(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Add assignees."""
    pull = _pull(github, {"pullRequestId": wanted["assignableId"]})
    names = [one.removeprefix("U_") for one in wanted["assigneeIds"]]
    _by_rest(issues.assigned, github, request, {"assignees": names}, number=str(pull["number"]))
    return {"assignable": graph_types.pull(github, pull)}


def _label(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Add labels that are there."""
    pull = _pull(github, {"pullRequestId": wanted["labelableId"]})
    names = [one.removeprefix("LA_") for one in wanted["labelIds"]]
    _by_rest(issues.labelled, github, request, {"labels": names}, number=str(pull["number"]))
    return {"labelable": graph_types.pull(github, pull)}


def _by_rest(
    endpoint: Callable[..., Answer],
    github: GitHub,
    request: Request,
    body: dict[str, Any],
    **names: str,
) -> Answer:
    """Do what a REST endpoint does; what it rejects is an error of the field."""
    github.look()
    try:
        return endpoint(github, replace(request, body=body), **names)
    except RejectedError as error:
        errors = error.body.get("errors") or [{}]
        said = errors[0].get("message") or error.body["message"]
        raise GraphError("UNPROCESSABLE", said) from error


MUTATIONS: dict[str, tuple[Callable[..., dict[str, Any]], str]] = {
    "enablePullRequestAutoMerge": (_arm, "pull_requests"),
    "enqueuePullRequest": (_enqueue, "pull_requests"),
    "createPullRequest": (_create_pull, "pull_requests"),
    "updatePullRequest": (_update_pull, "pull_requests"),
    "addComment": (_add_comment, "issues|pull_requests"),
    "deleteIssueComment": (_delete_comment, "issues|pull_requests"),
    "requestReviews": (_ask, "pull_requests"),
    "addAssigneesToAssignable": (_assign, "issues|pull_requests"),
    "addLabelsToLabelable": (_label, "issues|pull_requests"),
}
