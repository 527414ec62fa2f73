"""Requests to the API with bounds: an answer may be so large and take so long, whatever is sent."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from promoter.domain.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promoter.domain.deadline import Deadline

_LOG = logging.getLogger(__name__)
# Ten thousand names with their texts take a tenth of it.
LIMIT = 32 * 1024 * 1024
# What is read at once: compressed, so much can become a thousand times as much.
_CHUNK = 16 * 1024
# One answer may take so long, in seconds.
_PATIENCE = 20


class OversizedError(requests.RequestException):
    """The API sends more than any answer of use has."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; whatever is answered, no redirect is followed."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, and its bytes, which have all been read."""

    response: requests.Response
    data: bytes

    @property
    def text(self) -> str:
        """The bytes as text."""
        return self.data.decode(self.response.encoding or "utf-8", "replace")


def patience(deadline: Deadline) -> int:
    """Return how long one answer may take, in seconds."""
    return max(1, min(_PATIENCE, int(deadline.remaining())))


def send(session: requests.Session, request: Request, seconds: float, deadline: Deadline) -> Answer:
    """Send a request and return its answer; the server may be silent for so many seconds.

    Raises `requests.RequestException`.
    """
    begin = time.monotonic()
    response = session.request(
        request.method,
        request.url,
        headers=dict(request.headers),
        data=request.body,
        timeout=seconds,
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
    spent = time.monotonic() - begin
    url = urlsplit(request.url)
    asked = f"{url.hostname}{url.path}{'?' if url.query else ''}{url.query}"
    _LOG.debug("%s %s: %d (%.2f s)", request.method, asked, response.status_code, spent)
    return Answer(response, bytes(data))


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """Yield an answer's bytes as they come: whoever waits for a full chunk waits for a drip."""
    try:
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            yield chunk
    except HTTPError as error:
        raise requests.ConnectionError(error) from error
