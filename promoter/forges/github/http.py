"""PyGithub's connections with bounds: an answer may be so large and take so long, whatever is sent."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from github import GithubRetry, RateLimitExceededException
from github.Requester import (
    HTTPRequestsConnectionClass,
    HTTPSRequestsConnectionClass,
    RequestsResponse,
)
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from github import Github, GithubIntegration

    from promoter.domain.deadline import Deadline

# Ten thousand names with their texts take a tenth of it.
LIMIT = 32 * 1024 * 1024
# What is read at once: compressed, so much can become a thousand times as much.
_LOG = logging.getLogger(__name__)
_CHUNK = 16 * 1024


class OversizedError(requests.RequestException):
    """The API sends more than any answer of use has."""


class _Response(RequestsResponse):
    """An answer that has been read already, within its bounds."""

    def __init__(self, response: requests.Response, data: bytes) -> None:
        super().__init__(response)
        self._data = data

    def read(self) -> str:
        """Return the text."""
        return self._data.decode(self.response.encoding or "utf-8", "replace")


def bound(github: Github | GithubIntegration, deadline: Deadline) -> None:
    """Give a client connections that end with the deadline and with the largest answer."""

    class Http(HTTPRequestsConnectionClass):
        def getresponse(self) -> RequestsResponse:
            return _answer(self, deadline)

    class Https(HTTPSRequestsConnectionClass):
        def getresponse(self) -> RequestsResponse:
            return _answer(self, deadline)

    # `injectConnectionClasses` would do, but for one connection a request from then on.
    requester: Any = github.requester
    is_plain = urlsplit(requester.base_url).scheme == "http"
    requester._Requester__connectionClass = Http if is_plain else Https  # noqa: SLF001 - see above
    requester._Requester__httpConnectionClass = Http  # noqa: SLF001 - see above
    requester._Requester__httpsConnectionClass = Https  # noqa: SLF001 - see above


def _answer(connection: Any, deadline: Deadline) -> RequestsResponse:  # noqa: ANN401 - one of two
    """Return a request's answer, read up to the bounds."""
    begin = time.monotonic()
    send = getattr(connection.session, connection.verb.lower())
    response: requests.Response = send(
        f"{connection.protocol}://{connection.host}:{connection.port}{connection.url}",
        headers=connection.headers,
        data=connection.input,
        timeout=connection.timeout,
        verify=connection.verify,
        allow_redirects=False,
        stream=True,
    )
    data = bytearray()
    with response:
        for chunk in _chunks(response):
            data += chunk
            if len(data) > LIMIT:
                raise OversizedError
            if not deadline.remaining():
                raise requests.exceptions.ReadTimeout
    seconds = time.monotonic() - begin
    _LOG.debug(
        "%s %s%s: %d (%.2f s)",
        connection.verb, connection.host, connection.url, response.status_code, seconds,
    )  # fmt: skip
    return _Response(response, bytes(data))


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """Yield an answer's bytes as they come: whoever waits for a full chunk waits for a drip."""
    try:
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            yield chunk
    except HTTPError as error:
        raise requests.ConnectionError(error) from error


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
