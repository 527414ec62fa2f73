"""Real registries as processes: Debian's docker-registry, open or with logins, and crane's."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urljoin, urlsplit

import jwt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.servers.registry import digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER, PASSWORD = "ci", "pw"
_CONFIG = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "127.0.0.1:{port}"{tls}}}
{auth}
"""


@contextmanager
def debian(folder: Path, mode: str, tls: tuple[Path, Path] | None = None) -> Iterator[str]:
    """Run docker-registry, `open`, `htpasswd` or `token`, with TLS or without; yields its host."""
    program = _needed("docker-registry")
    with TokenServer() as tokens:
        auth = {"open": "", "htpasswd": _htpasswd(folder), "token": tokens.settings(folder)}[mode]
        port = _free_port()
        file = folder / "config.yml"
        keys = f", tls: {{certificate: {tls[0]}, key: {tls[1]}}}" if tls else ""
        file.write_text(_CONFIG.format(root=folder / "data", port=port, auth=auth, tls=keys))
        with _running([program, "serve", str(file)], port) as host:
            yield host


@contextmanager
def crane() -> Iterator[str]:
    """Run crane's registry; yields its host."""
    port = _free_port()
    command = [_needed("crane"), "registry", "serve", "--address", f"127.0.0.1:{port}"]
    with _running(command, port) as host:
        yield host


def push(host: str, name: str, tags: list[str], token: str | None = None) -> str:
    """Push one image of two platforms under tags, and return its digest."""
    session = requests.Session()
    session.trust_env = False
    if token:
        session.headers["Authorization"] = token
    base = f"http://{host}/v2/{name}"
    parts = [_image(session, base, one) for one in ("amd64", "arm64")]
    kind = "application/vnd.oci.image.index.v1+json"
    index = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": parts}).encode()
    for tag in tags:
        _put(session, f"{base}/manifests/{tag}", index, kind)
    return digest(index)


def _image(session: requests.Session, base: str, architecture: str) -> dict[str, Any]:
    config = json.dumps(
        {"os": "linux", "architecture": architecture, "created": "2026-01-02T03:04:05Z",
         "config": {"Labels": {"org.opencontainers.image.revision": "a" * 40}},
         "rootfs": {"type": "layers", "diff_ids": []}}
    ).encode()  # fmt: skip
    where = session.post(f"{base}/blobs/uploads/", timeout=10)
    where.raise_for_status()
    place = urljoin(base, where.headers["Location"])
    join = "&" if "?" in place else "?"
    _put(session, f"{place}{join}digest={digest(config)}", config, "application/octet-stream")
    kind = "application/vnd.oci.image.manifest.v1+json"
    described = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": digest(config),
        "size": len(config),
    }
    body = {"schemaVersion": 2, "mediaType": kind, "config": described, "layers": []}
    data = json.dumps(body).encode()
    _put(session, f"{base}/manifests/{digest(data)}", data, kind)
    platform = {"os": "linux", "architecture": architecture}
    return {"mediaType": kind, "digest": digest(data), "size": len(data), "platform": platform}


def _put(session: requests.Session, url: str, data: bytes, kind: str) -> None:
    session.put(url, data=data, headers={"Content-Type": kind}, timeout=10).raise_for_status()


class TokenServer:
    """The token service of a registry: a login becomes a signed token for one repository."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tokens")])
        now = datetime.now(UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                """Answer a login with a token."""
                wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
                known = self.headers.get("Authorization") == f"Basic {wanted}"
                asked = parse_qs(urlsplit(self.path).query)
                data = json.dumps({"token": owner.mint(asked["scope"][0])}).encode()
                self.send_response(200 if known else 401)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data if known else b"x" * len(data))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def settings(self, folder: Path) -> str:
        """Return the registry's settings that send its clients here."""
        bundle = folder / "bundle.pem"
        bundle.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        where = f"http://127.0.0.1:{self._server.server_port}/token"
        return (
            f"auth: {{token: {{realm: '{where}', service: registry, issuer: tests, "
            f"rootcertbundle: {bundle}}}}}"
        )

    def mint(self, scope: str) -> str:
        """Return a token for a scope such as `repository:app:pull,push`."""
        kind, name, actions = scope.split(":")
        access = [{"type": kind, "name": name, "actions": actions.split(",")}]
        now = int(time.time())
        claims = {
            "iss": "tests", "sub": USER, "aud": "registry", "exp": now + 300, "nbf": now - 10,
            "iat": now, "jti": str(now), "access": access,
        }  # fmt: skip
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        header = {"x5c": [base64.b64encode(der).decode()]}
        return jwt.encode(claims, self.key, algorithm="RS256", headers=header)


def _htpasswd(folder: Path) -> str:
    program = shutil.which("htpasswd")
    if program is None:
        return ""
    file = folder / "htpasswd"
    subprocess.run([program, "-Bbc", str(file), USER, PASSWORD], check=True, capture_output=True)
    return f"auth: {{htpasswd: {{realm: registry, path: {file}}}}}"


def _needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not on PATH")
    return found


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def _running(command: list[str], port: int) -> Iterator[str]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)
