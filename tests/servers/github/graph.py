"""The part of GraphQL that promoter's documents use: fields by name, and GitHub's own errors."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from tests.servers.github import merging
from tests.servers.github.errors import GraphError, RejectedError
from tests.servers.github.protection import as_rules, protection, refused
from tests.servers.github.tokens import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.github.routes import Request
    from tests.servers.github.server import GitHub

_ZERO = "0" * 40
_BLOB = re.compile(r'(\w+): object\(oid: "([0-9a-f]{40})"\)')


def answer(github: GitHub, request: Request) -> dict[str, Any]:
    """Answer one document: its data, and the errors of its fields."""
    document, variables = request.body["query"], request.body.get("variables") or {}
    if request.token is None:
        raise RejectedError(401, "This endpoint requires you to be authenticated.")
    name = re.search(r"\{\s*(\w+)", document)
    assert name is not None
    try:
        if name[1] == "repository":
            check(github, request.token, "metadata", writes=False)
            return {"data": {"repository": _repository(github, document, variables)}}
        work, permission = _MUTATIONS[name[1]]
        check(github, request.token, permission, writes=True)
        return {"data": {name[1]: work(github, request, variables["input"])}}
    except GraphError as error:
        found = {"path": [name[1]], "locations": [{"line": 2, "column": 3}], **error.body}
        return {"data": {name[1]: None}, "errors": [found]}


def _repository(github: GitHub, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the repository that a query asks for."""
    if (variables["owner"], variables["name"]) != (github.owner, github.name):
        named = f"{variables['owner']}/{variables['name']}"
        said = f"Could not resolve to a Repository with the name '{named}'."
        raise GraphError("NOT_FOUND", said)
    found: dict[str, Any] = {alias: _blob(github, oid) for alias, oid in _BLOB.findall(document)}
    if "number" in variables:
        pull = github.pulls[variables["number"] - 1]
        found["pullRequest"] = {
            "reviewDecision": merging.decision(github, pull),
            "mergeStateStatus": merging.state_of(github, pull).upper(),
            "baseRef": {"branchProtectionRule": _rule(github, pull["base"])},
        }
    if "ref" in variables:
        branch = variables["ref"].removeprefix("refs/heads/")
        kinds = [one["type"].upper() for one in as_rules(protection(github, branch))]
        found["ref"] = github.head(branch) and {
            "branchProtectionRule": _rule(github, branch),
            "rules": {"nodes": [{"type": kind} for kind in kinds]},
        }
    return found


def _blob(github: GitHub, oid: str) -> dict[str, Any] | None:
    if github.store.sha(oid, "blob") is None:
        return None
    try:
        return {"text": github.store.git("cat-file", "blob", oid).decode()}
    except UnicodeDecodeError:
        return {"text": None}


def _rule(github: GitHub, branch: str) -> dict[str, Any] | None:
    """Return a branch's classic protection; rulesets are not among it."""
    rules = protection(github, branch)
    if rules is None or rules.ruleset:
        return None
    return {
        "requiredApprovingReviewCount": rules.reviews,
        "requiresCodeOwnerReviews": rules.code_owners,
        "requiresCommitSignatures": rules.signatures,
        "requiresStatusChecks": bool(rules.checks),
        "requiredStatusCheckContexts": list(rules.checks),
    }


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
    return {"pullRequest": {"number": pull["number"]}}


def _enqueue(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Put a pull into the merge queue."""
    del request
    pull = _pull(github, wanted)
    github.queue.append(pull["number"])
    return {"mergeQueueEntry": {"position": len(github.queue)}}


def _pull(github: GitHub, wanted: dict[str, Any]) -> dict[str, Any]:
    number = wanted["pullRequestId"].removeprefix("PR_")
    pull = github.pulls[int(number) - 1]
    if wanted.get("expectedHeadOid") not in (None, pull["sha"]):
        said = "Head branch was modified. Review and try again."
        raise GraphError("UNPROCESSABLE", said)
    return pull


def _commit(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Make a commit on a branch, signed by the server, only on the head that is expected."""
    branch, expected = wanted["branch"]["branchName"], wanted["expectedHeadOid"]
    ref = f"refs/heads/{branch}"
    head = github.head(branch)
    if head is None:
        raise GraphError("NOT_FOUND", f"No ref found for {branch}")
    if head != expected:
        said = f'Expected branch to point to "{head}" but it did not. Pull and try again.'
        raise GraphError("STALE_DATA", said)
    changes = wanted["fileChanges"]
    files = {one["path"]: base64.b64decode(one["contents"]) for one in changes.get("additions", ())}
    gone = [one["path"] for one in changes.get("deletions", ())]
    tree = github.store.changed_tree(expected, files, gone)
    message = f"{wanted['message']['headline']}\n\n{wanted['message'].get('body', '')}".rstrip()
    commit = github.signed(tree, (expected,), message, request.user)
    if reason := refused(github, ref, head, commit):
        raise GraphError("UNPROCESSABLE", reason)
    github.store.move((ref, head, commit))
    return {"commit": {"oid": commit}}


def _update_refs(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Move refs together, each only from what it must be at."""
    del request
    moves = []
    for one in wanted["refUpdates"]:
        ref = one["name"]
        now = github.store.refs(ref).get(ref)
        before, after = one.get("beforeOid"), one["afterOid"]
        if before not in (None, now or _ZERO):
            raise GraphError("STALE_DATA", f"Expected {ref} to be at {before}")
        gone = None if after == _ZERO else after
        if now and gone and not one.get("force") and not github.store.is_ancestor(now, gone):
            raise GraphError("UNPROCESSABLE", f"Update to {ref} is not a fast forward")
        if reason := refused(github, ref, now, gone):
            raise GraphError("UNPROCESSABLE", reason)
        moves.append((ref, now, gone))
    github.store.move(*moves)
    return {"clientMutationId": None}


_MUTATIONS: dict[str, tuple[Callable[..., dict[str, Any]], str]] = {
    "enablePullRequestAutoMerge": (_arm, "pull_requests"),
    "enqueuePullRequest": (_enqueue, "pull_requests"),
    "createCommitOnBranch": (_commit, "contents"),
    "updateRefs": (_update_refs, "contents"),
}
