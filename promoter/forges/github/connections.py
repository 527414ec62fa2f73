"""PyGithub's connections, over which our own bounds hold, and the retry of what only reads."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from github import Github, GithubRetry, RateLimitExceededException
from github.Requester import (
    HTTPRequestsConnectionClass,
    HTTPSRequestsConnectionClass,
    RequestsResponse,
)
from urllib3.exceptions import HTTPError

from promoter.forges.github.http import LIMIT, Answer, Request, patience, send

if TYPE_CHECKING:
    from collections import Counter

    from github import GithubIntegration
    from github.Auth import Auth as Authentication

    from promoter.domain.deadline import Deadline
    from promoter.forges.github.first_query import FirstQuery


class _Response(RequestsResponse):
    """An answer that has been read already, within its bounds."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.response)
        self._text = answer.text

    def read(self) -> str:
        """Return the text."""
        return self._text


def bound(
    github: Github | GithubIntegration, deadline: Deadline, first: FirstQuery | None = None
) -> None:
    """Give a client connections that end with the deadline and with the largest answer.

    They go on over the connection of the first query, and take its answer where they are to ask
    the same.
    """

    class Http(HTTPRequestsConnectionClass):
        def getresponse(self) -> RequestsResponse:
            return _answer(self, deadline, first)

    class Https(HTTPSRequestsConnectionClass):
        def getresponse(self) -> RequestsResponse:
            return _answer(self, deadline, first)

    # `injectConnectionClasses` would do, but for one connection a request from then on.
    requester: Any = github.requester
    is_plain = urlsplit(requester.base_url).scheme == "http"
    requester._Requester__connectionClass = Http if is_plain else Https  # noqa: SLF001 - see above
    requester._Requester__httpConnectionClass = Http  # noqa: SLF001 - see above
    requester._Requester__httpsConnectionClass = Https  # noqa: SLF001 - see above


def _answer(
    connection: Any,  # noqa: ANN401 - one of two
    deadline: Deadline,
    first: FirstQuery | None,
) -> RequestsResponse:
    """Return a request's answer, read up to the bounds."""
    url = f"{connection.protocol}://{connection.host}:{connection.port}{connection.url}"
    request = Request(connection.verb, url, connection.headers, connection.input)
    if first is None:
        return _Response(send(connection.session, request, connection.timeout, deadline))
    if first.is_for(request):
        return _Response(first.answer())
    first.session.get_adapter(url).max_retries = connection.retry  # type: ignore[attr-defined]
    return _Response(send(first.session, request, connection.timeout, deadline))


class ReadRetry(GithubRetry):
    """The retry of reads, bounded: how much of a refusal is read, and how long one is waited for."""

    def get_retry_after(self, response: Any) -> float | None:  # noqa: ANN401 - urllib3's own
        """Return the seconds that the server asks to wait; more than the run has left is an error."""
        try:
            seconds = super().get_retry_after(response)
        except (HTTPError, ValueError, ArithmeticError):
            return None
        if seconds is not None and seconds > (self.max_rate_limit_wait or 0):
            said = {"message": "API rate limit exceeded"}
            raise RateLimitExceededException(response.status, said, dict(response.headers))
        return seconds

    @staticmethod
    def get_content(resp: Any, url: str) -> bytes:  # noqa: ANN401 - urllib3's own
        """Return the body of a refusal."""
        del url
        data: bytes = resp.read(LIMIT, decode_content=True)
        return data


def reads_only(deadline: Deadline) -> ReadRetry:
    """Return the retry of reads: a write may have been done before its answer broke."""
    return ReadRetry(
        total=5,
        backoff_factor=0.2,
        status_forcelist=[429, *range(500, 600)],
        allowed_methods={"GET"},
        secondary_rate_wait=5,
        max_rate_limit_wait=deadline.remaining(),
    )


class _RequestCounter(logging.Handler):
    """Counts requests from the lines that PyGithub logs, of which nothing is ever formatted."""

    def __init__(self, counts: Counter[str]) -> None:
        super().__init__(logging.DEBUG)
        self._counts = counts

    def emit(self, record: logging.LogRecord) -> None:
        """Count one request by its method."""
        if isinstance(record.args, tuple) and len(record.args) > 6:
            self._counts[str(record.args[0])] += 1


def connect(
    api_url: str,
    authentication: Authentication | None,
    deadline: Deadline,
    counts: Counter[str],
    first: FirstQuery | None = None,
) -> Github:
    """Return PyGithub set up so that only reads are repeated, and every request is counted."""
    logger = logging.getLogger("github.Requester")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.handlers[:] = [_RequestCounter(counts)]
    # Its retry quotes what servers say, terminal escapes and all.
    logging.getLogger("github.GithubRetry").propagate = False
    github = Github(
        base_url=api_url,
        auth=authentication,
        retry=reads_only(deadline),
        timeout=patience(deadline),
        seconds_between_requests=0,
        seconds_between_writes=0,
        per_page=30,
        user_agent="promoter",
        lazy=True,
    )
    bound(github, deadline, first)
    return github
