"""GitHub's failures: which pass by themselves, and what the others mean for the user."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from promoter.domain.errors import NotFoundError, RemoteError
from promoter.domain.json import parse_json
from promoter.domain.moment import bounded_seconds, shown_end
from promoter.domain.redaction import one_line, redacted_message
from promoter.forges.github.api.http import NoAnswerError
from promoter.forges.github.api.rate_limits import seconds_to_wait
from promoter.git.failures import OWN_RUN, RULE_HINTS, bad_token, for_this_run
from promoter.system.environment import token_variable

_OTHER_API = "Check --api-url: that of GitHub Enterprise Server ends with /api/v3."
_UNSIGNED = (
    "verified signatures",
    "The branch takes verified commits alone: use a GitHub App's token, whose commits GitHub signs.",
)
# What the API says of a branch's classic protection, which does not pass by itself.
_PROTECTIONS = (
    (
        "cannot force-push|cannot delete this branch",
        "A rule protects the branches of promotions: exempt promote/** from it, or this account.",
    ),
    (
        "through a pull request|status checks? .*expected|through the merge queue",
        "The branch is protected: set deliver: pull-request, or allow this account to push there.",
    ),
)
_MISSING = "The repository's name is wrong"
_NEEDED = "needs 'contents: write' and 'pull-requests: write' there"
_LIMITS = ("rate limit", "abuse detection")
_HOST = re.compile(r"\bto (?:host )?([^\s,]+)")
# GraphQL answers with an error inside of a 200 where it could not do its work.
_OUTAGES = ("something went wrong", "timed out", "timeout")


# An answer that is not GitHub's: another API, or a page of HTML.
UNLIKE = (AssertionError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


class GitHubError(Exception):
    """An answer of GitHub's that is an error, or GraphQL's errors inside of an answer."""

    def __init__(self, status: int, data: object, headers: Mapping[str, str]) -> None:
        super().__init__(status)
        self.status, self.data, self.headers = status, data, headers


class RedirectedError(RuntimeError):
    """The API answers that what is asked for is elsewhere."""

    def __init__(self, to: str) -> None:
        super().__init__(to)
        self.to = to


FAILURES = (GitHubError, NoAnswerError, RuntimeError, *UNLIKE)
"""What a request can end in: errors of GitHub's, no answer, a redirect away, another's answer."""


def error_body(text: str) -> dict[str, Any]:
    """Return the JSON object that an answer of REST complains with; {} where it has none."""
    said = None
    with suppress(ValueError):
        said = parse_json(text)
    return said if isinstance(said, dict) else {}


def is_passing(error: BaseException) -> bool:
    """Return whether a failed request may succeed a little later: an outage, a limit, a lag."""
    if isinstance(error, NoAnswerError):
        return error.may_pass
    if not isinstance(error, GitHubError):
        return False
    if error.status >= 500 or error.status == 429 or is_limit(error) or is_lag(error):
        return True
    said = message_of(error).lower()
    # What is there already will be found: the lists of GitHub are behind what it has.
    if error.status == 422 and "already exists" in said:
        return True
    return is_of_graphql(error) and any(words in said for words in _OUTAGES)


def is_lag(error: BaseException) -> bool:
    """Return whether GitHub does not know yet what was just pushed; that lasts for some seconds."""
    if not isinstance(error, GitHubError) or error.status != 422:
        return False
    return (
        _names_field(error, "head", "invalid") or "no commits between" in message_of(error).lower()
    )


def is_of_graphql(error: BaseException) -> bool:
    """Return whether it was GraphQL that failed, rather than the request for it."""
    data = getattr(error, "data", None)
    errors = data.get("errors") if isinstance(data, dict) and "message" not in data else None
    return isinstance(errors, list)


def is_limit(error: BaseException) -> bool:
    """Return whether GitHub asks for patience."""
    if not isinstance(error, GitHubError):
        return False
    said = message_of(error).lower()
    if is_of_graphql(error):
        return any(word in said for word in _LIMITS)
    if error.status not in (403, 429):
        return False
    return retry_after(error) is not None or any(word in said for word in _LIMITS)


def retry_after(error: BaseException) -> float | None:
    """Return the seconds that GitHub asks to wait, where it says them."""
    headers = getattr(error, "headers", None) or {}
    return seconds_to_wait(headers, message_of(error))


def message_of(error: BaseException) -> str:
    """Return what GitHub said, with the single complaints of a validation or of GraphQL."""
    if not isinstance(error, GitHubError):
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


def github_error(work: str, error: Exception, *, is_known: bool = False) -> RemoteError:
    """Return a failure as an error that says what GitHub said, and what to do about it.

    `is_known`: the repository has answered before.
    """
    if isinstance(error, NoAnswerError):
        return RemoteError(f"{work}: {error.reason}", error.hint)
    if isinstance(error, RuntimeError):
        return _redirected(work, error)
    if not isinstance(error, GitHubError):
        return RemoteError(f"{work}: the answer is not GitHub's", "Check --api-url.")
    said = " ".join(redacted_message(message_of(error)).split())
    rules = (_UNSIGNED, *RULE_HINTS, *_PROTECTIONS)
    rule = next((hint for sign, hint in rules if re.search(sign, said.lower())), "")
    # GraphQL's errors are in an answer that has come.
    status = "" if is_of_graphql(error) else f"{error.status} "
    hint = for_this_run(rule or _hint(error, said.lower()))
    is_missing = hint.startswith(_MISSING)
    if is_missing and is_known:
        # A repository that has answered is there: what is missing is a permission, or a part of it.
        hint = for_this_run(f"It is gone, or the token of {token_variable()} {_NEEDED}{OWN_RUN}.")
    kind = NotFoundError if is_missing and not is_known else RemoteError
    return kind(f"{work}: {status}{said}".strip()[:500], hint)


def _redirected(work: str, error: RuntimeError) -> RemoteError:
    """Return the end of a run whose API is elsewhere, and say where."""
    # PyGithub follows a renamed repository itself, and says to which host it does not go.
    found = _HOST.search(str(error))
    target = error.to if isinstance(error, RedirectedError) else found[1] if found else ""
    where = f" to {one_line(target.partition('?')[0])}" if target else ""
    return RemoteError(
        f"{work}: the API redirects{where}, and the token is not taken there",
        "The repository or the API has moved: give its new URL as --repo or --api-url.",
    )


def _hint(error: GitHubError, said: str) -> str:
    """Return what to do about an answer of GitHub's."""
    headers = error.headers or {}
    if "archived" in said:
        return "Unarchive the repository, or give the one that took its place."
    if "saml" in said or "x-github-sso" in headers:
        return "Authorise the token for the organisation's single sign-on, in its settings."
    if error.status == 401:
        return f"The token is not valid. {bad_token()}"
    if is_limit(error):
        return f"The API's limit is reached: run again {_limit_ends(headers)}."
    if "not permitted to create" in said:
        return (
            "Allow Actions to create pull requests in the repository's settings, "
            "or use a GitHub App's token."
        )
    if error.status == 403:
        needs = headers.get("x-accepted-github-permissions") or headers.get(
            "x-accepted-oauth-scopes"
        )
        permissions = f" (GitHub says: {needs})" if needs else ""
        return f"The token of {token_variable()} {_NEEDED}{permissions}{OWN_RUN}."
    if error.status == 404:
        # An answer of GitHub itself has a message.
        return f"{_MISSING}, or the token may not see it{OWN_RUN}." if said else _OTHER_API
    if error.status >= 500:
        return "GitHub has a problem: running again is safe."
    if error.status in (301, 302, 307, 308):
        return "The repository has moved: give its new URL."
    return "Running again is safe."


def _limit_ends(headers: Mapping[str, str]) -> str:
    """Return when the API answers again, as GitHub says it."""
    end, seconds = headers.get("x-ratelimit-reset", ""), headers.get("retry-after", "")
    if str(seconds).isdecimal():
        return f"after {seconds} s"
    if str(end).isdecimal() and headers.get("x-ratelimit-remaining") == "0":
        return f"after {shown_end(bounded_seconds(int(end)))}"
    return "later"


def _names_field(error: GitHubError, field: str, code: str) -> bool:
    """Return whether a validation error complains of a field."""
    errors = error.data.get("errors", []) if isinstance(error.data, dict) else []
    return any(
        isinstance(one, dict) and one.get("field") == field and one.get("code") == code
        for one in (errors if isinstance(errors, list) else [])
    )
