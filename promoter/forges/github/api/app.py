"""A GitHub App's token for one repository: from id and private key to a token that works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

import jwt
from github import Auth
from pydantic import SecretStr

from promoter.domain.errors import RemoteError, UsageError
from promoter.domain.redaction import add_secret
from promoter.forges.github.api.failures import FAILURES, GitHubError, github_error
from promoter.forges.github.api.http import GitHubHttp
from promoter.forges.github.api.rest import connect, own_errors
from promoter.forges.github.api.retry import until_done, until_known
from promoter.system.budget import APP_SETTLING
from promoter.system.deadline import Deadline

T = TypeVar("T")

# What GitHub asks an App to sign by.
_ALGORITHM = "RS256"
# The least that a promotion needs; labels, reviewers and merging are covered by the second.
PERMISSIONS = {"contents": "write", "pull_requests": "write"}
# What a review by a team takes besides; most Apps are not granted it.
_TO_ASK_TEAMS = {"members": "read"}
_UNKNOWN = "The key is not this App's, its id is wrong, or this machine's clock is."


def app_token(
    api_url: str, repository: tuple[str, str], by: tuple[str, SecretStr], http: GitHubHttp
) -> SecretStr:
    """Return a short-lived token of the App's installation on the repository, tried before use.

    `by` is the App's id and its private key.
    """
    (owner, name), (app, key), deadline = repository, by, http.deadline
    requester = connect(api_url, _authentication(app, key), http)
    work = f"could not get a token of App {app} for {owner}/{name}"
    place = f"/repos/{quote(owner)}/{quote(name)}"

    def asked(method: str, path: str, wanted: object = None) -> dict[str, Any]:
        answer: dict[str, Any] = requester.requestJsonAndCheck(method, path, input=wanted)[1]
        return answer

    def installed() -> tuple[int, dict[str, str]]:
        answer = asked("GET", f"{place}/installation")
        granted = answer.get("permissions")
        reads_teams = isinstance(granted, dict) and granted.get("members") in ("read", "write")
        return answer["id"], _TO_ASK_TEAMS if reads_teams else {}

    installation, more = _asked(work, installed, _not_installed(app, owner), deadline)
    # PyGithub's own way asks for a token that reaches every repository of the installation.
    path = f"/app/installations/{installation}/access_tokens"
    wanted = {"permissions": {**PERMISSIONS, **more}, "repositories": [name]}
    minted = _asked(
        work,
        lambda: asked("POST", path, wanted)["token"],
        _not_granted(app),
        deadline,
    )
    add_secret(minted)
    token = SecretStr(minted)
    _verify(api_url, repository, token, http)
    return token


def _authentication(app: str, key: SecretStr) -> Auth.AppAuth:
    """Return the App's own authentication, or raise `UsageError` for a key that is none."""
    try:
        # In an environment, line breaks are often written as two characters.
        plain = key.get_secret_value().replace("\\n", "\n")
        # Made ready once: checking the numbers of a key takes far longer than signing with it.
        ready = jwt.get_algorithm_by_name(_ALGORITHM).prepare_key(plain)
        authentication = Auth.AppAuth(
            app, sign_func=lambda payload: jwt.encode(payload, ready, algorithm=_ALGORITHM)
        )
        authentication.create_jwt()
    except Exception:  # noqa: BLE001 - the key's libraries raise what they like
        raise UsageError(
            f"the private key of App {app} is not a key that can be used",
            "Give the whole .pem file that GitHub made for the App, with its BEGIN and END lines.",
        ) from None
    return authentication


def _verify(api_url: str, repository: tuple[str, str], token: SecretStr, http: GitHubHttp) -> None:
    """Wait until the token is known to GitHub; it is refused for a moment after it was made."""
    requester, place = connect(api_url, token, http), "/".join(map(quote, repository))
    ask = own_errors()(lambda: requester.requestJsonAndCheck("GET", f"/repos/{place}"))
    try:
        until_known(ask, APP_SETTLING.of(http.deadline.remaining()), (401, 404))
    except FAILURES as error:
        failed = github_error(f"the App's new token does not open {'/'.join(repository)}", error)
        unknown = getattr(error, "status", 0) == 401
        raise RemoteError(failed.message, _UNKNOWN if unknown else failed.hint) from error


def _asked(
    work: str, ask: Callable[[], T], explain: Callable[[int], str | None], deadline: Deadline
) -> T:
    """Return an answer, or raise `RemoteError` with the explanation of its status.

    A token too many does no harm: what passes by itself is asked again.
    """
    try:
        return until_done(own_errors()(ask), deadline.remaining())
    except FAILURES as error:
        failed = github_error(work, error)
        status = error.status if isinstance(error, GitHubError) else 0
        hint = explain(status) or (_UNKNOWN if status == 401 else failed.hint)
        if "integration not found" in failed.message.lower():
            hint = (
                "GitHub knows no such App. Check PROMOTER_GITHUB_APP_ID: the App's page shows it."
            )
        raise RemoteError(failed.message, hint) from error


def _not_installed(app: str, owner: str) -> Callable[[int], str | None]:
    hints = {
        404: f"Install App {app} on {owner}, and give it this repository.",
        401: _UNKNOWN,
    }
    return hints.get


def _not_granted(app: str) -> Callable[[int], str | None]:
    wanted = ", ".join(f"'{name}: {level}'" for name, level in PERMISSIONS.items())
    hints = {
        422: f"Grant App {app} {wanted} and this repository, and accept it where it is installed.",
        403: f"Grant App {app} {wanted}, and accept it where it is installed.",
    }
    return hints.get
