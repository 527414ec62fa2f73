"""GitHub Apps: signed requests, installations, and the tokens made for them."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from tests.servers.github import shapes
from tests.servers.github.errors import RejectedError, not_found
from tests.servers.github.shapes import MOMENT
from tests.servers.github.tokens import Token

if TYPE_CHECKING:
    from tests.servers.github.routes import Answer, Request
    from tests.servers.github.server import GitHub

_LEVELS = ("read", "write", "admin")
_HOUR, _LONGEST = 3600, 600


@dataclass
class App:
    """One App with its key pair; `installed` says whether it is on the server's repository."""

    key: str
    public: str
    id: int = 4711
    client_id: str = "Iv23liAbC.4711"
    slug: str = "promoter"
    installation: int = 815
    installed: bool = True
    suspended: bool = False
    # How many uses of a new token are answered with 401, until it is known everywhere.
    lag: int = 0
    permissions: dict[str, str] = field(
        default_factory=lambda: {
            "contents": "write", "pull_requests": "write", "issues": "write", "metadata": "read",
        }
    )  # fmt: skip

    @classmethod
    def make(cls, **how: Any) -> App:
        """Return an App with a new key pair."""
        # Late: only the tests of Apps need keys.
        from cryptography.hazmat.primitives import serialization as form
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = key.private_bytes(
            form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption()
        )
        public = key.public_key().public_bytes(
            form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
        )
        return cls(private.decode(), public.decode(), **how)


def answer(github: GitHub, request: Request, rest: str) -> Answer:
    """Answer a request that only an App's own signature opens."""
    app = _signed(github, request)
    if rest == "/app" and request.method == "GET":
        return 200, _shown(github, app)
    if rest == "/installation" and request.method == "GET":
        if not app.installed:
            raise not_found()
        return 200, _installation(github, app)
    if rest == f"/app/installations/{app.installation}/access_tokens" and app.installed:
        return 201, _minted(github, app, request.body or {})
    raise not_found()


def _signed(github: GitHub, request: Request) -> App:
    """Return the App whose key signed the request."""
    import jwt

    text = request.authorization.partition(" ")[2]
    app = github.app
    try:
        claims = jwt.decode(text, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise RejectedError(401, "A JSON web token could not be decoded") from None
    if app is None or str(claims.get("iss")) not in (str(app.id), app.client_id):
        raise RejectedError(404, "Integration not found")
    try:
        claims = jwt.decode(text, app.public, algorithms=["RS256"], options={"verify_iss": False})
    except jwt.ExpiredSignatureError:
        said = (
            "'Expiration time' claim ('exp') must be a numeric value representing the future time"
        )
        raise RejectedError(401, f"{said} at which the assertion expires") from None
    except jwt.InvalidTokenError:
        raise RejectedError(401, "A JSON web token could not be decoded") from None
    if claims.get("exp", 0) > time.time() + _LONGEST + 60:
        raise RejectedError(401, "'Expiration time' claim ('exp') is too far in the future")
    return app


def _shown(github: GitHub, app: App) -> dict[str, Any]:
    return {
        "id": app.id,
        "slug": app.slug,
        "node_id": f"A_{app.id}",
        "owner": shapes.user(github, github.owner),
        "name": app.slug,
        "description": None,
        "external_url": github.origin,
        "html_url": f"{github.origin}/apps/{app.slug}",
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "permissions": app.permissions,
        "events": [],
        "installations_count": int(app.installed),
    }


def _installation(github: GitHub, app: App) -> dict[str, Any]:
    url = f"{github.api_url}/app/installations/{app.installation}"
    return {
        "id": app.installation,
        "account": shapes.user(github, github.owner),
        "repository_selection": "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{github.api_url}/installation/repositories",
        "html_url": f"{github.origin}/settings/installations/{app.installation}",
        "app_id": app.id,
        "app_slug": app.slug,
        "target_id": 1,
        "target_type": "Organization",
        "permissions": app.permissions,
        "events": [],
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "single_file_name": None,
        "suspended_by": None,
        "suspended_at": MOMENT if app.suspended else None,
    }


def _minted(github: GitHub, app: App, body: dict[str, Any]) -> dict[str, Any]:
    """Make a token, with no more than the installation was granted."""
    if app.suspended:
        raise RejectedError(403, "This installation has been suspended")
    wanted = cast("dict[str, str]", body.get("permissions") or app.permissions)
    for name, level in wanted.items():
        granted = app.permissions.get(name)
        if granted is None or _LEVELS.index(level) > _LEVELS.index(granted):
            said = "The permissions requested are not granted to this installation."
            raise RejectedError(422, said)
    if any(name != github.name for name in body.get("repositories") or ()):
        raise RejectedError(
            422,
            "There is at least one repository that does not exist or is not accessible to the "
            "parent installation.",
        )
    text = f"ghs_{secrets.token_hex(18)}"
    expires = time.time() + _HOUR
    permissions = {**wanted, "metadata": "read"}
    github.tokens[text] = Token(
        user=f"{app.slug}[bot]", integration=True, permissions=permissions,
        repository=github.full_name, lag=app.lag, expires=expires,
    )  # fmt: skip
    moment = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "token": text,
        "expires_at": moment,
        "permissions": permissions,
        "repository_selection": "selected",
    }
