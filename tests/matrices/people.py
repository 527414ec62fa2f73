"""A person acts at each point of a run: no commit of a person's is lost, and the run goes about it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.many_apps import kustomization
from tests.matrices.deliveries import DELIVERIES, Delivery, World
from tests.matrices.fault import judged
from tests.matrices.table import AT_ONCE, Row, some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from tests.command import Run

# One app's tag; at each point of these, everything is tried, and of the others so many cases.
_WHOLE = (
    "pull by git", "pull by git, renewed", "pull by API", "pull by API, renewed",
    "pull by git, closed", "push by git", "push by API",
)  # fmt: skip
_PART = 24


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
        "commits on the branch aside": lambda: _commit_aside(world, branch),
        "merges the pull": lambda: ended("merge"),
        "closes the pull": lambda: ended("close"),
        "deletes the branch": deleted,
    }


def _commit_aside(world: World, branch: str) -> str:
    """Commit where promote makes its commits before it moves a branch there; the branch may be new."""
    aside = f"promote-commit/{branch}"
    if world.github.head(aside) is None:
        world.repository.git("branch", aside, "main")
    return world.repository.commit(aside, "notes.md", "a person's\n")


def rows(home: Path, *, short: bool) -> Iterator[Row]:
    """Yield a row for each delivery over HTTP."""
    chosen = [one for one in DELIVERIES if not one.folder]

    def row(numbered: tuple[int, Delivery]) -> Row:
        number, delivery = numbered
        row = Row("race", f"a person at each point: {delivery.name}")
        with World(home / f"person-{number}", delivery) as world:
            world.restore()
            done = world.start().end()
            assert done.code == 0, f"{delivery.name}: {done.stderr}"
            points = world.interceptor.reached[:]
            cases = [(point, act) for point in range(len(points)) for act in _acts(world)]
            most = None if delivery.name in _WHOLE else _PART
            for one in some(cases, 1 if short else most, number):
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
    allowed: tuple[int, ...] = (0, 3) if "branch" in act else (0,)
    if world.delivery.command[0] == "rollback" and act == "pushes the same file to the base":
        # There may be no earlier state that is this app's alone.
        allowed = (0, 3, 4)
    if first.code not in allowed or again.code not in allowed:
        wrong.append(f"exits {first.code}, then {again.code}: {first.stderr} {again.stderr}")
    wrong += [
        "the person's commit is lost"
        for commit in made
        if commit and not world.repository.git("for-each-ref", "--contains", commit, "refs/heads")
    ]
    several = Counter(str(one["head"]) for one in world.github.open_pulls()).most_common(1)
    if several and several[0][1] > 1:
        wrong.append(f"{several} pulls are open")
    return wrong + _arrived(world, again) + world.wrong()


def _arrived(world: World, again: Run) -> list[str]:
    """Return what is wrong with where the tag is after a run that succeeded."""
    if again.code or "closed" in world.delivery.name or world.delivery.command[0] != "--app":
        return []
    tag, file = world.delivery.command[-1], kustomization("a")
    on_base = f"newTag: {tag} " in world.repository.read(file)
    opened = world.github.open_pulls()
    proposed = bool(opened) and f"newTag: {tag} " in world.repository.read(file, "promote/dev/a")
    if on_base == bool(opened):
        return [f"on the base: {on_base}, and {len(opened)} pulls are open"]
    return [] if on_base or proposed else [f"{tag} is neither on the base nor proposed"]
