"""Requests over a run's connections: an answer is read whole, and may be so large; failures in words."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from urllib3.exceptions import (
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as TookTooLongError

from promoter.domain.dataclass import dataclass
from promoter.system.environment import PROXY_HINT, PROXY_LOGIN_HINT
from promoter.system.pools import Pool

if TYPE_CHECKING:
    from urllib3 import Retry, Timeout


_LOG = logging.getLogger(__name__)
# What is read at once: compressed, so much can become a thousand times as much.
_CHUNK = 16 << 10
# What Python says of a proxy's answer.
_REFUSED = re.compile(r"Tunnel connection failed: (\d{3})")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A redirect's own text is read, so that its connection can be used again; but no more than this.
_REDIRECT_LIMIT = 64 << 10


class TooLargeError(Exception):
    """The answer has more bytes than are wanted of it."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is asked of a server, and how many bytes its answer may have."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    limit: int
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, all of which has been read."""

    status: int
    headers: Mapping[str, str]
    """By names in any case."""
    body: bytes
    url: str

    @property
    def is_redirect(self) -> bool:
        """Whether it says that what is asked for is elsewhere."""
        return self.status in _REDIRECTS

    @property
    def text(self) -> str:
        """The body as text, whatever bytes it has."""
        return self.body.decode("utf-8", "replace")


def send_request(
    pool: Pool, request: HttpRequest, timeout: Timeout, *, retries: Retry | None = None
) -> Answer:
    """Return the answer to a request; no redirect is followed.

    Raises `TooLargeError`, and urllib3's `HTTPError` and `OSError` where there is no answer in time.
    """
    begin = time.monotonic()
    # Straight through the pool: its manager would parse each URL anew.
    with pool.connections.urlopen(
        request.method,
        pool.target(request.url),
        headers=request.headers,
        body=request.body,
        timeout=timeout,
        retries=retries or False,
        redirect=False,
        assert_same_host=False,
        preload_content=False,
    ) as raw:
        limit = _REDIRECT_LIMIT if raw.status in _REDIRECTS else request.limit
        body = bytearray()
        while chunk := raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > limit:
                raise TooLargeError
    spent = time.monotonic() - begin
    _LOG.debug("+ %s %s: %d (%.2f s)", request.method, request.url, raw.status, spent)
    return Answer(raw.status, raw.headers, bytes(body), request.url)


def proxy_status(error: Exception) -> int | None:
    """Return what a proxy answers that does not connect; None where it answers nothing."""
    found = _REFUSED.search(str(error)) if isinstance(error, ProxyError) else None
    return int(found[1]) if found else None


def why(error: Exception, seconds: float) -> tuple[str, str]:
    """Return why there was no answer within so many seconds, and what helps; '' where nothing is known.

    No words of a server are among them.
    """
    if isinstance(error, SSLError):
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return "its certificate is not trusted", "Name the authority in SSL_CERT_FILE."
        return "TLS failed", ""
    if isinstance(error, ProxyError):
        status = proxy_status(error)
        hint = PROXY_LOGIN_HINT if status == 407 else PROXY_HINT
        return f"its proxy does not connect{f': {status}' if status else ''}", hint
    if isinstance(error, NameResolutionError):
        return "its name is not known", ""
    if isinstance(error, LocationValueError):
        return "its address is malformed", ""
    if isinstance(error, ConnectionRefusedError | NewConnectionError):
        return "no connection", ""
    if isinstance(error, TimeoutError | TookTooLongError):
        return f"not within {seconds:.3g} s", ""
    if isinstance(error, ProtocolError):
        return "the connection was cut", ""
    return type(error).__name__, ""
