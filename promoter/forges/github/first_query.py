"""The first query, sent before PyGithub is imported: the server answers while that loads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from promoter.forges.github import first_pulls, overview
from promoter.forges.github.http import Answer, Request, patience, send
from promoter.forges.github.overview import Guess, guess
from promoter.threads import in_background

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from promoter.forges.kinds import Connection


class FirstQuery:
    """A query that is under way over a session of its own; its answer is taken one time."""

    def __init__(
        self,
        connection: Connection,
        document: str,
        variables: Mapping[str, str],
        pulls_of: Guess | None = None,
    ) -> None:
        self.pulls_of = pulls_of
        """Whose pulls it asks for, where it asks for nothing that git brings."""
        self.session = requests.Session()
        # Something has to stand there, or the login of a `.netrc` file takes the token's place.
        self.session.auth = _as_it_is
        self._body = json.dumps({"query": document, "variables": variables})
        headers = {"Content-Type": "application/json", "User-Agent": "promoter"}
        if connection.token is not None:
            headers["Authorization"] = f"token {connection.token.get_secret_value()}"
        request = Request("POST", _graphql_url(str(connection.api_url)), headers, self._body)
        seconds, deadline = patience(connection.deadline), connection.deadline
        self._answer: Future[Answer] | None = in_background(
            lambda: send(self.session, request, seconds, deadline)
        )

    def is_for(self, request: Request) -> bool:
        """Say whether a request asks the same, and the answer was not taken yet."""
        return self._answer is not None and request.body == self._body

    def answer(self) -> Answer:
        """Return the answer as soon as it is there; raises what the request failed with."""
        taken, self._answer = self._answer, None
        assert taken is not None
        return taken.result()


def begin(connection: Connection) -> FirstQuery | None:
    """Begin the look that the run is opened for; None where there is none for a single app."""
    look = connection.look
    if look is None or len(look.apps) != 1 or connection.token is None:
        return None
    owner, name = connection.address.owner_and_name
    names = {"owner": owner, "name": name}
    wanted = guess(look.apps[0], look.environments, look.base)
    if look.reads_files:
        return FirstQuery(connection, overview.query(wanted), names)
    return FirstQuery(connection, first_pulls.query(wanted), names, wanted)


def _graphql_url(api_url: str) -> str:
    """Return where the API that is at a URL answers GraphQL."""
    parts = urlsplit(api_url)
    path = parts.path.rstrip("/").removesuffix("/v3")
    return parts._replace(path=f"{path}/graphql").geturl()


def _as_it_is(request: Any) -> Any:  # noqa: ANN401 - requests' own
    return request
