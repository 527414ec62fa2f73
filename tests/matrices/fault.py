"""Each request of each command fails in each way: the run ends in time and says why, the rerun is right.

What passes by itself (a 502, a limit, a dropped connection) ends no run at all.
"""

from __future__ import annotations

import json
import re
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.matrices import machine
from tests.matrices.deliveries import DELIVERIES, READS, World
from tests.matrices.table import AT_ONCE, Row, some
from tests.servers.github.errors import SECONDARY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from tests.command import Run
    from tests.matrices.process import Started

# Seconds that a run gets, and how much later it may end on a busy machine; MiB that it may take,
# and that git may take, which unpacks what a server has compressed.
PATIENT, HASTY, LATE, LARGEST, LARGEST_OF_GIT = 40, 6, 6.0, 512, 1100
_HTML = b"<!doctype html><html><body><h1>Sign in</h1><script>alert(1)</script></body></html>"


@dataclass(frozen=True)
class Fault:
    """One way to fail: what is answered, and whether the request is processed first."""

    name: str
    answer: Callable[[BaseHTTPRequestHandler, bytes], bytes]
    processed: bool = False
    passes: bool = False
    """Whether it passes by itself, so that the run has to succeed."""
    timeout: int = PATIENT
    stays: bool = False
    """Whether the connection stays."""

    def before(self, handler: BaseHTTPRequestHandler) -> bool:
        """Answer at once, or have the request processed."""
        if not self.processed:
            self._send(b"", handler)
        return self.processed

    def after(self, answer: bytes, handler: BaseHTTPRequestHandler) -> bytes:
        """Answer otherwise than the server did."""
        if self.stays:
            return self.answer(handler, answer)
        self._send(answer, handler)
        return b""

    def _send(self, answer: bytes, handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(self.answer(handler, answer))
        except OSError:
            """The client went away."""


class FromNowOn(dict[int, Any]):
    """The same fault at a point and at all that follow to the same server."""

    def __init__(self, first: int, fault: Fault) -> None:
        super().__init__()
        self._first, self._fault = first, fault

    def get(self, key: int, default: Any = None) -> Any:
        """Return the fault at the point and behind it."""
        return self._fault if key >= self._first else default


def _said(status: str, body: bytes, *headers: str, kind: str = "application/json") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "Connection: close", *headers, "", ""]).encode() + body


def _fixed(answer: bytes) -> Callable[[BaseHTTPRequestHandler, bytes], bytes]:
    return lambda _, __: answer


def _late(_handler: BaseHTTPRequestHandler, answer: bytes) -> bytes:
    time.sleep(0.4)
    return answer


def _cut(_handler: BaseHTTPRequestHandler, answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + body[: len(body) // 2]


def _dated(moment: bytes) -> Callable[[BaseHTTPRequestHandler, bytes], bytes]:
    """Return what lets a server have another time than everybody else."""
    header = b"\r\nDate: %s\r\n" % moment
    return lambda _, answer: re.sub(rb"\r\nDate: [^\r]*\r\n", header, answer, count=1)


def _bomb() -> bytes:
    """Return 4 GiB of blanks, compressed a thousandfold."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\3" + block * (1 << 12)


def _endless(handler: BaseHTTPRequestHandler, _answer: bytes) -> bytes:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    block = b" " * (1 << 20)
    for _ in range(4096):
        handler.wfile.write(block)
    return b""


def _dripping(handler: BaseHTTPRequestHandler, _answer: bytes) -> bytes:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    for _ in range(600):
        handler.wfile.write(b" ")
        time.sleep(0.1)
    return b""


_MESSAGE = b'{"message": "Server Error"}'
_BOMB = _bomb()
_LIMIT = json.dumps({"message": SECONDARY}).encode()
FAULTS = (
    Fault("late", _late, processed=True, passes=True, stays=True),
    Fault("hung up behind the answer", lambda _, answer: answer, processed=True, passes=True),
    Fault("dropped before", _fixed(b""), passes=True),
    Fault("dropped after", _fixed(b""), processed=True, passes=True),
    Fault("500 before", _fixed(_said("500 Internal Server Error", _MESSAGE)), passes=True),
    Fault("502 after", _fixed(_said("502 Bad Gateway", _HTML)), processed=True, passes=True),
    Fault("503 before", _fixed(_said("503 Service Unavailable", _HTML)), passes=True),
    Fault("429", _fixed(_said("429 Too Many Requests", _MESSAGE, "Retry-After: 1")), passes=True),
    Fault(
        "a clock of 1994",
        _dated(b"Sun, 06 Nov 1994 08:49:37 GMT"),
        processed=True,
        passes=True,
        stays=True,
    ),
    Fault(
        "a clock of 2094",
        _dated(b"Sat, 06 Nov 2094 08:49:37 GMT"),
        processed=True,
        passes=True,
        stays=True,
    ),
    Fault("a secondary limit", _fixed(_said("403 Forbidden", _LIMIT, "Retry-After: 1"))),
    Fault("cut off", _cut, processed=True),
    Fault("empty", _fixed(_said("200 OK", b""))),
    Fault("an empty object", _fixed(_said("200 OK", b"{}"))),
    Fault("an empty list", _fixed(_said("200 OK", b"[]"))),
    Fault("null", _fixed(_said("200 OK", b'{"data": null, "errors": null}'))),
    Fault("nested without end", _fixed(_said("200 OK", b'{"data":' * 100_000))),
    Fault("HTML", _fixed(_said("200 OK", _HTML, kind="text/html"))),
    Fault("no HTTP", _fixed(b"\x00\x01\x02 hello\r\n\r\n")),
    Fault("404", _fixed(_said("404 Not Found", b'{"message": "Not Found"}'))),
    Fault("a token that expires", _fixed(_said("401 Unauthorized", _MESSAGE))),
    Fault("without end", _endless, timeout=HASTY),
    Fault("dripping", _dripping, timeout=HASTY),
    Fault(
        "a compression bomb",
        _fixed(_said("200 OK", _BOMB, "Content-Encoding: gzip")),
        timeout=HASTY,
    ),
)


@dataclass(frozen=True)
class Point:
    """A request of a command, by its number in the run of a delivery."""

    number: int
    name: str


def rows(home: Path, *, short: bool) -> Iterator[Row]:
    """Yield a row for each delivery, with those requests of its command that no other has had."""
    known: set[tuple[str, str]] = set()
    with ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as pool:
        attacks = []
        for number, delivery in enumerate((*DELIVERIES, *READS)):
            world = stack.enter_context(World(home / f"fault-{number}", delivery))
            attacks.append(_Attack(world, known, short))
        yield from pool.map(_Attack.row, attacks)
    yield from machine.rows(home, short=short)


class _Attack:
    """All faults on one delivery."""

    def __init__(self, world: World, known: set[tuple[str, str]], short: bool) -> None:
        self.world, self.short, self.seed = world, short, len(known)
        self.points: list[Point] = []
        world.restore()
        done = world.start().end()
        assert done.code == 0, f"{world.delivery.name}: {done.stderr}"
        self.wanted = world.state()
        for number, name in enumerate(world.interceptor.reached):
            key = (world.delivery.command[0], re.sub(r"/v2/\w+/", "/v2/x/", name))
            if key not in known:
                known.add(key)
                self.points.append(Point(number, name))

    def row(self) -> Row:
        """Let every request fail in every way."""
        row = Row("fault", self.world.delivery.name)
        cases = [(point, fault) for point in self.points for fault in FAULTS]
        for number in some(cases, 1 if self.short else None, self.seed):
            point, fault = cases[number]
            wrong = self._failed(self.world, point, fault, self.wanted)
            row.runs += 2
            row.check(f"{fault.name} at {point.name} ({point.number})", *wrong)
        return row

    def _failed(
        self, world: World, point: Point, fault: Fault, wanted: dict[str, Any]
    ) -> list[str]:
        """Run with a fault, and again without; return what is wrong."""
        world.restore()
        expires = fault.name.startswith("a token that")
        world.interceptor.begin(
            FromNowOn(point.number, fault) if expires else {point.number: fault}
        )
        began = time.monotonic()
        started = world.start("--timeout", str(fault.timeout))
        done = started.end()
        took = time.monotonic() - began
        wrong = judged(done)
        if "<script" in done.stderr:
            wrong.append(f"quotes a page: {done.stderr[:300]}")
        wrong += _beyond_bounds(started, took, fault)
        if fault.passes and done.code != 0:
            wrong.append(f"exits {done.code} for what passes by itself: {done.stderr}")
        world.interceptor.begin()
        world.git.begin()
        world.age()
        again = world.start().end()
        if again.code != 0:
            wrong.append(f"the rerun exits {again.code}: {again.stderr}")
        state = world.state()
        if not fault.passes and done.code == 0 and "warning" in done.stderr:
            # What is wanted of a pull beside its text may fail with a warning, and be merged so; so may a comment.
            for key in ("labels", "assignees", "reviewers"):
                for one, other in zip(state["pulls"], wanted["pulls"], strict=True):
                    one[key] = other[key]
            state["labels"] = wanted["labels"]
            for said in wanted["comments"]:
                state["comments"].setdefault(said, wanted["comments"][said])
        return wrong + differences(state, wanted) + world.wrong()


def _beyond_bounds(started: Started, took: float, fault: Fault) -> list[str]:
    """Return what of time and memory was too much."""
    bounds = (
        (took > fault.timeout + LATE, f"took {took:.0f} s of {fault.timeout}"),
        (started.memory > LARGEST, f"took {started.memory} MiB"),
        (started.memory_of_git > LARGEST_OF_GIT, f"git took {started.memory_of_git} MiB"),
    )
    return [said for is_beyond, said in bounds if is_beyond]


def judged(done: Run) -> list[str]:
    """Return what is wrong with how a run has ended, whatever was done to it."""
    wrong = []
    if done.code not in (0, 2, 3, 4, 5):
        wrong.append(f"exits {done.code}: {done.stderr[-600:]}")
    if "Traceback" in done.stderr + done.stdout:
        wrong.append(f"shows a traceback: {done.stderr[-600:]}")
    if done.code and (len(done.stderr) < 20 or len(done.stderr) > 9000):
        wrong.append(f"says {done.stderr[:300]!r}")
    return wrong


def differences(state: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Return where a state is not the one that is wanted; a text may know less of what failed."""
    for one in (state, wanted):
        for pull in one["pulls"]:
            pull.pop("body", None)
        # A commit says what the gates said when it was made: of a registry that failed, unknown.
        for name, commits in one["branches"].items():
            texts = [re.sub(r"Promoter-Gates: .*", "Promoter-Gates", text) for text in commits]
            one["branches"][name] = texts
    return [
        f"{key} is {state[key]!r} and not {wanted[key]!r}"
        for key in wanted
        if state[key] != wanted[key]
    ]
