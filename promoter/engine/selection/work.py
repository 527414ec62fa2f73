"""What a run is about: the requests that somebody gave, or those that policies make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Protocol, TypeAlias

from promoter.config.apps import known_apps, look_into_all
from promoter.config.config import Config
from promoter.config.layout import Target, find_target
from promoter.config.mistakes.examples import EXAMPLES
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, SelectionError
from promoter.domain.model import Tree
from promoter.domain.suggest import nearest
from promoter.engine.current_repository import local_file
from promoter.engine.selection.places import any_name_warnings
from promoter.planning.outcome import Outcome, failed
from promoter.planning.plan import AppRequest, Request
from promoter.planning.previous import follow

Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class View:
    """The base as one attempt sees it, and the configuration in force there."""

    base: str
    tree: Tree
    config: Config
    repo: str | None = None
    """The repository as it was given; None where it is that of the current folder."""


@dataclass(frozen=True, slots=True)
class Work:
    """One request and the apps that it is about."""

    key: Key
    """Under which its outcome is kept."""
    request: Request
    apps: tuple[AppRequest, ...]
    warnings: tuple[str, ...] = ()
    """What choosing its tag had to leave out."""

    @property
    def targets(self) -> list[Target]:
        """Where the apps are: all in one environment, and delivered in one way."""
        return [one.target for one in self.apps]

    @property
    def pushes(self) -> bool:
        """Whether it is pushed to the base, without a pull."""
        return self.apps[0].target.settings.deliver == "push"


class Selection(Protocol):
    """What a run is about: requests that were given, or those that policies make."""

    @property
    def keys(self) -> Sequence[Key]:
        """All apps and environments that it is about, in the order in which they are shown."""

    @property
    def apps(self) -> Sequence[str]:
        """The apps that are known before anything is looked at."""

    def select(self, view: View, done: Iterable[Key]) -> Iterator[Work | tuple[Key, Outcome]]:
        """Yield the work that is not done, and outcomes of what needs none."""


@dataclass(slots=True)
class Requests:
    """The requests that somebody gave, each for one app."""

    requests: Sequence[Request]

    @property
    def keys(self) -> list[Key]:
        """The apps and environments as they were given."""
        return [_key(one) for one in self.requests]

    @property
    def apps(self) -> list[str]:
        """The apps that are asked for."""
        return [app for one in self.requests for app in one.apps]

    def select(self, view: View, done: Iterable[Key]) -> Iterator[Work | tuple[Key, Outcome]]:
        """Yield each request with its place, or why it has none."""
        _look_into_places(self.requests, view)
        for request in self.requests:
            key = _key(request)
            if key in done:
                continue
            try:
                yield _work(key, request, view)
            except PromoteError as error:
                yield key, failed(error, request.app, request.environment)


def _look_into_places(requests: Iterable[Request], view: View) -> None:
    """Read the folders of all apps at once, where requests are about several."""
    config, apps = view.config, dict[str, None]()
    for one in requests:
        group = config.groups.get(one.app) if one.group else None
        apps |= dict.fromkeys(group.apps if group else one.apps)
    if len(apps) > 1:
        look_into_all(config, view.tree, apps)


def _work(key: Key, request: Request, view: View) -> Work:
    """Return a request with its place and, where it follows another environment, what runs there."""
    if request.is_together:
        return _work_together(key, request, view)
    names = [image.name for image in request.images]
    target = find_target(view.config, view.tree, request.app, request.environment, names)
    said = tuple(any_name_warnings(view.config, [target.app], [target.environment]))
    if request.from_environment is None:
        return Work(key, request, (AppRequest(request, target),), said)
    found = follow(request, view.config, target, view.tree)
    warnings = (*said, *found.warnings, *_unpushed(found.file, view))
    followed = replace(request, images=found.images)
    return Work(key, request, (AppRequest(followed, target),), warnings)


def _unpushed(file: PurePosixPath | None, view: View) -> tuple[str, ...]:
    """Return a warning where the work tree has another kustomization than the base, which counts."""
    local = local_file(view.repo, file) if file is not None else None
    if file is None or local is None or view.tree.read(file) == local[1]:
        return ()
    return (f"{local[0]} is not what the base has, which alone counts: commit and push it",)


def _work_together(key: Key, request: Request, view: View) -> Work:
    apps = request.together
    if request.group:
        if request.app not in view.config.groups:
            hint = nearest(request.app, view.config.groups)
            if not view.config.groups:
                hint = f"promoter.yaml has none. Write it as in {EXAMPLES['groups']}"
            if request.app in known_apps(view.config, view.tree):
                hint = f"It is an app: --app {request.app}"
            raise SelectionError(f"there is no group {request.app!r}", hint)
        apps = view.config.groups[request.app].apps
    alone = replace(request, together=(), group=False)
    works = [_work(key, replace(alone, app=app), view) for app in sorted(set(apps))]
    targets = [target for one in works for target in one.targets]
    first = targets[0]
    for other in targets[1:]:
        sides = [(one.environment, one.settings.deliver) for one in (first, other)]
        if sides[0] != sides[1]:
            raise SelectionError(
                f"{first.app} and {other.app} do not go together: {first.app} goes to "
                f"{first.environment} by {first.settings.deliver}, and {other.app} to "
                f"{other.environment} by {other.settings.deliver}",
                "Name the environment with --env, or promote them one by one.",
            )
    return Work(
        key,
        request,
        tuple(app for one in works for app in one.apps),
        tuple(warning for one in works for warning in one.warnings),
    )


def _key(request: Request) -> Key:
    return request.app, request.environment or ""
