"""Every request to a server of the tests is a point: what shall happen there happens there.

The servers stay as they are: what is done stands around their handlers.
"""

from __future__ import annotations

import io
import re
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from tests.servers import git_http

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

_VARYING = (
    (r"/api/v3|/repos/[^/]+/[^/?]+|\.git\b", ""),
    (r"%2F", "/"),
    (r"[0-9a-f]{40,64}", "ID"),
    (r"/\d+\b", "/N"),
    (r"\?(?!service).*", ""),
    (r"/(info/refs\?service=)?git-(upload|receive)-pack", r" \1git-\2-pack"),
)
_OPERATION = re.compile(rb'"query": *"\s*(?:\\n)*\s*(query|mutation) (\w+)')


class Act(Protocol):
    """What happens at a point."""

    def before(self, handler: BaseHTTPRequestHandler) -> bool:
        """Act before the request is processed; return whether it is processed then."""

    def after(self, answer: bytes, handler: BaseHTTPRequestHandler) -> bytes:
        """Act once it is processed; return what is answered, nothing for a dropped connection."""


class Interceptor:
    """The points that were reached, and what happens at some."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.acts: dict[int, Act] = {}
        self._lock = threading.Lock()

    def watch(self, server: Any) -> None:
        """Stand around the handlers of one of the tests' servers."""
        http = server._server
        kind: Any = http.RequestHandlerClass
        http.RequestHandlerClass = type("Watched", (_Watched, kind), {"interceptor": self})
        complain = http.handle_error

        def handle_error(*where: object) -> None:
            # Whoever was killed has gone away.
            if not isinstance(sys.exception(), ConnectionError):
                complain(*where)

        http.handle_error = handle_error

    def begin(self, acts: dict[int, Act] | None = None) -> None:
        """Count from the beginning, and let these things happen."""
        with self._lock:
            self.reached, self.acts = [], acts or {}

    def arrived(self, name: str) -> Act | None:
        """Note a point, and return what shall happen there."""
        with self._lock:
            self.reached.append(name)
            return self.acts.get(len(self.reached) - 1)


class _Watched:
    """A handler whose requests are points; it stands before a server's own in the class."""

    interceptor: Interceptor
    _inside = False

    def do_GET(self: Any) -> None:  # noqa: N802 - the name of http.server
        kind: Any = super()
        if self._inside:
            kind.do_GET()
            return
        body = git_http.body_of(self)
        act = self.interceptor.arrived(name_of(self.command, self.path, body))
        if act is not None and not act.before(self):
            self._drop()
            return
        self._pass_on(kind, body, act)

    do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the names of http.server

    def _pass_on(self: Any, kind: Any, body: bytes, act: Act | None) -> None:
        """Let the server answer what was read here already."""
        read, written, self._inside = self.rfile, self.wfile, True
        for header in ("Transfer-Encoding", "Content-Encoding", "Content-Length"):
            del self.headers[header]
        self.headers["Content-Length"] = str(len(body))
        self.rfile = io.BytesIO(body)
        if act is not None:
            self.wfile = io.BytesIO()
        try:
            getattr(kind, f"do_{self.command}")()
            answer = self.wfile.getvalue() if act is not None else b""
        finally:
            self.rfile, self.wfile, self._inside = read, written, False
        if act is not None and (answer := act.after(answer, self)):
            with suppress(OSError):
                self.wfile.write(answer)
        elif act is not None:
            self._drop()

    def _drop(self: Any) -> None:
        """End the connection."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(2)


def name_of(method: str, path: str, body: bytes) -> str:
    """Return what a request is called in the table."""
    if (found := _OPERATION.search(body)) is not None:
        return f"{found[1].decode()} {found[2].decode()}"
    for pattern, text in _VARYING:
        path = re.sub(pattern, text, path)
    return f"{method} {path}"
