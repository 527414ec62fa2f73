"""GitHub's failures: which pass by themselves, and what the others mean for the user."""

from __future__ import annotations

import requests
from github import GithubException
from github.GithubException import BadCredentialsException, UnknownObjectException

from promoter.errors import RemoteError

_LIMITS = ("rate limit", "abuse detection")
_LONGEST = 600.0


def is_passing(error: BaseException) -> bool:
    """Say whether a failed request may succeed a little later: an outage, a limit, a lag."""
    if isinstance(error, requests.RequestException):
        return not isinstance(error, (requests.exceptions.SSLError, requests.exceptions.InvalidURL))
    if not isinstance(error, GithubException):
        return False
    if error.status >= 500 or error.status == 429 or is_limit(error):
        return True
    # Right after a push, the pulls do not know the branch yet.
    return error.status == 422 and _names_field(error, "head", "invalid")


def is_limit(error: BaseException) -> bool:
    """Say whether GitHub asks for patience."""
    if not isinstance(error, GithubException) or error.status not in (403, 429):
        return False
    said = message_of(error).lower()
    return waits_for(error) is not None or any(word in said for word in _LIMITS)


def waits_for(error: BaseException) -> float | None:
    """Return the seconds that GitHub asks to wait, where it says them."""
    headers = getattr(error, "headers", None) or {}
    told = str(headers.get("retry-after", ""))
    return min(float(told), _LONGEST) if told.isdecimal() else None


def message_of(error: BaseException) -> str:
    """Return what GitHub said, with the single complaints of a validation or of GraphQL."""
    if not isinstance(error, GithubException):
        return str(error)
    data = error.data
    if not isinstance(data, dict):
        return str(data or "")
    errors = data.get("errors", [])
    texts = [
        str(one.get("message") or one.get("code") or "") if isinstance(one, dict) else str(one)
        for one in (errors if isinstance(errors, list) else [])
    ]
    said = str(data.get("message", ""))
    details = "; ".join(text for text in texts if text)
    return f"{said} ({details})" if said and details else said or details


def failure(work: str, error: Exception) -> RemoteError:
    """Return a failure as an error that says what GitHub said, and what to do about it."""
    if isinstance(error, requests.RequestException):
        return RemoteError(
            f"{work}: no answer ({type(error).__name__})",
            "Check the network and --api-url; running again is safe.",
        )
    if isinstance(error, RuntimeError):
        return RemoteError(
            f"{work}: the API redirects elsewhere, and the token is not taken there",
            "The repository or the host has moved: give the new --repo or --api-url.",
        )
    if not isinstance(error, GithubException):
        return RemoteError(f"{work}: the answer is not GitHub's", "Check --api-url.")
    said = " ".join(message_of(error).split())
    return RemoteError(f"{work}: {error.status} {said}".strip()[:500], _hint(error, said.lower()))


def _hint(error: GithubException, said: str) -> str:
    """Return what to do about an answer of GitHub's."""
    headers = error.headers or {}
    if "archived" in said:
        return "Unarchive the repository, or give the one that took its place."
    if "saml" in said or "x-github-sso" in headers:
        return "Authorise the token for the organisation's single sign-on, in its settings."
    if isinstance(error, BadCredentialsException) or error.status == 401:
        return "The token is not valid: set GITHUB_TOKEN to one that is."
    if is_limit(error):
        return "The API's limit is reached: run again later."
    if error.status == 403:
        needs = headers.get("x-accepted-github-permissions") or headers.get(
            "x-accepted-oauth-scopes"
        )
        told = f" (GitHub says: {needs})" if needs else ""
        return (
            "The token may not: it needs 'contents: write' and 'pull-requests: write' there"
            f"{told}; an Actions run's own GITHUB_TOKEN reaches its own repository alone, and "
            "opens pulls only where the repository's settings allow it."
        )
    if isinstance(error, UnknownObjectException) or error.status == 404:
        return (
            "The repository's name is wrong, or the token may not see it; an Actions run's own "
            "GITHUB_TOKEN reaches its own repository alone: use a GitHub App's token."
        )
    if error.status >= 500:
        return "GitHub has a problem: running again is safe."
    if error.status in (301, 302, 307, 308):
        return "The repository has moved: give its new URL."
    return "Running again is safe."


def _names_field(error: GithubException, field: str, code: str) -> bool:
    """Say whether a validation error complains of a field."""
    errors = error.data.get("errors", []) if isinstance(error.data, dict) else []
    return any(
        isinstance(one, dict) and one.get("field") == field and one.get("code") == code
        for one in (errors if isinstance(errors, list) else [])
    )
