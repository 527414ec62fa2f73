"""What the server answers when it does not do what was asked."""

from __future__ import annotations

from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
)
SSO = (
    "Resource protected by organization SAML enforcement. You must grant your Personal Access "
    "token access to this organization."
)


class RejectedError(Exception):
    """An answer that is an error."""

    def __init__(
        self, status: int, message: str, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body = {"message": message, "documentation_url": DOCUMENTATION, **more}


class GraphError(Exception):
    """An error of one field of a GraphQL answer."""

    def __init__(self, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.body: dict[str, Any] = {"type": kind, "message": message, **more}


def invalid(field: str | None, **error: str) -> RejectedError:
    """Return the answer to a body that breaks one rule."""
    found = {"resource": "PullRequest", "code": "custom", **error}
    if field:
        found["field"] = field
    return RejectedError(422, "Validation Failed", errors=[found])


def not_found() -> RejectedError:
    """Return the answer to what is not there, or must not be seen."""
    return RejectedError(404, "Not Found")
