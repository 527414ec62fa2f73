"""git's own smart HTTP server, `git http-backend`, answering for a folder of bare repositories."""

from __future__ import annotations

import gzip
import os
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

SETTINGS = {
    "http.receivepack": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "receive.autogc": "false",
}


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
    git = "git", "http-backend"
    done = subprocess.run(git, input=body, capture_output=True, env=environment, check=False)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
    return int(headers.pop("Status", "200").split()[0]), content, headers
