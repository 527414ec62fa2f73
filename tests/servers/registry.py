"""A small OCI registry: tags in pages, manifests, blobs, referrers, logins, and faults on demand.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PATH = re.compile(
    r"/v2/(?P<name>.+?)/(?:tags/list|manifests/(?P<manifest>[^/]+)|blobs/(?P<blob>[^/]+)"
    r"|referrers/(?P<referrers>[^/]+))"
)
_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"


def digest(data: bytes) -> str:
    """Return the digest of bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass
class Repository:
    """One image's tags, manifests and blobs."""

    tags: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    referrers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class Registry:
    """One registry on a loopback port; `host` is what image names begin with."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.seen: list[tuple[str, str]] = []
        self.page: int | None = None
        """How many tags a page has at most, whatever is asked for."""
        self.links = "relative"
        """How the next page is named: relative, absolute, elsewhere, or not at all."""
        self.user: tuple[str, str] | None = None
        self.bearer = False
        """With a user: whether tokens are wanted, instead of Basic."""
        self.faults: list[tuple[str, int, dict[str, str]]] = []
        """(pattern, status, headers) of the next answers; 0 drops the connection."""
        self.lies: dict[str, str] = {}
        """Manifest reference → digest that the header claims."""
        self.entity_tags = False
        """Whether answers carry an entity tag, and are not sent again to who has them."""
        self.statuses: list[int] = []
        self.delay = 0.0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Bound", (_Handler,), {"registry": self})
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

    def name(self, repository: str) -> str:
        """Return the name of an image here."""
        return f"{self.host}/{repository}"

    def asked(self, pattern: str) -> int:
        """Return how many requests matched."""
        return sum(bool(re.search(pattern, f"{method} {path}")) for method, path in self.seen)

    def push(
        self,
        repository: str,
        *tags: str,
        platforms: Sequence[str] = ("linux/amd64",),
        labels: Mapping[str, str] | None = None,
        created: str = "2026-01-02T03:04:05Z",
    ) -> str:
        """Push an image under tags and return its digest: an index where it has several platforms."""
        found = self.repositories.setdefault(repository, Repository())
        parts = [self._image(found, one, dict(labels or {}), created) for one in platforms]
        if len(parts) == 1:
            top = parts[0]["digest"]
        else:
            body = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": parts}
            top = self._put(found, _INDEX, body)
        for tag in tags:
            found.tags[tag] = top
        return str(top)

    def _image(
        self, repository: Repository, platform: str, labels: dict[str, str], created: str
    ) -> dict[str, Any]:
        system, architecture, *variant = platform.split("/")
        config = json.dumps(
            {"os": system, "architecture": architecture, "created": created,
             **({"variant": variant[0]} if variant else {}), "config": {"Labels": labels}}
        ).encode()  # fmt: skip
        repository.blobs[digest(config)] = config
        described = {"mediaType": _CONFIG, "digest": digest(config), "size": len(config)}
        body = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": described, "layers": []}
        made = self._put(repository, _MANIFEST, body)
        where = {"os": system, "architecture": architecture}
        if variant:
            where["variant"] = variant[0]
        return {"mediaType": _MANIFEST, "digest": made, "size": 1, "platform": where}

    def _put(self, repository: Repository, kind: str, body: dict[str, Any]) -> str:
        data = json.dumps(body).encode()
        repository.manifests[digest(data)] = (kind, data)
        return digest(data)

    def fault(self, line: str) -> tuple[int, dict[str, str]] | None:
        """Return what goes wrong with a request, once for each fault."""
        with self._lock:
            for number, (pattern, status, headers) in enumerate(self.faults):
                if re.search(pattern, line):
                    del self.faults[number]
                    return status, headers
        return None


class _Handler(BaseHTTPRequestHandler):
    registry: Registry
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

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
        if registry.delay:
            time.sleep(registry.delay)
        fault = registry.fault(line)
        if fault:
            self._fail(*fault)
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

    def _fail(self, status: int, headers: dict[str, str]) -> None:
        """Do what goes wrong: 0 drops the connection."""
        if not status:
            self.close_connection = True
        elif status in (301, 307):
            self._bytes(status, b"", headers)
        else:
            self._say(status, {"errors": [{"code": "TOOMANYREQUESTS"}]}, headers)

    def _tags(self, name: str, repository: Repository) -> None:
        asked = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        wanted = int(asked.get("n", 10_000))
        size = min(wanted, self.registry.page or wanted)
        tags = sorted(repository.tags)
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
        errors = {"errors": [{"code": "UNAUTHORIZED"}]}
        self._say(401, errors, {"WWW-Authenticate": kind})
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

    def _bytes(self, status: int, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        headers = dict(headers or {})
        if self.registry.entity_tags and status == 200:
            headers["ETag"] = f'"{digest(data)}"'
            if self.headers.get("If-None-Match") == headers["ETag"]:
                status, data = 304, b""
        self.send_response(status)
        self.registry.statuses.append(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
