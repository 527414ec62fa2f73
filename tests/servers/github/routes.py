"""Which function answers which request: a table that the modules of endpoints fill."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from tests.servers.github.errors import RejectedError, not_found

if TYPE_CHECKING:
    from tests.servers.github.server import GitHub
    from tests.servers.github.tokens import Token

Answer = tuple[int, Any]
Endpoint = Callable[..., Answer]

_PAGE, _PAGE_LIMIT = 30, 100


@dataclass
class Request:
    """One API request, with the headers that its answer is to carry."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    authorization: str = ""
    token: Token | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def user(self) -> str:
        """Who asks."""
        return self.token.user if self.token else "anonymous"

    def text(self, name: str) -> str:
        """Return a field of the body that must be a text."""
        value = self.body.get(name) if isinstance(self.body, dict) else None
        if not isinstance(value, str):
            raise RejectedError(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        return value


@dataclass(frozen=True)
class _Route:
    method: str
    pattern: re.Pattern[str]
    endpoint: Endpoint
    permission: str


_ROUTES: list[_Route] = []


def route(method: str, template: str, permission: str = "metadata") -> Callable[..., Endpoint]:
    """Let a function answer a path below the repository: `{one}` segment or `{several+}`.

    The permission is what a write needs; reading needs the same for a private repository.
    """
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
    pattern = re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", pattern)

    def register(endpoint: Endpoint) -> Endpoint:
        _ROUTES.append(_Route(method, re.compile(pattern), endpoint, permission))
        return endpoint

    return register


def find(method: str, path: str) -> tuple[Endpoint, dict[str, str], str]:
    """Return what answers a path, what the path names, and the permission a write needs."""
    for one in _ROUTES:
        if one.method == method and (found := one.pattern.fullmatch(path)):
            names = {name: unquote(value) for name, value in found.groupdict().items()}
            return one.endpoint, names, one.permission
    raise not_found()


def page(github: GitHub, request: Request, items: list[Any]) -> list[Any]:
    """Return the part of a list that was asked for; the answer links to the other parts."""
    size = max(1, min(_PAGE_LIMIT, int(request.query.get("per_page", _PAGE))))
    number = max(1, int(request.query.get("page", 1)))
    last = -(-len(items) // size) or 1
    wanted = {"first": 1, "prev": number - 1} if number > 1 else {}
    if number < last:
        wanted |= {"next": number + 1, "last": last}

    def link(to: int) -> str:
        query = urlencode({**request.query, "page": to})
        return f"<{github.api_url}{request.path}?{query}>"

    if wanted:
        links = [f'{link(to)}; rel="{name}"' for name, to in wanted.items()]
        request.headers["Link"] = ", ".join(links)
    return items[(number - 1) * size : number * size]
