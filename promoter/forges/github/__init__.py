"""GitHub and GitHub Enterprise Server, by GraphQL and through PyGithub; no write is retried blindly.

What is imported here costs nothing: the libraries are loaded by what opens the forge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promoter.domain.errors import UsageError
from promoter.domain.forges import is_other_forge
from promoter.domain.urls import check_url, host_of
from promoter.forges.kinds import ForgeConnection, ForgeKind

if TYPE_CHECKING:
    from pydantic import SecretStr

    from promoter.domain.address import Address
    from promoter.forges import Forge
    from promoter.forges.github.forge import GitHubForge
    from promoter.forges.github.repository import GitHubRepository


# GitHub Enterprise Cloud with data residency: each enterprise has a name below it.
_RESIDENT = ".ghe.com"


def _serves(address: Address) -> bool:
    return address.host == "github.com" or address.host.endswith(_RESIDENT)


def _api_url(address: Address, variables: Mapping[str, str]) -> str:
    """Return the runner's own API where it serves this host, else the one that the host implies."""
    server, api = variables.get("GITHUB_SERVER_URL"), variables.get("GITHUB_API_URL")
    if api and server and host_of(server) == address.host:
        check_url(api)
        return api.rstrip("/")
    if address.host == "github.com" or address.host.endswith(_RESIDENT):
        return f"https://api.{address.host}"
    scheme = "http" if address.scheme == "http" else "https"
    host = address.host if address.scheme != "ssh" else urlsplit(f"//{address.host}").hostname
    return f"{scheme}://{host}/api/v3"


def _open(connection: ForgeConnection) -> GitHubForge:
    where = connection.address
    if is_other_forge(where.host):
        raise UsageError(
            f"{where.host} is not GitHub, and promote opens no pull requests there",
            "Deliver by push (deliver: push), or keep the GitOps repository on GitHub.",
        )
    if where.local or connection.api_url is None:
        raise UsageError(
            f"{where.path} is a folder, and the github forge keeps no pull requests there",
            "Give the repository's URL, or --forge local.",
        )
    from promoter.forges.github.api.http import GitHubHttp
    from promoter.forges.github.first_look.first_query import begin

    http = GitHubHttp(connection.deadline, connection.authorities)
    first = begin(connection, http)
    # Only now: the query is answered meanwhile. The repository is asked later, for its history.
    from promoter.forges.github import repository as _  # noqa: F401
    from promoter.forges.github.api.client import Client
    from promoter.forges.github.forge import GitHubForge

    client = Client(connection.api_url, where.owner_and_name, connection.token, http, first)
    return GitHubForge(client)


def _repository(forge: Forge, environments: Sequence[str], now: int) -> GitHubRepository:
    from promoter.forges.github.forge import GitHubForge
    from promoter.forges.github.repository import GitHubRepository

    # On the forge's own connection, so that one count has all requests.
    assert isinstance(forge, GitHubForge)
    return GitHubRepository(forge.client, environments, now=now)


def _app_token(connection: ForgeConnection, app: tuple[str, SecretStr]) -> SecretStr:
    from promoter.forges.github.api.app import app_token
    from promoter.forges.github.api.http import GitHubHttp

    http = GitHubHttp(connection.deadline, connection.authorities)
    return app_token(str(connection.api_url), connection.address.owner_and_name, app, http)


def _connect(api_url: str, authorities: str | None) -> None:
    from promoter.forges.github.api.early_connection import open_early

    open_early(api_url, authorities)


KIND = ForgeKind(
    "github",
    _serves,
    _open,
    api_url=_api_url,
    api_variables=("GITHUB_SERVER_URL", "GITHUB_API_URL"),
    token_variables=("GITHUB_TOKEN", "GH_TOKEN"),
    token_hint="Set GITHUB_TOKEN to a token with 'contents: write' and 'pull-requests: write'.",  # noqa: S106 - words for the user
    git_user="x-access-token",
    repository=_repository,
    app_token=_app_token,
    connect=_connect,
)
