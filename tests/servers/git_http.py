"""git's own smart HTTP server, `git http-backend`, answering for a folder of bare repositories."""

from __future__ import annotations

import gzip
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.server import BaseHTTPRequestHandler

SETTINGS = {
    "http.receivepack": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "receive.autogc": "false",
}


_SERVICES = ("git-upload-pack", "git-receive-pack")


def configure(repository: Path) -> None:
    """Set a bare repository up as the big forges have theirs."""
    lines = [
        f"[{section}]\n\t{name} = {value}\n"
        for key, value in SETTINGS.items()
        for section, _, name in [key.partition(".")]
    ]
    with (repository / "config").open("a", encoding="utf-8") as config:
        config.writelines(lines)


def body_of(handler: BaseHTTPRequestHandler) -> bytes:
    """Return a request's whole body, chunked, compressed or plain."""
    if handler.headers.get("Transfer-Encoding", "").lower() == "chunked":
        parts = []
        while size := int(handler.rfile.readline().split(b";")[0], 16):
            parts.append(handler.rfile.read(size))
            handler.rfile.readline()
        handler.rfile.readline()
        data = b"".join(parts)
    else:
        data = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    return gzip.decompress(data) if handler.headers.get("Content-Encoding") == "gzip" else data


def answer(  # noqa: PLR0917 - what CGI is told
    handler: BaseHTTPRequestHandler,
    root: Path,
    path: str,
    body: bytes,
    user: str,
    extra: Mapping[str, str] | None = None,
) -> tuple[int, bytes, dict[str, str]]:
    """Return the status, the content and the headers with which git, as CGI, answers a request."""
    parts = urlsplit(handler.path)
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": path,
        "QUERY_STRING": parts.query,
        "REQUEST_METHOD": handler.command,
        "CONTENT_TYPE": handler.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_USER": user,
        "REMOTE_ADDR": "127.0.0.1",
        "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""),
        "GIT_COMMITTER_NAME": "server",
        "GIT_COMMITTER_EMAIL": "server@localhost",
        **(extra or {}),
    }
    service = parts.path.rpartition("/")[2]
    repository = root / path.removesuffix(service).strip("/")
    if service in _SERVICES and handler.command == "POST" and repository.is_dir():
        return 200, _served(service, repository, environment, body), _headers_of(service)
    output = _advertised(environment) or _run(environment, body)
    head, _, content = output.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
    return int(headers.pop("Status", "200").split()[0]), content, headers


def _served(service: str, repository: Path, environment: Mapping[str, str], body: bytes) -> bytes:
    """Return what a service of git answers, begun as `git http-backend` would begin it."""
    command = ["git", service.removeprefix("git-"), "--stateless-rpc", str(repository)]
    done = subprocess.run(command, input=body, capture_output=True, env=environment, check=False)
    return done.stdout


def _headers_of(service: str) -> dict[str, str]:
    return {"Content-Type": f"application/x-{service}-result", "Cache-Control": "no-cache"}


def _advertised(environment: Mapping[str, str]) -> bytes | None:
    """Return git's answer to a fetch's first question: what it offers, which no ref changes."""
    if "version=2" not in environment["GIT_PROTOCOL"].split(":"):
        return None
    if environment["QUERY_STRING"] != "service=git-upload-pack":
        return None
    repository = environment["PATH_INFO"].removesuffix("/info/refs").strip("/")
    config = Path(environment["GIT_PROJECT_ROOT"], repository, "config")
    if not config.is_file():
        return None
    known = (environment["GIT_PROTOCOL"], config.read_bytes())
    if known not in _ADVERTISED:
        _ADVERTISED[known] = _run(environment, b"")
    return _ADVERTISED[known]


# What git offers by which version of the protocol, in a repository with which configuration.
_ADVERTISED: dict[tuple[str, bytes], bytes] = {}


@cache
def _program() -> str:
    """Return the program that `git http-backend` starts."""
    folder = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
    return f"{folder.stdout.strip()}/git-http-backend"


def _run(environment: Mapping[str, str], body: bytes) -> bytes:
    """Return what git answers as a CGI program."""
    done = subprocess.run(
        [_program()], input=body, capture_output=True, env=environment, check=False
    )
    return done.stdout
