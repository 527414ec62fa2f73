"""A small GitHub: its pulls API and its git, over real bare repositories, with faults on demand.

Git computes everything about commits; the rules and the bodies of answers are GitHub's own.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

from tests.servers import git_http

if TYPE_CHECKING:
    from pathlib import Path

_PREFIXES = ("/api/v3", "")
_MOMENT = "2026-01-01T00:00:00Z"
_BODY_LIMIT = 65_536


@dataclass
class Fault:
    """What goes wrong with the next matching requests."""

    method: str
    pattern: str
    status: int | None = None
    after: bool = False
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=lambda: {"message": "Server Error"})


@dataclass
class Seen:
    """One request that arrived."""

    method: str
    path: str
    authorization: str
    api: bool


class RejectedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "message": message,
            "documentation_url": "https://docs.github.com/rest",
            **more,
        }


class GitHub:
    """One server with one repository, `owner/name`, and its tokens: name → may it write."""

    def __init__(self, root: Path, owner: str = "aurora-cloud", name: str = "gitops") -> None:
        self.root, self.owner, self.name = root, owner, name
        self.repository = root / owner / f"{name}.git"
        self.tokens: dict[str, bool] = {"good-token": True, "read-token": False}
        self.pulls: list[dict[str, Any]] = []
        self.comments: dict[int, list[str]] = {}
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.redirect: str | None = None
        self.lock = threading.RLock()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Bound", (Handler,), {"github": self})
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
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """The repository's clone URL."""
        return f"{self.origin}/{self.owner}/{self.name}.git"

    @property
    def api_url(self) -> str:
        """The API's base URL, as an Enterprise Server has it."""
        return f"{self.origin}/api/v3"

    def fail(self, method: str, pattern: str, **how: Any) -> None:
        """Let the next matching requests fail; without a status the connection is dropped."""
        self.faults.append(Fault(method, pattern, **how))

    def rest(self) -> list[Seen]:
        """The API requests so far."""
        return [one for one in self.seen if one.api]

    def open_pulls(self) -> list[dict[str, Any]]:
        """The open pulls, as the API shows them."""
        return [self.show(one) for one in self.pulls if one["state"] == "open"]

    def close(self, number: int) -> None:
        """Close a pull, as a person does."""
        self.pulls[number - 1]["state"] = "closed"

    def head(self, branch: str) -> str | None:
        """Return a branch's commit."""
        done = subprocess.run(
            ["git", "rev-parse", "-q", "--verify", f"refs/heads/{branch}"],
            cwd=self.repository, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout.strip() or None

    def show(self, pull: dict[str, Any]) -> dict[str, Any]:
        """Return a pull as GitHub shows it; an open one's head is wherever its branch is."""
        if pull["state"] == "open":
            now = self.head(pull["head"])
            if now is None:
                pull["state"] = "closed"
            else:
                pull["sha"] = now
        api = f"{self.api_url}/repos/{self.owner}/{self.name}"
        number = pull["number"]
        return {
            "id": number,
            "node_id": f"PR_{number}",
            "number": number,
            "state": pull["state"],
            "locked": False,
            "title": pull["title"],
            "body": pull["body"],
            "url": f"{api}/pulls/{number}",
            "html_url": f"{self.origin}/{self.owner}/{self.name}/pull/{number}",
            "issue_url": f"{api}/issues/{number}",
            "comments_url": f"{api}/issues/{number}/comments",
            "created_at": _MOMENT,
            "updated_at": _MOMENT,
            "closed_at": _MOMENT if pull["state"] == "closed" else None,
            "merged_at": pull.get("merged_at"),
            "draft": False,
            "head": {
                "ref": pull["head"],
                "label": f"{self.owner}:{pull['head']}",
                "sha": pull["sha"],
            },
            "base": {"ref": pull["base"], "label": f"{self.owner}:{pull['base']}"},
        }

    def api(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> Any:
        """Answer one API request: (status, JSON)."""
        root = f"/repos/{self.owner}/{self.name}"
        if not path.startswith(root):
            raise RejectedError(404, "Not Found")
        rest = path.removeprefix(root)
        if rest == "/pulls" and method == "GET":
            return 200, self._listed(query)
        if rest == "/pulls" and method == "POST":
            return 201, self._created(body)
        if found := re.fullmatch(r"/pulls/(\d+)", rest):
            pull = self._pull(int(found[1]))
            if method == "PATCH":
                self._changed(pull, body)
            return 200, self.show(pull)
        if (found := re.fullmatch(r"/issues/(\d+)/comments", rest)) and method == "POST":
            self.comments.setdefault(int(found[1]), []).append(body["body"])
            return 201, {"id": 1, "body": body["body"]}
        raise RejectedError(404, "Not Found")

    def _listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        shown = [self.show(one) for one in reversed(self.pulls)]
        state, head, base = query.get("state", "open"), query.get("head"), query.get("base")
        return [
            one
            for one in shown
            if state in ("all", one["state"])
            and head in (None, one["head"]["label"])
            and base in (None, one["base"]["ref"])
        ]

    def _created(self, body: dict[str, Any]) -> dict[str, Any]:
        head, base = body["head"], body["base"]
        sha = self.head(head)
        if sha is None:
            raise self._invalid("head", code="invalid")
        if self.head(base) is None:
            raise self._invalid("base", code="invalid")
        if any(one["head"]["ref"] == head for one in self.open_pulls()):
            label = f"{self.owner}:{head}"
            raise self._invalid(None, message=f"A pull request already exists for {label}.")
        if sha == self.head(base):
            raise self._invalid(None, message=f"No commits between {base} and {head}")
        self._check_body(body)
        pull = {
            "number": len(self.pulls) + 1, "state": "open", "head": head, "base": base,
            "title": body["title"], "body": body.get("body"), "sha": sha,
        }  # fmt: skip
        self.pulls.append(pull)
        return self.show(pull)

    def _changed(self, pull: dict[str, Any], body: dict[str, Any]) -> None:
        self._check_body(body)
        for key in ("title", "body", "state"):
            if key in body:
                pull[key] = body[key]

    def _check_body(self, body: dict[str, Any]) -> None:
        if len(body.get("body") or "") > _BODY_LIMIT:
            raise self._invalid("body", code="custom", message="body is too long")

    def _pull(self, number: int) -> dict[str, Any]:
        if not 1 <= number <= len(self.pulls):
            raise RejectedError(404, "Not Found")
        return self.pulls[number - 1]

    def _invalid(self, name: str | None, **error: str) -> RejectedError:
        found = {"resource": "PullRequest", "code": "custom", **error}
        if name:
            found["field"] = name
        return RejectedError(422, "Validation Failed", errors=[found])


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one server."""

    github: ClassVar[GitHub]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names of http.server

    def _answer(self) -> None:
        body = git_http.body_of(self)
        path = urlsplit(self.path).path
        authorization = self.headers.get("Authorization", "")
        api = path.startswith(("/api/v3/", "/repos/"))
        self.github.seen.append(Seen(self.command, path, authorization, api))
        fault = self._fault(path)
        if fault and not fault.after:
            self._broken(fault)
            return
        if self.github.redirect and not api:
            self.send_response(301)
            self.send_header("Location", self.github.redirect + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif api:
            self._api(path, body, fault)
        else:
            self._git(path, body, authorization)

    def _fault(self, path: str) -> Fault | None:
        with self.github.lock:
            for fault in self.github.faults:
                if fault.method == self.command and re.search(fault.pattern, path):
                    fault.times -= 1
                    if fault.times <= 0:
                        self.github.faults.remove(fault)
                    return fault
        return None

    def _broken(self, fault: Fault) -> None:
        if fault.status is None:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(2)
            return
        self._json(fault.status, fault.body, fault.headers)

    def _api(self, path: str, body: bytes, fault: Fault | None) -> None:
        for prefix in _PREFIXES:
            if prefix and path.startswith(prefix):
                path = path.removeprefix(prefix)
        query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        try:
            with self.github.lock:
                self._check_token()
                status, answer = self.github.api(
                    self.command, path, query, json.loads(body) if body else {}
                )
        except RejectedError as rejected:
            status, answer = rejected.status, rejected.body
        if fault:
            self._broken(fault)
        else:
            self._json(status, answer, {})

    def _check_token(self) -> None:
        words = self.headers.get("Authorization", "").split()
        token = words[1] if len(words) == 2 else None
        if token is None and self.command == "GET":
            return
        if token not in self.github.tokens:
            raise RejectedError(401, "Bad credentials")
        if self.command != "GET" and not self.github.tokens[token]:
            raise RejectedError(403, "Resource not accessible by personal access token")

    def _git(self, path: str, body: bytes, authorization: str) -> None:
        token = ""
        if authorization.startswith("Basic "):
            decoded = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            token = decoded.partition(":")[2]
        writing = "git-receive-pack" in self.path
        if token not in self.github.tokens:
            self._plain(401, "Invalid username or token.", {"WWW-Authenticate": "Basic"})
        elif writing and not self.github.tokens[token]:
            self._plain(403, "Write access to repository not granted.", {})
        elif (
            not (self.github.root / path.lstrip("/").partition(".git")[0])
            .with_suffix(".git")
            .exists()
        ):
            self._plain(404, "Repository not found.", {})
        else:
            git_http.answer(self, self.github.root, path, body, "bot")

    def _plain(self, status: int, text: str, headers: dict[str, str]) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _json(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("X-RateLimit-Limit", "5000")
        self.send_header("X-RateLimit-Remaining", "4999")
        self.send_header("X-RateLimit-Reset", str(int(time.time()) + 3600))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
