"""Every way in which a tag arrives, each with what was before it, on servers of its own."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.many_apps import BY_PULL, DEV, kustomization, make
from tests.matrices import process
from tests.matrices.elsewhere import Elsewhere
from tests.matrices.git_program import GitProgram
from tests.matrices.interceptor import Interceptor
from tests.servers import git_http
from tests.servers.github import GitHub
from tests.servers.github.store import Store
from tests.servers.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.command import Run
    from tests.servers.github.tokens import Token

TOKEN = "good-token"
# What renders belongs to the machine, and writes nothing.
_PLAIN = '    render: "off"\n    policy: {semver: "*"}\n'
PULLS, PUSHES = BY_PULL + _PLAIN, DEV + _PLAIN
API = "    transport: api\n"
_WANTS = "    labels: [promotion, a]\n    assignees: [alice]\n    reviewers: [bob]\n"
_MERGES = PULLS.replace("deliver: pull-request", "deliver: auto-merge")


@dataclass(frozen=True)
class Delivery:
    """One way: which rules, which forge, what was before, and the command under attack."""

    name: str
    policy: str
    command: tuple[str, ...] = ("--app", "a", "--tag", "1.4.2")
    before: Callable[[World], object] = lambda _: None
    folder: bool = False
    apps: tuple[str, ...] = ("a", "b", "c")


@dataclass
class World:
    """A repository with its forge and its registry, to be brought back to how it began."""

    home: Path
    delivery: Delivery
    interceptor: Interceptor = field(default_factory=Interceptor)
    tokens: dict[str, bool | Token] = field(default_factory=dict)
    """Tokens that the forge knows beside its own."""
    _stack: ExitStack = field(default_factory=ExitStack)
    _kept: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.registry = self._stack.enter_context(Registry())
        for app in self.delivery.apps:
            self.registry.push(app, "1.4.1", "1.4.2")
        self.github = GitHub(self.home / "srv")
        self.github.repository.parent.mkdir(parents=True)
        images = {app: self.registry.name(app) for app in self.delivery.apps}
        self.repository = make(self.github.repository, images, self.delivery.policy)
        git_http.configure(self.github.repository)
        self._stack.enter_context(self.github)
        self.git = GitProgram(self.home / "bin")
        for server in (self.github, self.registry):
            self.interceptor.watch(server)
        self.elsewhere = self._stack.enter_context(Elsewhere())
        self.delivery.before(self)
        self._kept = self._values()
        shutil.copytree(self.github.repository, self.home / "kept.git")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def temporary(self) -> Path:
        """Where the runs have their temporary files."""
        return self.home / "tmp"

    @property
    def url(self) -> str:
        """What the command gets as its repository."""
        return str(self.repository.path) if self.delivery.folder else self.github.url

    @cached_property
    def env(self) -> Mapping[str, str]:
        """The variables of the runs."""
        token = {} if self.delivery.folder else {"GITHUB_TOKEN": TOKEN}
        return {"TMPDIR": str(self.temporary), "PATH": self.git.path, **token}

    def restore(self) -> None:
        """Bring everything back to how it was before the delivery."""
        for path in (self.github.repository, self.temporary):
            shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.home / "kept.git", self.github.repository)
        self.temporary.mkdir()
        vars(self.github).update(copy.deepcopy(self._kept))
        # The one that was there before reads a repository that is gone.
        self.github.store.close()
        self.github.store = Store(self.github.repository)
        self.github.tokens |= self.tokens
        for server in (self.github, self.registry):
            server.seen.clear()
        self.interceptor.begin()
        self.git.begin()

    def start(
        self,
        *more: str,
        env: Mapping[str, str] | None = None,
        first: Callable[[], object] | None = None,
    ) -> process.Started:
        """Start the delivery, in whose process a function may have to be called first."""
        return self.start_command(*self.delivery.command, *more, env=env, first=first)

    def start_command(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        first: Callable[[], object] | None = None,
    ) -> process.Started:
        """Start any command on this repository."""
        self.temporary.mkdir(exist_ok=True)
        told = (*words, "--repo", self.url, "--output", "json")
        return process.start(*told, env={**self.env, **(env or {})}, first=first)

    def start_plain(self, *words: str, env: Mapping[str, str] | None = None) -> process.Started:
        """Start a command that prints text, on this repository where it names no other."""
        repo = () if "--repo" in words else ("--repo", self.url)
        given = repo if "PROMOTER_REPO" not in (env or {}) else ()
        return process.start(*words, *given, env={**self.env, **(env or {})}, cwd=self.temporary)

    def run_by_shell(self, line: str, *more: str, env: Mapping[str, str] | None = None) -> Run:
        """Run the delivery in a process of its own, by a line of the shell that becomes `"$@"`."""
        told = (*self.delivery.command, *more, "--repo", self.url, "--output", "json")
        return process.run_by_shell(line, *told, env={**self.env, **(env or {})})

    def run(self, *words: str) -> Run:
        """Run any command on this repository, which has to succeed."""
        done = self.start_command(*words).end()
        assert done.code == 0, done.stderr
        return done

    def state(self) -> dict[str, Any]:
        """Return all that is there now, without what differs from run to run."""
        refs = self.repository.refs()
        heads = {str(pull["number"]): pull["head"] for pull in self.github.pulls}
        shown = {
            "branches": {
                name: self._history(oid) for name, oid in refs.items() if "refs/heads/" in name
            },
            "refs": sorted(refs),
            "pulls": self._pulls(refs),
            "comments": {heads[str(n)]: said for n, said in self.github.comments.items()},
            "labels": sorted(self.github.labels),
            "locks": [one.name for one in self.repository.path.rglob("*.lock")],
        }
        text = json.dumps(shown, sort_keys=True)
        # What commits are called, and when things were.
        text = re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b", "ID", text)
        text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+]00:00)?", "TIME", text)
        text = re.sub(r"\d\d:\d\d( UTC)?", "TIME", text)
        found: dict[str, Any] = json.loads(text)
        return found

    def wrong(self) -> list[str]:
        """Return what no end may leave behind, whatever came before it."""
        found = []
        done = self.repository.git("fsck", "--full", "--no-dangling")
        if done:
            found.append(f"git fsck: {done}")
        if left := [one.name for one in self.temporary.iterdir()]:
            found.append(f"left in the temporary folder: {left}")
        return found

    def age(self) -> None:
        """Make what is left in the temporary folder two days old, once no git writes there."""
        for _ in range(200):
            if not any(map(self._works_here, Path("/proc").glob("[0-9]*/cwd"))):
                break
            time.sleep(0.05)
        for one in self.temporary.iterdir():
            stamp = one.stat().st_mtime - 2 * 86_400
            os.utime(one, (stamp, stamp))

    def _works_here(self, link: Path) -> bool:
        try:
            return link.readlink().is_relative_to(self.temporary)
        except OSError:
            return False

    def _history(self, oid: str) -> list[str]:
        """Return each commit with its author, its message and what it changes."""
        text = self.repository.git("log", "-p", "--format=%x00%an %B", oid)
        found = [re.sub(r"(?m)^index .*\n", "", one).strip() for one in text.split("\0")[1:]]
        # Which of several apps goes first is nobody's promise.
        return sorted(found) if "auto" in self.delivery.command else found

    def _pulls(self, refs: Mapping[str, str]) -> list[Any]:
        if self.delivery.folder:
            stored = [name for name in refs if name.startswith("refs/promoter/pulls/")]
            return [json.loads(self.repository.git("cat-file", "blob", one)) for one in stored]
        keys = ("state", "title", "body", "head", "base", "draft", "assignees")
        more = ("reviewers", "labels", "merged", "merged_by", "auto_merge")
        self.github.open_pulls()
        shown = [{key: one.get(key) for key in (*keys, *more)} for one in self.github.pulls]
        # Which of several is opened first is nobody's promise.
        return sorted(shown, key=lambda one: (one["head"], one["state"]))

    def _values(self) -> dict[str, Any]:
        """Return what the server knows beside its repository."""
        kinds = (list, dict, set, int, str, bool)
        return copy.deepcopy(
            {name: value for name, value in vars(self.github).items() if isinstance(value, kinds)}
        )


def proposed(world: World) -> None:
    """An older tag is proposed already."""
    world.run("--app", "a", "--tag", "1.4.2")
    world.registry.push("a", "1.4.3")


def _merged(world: World) -> None:
    """What was proposed is merged, and its branch is left; a newer tag is pushed."""
    proposed(world)
    world.github.merge(1)


def _superseded(world: World) -> None:
    """What is proposed has reached the base by other ways."""
    world.run("--app", "a", "--tag", "1.4.2")
    path = kustomization("a")
    text = world.repository.read(path).replace("1.4.1", "1.4.2")
    world.repository.commit("main", path, text + "\n")


def _released(world: World) -> None:
    """A release has reached the base, and is to go back."""
    path = kustomization("a")
    text = world.repository.read(path).replace("1.4.1", "1.4.2")
    world.repository.commit("main", path, text + "\n")


def _held(world: World) -> None:
    """An app is held."""
    world.run("hold", *_APP, "--reason", "a fair")


def _two_new(world: World) -> None:
    """Two of three apps have a newer tag, as all have 1.4.2."""
    world.run("--app", "b", "--tag", "1.4.2")


def _two_renewed(world: World) -> None:
    """Two of three apps have an open pull with a tag, and a newer one is pushed."""
    world.run("--app", "b", "--tag", "1.4.2")
    world.run("auto")
    for app in ("a", "c"):
        world.registry.push(app, "1.4.3")


_APP = ("--app", "a", "--env", "dev")
_BACK = ("rollback", *_APP, "--reason", "it loses orders")
_NEWER = ("--app", "a", "--tag", "1.4.3")
# What only reads: nothing may differ afterwards.
READS = (
    Delivery("status", PULLS, ("status",), proposed),
    Delivery("status by API", PULLS + API, ("status",), proposed),
    Delivery("history", PULLS, ("history", "--app", "a"), _released),
    Delivery("history by API", PULLS + API, ("history", "--app", "a"), _released),
    Delivery("pulls", PULLS, ("pulls",), proposed),
    Delivery("a dry run", PULLS, (*_NEWER, "--dry-run"), proposed),
)
DELIVERIES = (
    Delivery("pull by git", PULLS),
    Delivery("pull by git, renewed", PULLS, _NEWER, proposed),
    Delivery("pull by git, closed", PULLS, before=_superseded),
    Delivery("pull by git, finished and merged", _MERGES + _WANTS),
    Delivery("pull by API", PULLS + API),
    Delivery("pull by API, renewed", PULLS + API, _NEWER, proposed),
    Delivery("pull by API, on a branch that is left", PULLS + API, _NEWER, _merged),
    Delivery("pull by API, closed", PULLS + API, before=_superseded),
    Delivery("pull by API, finished and merged", _MERGES + API + _WANTS),
    Delivery("push by git", PUSHES),
    Delivery("push by API", PUSHES + API),
    Delivery("auto by push", PUSHES, ("auto",), _two_new),
    Delivery("auto by pulls", PULLS, ("auto",), _two_new),
    Delivery("auto by pulls by API", PULLS + API, ("auto",), _two_new),
    Delivery("auto by pulls by API, renewed", PULLS + API, ("auto",), _two_renewed),
    Delivery("rollback by pull", PULLS, _BACK, _released),
    Delivery("rollback by push", PUSHES, _BACK, _released),
    Delivery("hold by push", PUSHES, ("hold", *_APP, "--reason", "a fair")),
    Delivery("unhold by push", PUSHES, ("unhold", *_APP, "--reason", "over"), _held),
    Delivery("folder: pull", PULLS, folder=True),
    Delivery("folder: pull renewed", PULLS, _NEWER, proposed, folder=True),
    Delivery("folder: pull closed", PULLS, before=_superseded, folder=True),
    Delivery("folder: push", PUSHES, folder=True),
    Delivery("folder: auto by push", PUSHES, ("auto",), _two_new, folder=True),
)
