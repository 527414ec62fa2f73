"""The first query, sent before the engine is imported: the server answers while that loads."""

from __future__ import annotations

from concurrent.futures import Future, wait

from promoter.forges.github.api.http import GitHubHttp, graphql_request
from promoter.forges.github.first_look import first_pulls, overview
from promoter.forges.github.first_look.guess import Guess, guess
from promoter.forges.kinds import ForgeConnection
from promoter.system.http import Answer, HttpRequest
from promoter.system.threads import in_background


class FirstQuery:
    """A query that is under way; its answer is taken one time."""

    def __init__(
        self, http: GitHubHttp, request: HttpRequest, pulls_of: Guess | None = None
    ) -> None:
        self.pulls_of = pulls_of
        """Whose pulls it asks for, where it asks for nothing that git brings."""
        self._request = request
        self._answer: Future[Answer] | None = in_background(lambda: http.send(request))

    def is_for(self, request: HttpRequest) -> bool:
        """Return whether a request asks the same, and the answer was not taken yet."""
        return self._answer is not None and request == self._request

    def is_there(self, seconds: float) -> bool:
        """Wait for the answer, but no longer than so many seconds; say whether there is one."""
        return self._answer is not None and bool(wait((self._answer,), seconds).done)

    def answer(self) -> Answer:
        """Return the answer as soon as it is there; raises what the request failed with."""
        taken, self._answer = self._answer, None
        assert taken is not None
        return taken.result()


def begin(connection: ForgeConnection, http: GitHubHttp) -> FirstQuery | None:
    """Begin the look that the run is opened for; None where there is none for a single app."""
    look = connection.look
    if look is None or len(look.apps) != 1 or connection.token is None:
        return None
    owner, name = connection.address.owner_and_name
    wanted = guess(look.apps[0], look.environments, look.base)
    query = overview.query(look.base, wanted) if look.reads_files else first_pulls.query(wanted)
    names = {"owner": owner, "name": name}
    request = graphql_request(str(connection.api_url), connection.token, query, names)
    return FirstQuery(http, request, None if look.reads_files else wanted)
