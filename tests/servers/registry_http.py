"""The HTTP of the small registry: its answers, and what goes wrong with them on demand."""

from __future__ import annotations

import base64
import gzip
import json
import re
import socket
import struct
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.servers.registry import Registry, Repository

_PATH = re.compile(
    r"/v2/(?P<name>.+?)/(?:tags/list|manifests/(?P<manifest>[^/]+)|blobs/(?P<blob>[^/]+)"
    r"|referrers/(?P<referrers>[^/]+))"
)
_INDEX = "application/vnd.oci.image.index.v1+json"


class Server(ThreadingHTTPServer):
    """One that as many clients can come to at once as there are."""

    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients go away when they like."""


class Handler(BaseHTTPRequestHandler):
    """Answers for one registry, truly or as its faults have it."""

    registry: Registry
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Speak TLS where that is wanted; plain http is answered as servers written in Go do."""
        if self.registry.tls is not None:
            if self.request.recv(1, socket.MSG_PEEK) == b"\x16":
                self.request = self.registry.tls.wrap_socket(self.request, server_side=True)
            else:
                self.request.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent plain HTTP.\n")
        super().setup()

    def finish(self) -> None:
        """Close what was made of the connection, which the server does not know."""
        super().finish()
        if self.registry.tls is not None:
            self.request.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self.do_GET()

    def do_POST(self) -> None:
        """Exchange an identity token for one that may pull."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.registry.seen.append((self.command, self.path))
        if form.get("refresh_token") != ["identity"]:
            self._say(401, {"errors": []})
            return
        self._say(200, {"access_token": f"token-of-{form['scope'][0].split(':')[1]}"})

    def do_GET(self) -> None:
        """Answer a question."""
        registry, line = self.registry, f"{self.command} {self.path}"
        registry.seen.append((self.command, self.path))
        registry.logins.append(self.headers.get("Authorization"))
        if registry.delay:
            time.sleep(registry.delay)
        if self._is_otherwise(line):
            return
        if self.path.startswith("/token"):
            self._token()
            return
        found = _PATH.fullmatch(urlsplit(self.path).path)
        name = found["name"] if found else ""
        if not self._is_welcome(name):
            return
        repository = registry.repositories.get(name)
        if found is None or repository is None:
            self._say(404, {"errors": [{"code": "NAME_UNKNOWN"}]})
        elif found["manifest"]:
            self._manifest(repository, found["manifest"])
        elif found["blob"]:
            data = repository.blobs.get(found["blob"])
            self._bytes(200 if data is not None else 404, data or b"{}")
        elif found["referrers"]:
            listed = repository.referrers.get(found["referrers"], [])
            self._say(200, {"schemaVersion": 2, "mediaType": _INDEX, "manifests": listed})
        else:
            self._tags(name, repository)

    def _is_otherwise(self, line: str) -> bool:
        """Answer as a test wants it, instead of truly; say whether it was done."""
        if fault := self.registry.fault(line):
            self._fail(*fault)
            return True
        for pattern, status, body in self.registry.refusals:
            if re.search(pattern, line):
                self._bytes(status, body)
                return True
        said = self.registry.says(self.path)
        if said:
            self._bytes(200, *said)
        return said is not None

    def _fail(self, status: int | str, headers: dict[str, str]) -> None:
        """Do what goes wrong: 0 drops the connection."""
        if not status:
            self.close_connection = True
        elif status == "reset":
            self.close_connection = True
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.request.close()
        elif isinstance(status, str):
            self._drip(status)
        elif status in (301, 307):
            self._bytes(status, b"", headers)
        else:
            self._say(status, {"errors": [{"code": "TOOMANYREQUESTS"}]}, headers)

    def _drip(self, what: str) -> None:
        """Send an answer's headers or its body byte by byte."""
        self.close_connection = True
        begin = b"HTTP/1.1 200 OK\r\n"
        with suppress(OSError):
            self.wfile.write(begin + (b"" if "header" in what else b"Content-Length: 9999\r\n\r\n"))
            for _ in range(100):
                self.wfile.write(b"X: 1\r\n" if "header" in what else b" ")
                time.sleep(0.1)

    def _tags(self, name: str, repository: Repository) -> None:
        asked = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        wanted = int(asked.get("n", 10_000))
        size = min(wanted, self.registry.page or wanted)
        tags = sorted(repository.tags)
        if self.registry.whole:
            self._say(200, {"name": name, "tags": tags})
            return
        start = next((i + 1 for i, t in enumerate(tags) if t == asked.get("last")), 0)
        part = tags[start : start + size]
        headers = {}
        if start + size < len(tags) and self.registry.links:
            link = f"/v2/{name}/tags/list?n={size}&last={part[-1]}"
            where = {"relative": "", "absolute": f"http://{self.registry.host}"}
            link = where.get(self.registry.links, "http://127.0.0.1:1") + link
            headers["Link"] = f'<{link}>; rel="next"'
        self._say(200, {"name": name, "tags": part}, headers)

    def _manifest(self, repository: Repository, reference: str) -> None:
        known = repository.tags.get(reference, reference)
        if known not in repository.manifests:
            self._say(404, {"errors": [{"code": "MANIFEST_UNKNOWN"}]})
            return
        kind, data = repository.manifests[known]
        told = self.registry.lies.get(reference, known)
        self._bytes(200, data, {"Content-Type": kind, "Docker-Content-Digest": told})

    def _is_welcome(self, name: str) -> bool:
        registry = self.registry
        if registry.user is None:
            return True
        given = self.headers.get("Authorization", "")
        wanted = base64.b64encode(":".join(registry.user).encode()).decode()
        if given == (f"Bearer token-of-{name}" if registry.bearer else f"Basic {wanted}"):
            return True
        realm = f'realm="http://{registry.host}/token",service="registry"'
        kind = f"Bearer {realm}" if registry.bearer else 'Basic realm="registry"'
        lines = [one.replace("HOST", registry.host) for one in registry.challenges or [kind]]
        body = json.dumps({"errors": [{"code": "UNAUTHORIZED"}]}).encode()
        self._bytes(401, body, {"Content-Type": "application/json"}, lines)
        return False

    def _token(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        assert self.registry.user is not None
        wanted = base64.b64encode(":".join(self.registry.user).encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            self._say(401, {"errors": []})
            return
        name = asked["scope"][0].split(":")[1]
        self._say(200, {"token": f"token-of-{name}"})

    def _say(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        self._bytes(
            status,
            json.dumps(body).encode(),
            {"Content-Type": "application/json", **(headers or {})},
        )

    def _bytes(
        self,
        status: int,
        data: bytes,
        headers: Mapping[str, str] | None = None,
        challenges: Sequence[str] = (),
    ) -> None:
        headers = dict(headers or {})
        if self.registry.compresses and data:
            headers["Content-Encoding"] = "gzip"
            data = gzip.compress(data)
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        for line in challenges:
            self.send_header("WWW-Authenticate", line)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
