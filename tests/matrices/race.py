"""Many promoters and people at once: no update is lost, none is applied twice, the history is clean."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from tests.many_apps import DEV, kustomization
from tests.matrices.deliveries import API, DELIVERIES, PULLS, PUSHES, Delivery, World
from tests.matrices.fault import judged
from tests.matrices.table import AT_ONCE, Row, some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from tests.command import Run

_TIME = ("--timeout", "400")


def rows(home: Path, *, short: bool) -> Iterator[Row]:
    """Yield a row for each kind of race, and for people at each point of some deliveries."""
    writers = 5 if short else 32
    for number, (folder, rounds) in enumerate(
        ((False, 1 if short else 10), (True, 1 if short else 3))
    ):
        yield _each_its_own(home / f"own-{number}", writers, rounds, folder=folder)
    most = 4 if short else 16
    yield _one_app(home / "by-pull", Delivery("pull", PULLS), most)
    yield _one_app(home / "by-api", Delivery("pull by API", PULLS + API), most)
    yield _one_app(home / "by-push", Delivery("push", PUSHES), most)
    yield _shards(home / "shards", 2 if short else 4)
    yield _environments(home / "environments")
    yield from _people(home, 2 if short else None)


def _at_once(world: World, commands: Sequence[Sequence[str]]) -> list[Run]:
    """Run commands on one repository, all at once."""
    started = [world.start_command(*words, *_TIME) for words in commands]
    return [one.end() for one in started]


def _each_its_own(home: Path, writers: int, rounds: int, *, folder: bool) -> Row:
    """Each writer pushes its own app to one branch, and is killed now and then."""
    where = "a folder" if folder else "HTTP"
    row = Row("race", f"{writers} writers to one branch in {where}, some killed")
    apps = tuple(f"app-{number:02}" for number in range(writers))
    random, pushes = Random(16), 0
    with World(home, Delivery("own", PUSHES, folder=folder, apps=apps)) as world:
        world.restore()
        tags = [f"2.0.{number}" for number in range(rounds)]
        for app in apps:
            world.registry.push(app, *tags)
        for tag in tags:
            row.check(tag, *_round(world, apps, tag, random, row))
            pushes += _pushes(world)
            world.interceptor.begin()
            world.git.begin()
        wanted = Counter((app, tag) for app in apps for tag in tags)
        arrived = _arrivals(world)
        merges = world.repository.git("rev-list", "--merges", "main")
        world.age()
        world.run("--app", apps[0], "--tag", tags[-1])
        wrong = (
            [] if arrived == wanted else [f"{arrived - wanted} too many, {wanted - arrived} lost"]
        )
        row.check("the history", *wrong, *([f"merges {merges}"] if merges else []), *world.wrong())
    row.note = f"{pushes / (writers * rounds):.1f} pushes for each change"
    return row


def _round(world: World, apps: Sequence[str], tag: str, random: Random, row: Row) -> list[str]:
    """Let all writers push one tag; whoever was killed goes again."""
    waiting, wrong = list(apps), []
    for attempt in range(4):
        started = [
            (app, world.start_command("--app", app, "--tag", tag, *_TIME)) for app in waiting
        ]
        for _, one in started:
            if attempt == 0 and random.random() < 0.3:
                timer = threading.Timer(random.uniform(0.05, 2.0), one.send, (signal.SIGKILL,))
                timer.daemon = True
                timer.start()
        ended = [(app, one.end()) for app, one in started]
        row.runs += len(ended)
        wrong += [
            f"{app} exits {run.code}: {run.stderr}"
            for app, run in ended
            if run.code not in (0, -signal.SIGKILL)
        ]
        waiting = [app for app, run in ended if run.code]
        if not waiting:
            break
    return wrong + [f"{app} has not {tag}" for app in apps if not _has(world, app, tag)]


def _arrivals(world: World) -> Counter[tuple[str, str]]:
    """Return how often each app got each tag on the base, by the commits."""
    trailers = "--format=%(trailers:key=Promoter-Image,valueonly)"
    images = world.repository.git("log", trailers, "main").split()
    found = (one.rpartition("/")[2].partition("=") for one in images)
    return Counter((app, tag) for app, _, tag in found)


def _has(world: World, app: str, tag: str) -> bool:
    return f"newTag: {tag} " in world.repository.read(kustomization(app))


def _pushes(world: World) -> int:
    """Return how many pushes there were, by the server's log or by git's processes."""
    reached = world.git.reached() if world.delivery.folder else world.interceptor.reached
    return sum(
        ("POST" in one and "receive-pack" in one) or one.endswith(": push") for one in reached
    )


def _one_app(home: Path, delivery: Delivery, writers: int) -> Row:
    """Many tags of one app, each asked for twice: the newest wins, in one pull or on the base."""
    row = Row("race", f"{writers} tags of one app at once: {delivery.name}")
    tags = [f"2.0.{number}" for number in range(writers)]
    with World(home, delivery) as world:
        world.restore()
        world.registry.push("a", *tags)
        order = Random(11).sample([*tags, *tags], 2 * writers)
        ended = _at_once(world, [("--app", "a", "--tag", tag) for tag in order])
        row.runs += len(ended)
        for tag, run in zip(order, ended, strict=True):
            row.check(tag, *([] if run.code in (0, 3) else [f"exits {run.code}: {run.stderr}"]))
        branch = "main" if delivery.policy == PUSHES else "promote/dev/a"
        text = world.repository.read(kustomization("a"), branch)
        wrong = [] if f"newTag: {tags[-1]} " in text else [f"{tags[-1]} did not win: {text}"]
        if branch != "main":
            pulls = world.github.open_pulls()
            wrong += [] if len(pulls) == 1 else [f"{len(pulls)} pulls are open"]
            wrong += [] if tags[-1] in str(pulls[0]["title"]) else [f"says {pulls[0]['title']}"]
            ahead = world.repository.git("rev-list", "--count", f"main..{branch}")
            wrong += [] if ahead == "1" else [f"the branch has {ahead} commits"]
        refs = {name for name in world.repository.refs() if name != "refs/heads/main"}
        wrong += [f"{one} is left" for one in refs if one != f"refs/heads/{branch}"]
        row.check("the end", *wrong, *world.wrong())
        row.note = f"{_pushes(world) / (2 * writers):.1f} pushes for each run"
    return row


def _shards(home: Path, shards: int) -> Row:
    """Shards of promote auto at once, each of them twice."""
    row = Row("race", f"{shards} shards of promote auto, each twice")
    apps = tuple(f"app-{number:02}" for number in range(4 * shards))
    with World(home, Delivery("auto", PUSHES, ("auto",), apps=apps)) as world:
        world.restore()
        commands = [("auto", "--shard", f"{n + 1}/{shards}") for n in range(shards)] * 2
        ended = _at_once(world, commands)
        row.runs += len(ended)
        for words, run in zip(commands, ended, strict=True):
            row.check(words[-1], *([] if run.code == 0 else [f"exits {run.code}: {run.stderr}"]))
        wanted, arrived = Counter((app, "1.4.2") for app in apps), _arrivals(world)
        row.check("the history", *([] if arrived == wanted else [f"{arrived}"]), *world.wrong())
        row.note = f"{_pushes(world) / len(ended):.1f} pushes for each run"
    return row


def _environments(home: Path) -> Row:
    """Two environments of one app at once, by push and by pull."""
    row = Row("race", "two environments of one app at once")
    second = DEV.removeprefix("environments:\n").replace("dev", "prod")
    for number, policy in enumerate((PUSHES, PULLS)):
        with World(home / str(number), Delivery("two", f"{policy}{second}")) as world:
            path = kustomization("a", "prod")
            world.restore()
            world.repository.commit("main", path, world.repository.read(kustomization("a")))
            commands = [("--app", "a", "--env", e, "--tag", "1.4.2") for e in ("dev", "prod")]
            ended = _at_once(world, commands)
            row.runs += 2
            wrong = [f"exits {one.code}: {one.stderr}" for one in ended if one.code]
            branch = "main" if policy == PUSHES else "promote/dev/a"
            for file, ref in ((kustomization("a"), branch), (path, "main")):
                if "1.4.2" not in world.repository.read(file, ref):
                    wrong.append(f"{file} of {ref} has not 1.4.2")
            row.check("push" if policy == PUSHES else "pull", *wrong, *world.wrong())
    return row


@dataclass
class Person:
    """Acts once when a request arrives, before it is processed."""

    act: Callable[[], object]

    def before(self, _: BaseHTTPRequestHandler) -> bool:
        """Act, and have the request processed."""
        self.act()
        return True

    def after(self, answer: bytes, _: BaseHTTPRequestHandler) -> bytes:
        """Answer as the server does."""
        return answer


def _acts(world: World) -> dict[str, Callable[[], str | None]]:
    """Return what people do; each returns the commit that must not be lost, if there is one."""
    repository, github = world.repository, world.github
    branch, file = "promote/dev/a", kustomization("a")

    def has_branch() -> bool:
        return github.head(branch) is not None

    def on_branch(path: str, text: str) -> str | None:
        return repository.commit(branch, path, text) if has_branch() else None

    def replaced() -> str | None:
        if not has_branch():
            return None
        made = repository.commit("main", "notes.md", "kept\n")
        repository.git("update-ref", f"refs/heads/{branch}", made)
        repository.git("update-ref", "refs/heads/main", f"{made}~1")
        return made

    def ended(how: str) -> None:
        opened = [one["number"] for one in github.open_pulls()]
        if opened:
            getattr(github, how)(opened[0])

    def deleted() -> None:
        if has_branch():
            repository.git("update-ref", "-d", f"refs/heads/{branch}")

    return {
        "pushes another file to the base": lambda: repository.commit("main", "notes.md", "x\n"),
        "pushes the same file to the base": lambda: repository.commit(
            "main", file, repository.read(file) + "# a person's\n"
        ),
        "commits on the branch": lambda: on_branch("notes.md", "a person's\n"),
        "replaces the branch": replaced,
        "merges the pull": lambda: ended("merge"),
        "closes the pull": lambda: ended("close"),
        "deletes the branch": deleted,
    }


def _people(home: Path, most: int | None) -> Iterator[Row]:
    names = (
        "pull by git", "pull by git, renewed", "pull by API", "pull by API, renewed",
        "pull by git, closed", "push by git", "push by API",
    )  # fmt: skip
    chosen = [one for one in DELIVERIES if one.name in names]

    def row(numbered: tuple[int, Delivery]) -> Row:
        number, delivery = numbered
        row = Row("race", f"a person at each point: {delivery.name}")
        with World(home / f"person-{number}", delivery) as world:
            world.restore()
            assert world.start().end().code == 0
            points = world.interceptor.reached[:]
            cases = [(point, act) for point in range(len(points)) for act in _acts(world)]
            for one in some(cases, most, number):
                point, act = cases[one]
                row.runs += 2
                row.check(f"{act} at {points[point]} ({point})", *_met(world, point, act))
        return row

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(row, enumerate(chosen))


def _met(world: World, point: int, act: str) -> list[str]:
    """Let a person act at a point of a run, and run again; return what is wrong then."""
    world.restore()
    made: list[str | None] = []
    person = Person(lambda: made.append(_acts(world)[act]()))
    world.interceptor.begin({point: person})
    first = world.start().end()
    world.interceptor.begin()
    again = world.start().end()
    wrong = [*judged(first), *judged(again)]
    # A person's commit on the branch is a refusal; everything else is gone about.
    allowed = (0, 3) if "branch" in act else (0,)
    if first.code not in allowed or again.code not in allowed:
        wrong.append(f"exits {first.code}, then {again.code}: {first.stderr} {again.stderr}")
    wrong += [
        "the person's commit is lost"
        for commit in made
        if commit and not world.repository.git("for-each-ref", "--contains", commit, "refs/heads")
    ]
    opened = world.github.open_pulls()
    if len(opened) > 1:
        wrong.append(f"{len(opened)} pulls are open")
    return wrong + _arrived(world, again) + world.wrong()


def _arrived(world: World, again: Run) -> list[str]:
    """Return what is wrong with where the tag is after a run that succeeded."""
    if again.code or "closed" in world.delivery.name:
        return []
    tag, file = world.delivery.command[-1], kustomization("a")
    on_base = f"newTag: {tag} " in world.repository.read(file)
    opened = world.github.open_pulls()
    proposed = bool(opened) and f"newTag: {tag} " in world.repository.read(file, "promote/dev/a")
    if on_base == bool(opened):
        return [f"on the base: {on_base}, and {len(opened)} pulls are open"]
    return [] if on_base or proposed else [f"{tag} is neither on the base nor proposed"]
