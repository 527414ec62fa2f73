"""HTTP to registries: bounded in time and size whatever a server does, and led nowhere unsafe."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

from urllib3 import Timeout

from promoter.domain.json import parse_json
from promoter.domain.redaction import redacted_message
from promoter.domain.urls import is_loopback
from promoter.registry.failures import RegistryError
from promoter.system.http import Answer, HttpRequest, TooLargeError, send_request
from promoter.system.pools import Pools, proxy_of
from promoter.system.threads import Memo, within

# So many redirects are followed.
_REDIRECTS = 5
# Values in one JSON document: each takes up to thirty times its bytes in memory.
_VALUES = 300_000
# The first byte of a TLS record that answers a client's hello: a handshake, or an alert.
_TLS_RECORDS = (b"\x16", b"\x15")


def read_json(answer: Answer) -> dict[str, Any]:
    """Return the JSON object in an answer's body, or raise `RegistryError`."""
    host = urlsplit(answer.url).netloc
    # Nothing but a comma adds a value: so many are counted before they take memory.
    if answer.body.count(b",") > _VALUES:
        raise RegistryError(
            f"{host} answers with more than {_VALUES:,} values in one document",
            "Check the image's name. Where it has very many tags, remove old ones.",
        )
    try:
        found = parse_json(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RegistryError(f"{host} does not answer as a registry does", "Check the image's name.")
    return found


class RegistryHttp:
    """The servers of a run and the connections to them; safe to be used by several threads."""

    def __init__(self, authorities: str | None, plain: frozenset[str]) -> None:
        self._pools = Pools(authorities)
        self._plain = plain
        self._answered: set[str] = set()
        self._schemes = Memo()

    def close(self) -> None:
        """End the connections."""
        self._pools.close()

    def may_be_plain(self, host: str) -> bool:
        """Return whether plain http may be spoken with a host: this machine, or where it is allowed."""
        return is_loopback(host) or host in self._plain

    def scheme(self, host: str, deadline: float) -> str:
        """Return `https`, or `http` where that is allowed and the host does not speak TLS."""
        if not self.may_be_plain(host):
            return "https"
        if proxy_of(f"http://{host}") is not None:
            return "http"
        ask = partial(within, _left(deadline), partial(_speaks_tls, host))
        return "https" if self._schemes.answer((host,), ask) else "http"

    def send(self, request: HttpRequest, deadline: float, redirects: int = _REDIRECTS) -> Answer:
        """Send a request and return its answer, at the end of so many redirects at most.

        A login goes only to the host that it was given for. Raises `TimeoutError`, urllib3's
        `HTTPError` and `OSError` where there is no answer; `RegistryError` where it is too long, or
        a redirect leads to plain http that is not allowed, or from another host to this machine.
        """
        for _ in range(redirects + 1):
            answer = self._timely(request, deadline)
            target = answer.headers.get("Location") if answer.is_redirect else None
            if target is None or not redirects:
                return answer
            request = self._following(request, target)
        raise RegistryError(f"{urlsplit(request.url).netloc} redirects without end")

    def _timely(self, request: HttpRequest, deadline: float) -> Answer:
        pool, seconds = self._pools.to(request.url), _left(deadline)

        def asked(seconds: float) -> Answer:
            return send_request(pool, request, Timeout(total=seconds))

        try:
            if pool.origin in self._answered:
                return asked(seconds)
            # The lookup of a host's name knows no time-out.
            answer = within(seconds, asked)
        except TooLargeError:
            raise RegistryError(
                f"the answer of {urlsplit(request.url).netloc} is longer than "
                f"{request.limit:,} bytes",
                "Check the image's name. Where it has very many tags, remove old ones.",
            ) from None
        self._answered.add(pool.origin)
        return answer

    def _following(self, request: HttpRequest, target: str) -> HttpRequest:
        """Return the request to where a redirect leads; raises `RegistryError` where it is unsafe."""
        url = urljoin(request.url, target)
        old, new = urlsplit(request.url), urlsplit(url)
        plain = new.scheme == "http" and self.may_be_plain(new.netloc.lower())
        inward = is_loopback(new.netloc) and not is_loopback(old.netloc)
        if (new.scheme != "https" and not plain) or inward:
            raise RegistryError(
                f"{old.netloc} redirects to {new.scheme}://{redacted_message(new.netloc)[:100]}, "
                "which is not followed",
                "Only https is, and plain http on this machine or in PROMOTER_HTTP_REGISTRIES.",
            )
        headers = request.headers
        if (old.scheme, old.netloc) != (new.scheme, new.netloc):
            headers = {k: v for k, v in headers.items() if k != "Authorization"}
        return replace(request, url=url, headers=headers)


def _speaks_tls(host: str, seconds: float) -> bool:
    """Return whether a server speaks TLS, by the first byte of its answer to a client's hello.

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
        with (
            socket.create_connection((name, parts.port or 443), seconds) as connection,
            suppress(ConnectionError),
        ):
            # The end of a line, for which servers of plain http wait before they complain.
            connection.sendall(hello.read() + b"\r\n\r\n")
            return connection.recv(1) in _TLS_RECORDS
    except OSError:
        if parts.port is not None:
            raise
    return False


def _left(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())
