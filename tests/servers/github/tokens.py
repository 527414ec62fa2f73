"""Who asks, and what they may: personal tokens, tokens of Apps, tokens of Actions runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.servers.github.errors import SSO, RejectedError, not_found

if TYPE_CHECKING:
    from tests.servers.github.server import GitHub


@dataclass
class Token:
    """One token; `GitHub.tokens` takes a plain yes or no for write access as well."""

    write: bool = True
    user: str = "bot"
    # Of an App or an Actions run: such a token may what is granted, and is named in refusals.
    integration: bool = False
    permissions: dict[str, str] | None = None
    # The only repository it reaches; None is all of its user's.
    repository: str | None = None
    # Of a classic personal token; writing needs `repo`.
    scopes: str | None = None
    # The organisation's single sign-on has not been passed.
    needs_sso: bool = False
    # The first uses for which it is not known everywhere yet.
    lag: int = 0
    expires: float | None = None

    @classmethod
    def of_actions(cls, repository: str) -> Token:
        """Return a workflow's own GITHUB_TOKEN."""
        granted = {"contents": "write", "pull_requests": "write", "metadata": "read"}
        return cls(
            user="github-actions[bot]",
            integration=True,
            permissions=granted,
            repository=repository,
        )

    @classmethod
    def fine_grained(cls) -> Token:
        """Return a person's token with what the README names."""
        granted = {"contents": "write", "pull_requests": "write", "metadata": "read"}
        return cls(permissions=granted)

    def may(self, permission: str) -> bool:
        """Say whether it may write where this permission is needed; `a|b` is either."""
        if not self.write or (self.scopes is not None and "repo" not in self.scopes.split(", ")):
            return False
        if self.permissions is None:
            return True
        return any(self.permissions.get(one) == "write" for one in permission.split("|"))

    @property
    def headers(self) -> dict[str, str]:
        """What each answer says of it."""
        return {} if self.scopes is None else {"X-OAuth-Scopes": self.scopes}

    def may_read(self, permission: str) -> bool:
        """Say whether it may read where this permission is needed."""
        return self.permissions is None or permission in self.permissions

    def reaches(self, full_name: str) -> bool:
        """Say whether the repository is one of its own."""
        return self.repository in (None, full_name)


def known(github: GitHub, text: str | None) -> Token:
    """Return the token with this text, or reject with 401."""
    found = github.tokens.get(text or "")
    if found is None:
        raise RejectedError(401, "Bad credentials")
    token = found if isinstance(found, Token) else Token(write=found)
    if token.lag > 0:
        token.lag -= 1
        raise RejectedError(401, "Bad credentials")
    if token.expires is not None and token.expires < time.time():
        raise RejectedError(401, "Bad credentials")
    return token


def check(github: GitHub, token: Token | None, permission: str, *, writes: bool) -> None:
    """Reject what the token may not do with the server's repository."""
    if token and token.needs_sso:
        where = f"https://github.com/orgs/{github.owner}/sso?authorization_request=A1B2"
        raise RejectedError(403, SSO, headers={"X-GitHub-SSO": f"required; url={where}"})
    reached = token is not None and token.reaches(github.full_name)
    if github.private and not reached:
        raise not_found()
    if not writes:
        return
    if token is None:
        raise RejectedError(401, "Requires authentication")
    if not reached or not token.may(permission):
        raise RejectedError(403, refusal(token), headers=_needs(token, permission))


def refusal(token: Token) -> str:
    """Return the words in which a write is refused to a token."""
    kind = "integration" if token.integration else "personal access token"
    return f"Resource not accessible by {kind}"


def _needs(token: Token, permission: str) -> dict[str, str]:
    if token.scopes is not None:
        return {"X-OAuth-Scopes": token.scopes, "X-Accepted-OAuth-Scopes": "repo"}
    wanted = "; ".join(f"{one}=write" for one in permission.split("|"))
    return {"X-Accepted-GitHub-Permissions": wanted}
