"""A small OCI registry: tags in pages, manifests, blobs, referrers, logins, and faults on demand.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import hashlib
import json
import re
import ssl
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from tests.servers.registry_http import Handler, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

INDEX = "application/vnd.oci.image.index.v1+json"
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

    def __init__(self, tls: tuple[Path, Path] | None = None) -> None:
        self.repositories: dict[str, Repository] = {}
        self.seen: list[tuple[str, str]] = []
        self.page: int | None = None
        """How many tags a page has at most, whatever is asked for."""
        self.links = "relative"
        """How the next page is named: relative, absolute, elsewhere, or not at all."""
        self.user: tuple[str, str] | None = None
        self.bearer = False
        """With a user: whether tokens are wanted, instead of Basic."""
        self.faults: list[tuple[str, int | str, dict[str, str]]] = []
        """(pattern, status, headers) of the next answers: `reset` and `drip…` are what they say."""
        self.says: Callable[[str], tuple[bytes, dict[str, str]] | None] = lambda _: None
        """What is answered to a path instead of the truth: a body and headers."""
        self.refusals: list[tuple[str, int, bytes]] = []
        """(pattern, status, body) of requests that are always refused so."""
        self.challenges: list[str] = []
        """The lines of WWW-Authenticate where they are not the usual one; HOST is this registry's."""
        self.compresses = False
        """Whether bodies are sent with gzip."""
        self.whole = False
        """Whether all tags are sent whatever page is asked for."""
        self.lies: dict[str, str] = {}
        """Manifest reference → digest that the header claims."""
        self.logins: list[str | None] = []
        """The Authorization of each request."""
        self.delay = 0.0
        self.tls: ssl.SSLContext | None = None
        if tls is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*tls)
        self._lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"registry": self}))
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
            body = {"schemaVersion": 2, "mediaType": INDEX, "manifests": parts}
            top = self._put(found, INDEX, body)
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

    def fault(self, line: str) -> tuple[int | str, dict[str, str]] | None:
        """Return what goes wrong with a request, once for each fault."""
        with self._lock:
            for number, (pattern, status, headers) in enumerate(self.faults):
                if re.search(pattern, line):
                    del self.faults[number]
                    return status, headers
        return None
