"""The part of GraphQL that promoter's documents use: fields by name, and GitHub's own errors."""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.servers.github import graph_pulls, graph_types
from tests.servers.github.errors import GraphError, RejectedError
from tests.servers.github.field_permissions import check_field, check_scopes
from tests.servers.github.graph_language import Selector, bound, parse
from tests.servers.github.protection import refused
from tests.servers.github.tokens import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.github.routes import Request
    from tests.servers.github.server import GitHub

_ZERO = "0" * 40


def answer(github: GitHub, request: Request) -> dict[str, Any]:
    """Answer one document: its data, and the errors of its fields."""
    variables = request.body.get("variables") or {}
    if request.token is None:
        raise RejectedError(401, "This endpoint requires you to be authenticated.")
    data: dict[str, Any] = {}
    try:
        document = parse(request.body["query"])
        check_scopes(document, request.token)
        selector = Selector(document, variables, partial(check_field, token=request.token))
        for one in document.selections:
            how = bound(one.arguments, variables)
            try:
                node = _root(github, request, document.operation, one.name, how)
                data[one.alias] = selector.select(node, one.children, (one.alias,))
            except GraphError as error:
                data[one.alias] = None
                place = {"path": [one.alias], "locations": [{"line": 2, "column": 3}]}
                selector.errors.append({**place, **error.body})
    except ValueError as error:
        return {"errors": [{"message": str(error)}]}
    except GraphError as error:
        return {"errors": [error.body]}
    if github.untold and "branchProtectionRule" in request.body["query"]:
        github.untold -= 1
        data["repository"]["base"]["branchProtectionRule"] = None
        said = "Something went wrong while executing your query."
        path = ["repository", "base", "branchProtectionRule"]
        selector.errors.append({"message": said, "path": path})
    return {"data": data, "errors": selector.errors} if selector.errors else {"data": data}


def _root(
    github: GitHub, request: Request, operation: str, name: str, how: dict[str, Any]
) -> dict[str, Any]:
    """Return what a field of the operation itself is about, and do what a mutation does."""
    if operation == "query":
        check(github, request.token, "metadata", writes=False)
        named = f"{how['owner']}/{how['name']}"
        if named not in (github.full_name, *github.old_names):
            said = f"Could not resolve to a Repository with the name '{named}'."
            raise GraphError("NOT_FOUND", said)
        return graph_types.repository(github)
    work, permission = _MUTATIONS[name]
    check(github, request.token, permission, writes=True)
    return {
        "__typename": "Payload",
        "clientMutationId": None,
        **work(github, request, how["input"]),
    }


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
    return {"commit": graph_types.commit(github, commit)}


def _update_refs(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Move refs together, each only from what it must be at."""
    del request
    moves = []
    for one in wanted["refUpdates"]:
        ref = one["name"]
        now = github.store.ref(ref)
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
    return {}


def _create_ref(github: GitHub, request: Request, wanted: dict[str, Any]) -> dict[str, Any]:
    """Make a branch."""
    del request
    ref, oid = wanted["name"], wanted["oid"]
    if github.store.ref(ref):
        said = f'A ref named "{ref}" already exists in the repository.'
        raise GraphError("UNPROCESSABLE", said)
    if reason := refused(github, ref, None, oid):
        raise GraphError("UNPROCESSABLE", reason)
    if not github.store.move((ref, None, oid)):
        raise GraphError("UNPROCESSABLE", "Ref cannot be created.")
    return {"ref": graph_types.ref(github, ref.removeprefix("refs/heads/"))}


_MUTATIONS: dict[str, tuple[Callable[..., dict[str, Any]], str]] = {
    **graph_pulls.MUTATIONS,
    "createCommitOnBranch": (_commit, "contents"),
    "updateRefs": (_update_refs, "contents"),
    "createRef": (_create_ref, "contents"),
}
