"""A server that sends back what it was sent, in every encoding, as careless servers and proxies do."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = tuple[int, dict[str, str], bytes]


def encodings(secret: str, user: str = "x-access-token") -> dict[str, str]:
    """Return a secret as servers may write it, by the encoding's name."""
    plain, login = secret.encode(), f"{user}:{secret}".encode()
    return {
        "plain": secret,
        "upper": secret.upper(),
        "basic": f"Basic {base64.b64encode(login).decode()}",
        "bearer": f"Bearer {secret}",
        **{
            f"base64 after {n}": base64.b64encode(b"a" * n + plain + b"\n").decode()
            for n in range(3)
        },
        "base64 for URLs": base64.urlsafe_b64encode(login).decode().rstrip("="),
        "base64 twice": base64.b64encode(base64.b64encode(login)).decode(),
        "URL": quote(secret, safe=""),
        "URL, small": quote(secret, safe="").lower(),
        "URL, whole": "".join(f"%{byte:02X}" for byte in plain),
        "JSON": json.dumps(secret)[1:-1].replace("/", "\\/"),
        "HTML": html.escape(secret),
        "hex": plain.hex(),
        "HEX": plain.hex().upper(),
    }


def leaks(text: str, secret: str) -> list[str]:
    """Return the pieces of a text out of which a secret, or most of it, can be read again."""
    found = []
    wanted = secret[: len(secret) * 2 // 3].lower()
    for piece in re.findall(r"[^\s\"'`,;()<>]+", text.replace("\\/", "/")):
        readings = [piece, unquote_plus(piece), html.unescape(piece)]
        for run in re.findall(r"[A-Za-z0-9+/_-]{12,}", piece):
            readings += _decoded(run)
        if any(wanted in one.lower() for one in readings):
            found.append(piece)
    return found


def _decoded(run: str, depth: int = 2) -> list[str]:
    """Return what a run of characters may mean as base64, at every alignment, or as hex."""
    found = []
    plain = run.replace("-", "+").replace("_", "/")
    for start in range(4):
        part = plain[start:]
        data = base64.b64decode(part[: len(part) // 4 * 4])
        found.append(data.decode("latin-1"))
    with_hex = re.findall(r"(?:[0-9a-fA-F]{2}){8,}", run)
    found += [binascii.unhexlify(one).decode("latin-1") for one in with_hex]
    if depth > 1:
        found += [again for one in found if one.isascii() for again in _decoded_within(one)]
    return found


def _decoded_within(text: str) -> list[str]:
    return [o for run in re.findall(r"[A-Za-z0-9+/_-]{12,}", text) for o in _decoded(run, 1)]


class Echo:
    """A server on loopback whose every answer is made from the request's path and Authorization."""

    def __init__(self, answer: Callable[[str, str, str], Answer]) -> None:
        self.answer = answer
        self.authorizations: list[str] = []
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Bound", (_Handler,), {"echo": self})
        )
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_port}"


class _Handler(BaseHTTPRequestHandler):
    echo: Echo
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer any request."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        authorization = self.headers.get("Authorization", "")
        self.echo.authorizations.append(authorization)
        status, headers, body = self.echo.answer(self.command, self.path, authorization)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names of http.server
