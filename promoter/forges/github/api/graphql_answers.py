"""What GraphQL answers: the data of a document, where no error keeps it from being used."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

from promoter.forges.github.api.failures import GitHubError, RedirectedError
from promoter.forges.github.api.field_types import check_types
from promoter.forges.github.api.http import parsed
from promoter.system.http import Answer

# The fields that are null, with an error of their own, for a token without a permission that
# promote does without. Where GitHub fails to tell them each time, what they show is not known either.
_HIDDEN = frozenset({"branchProtectionRule", "refUpdateRule"})
# A classic token without any of these scopes is refused each document that names a team's field.
_READS_TEAMS = frozenset(
    {"read:org", "write:org", "admin:org", "read:discussion", "write:discussion"}
)
_OPERATION = re.compile(r"(?:query|mutation) (\w+)")


def data_of(answer: Answer, api_url: str) -> dict[str, Any]:
    """Return the data of an answer; raises `GitHubError`, `RedirectedError`, or `TypeError` for none."""
    if 300 <= answer.status < 400:
        raise RedirectedError(urljoin(f"{api_url}/", str(answer.headers.get("location", ""))))
    shown = parsed(answer.text)
    if answer.status >= 400:
        raise GitHubError(answer.status, shown, answer.headers)
    errors = shown.get("errors")
    if errors is not None and not (_lacks_only_rules(shown) and _are_forbidden(errors)):
        is_absent = len(errors) == 1 and errors[0].get("type") == "NOT_FOUND"
        raise GitHubError(404 if is_absent else 400, shown, answer.headers)
    data = shown["data"]
    if not isinstance(data, dict):
        msg = "the answer is none of GraphQL's"
        raise TypeError(msg)
    check_types(data)
    return data


def may_read_teams(answer: Answer) -> bool:
    """Return whether the token that was answered may name teams in documents, as far as that is said."""
    scopes = answer.headers.get("x-oauth-scopes")
    return scopes is None or not _READS_TEAMS.isdisjoint(re.split(r"[\s,]+", scopes))


def operation(document: str) -> str:
    """Return the name of a document's operation."""
    found = _OPERATION.match(document)
    return found[1] if found else "a document"


def _are_forbidden(errors: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether errors are all about what a token may not read, which no other attempt changes."""
    return all(one.get("type") == "FORBIDDEN" for one in errors)


def data_but_for_rules(error: GitHubError) -> dict[str, Any]:
    """Return the data of an answer that lacks nothing but rules; raises any other error again."""
    shown: Any = error.data
    if not _lacks_only_rules(shown):
        raise error
    data: dict[str, Any] = shown["data"]
    check_types(data)
    return data


def _lacks_only_rules(shown: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether an answer lacks nothing but what a token need not be able to read."""
    errors = shown.get("errors") if isinstance(shown, dict) else None
    if not isinstance(errors, list) or not isinstance(shown.get("data"), dict):
        return False
    return bool(errors) and all(
        isinstance(one, dict) and not _HIDDEN.isdisjoint(map(str, one.get("path") or ()))
        for one in errors
    )
