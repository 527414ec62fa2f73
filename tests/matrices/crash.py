"""Killed before and after every effect of every delivery, the rerun ends where an undisturbed run does."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tests.matrices.deliveries import DELIVERIES, Delivery, World
from tests.matrices.table import AT_ONCE, Row, some

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from tests.matrices.process import Started

Moment = Literal["before", "after"]
_ENDS = {signal.SIGTERM: 143, signal.SIGINT: 130}
# A signal ends a run at once; the rest of it is what a busy machine takes.
PROMPT = 2.0


@dataclass
class Kill:
    """Kill the run, or send it a signal, at a request: then nobody gets an answer."""

    moment: Moment
    number: signal.Signals = signal.SIGKILL
    started: Started | None = None
    sent: float = 0.0

    def before(self, _: BaseHTTPRequestHandler) -> bool:
        """End the run before the request is processed, or have it processed."""
        if self.moment == "before":
            self._end()
        return self.moment == "after"

    def after(self, _: bytes, __: BaseHTTPRequestHandler) -> bytes:
        """End the run once its request has been processed."""
        self._end()
        return b""

    def _end(self) -> None:
        while self.started is None:
            time.sleep(0.001)
        self.sent = time.monotonic()
        self.started.send(self.number)


@dataclass(frozen=True)
class Point:
    """A request or a process of git, by its number, and the moment at which the run is ended."""

    name: str
    number: int
    moment: Moment
    by_git: bool = False

    def __str__(self) -> str:
        return f"{self.moment} {self.name} ({'git ' if self.by_git else ''}{self.number})"


def rows(home: Path, *, short: bool) -> Iterator[Row]:
    """Yield a row for each delivery: killed at every point, or at some in the short form."""
    kills, signals = (2, 1) if short else (None, None)

    def both(numbered: tuple[int, Delivery]) -> list[Row]:
        number, delivery = numbered
        with World(home / f"crash-{number}", delivery) as world:
            return list(_rows(world, kills, signals))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(both, enumerate(DELIVERIES)):
            yield from found


def _rows(world: World, kills: int | None, signals: int | None) -> Iterator[Row]:
    wanted, points = _undisturbed(world)
    row = Row("crash", f"{world.delivery.name}: SIGKILL")
    for number in some(points, kills, len(world.delivery.name)):
        wrong = _killed(world, points[number], wanted)
        row.runs += 2
        row.check(str(points[number]), *wrong)
    yield row
    row, slowest = Row("crash", f"{world.delivery.name}: SIGTERM, SIGINT"), 0.0
    # What a signal meets at a request does not depend on how often it was made before.
    first = {(one.name, one.moment): one for one in reversed(points) if not one.by_git}
    requests = list(reversed(first.values()))
    for number in some(requests, signals, len(world.delivery.name)):
        ends = tuple(_ENDS)
        took, wrong = _signalled(world, requests[number], ends[number % 2], wanted)
        slowest = max(slowest, took)
        row.runs += 2
        row.check(str(requests[number]), *wrong)
    row.note = f"ended in at most {slowest:.1f} s"
    yield row


def _undisturbed(world: World) -> tuple[dict[str, Any], list[Point]]:
    """Return what a run comes to that nobody ends, and the points on its way."""
    world.restore()
    done = world.start().end()
    assert done.code == 0, f"{world.delivery.name}: {done.stderr}"
    moments: tuple[Moment, ...] = ("before", "after")
    requests, processes = world.interceptor.reached[:], world.git.reached()
    points = [Point(name, n, m) for n, name in enumerate(requests) for m in moments]
    points += [Point(name, n, m, by_git=True) for n, name in enumerate(processes) for m in moments]
    assert not world.wrong(), world.wrong()
    return world.state(), points


def _killed(world: World, point: Point, wanted: dict[str, Any]) -> list[str]:
    """Kill a run at a point and run again; return what is wrong then."""
    world.restore()
    if point.by_git:
        world.git.begin(point.number, point.moment)
    kill = Kill(point.moment)
    if not point.by_git:
        world.interceptor.begin({point.number: kill})
    kill.started = started = world.start()
    ended = started.end()
    world.git.begin()
    world.interceptor.begin()
    world.age()
    again = world.start().end()
    wrong = [] if ended.code in (-signal.SIGKILL, 0) else [f"ended with {ended.code}"]
    return wrong + _compared(world, again.code, again.stderr, wanted)


def _compared(world: World, code: int, said: str, wanted: dict[str, Any]) -> list[str]:
    """Return what differs from an undisturbed run, after a rerun."""
    wrong = [] if code == 0 else [f"the rerun exits {code}: {said}"]
    state = world.state()
    wrong += [
        f"{key} is {state[key]!r} and not {wanted[key]!r}"
        for key in wanted
        if state[key] != wanted[key]
    ]
    return wrong + world.wrong()


def _signalled(
    world: World, point: Point, number: signal.Signals, wanted: dict[str, Any]
) -> tuple[float, list[str]]:
    """Send a run a signal at a point and run again; return how long it took to end, and what is wrong."""
    world.restore()
    kill = Kill(point.moment, number)
    world.interceptor.begin({point.number: kill})
    kill.started = started = world.start()
    ended = started.end()
    took = time.monotonic() - kill.sent if kill.sent else 0.0
    wrong = []
    # What had all its answers may be over before the signal comes.
    if ended.code != _ENDS[number]:
        wrong.append(f"ended with {ended.code}, not {_ENDS[number]}: {ended.stderr}")
    elif not _says_what_was_done(ended.stdout):
        wrong.append(f"does not say what was done: {ended.stdout} {ended.stderr}")
    if "Traceback" in ended.stderr:
        wrong.append(ended.stderr)
    if took > PROMPT:
        wrong.append(f"ended only {took:.1f} s after the signal")
    world.interceptor.begin()
    again = world.start().end()
    return took, wrong + _compared(world, again.code, again.stderr, wanted)


def _says_what_was_done(told: str) -> bool:
    """Say whether the end tells of what was and was not done."""
    words = ("nothing was written", "done before", "under way", "pushed", "closed", "not done")
    return any(one in told for one in words)
