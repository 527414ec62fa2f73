"""One exchange with an HTTP server, within a time and a size, whatever the server does."""

from __future__ import annotations

import io
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, PoolManager, ProxyManager, Timeout, make_headers
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.util import parse_url
from urllib3.util.ssl_ import create_urllib3_context

from promoter.domain.errors import UsageError
from promoter.domain.redaction import redacted
from promoter.domain.urls import is_loopback
from promoter.registry.failures import UnreadableError
from promoter.registry.proxies import proxy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3.response import BaseHTTPResponse

_POOL = 16
_HOPS = 5
# A redirect's own text is read, so that its connection can be used again; but no more than this.
_HOP_LIMIT = 64 << 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# The first byte of a TLS record that answers a client's hello: a handshake, or an alert.
_RECORDS = (b"\x16", b"\x15")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status, headers and bounded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class _Line:
    """The connections to one host, and whether a proxy wants to be told the whole URL."""

    origin: str
    pool: HTTPConnectionPool
    whole: bool


class Exchange:
    """The HTTP servers of a run; safe to be used by several threads."""

    def __init__(self, authorities: str | None, plain: frozenset[str]) -> None:
        self._authorities = authorities or DEFAULT_CA_BUNDLE_PATH
        self._plain = plain
        self._lines: dict[str, _Line] = {}

    def close(self) -> None:
        """End the connections."""
        for line in tuple(self._lines.values()):
            line.pool.close()

    def may_be_plain(self, host: str) -> bool:
        """Say whether a host may be spoken to in the clear: this machine, or where that is allowed."""
        return is_loopback(host) or host in self._plain

    def send(  # noqa: PLR0913 - a request's parts, and its two bounds
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        limit: int,
        deadline: float,
        *,
        body: str | None = None,
        hops: int = _HOPS,
    ) -> Answer:
        """Send a request and return its answer, at the end of so many redirects.

        A login goes to the host that it was given for and no further, and nobody is led from
        another host to plain http or to this machine.
        """
        for _ in range(hops + 1):
            raw = self._open(method, url, headers, deadline, body)
            target = raw.headers.get("Location") if raw.status in _REDIRECTS and hops else None
            with raw:
                data = _read(raw, url, _HOP_LIMIT if target else limit)
            if target is None:
                return Answer(raw.status, raw.headers, data, url)
            following = self._following(url, target)
            if _origin(following) != _origin(url):
                headers = {k: v for k, v in headers.items() if k != "Authorization"}
            url = following
        raise UnreadableError(f"{urlsplit(url).netloc} redirects without end", "")

    def _open(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        deadline: float,
        body: str | None,
    ) -> BaseHTTPResponse:
        """Return an answer whose body is still to be read."""
        line = self._line(url)
        # Straight through a pool: its manager would parse each URL anew, and follow any redirect.
        return line.pool.urlopen(
            method,
            url if line.whole else url.removeprefix(line.origin),
            headers=headers,
            body=body,
            timeout=Timeout(total=max(0.1, deadline - time.monotonic())),
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=True,
        )

    def _following(self, url: str, target: str) -> str:
        """Return where a redirect leads, or raise `UnreadableError` where nobody follows it."""
        whole = urljoin(url, target)
        parts, before = urlsplit(whole), urlsplit(url)
        here, there = is_loopback(before.netloc), is_loopback(parts.netloc)
        clear = parts.scheme == "http" and self.may_be_plain(parts.netloc.lower())
        if (parts.scheme != "https" and not clear) or (there and not here):
            raise UnreadableError(
                f"{before.netloc} redirects to {parts.scheme}://{redacted(parts.netloc)[:100]}, "
                "which is not followed",
                "Only https is, and plain http on this machine or in PROMOTER_HTTP_REGISTRIES.",
            )
        return whole

    def _line(self, url: str) -> _Line:
        """Return the connections to a URL's host, found once."""
        origin = _origin(url)
        found = self._lines.get(origin)
        if found is None:
            through = proxy(url)
            pool = self._manager(url, through).connection_from_url(origin)
            whole = through is not None and origin.startswith("http://")
            found = self._lines[origin] = _Line(origin, pool, whole)
        return found

    def _manager(self, url: str, through: str | None) -> PoolManager:
        """Return what makes the connections to a URL's host, straight or through a proxy."""
        options: dict[str, Any] = {"maxsize": _POOL}
        if url.startswith("https://"):
            options["ssl_context"] = self._trust
        if through is None:
            manager = PoolManager(**options)
        else:
            login = parse_url(through).auth
            headers = make_headers(proxy_basic_auth=unquote(login)) if login else None
            own = self._trust if through.startswith("https://") else None
            manager = ProxyManager(through, proxy_headers=headers, proxy_ssl_context=own, **options)
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        return manager

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """The authorities whose certificates are believed, read once: it takes longer than a request."""
        context = create_urllib3_context()
        path = self._authorities
        try:
            if Path(path).is_dir():
                context.load_verify_locations(capath=path)
            else:
                context.load_verify_locations(cafile=path)
        except OSError as error:
            raise UsageError(
                f"the certificate authorities in {path} can not be read ({type(error).__name__})",
                "Name a PEM file in SSL_CERT_FILE.",
            ) from None
        return context


class _Timed(io.RawIOBase):
    """What a server sends, until a moment: by itself a socket is patient with each single byte."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._raw = line.makefile("rb", buffering=0)
        seconds = line.gettimeout()
        self._end = None if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - a buffer, as io has it
        if self._end is not None:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._line.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """An answer whose status, headers and body are all there within its connection's time."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as HTTPResponse has it
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Timed(sock))


class _PlainConnection(HTTPConnection):
    response_class = _TimedResponse


class _SecureConnection(HTTPSConnection):
    response_class = _TimedResponse


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def speaks_tls(host: str, seconds: float) -> bool:
    """Say whether a server speaks TLS, by the first byte with which it answers a client's hello.

    Nothing else is sent, so that no login goes in the clear before that is known. Asking in plain
    http would not tell: servers that speak TLS answer it with a 400.
    """
    parts = urlsplit(f"//{host}")
    name, hello = parts.hostname or "", ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client = context.wrap_bio(ssl.MemoryBIO(), hello, server_hostname=name)
    with suppress(ssl.SSLWantReadError):
        client.do_handshake()
    try:
        where = (name, parts.port or 443)
        with socket.create_connection(where, seconds) as line, suppress(ConnectionError):
            # The end of a line, for which servers of plain http wait before they complain.
            line.sendall(hello.read() + b"\r\n\r\n")
            return line.recv(1) in _RECORDS
    except OSError:
        if parts.port is not None:
            raise
    return False


def _origin(url: str) -> str:
    """Return a URL's scheme and host."""
    return url[: url.index("/", len("https://"))] if url.count("/") > 2 else url


def _read(raw: BaseHTTPResponse, url: str, limit: int) -> bytes:
    """Return an answer's body, or raise `UnreadableError` where it is longer than it may be."""
    body = bytearray()
    for chunk in raw.stream(1 << 16):
        body += chunk
        if len(body) > limit:
            raise UnreadableError(f"the answer of {urlsplit(url).netloc} is too long", "")
    return bytes(body)
