"""HTTP: from a request to the API's answer or to git's, with the faults that were asked for."""

from __future__ import annotations

import base64
import json
import re
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.servers import git_http
from tests.servers.github import apps, git_data, graph, issues, pulls, refs, routes, shapes
from tests.servers.github.errors import RejectedError, not_found
from tests.servers.github.faults import Fault, Limit, Seen
from tests.servers.github.protection import hook_environment
from tests.servers.github.routes import Request
from tests.servers.github.tokens import check, known

if TYPE_CHECKING:
    from tests.servers.github.server import GitHub

# The modules whose endpoints fill the table of routes.
ENDPOINTS = (git_data, issues, pulls, refs)
_PREFIXES = ("/api/v3", "")


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one server."""

    github: ClassVar[GitHub]
    protocol_version = "HTTP/1.1"
    _cuts = False
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""

    def do_GET(self) -> None:
        """Answer any request."""
        data = git_http.body_of(self)
        parts = urlsplit(self.path)
        graphql = parts.path in ("/api/graphql", "/graphql")
        api = graphql or parts.path.startswith(("/api/v3/", "/repos/", "/app/"))
        body = json.loads(data) if api and data else None
        given = self.headers.get("Authorization", "")
        self._seen = Seen(self.command, parts.path, given, api, graphql, body, parts.query)
        self.github.seen.append(self._seen)
        fault = self._fault(parts.path, json.dumps(body) if graphql else "")
        self._let_act(parts.path, json.dumps(body) if graphql else "")
        if fault and fault.delay:
            time.sleep(fault.delay)
        if fault and fault.is_instead:
            self._broken(fault)
        elif self.github.redirect and not api:
            self._send(301, b"", {"Location": self.github.redirect + self.path})
        elif api:
            self._api(parts.path, body, fault if fault and not fault.is_slow_only else None)
        else:
            self._git(parts.path, data, given, fault if fault and not fault.is_slow_only else None)

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names of http.server

    def _let_act(self, path: str, text: str) -> None:
        for one in list(self.github.meanwhile):
            method, pattern, act = one
            if method == self.command and re.search(pattern, path + text):
                self.github.meanwhile.remove(one)
                act()

    def _fault(self, path: str, text: str) -> Fault | None:
        with self.github.lock:
            for fault in self.github.faults:
                if fault.method == self.command and re.search(fault.pattern, path + text):
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

    def _api(self, path: str, body: Any, fault: Fault | None) -> None:
        for prefix in _PREFIXES:
            if prefix and path.startswith(prefix):
                path = path.removeprefix(prefix)
        query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        given = self.headers.get("Authorization", "")
        request = Request(self.command, path, query, body, given)
        headers: dict[str, str] = {}
        try:
            with self.github.lock:
                self.github.look()
                self.github.was_behind = False
                status, answer = self._answer(request)
                self.github.unlisted -= self.github.was_behind
                self.github.look()
                headers = request.headers
        except RejectedError as rejected:
            status, answer, headers = rejected.status, rejected.body, rejected.headers
        if path.startswith(("/repos/", "/app")):
            self.github.check(self.command, path, query, body, status, answer)
        if fault and not fault.cut:
            self._broken(fault)
            return
        self._cuts = fault is not None
        self._json(status, answer, {**self._limit.headers(), **headers})

    @property
    def _limit(self) -> Limit:
        return self.github.graphql_limit if self._seen.graphql else self.github.limit

    def _answer(self, request: Request) -> tuple[int, Any]:
        """Answer an API request, once it is known who asks."""
        github, root = self.github, f"/repos/{self.github.full_name}"
        if not self._limit.take():
            return self._limited()
        words = request.authorization.split()
        if len(words) == 2 and words[1].count(".") == 2:
            return apps.answer(github, request, request.path.removeprefix(root))
        request.token = known(github, words[1]) if len(words) == 2 else None
        request.headers |= request.token.headers if request.token else {}
        if request.path.endswith("/graphql"):
            if not github.has_graphql:
                raise not_found()
            return 200, graph.answer(github, request)
        for old in github.old_names:
            if request.path.startswith(f"/repos/{old}/"):
                moved = request.path.replace(f"/repos/{old}", root, 1)
                raise RejectedError(
                    301, "Moved Permanently", {"Location": f"{github.api_url}{moved}"}
                )
        if request.path != root and not request.path.startswith(f"{root}/"):
            raise not_found()
        rest = request.path.removeprefix(root)
        if not rest:
            check(github, request.token, "metadata", writes=False)
            return 200, shapes.repository(github, full=True)
        endpoint, names, permission = routes.find(request.method, rest)
        writes = request.method != "GET"
        check(github, request.token, permission, writes=writes)
        if github.archived and writes:
            raise RejectedError(403, "Repository was archived so is read-only.")
        found: tuple[int, Any] = endpoint(github, request, **names)
        return found

    def _limited(self) -> tuple[int, Any]:
        """Answer where the limit is reached: GraphQL has its own way of saying that."""
        if not self._seen.graphql:
            raise RejectedError(403, "API rate limit exceeded")
        said = "API rate limit exceeded for user ID 1."
        return 200, {"errors": [{"type": "RATE_LIMITED", "message": said}]}

    def _git(self, path: str, body: bytes, authorization: str, fault: Fault | None) -> None:
        """Let git answer, once it is known who asks."""
        token = ""
        if authorization.startswith("Basic "):
            decoded = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            token = decoded.partition(":")[2]
        for old in self.github.old_names:
            if path.startswith(f"/{old}.git/"):
                there = f"{self.github.origin}/{self.github.full_name}{self.path[len(old) + 1 :]}"
                self._send(301, b"", {"Location": there})
                return
        writing = "git-receive-pack" in self.path
        if len(self.headers.get_all("Authorization", [])) > 1:
            self._plain(400, "Bad Request: duplicate Authorization header", {})
            return
        try:
            found = known(self.github, token)
        except RejectedError:
            self._plain(401, "Invalid username or token.", {"WWW-Authenticate": "Basic"})
            return
        repository = self.github.root / path.lstrip("/").partition(".git")[0]
        if not found.reaches(self.github.full_name) or not repository.with_suffix(".git").exists():
            self._plain(404, "Repository not found.", {})
        elif writing and (not found.may("contents") or self.github.archived):
            said = "This repository was archived so it is read-only."
            self._plain(
                403, said if self.github.archived else "Write access to repository not granted.", {}
            )
        else:
            extra = hook_environment(self.github) if self.github.protection else {}
            answer = git_http.answer(self, self.github.root, path, body, found.user, extra)
            if fault:
                self._broken(fault)
            else:
                self._send(*answer)

    def _plain(self, status: int, text: str, headers: dict[str, str]) -> None:
        self._send(status, text.encode(), {"Content-Type": "text/plain", **headers})

    def _json(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        data = b"" if status == 204 else json.dumps(answer).encode()
        self._send(status, data, {"Content-Type": "application/json; charset=utf-8", **headers})

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self._seen.size = len(data)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self._cuts:
            self.close_connection = True
            data = data[: len(data) // 2]
        self.wfile.write(data)
