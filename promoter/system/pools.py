"""The HTTP connections to each host: trusted authorities, proxies, and answers that are there in time."""

from __future__ import annotations

import io
import ssl
import time
from functools import cached_property
from http.client import HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from urllib3 import HTTPConnectionPool, PoolManager, ProxyManager, make_headers
from urllib3.util import parse_url
from urllib3.util.ssl_ import create_urllib3_context

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.domain.redaction import add_login
from promoter.domain.urls import is_loopback

if TYPE_CHECKING:
    import socket


# Connections that are kept open to one host.
_KEPT = 16


@dataclass(frozen=True, slots=True)
class Pool:
    """The connections to one host."""

    origin: str
    """Its scheme, name and port."""
    connections: HTTPConnectionPool
    is_plain_proxy: bool
    """Whether a proxy wants to be told the whole URL."""

    def target(self, url: str) -> str:
        """Return what a request for a URL asks the host for, or the proxy."""
        return url if self.is_plain_proxy else url.removeprefix(self.origin) or "/"


class Pools:
    """The connections of a run, a pool for each host; safe to be used by several threads.

    All of an answer has to be there within its time, not each single byte.
    """

    def __init__(self, authorities: str | None) -> None:
        self._authorities = authorities
        self._pools: dict[str, Pool] = {}

    def close(self) -> None:
        """End the connections."""
        for pool in tuple(self._pools.values()):
            pool.connections.close()

    def to(self, url: str) -> Pool:
        """Return the connections to a URL's host, directly or through a proxy."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        pool = self._pools.get(origin)
        if pool is None:
            proxy = proxy_of(url)
            connections = self._manager(parts.scheme, proxy).connection_from_url(origin)
            connections.ConnectionCls = _own_kind(connections.ConnectionCls)
            pool = Pool(origin, connections, proxy is not None and parts.scheme == "http")
            pool = self._pools.setdefault(origin, pool)
        return pool

    def open(self, url: str, seconds: float) -> None:
        """Connect to a URL's host, so that the next request need not; through a proxy it has to.

        Raises urllib3's `HTTPError` and `OSError`.
        """
        pool = self.to(url).connections
        if pool.proxy is None:
            # urllib3 opens a connection for a request alone, and looks for one here before.
            connection = pool._get_conn()  # noqa: SLF001 - see above
            connection.timeout = seconds
            try:
                connection.connect()
            finally:
                pool._put_conn(connection)  # noqa: SLF001 - see above

    def _manager(self, scheme: str, proxy: str | None) -> PoolManager:
        options: dict[str, Any] = {"maxsize": _KEPT}
        if scheme == "https":
            options["ssl_context"] = self._trust
        if proxy is None:
            return PoolManager(**options)
        login = parse_url(proxy).auth
        headers = make_headers(proxy_basic_auth=unquote(login)) if login else None
        own = self._trust if proxy.startswith("https://") else None
        return ProxyManager(proxy, proxy_headers=headers, proxy_ssl_context=own, **options)

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """The authorities whose certificates are trusted, read once: it takes longer than a request."""
        context = create_urllib3_context()
        path = self._authorities
        if path is None:
            from certifi import where  # late: most companies name their own

            path = where()
        try:
            if Path(path).is_dir():
                context.load_verify_locations(capath=path)
            else:
                context.load_verify_locations(cafile=path)
        except OSError as error:
            raise UsageError(
                f"the certificate authorities in {path} cannot be read ({type(error).__name__})",
                "Name a PEM file in SSL_CERT_FILE.",
            ) from None
        return context


class _DeadlineSocket(io.RawIOBase):
    """What a server sends until a moment: by itself a socket is patient with each single byte."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._raw = connection.makefile("rb", buffering=0)
        seconds = connection.gettimeout()
        self._end = None if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - a buffer, as io has it
        if self._end is not None:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._connection.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineResponse(HTTPResponse):
    """An answer whose status, headers and body are all there within its connection's time."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as HTTPResponse has it
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_DeadlineSocket(sock))


def _own_kind(kind: type[Any]) -> type[Any]:
    """Return a kind of connection that knows whether it is open, and whose answers are timely."""
    own = {"is_connected": property(_is_connected), "response_class": _DeadlineResponse}
    return type(kind.__name__, (kind,), own)


def _is_connected(connection: Any) -> bool:  # noqa: ANN401 - urllib3 has several
    """Return whether a connection that nothing is expected from is open.

    By urllib3 itself, one is at its end as soon as there is anything to be read: of TLS 1.3, the
    tickets for later sessions are.
    """
    sock = connection.sock
    if sock is None:
        return False
    seconds = sock.gettimeout()
    try:
        sock.settimeout(0)
        sock.recv(1)
    except (ssl.SSLWantReadError, BlockingIOError):
        sock.settimeout(seconds)
        return True
    except OSError:
        return False
    return False


def proxy_of(url: str) -> str | None:
    """Return the environment's proxy for a URL's host; this machine is reached without one."""
    if is_loopback(urlsplit(url).netloc):
        return None
    if not getproxies():
        return None
    # Late, as it takes a tenth of a whole run's time; it knows what `no_proxy` can say.
    from requests.utils import get_environ_proxies, select_proxy

    proxy = select_proxy(url, get_environ_proxies(url))
    if proxy is None:
        return None
    address = proxy if "://" in proxy else f"http://{proxy}"
    login = urlsplit(address)
    add_login(unquote(login.username or ""), unquote(login.password or ""))
    return address
