"""Many promoters and people at once: no update is lost, none is applied twice, the history is clean."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from tests.many_apps import DEV, kustomization
from tests.matrices import people
from tests.matrices.deliveries import API, PULLS, PUSHES, Delivery, World
from tests.matrices.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.command import Run

_TIME = ("--timeout", "400")


def rows(home: Path, *, short: bool) -> Iterator[Row]:
    """Yield a row for each kind of race, and for people at each point of some deliveries."""
    one, few = (5, 1), (3, 1)
    yield _each_its_own(home / "own-http", *(one if short else (32, 10)), "HTTP")
    yield _each_its_own(home / "own-folder", *(one if short else (32, 3)), "a folder")
    yield _each_its_own(home / "own-cache", *(few if short else (16, 2)), "HTTP, a cache shared")
    most = 4 if short else 16
    yield _one_app(home / "by-pull", Delivery("pull", PULLS), most)
    yield _one_app(home / "by-api", Delivery("pull by API", PULLS + API), most)
    yield _one_app(home / "by-push", Delivery("push", PUSHES), most)
    yield _shards(home / "shards", 2 if short else 4)
    yield _environments(home / "environments")
    yield from people.rows(home, short=short)


def _at_once(world: World, commands: Sequence[Sequence[str]]) -> list[Run]:
    """Run commands on one repository, all at once."""
    started = [world.start_command(*words, *_TIME) for words in commands]
    return [one.end() for one in started]


def _each_its_own(home: Path, writers: int, rounds: int, where: str) -> Row:
    """Each writer pushes its own app to one branch, and is killed now and then."""
    row = Row("race", f"{writers} writers to one branch by {where}, some killed")
    words = (*_TIME, "--cache", str(home.with_name("cache"))) if "cache" in where else _TIME
    apps = tuple(f"app-{number:02}" for number in range(writers))
    random, pushes = Random(16), 0
    with World(home, Delivery("own", PUSHES, folder=where == "a folder", apps=apps)) as world:
        world.restore()
        tags = [f"2.0.{number}" for number in range(rounds)]
        for app in apps:
            world.registry.push(app, *tags)
        for tag in tags:
            row.check(tag, *_round(world, apps, (tag, *words), random, row))
            pushes += _pushes(world)
            world.interceptor.begin()
            world.git.begin()
        wanted = Counter((app, tag) for app in apps for tag in tags)
        arrived = _arrivals(world)
        merges = world.repository.git("rev-list", "--merges", "main")
        world.age()
        # A run removes a bounded number of the folders that killed ones have left.
        for _ in range(1 + len(list(world.temporary.iterdir())) // 20):
            world.run("--app", apps[0], "--tag", tags[-1])
        wrong = (
            [] if arrived == wanted else [f"{arrived - wanted} too many, {wanted - arrived} lost"]
        )
        row.check("the history", *wrong, *([f"merges {merges}"] if merges else []), *world.wrong())
    row.note = f"{pushes / (writers * rounds):.1f} pushes for each change"
    return row


def _round(
    world: World, apps: Sequence[str], words: Sequence[str], random: Random, row: Row
) -> list[str]:
    """Let all writers push one tag, the first of the words; whoever was killed goes again."""
    waiting, wrong = list(apps), []
    for attempt in range(4):
        started = [(app, world.start_command("--app", app, "--tag", *words)) for app in waiting]
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
    return wrong + [f"{app} has not {words[0]}" for app in apps if not _has(world, app, words[0])]


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
