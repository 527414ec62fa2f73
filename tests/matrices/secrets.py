"""Secrets that are marked, through every command and every echo: none comes out anywhere."""

from __future__ import annotations

import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.matrices.deliveries import DELIVERIES, READS, World
from tests.matrices.fault import judged
from tests.matrices.table import AT_ONCE, Row, some

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from tests.command import Run

TOKEN = "ghs_MARKEDtoken+/=%" + "Q7" * 12
_PASSWORD = "MARKEDpassword~&<" + "Z9" * 8
_STATUSES = (200, 401, 403, 404, 422, 500)


def encodings(secret: str, user: str) -> set[str]:
    """Return how a secret may stand in a text, with its user and without, cut where Base64 is sure."""
    found = {secret, quote(secret, safe=""), secret.encode().hex(), json.dumps(secret)[1:-1]}
    for text in (secret, f"{user}:{secret}"):
        for shift in range(3):
            coded = base64.b64encode(b" " * shift + text.encode()).decode()
            # What surrounds it decides the first characters and the last.
            found.add(coded[4:-4] if shift else coded[:-4])
    return found


_FORMS = encodings(TOKEN, "x-access-token") | encodings(_PASSWORD, "robot")


@dataclass
class Echo:
    """Answers with what it was sent, everywhere where text can stand."""

    status: int

    def before(self, handler: BaseHTTPRequestHandler) -> bool:
        """Answer at once."""
        given = handler.headers.get("Authorization", "")
        decoded = base64.b64decode(given.partition(" ")[2] + "===").decode("latin-1")
        # Each server knows what it is sent, and is sent no other's secret.
        own = _PASSWORD if handler.path.startswith("/v2/") else TOKEN
        said = " / ".join((given, decoded, quote(given), given.encode().hex(), own))
        body = json.dumps(
            {
                "message": said,
                "errors": [{"code": given, "message": decoded, "detail": said}],
                "documentation_url": f"https://x.example/?token={own}",
                "title": said,
                "name": given,
            }
        ).encode()
        lines = (
            f"HTTP/1.1 {self.status} {given or 'none'}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            f'WWW-Authenticate: Bearer realm="https://127.0.0.1:1/{quote(said)}",service="{given}"',
            f"X-Echo: {given}",
            "Connection: close",
        )
        handler.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
        return False

    def after(self, answer: bytes, _: BaseHTTPRequestHandler) -> bytes:
        """Answer as the server did."""
        return answer


def rows(home: Path, *, short: bool) -> Iterator[Row]:
    """Yield a row for each delivery: without an echo, and with one at each of its requests."""
    chosen = [one for one in (*DELIVERIES, *READS) if not one.folder]
    known: set[tuple[str, str]] = set()
    with ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as pool:
        attacks = []
        for number, delivery in enumerate(chosen):
            world = stack.enter_context(World(home / f"secret-{number}", delivery))
            attacks.append(_Attack(world, known, short))
        yield from pool.map(_Attack.row, attacks)


class _Attack:
    """An echo at those requests of one command that no other has had."""

    def __init__(self, world: World, known: set[tuple[str, str]], short: bool) -> None:
        self.world, self.short, self.seed = world, short, len(known)
        self.env = _arm(world)
        world.restore()
        done = world.start("-v", env=self.env).end()
        self.first = _leaks(world, done, self.env)
        self.points: list[tuple[int, str]] = []
        for number, name in enumerate(world.interceptor.reached):
            key = (world.delivery.command[0], re.sub(r"/v2/\w+/", "/v2/x/", name))
            if key not in known:
                known.add(key)
                self.points.append((number, name))

    def row(self) -> Row:
        """Have every request answered by an echo, with every status."""
        row = Row("hostile", f"secrets are echoed: {self.world.delivery.name}", runs=1)
        row.check("no echo", *self.first)
        cases = [(point, status) for point in self.points for status in _STATUSES]
        for one in some(cases, 1 if self.short else None, self.seed):
            (number, name), status = cases[one]
            self.world.restore()
            self.world.interceptor.begin({number: Echo(status)})
            row.runs += 1
            done = self.world.start("-v", "--timeout", "12", env=self.env).end()
            row.check(f"{status} at {name} ({number})", *_leaks(self.world, done, self.env))
        return row


def _arm(world: World) -> Mapping[str, str]:
    """Have the servers want the marked secrets, and return the variables that hold them."""
    world.tokens[TOKEN] = True
    world.registry.user = ("robot", _PASSWORD)
    login = base64.b64encode(f"robot:{_PASSWORD}".encode()).decode()
    docker = world.home / "docker"
    docker.mkdir()
    auths = {"auths": {world.registry.host: {"auth": login}}}
    (docker / "config.json").write_text(json.dumps(auths))
    return {
        "GITHUB_TOKEN": TOKEN,
        "DOCKER_CONFIG": str(docker),
        "GITHUB_OUTPUT": str(world.home / "output"),
        "GITHUB_STEP_SUMMARY": str(world.home / "summary"),
    }


def _leaks(world: World, done: Run, env: Mapping[str, str]) -> list[str]:
    """Return where a secret came out, and what else is wrong with the end."""
    places = {"stdout": done.stdout, "stderr": done.stderr, "git's arguments": world.git.log()}
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        file = world.home / env[name].rpartition("/")[2]
        places[name] = file.read_text(encoding="utf-8") if file.exists() else ""
        file.unlink(missing_ok=True)
    places["pulls"] = json.dumps([world.github.pulls, world.github.comments], default=str)
    places["commits"] = world.repository.git("log", "--all", "--format=%B%an%ae", "-p")
    for file in world.temporary.rglob("*"):
        if file.is_file():
            places[str(file)] = file.read_bytes().decode("latin-1")
    leaked = [
        f"{where} has {form!r}" for where, text in places.items() for form in _FORMS if form in text
    ]
    return leaked + judged(done)
