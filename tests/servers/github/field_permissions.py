"""What of GraphQL a token may read: scopes of classic tokens, permissions of Apps' and the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.github.errors import GraphError
from tests.servers.github.tokens import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.github.graph_language import Document, Selection
    from tests.servers.github.tokens import Token

_ORGANIZATION = ("read:org", "write:org", "admin:org")
# A classic token needs one of these scopes for any field of such a type: GitHub looks at the
# document alone, and answers nothing of it.
SCOPES = {
    "Organization": _ORGANIZATION,
    "Team": (*_ORGANIZATION, "read:discussion", "write:discussion"),
    "ProjectV2": ("read:project", "project"),
}
# The types of the fields that show such ones.
_TYPES = {"team": "Team", "organization": "Organization", "projectsV2": "ProjectV2"}
# What is there and needs a permission that an App's token or a fine-grained one may lack is null,
# and an error of its own.
PERMISSIONS = {
    ("Organization", "team"): "members",
    ("Ref", "branchProtectionRule"): "administration",
    ("Repository", "object"): "contents",
    ("Repository", "pullRequest"): "pull_requests",
    ("Repository", "pullRequests"): "pull_requests",
    ("Commit", "associatedPullRequests"): "pull_requests",
    ("Commit", "file"): "contents",
    ("Commit", "history"): "contents",
    ("Commit", "statusCheckRollup"): "checks",
    ("PullRequest", "statusCheckRollup"): "checks",
}


def check_scopes(document: Document, token: Token) -> None:
    """Raise `GraphError` where a document names a field that needs another scope."""
    if token.scopes is None:
        return
    granted = token.scopes.split(", ")
    parts = (document.selections, *(one.children for one in document.fragments.values()))
    kinds = ("", *(one.kind or "" for one in document.fragments.values()))
    for selections, kind in zip(parts, kinds, strict=True):
        for of, name in _fields(selections, kind):
            wanted = SCOPES.get(of, ())
            if name != "__typename" and wanted and not set(wanted) & set(granted):
                said = (
                    "Your token has not been granted the required scopes to execute this query. "
                    f"The '{name}' field requires one of the following scopes: {list(wanted)}, "
                    f"but your token has only been granted the: {granted} scopes."
                )
                raise GraphError("INSUFFICIENT_SCOPES", said, locations=[{"line": 1, "column": 1}])


def check_field(kind: str, name: str, value: Any, token: Token) -> None:
    """Raise `GraphError` where a token lacks the permission for a field that shows something."""
    wanted = PERMISSIONS.get((kind, name))
    if name == "requestedReviewer" and value and value["__typename"] == "Team":
        wanted = "members"
    if wanted and value is not None and not token.may_read(wanted):
        raise GraphError("FORBIDDEN", refusal(token), extensions={"saml_failure": False})


def _fields(selections: list[Selection], kind: str) -> Iterator[tuple[str, str]]:
    """Yield the fields that are selected, each with its object's type as far as that matters."""
    for one in selections:
        if one.kind is not None:
            yield from _fields(one.children, one.kind)
        else:
            yield kind, one.name
            yield from _fields(one.children, _TYPES.get(one.name, ""))
