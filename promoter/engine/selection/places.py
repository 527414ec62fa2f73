"""The apps in their environments that a command is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from pathlib import PurePosixPath

from promoter.config import FILE
from promoter.config.apps import (
    check_layout,
    environments_of,
    files_of,
    folder,
    is_in,
    known_apps,
    look_into_all,
    not_there,
    unfold_all,
)
from promoter.config.config import Config
from promoter.config.layout import Target, find_target, target_of
from promoter.config.mistakes.not_there import takes_any_name
from promoter.config.sections import Environment
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, SelectionError
from promoter.domain.model import Tree
from promoter.domain.shard import Shard
from promoter.domain.suggest import nearest
from promoter.edits.default_values import default_files


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of a repository that a command is about; empty sequences stand for all."""

    apps: Sequence[str] = ()
    environments: Sequence[str] = ()
    shard: Shard = field(default_factory=Shard)


@dataclass(frozen=True, slots=True)
class Place:
    """An app in an environment, with the settings in force there; an app need not be in each."""

    app: str
    environment: str
    settings: Environment

    @property
    def key(self) -> tuple[str, str]:
        """The app and the environment."""
        return self.app, self.environment

    @property
    def folder(self) -> PurePosixPath:
        """The folder of the app's kustomization."""
        return folder(self.settings, self.app, self.environment)

    def is_there(self, config: Config, tree: Tree) -> bool:
        """Return whether the app is in the environment."""
        return is_in(config, tree, self.key, self.settings)


@dataclass(frozen=True, slots=True)
class FoundTarget:
    """What is edited at a place; `target` is None where that cannot be said, and `error` says why."""

    app: str
    environment: str
    target: Target | None = None
    error: PromoteError | None = None


def places(config: Config, tree: Tree, scope: Scope) -> list[Place]:
    """Return the apps in their environments, by app, whether or not they are there.

    Raises `SelectionError` for an app or an environment that is not known, and for a layout.
    """
    unfold_all(config, tree)
    known = known_apps(config, tree)
    check_layout(config, tree)
    look_into_all(config, tree, scope.apps or known)
    _check_known("app", _unlisted(config, tree, scope.apps, known), known)
    found = [
        Place(app, name, settings)
        for app in scope.apps or known
        if scope.shard.holds(app)
        for name, settings in environments_of(config, tree, app).items()
    ]
    names = list(config.environments) or [one.environment for one in found]
    _check_known("environment", scope.environments, names)
    wanted = scope.environments
    return [one for one in found if not wanted or one.environment in wanted]


def find_targets(config: Config, tree: Tree, scope: Scope) -> list[FoundTarget]:
    """Return what is edited for each app in the environments that it is in; raises as `places`."""
    there = [one for one in places(config, tree, scope) if one.is_there(config, tree)]
    prefetch_names(config, tree, there)
    return [_target(config, tree, one) for one in there]


def prefetch_names(config: Config, tree: Tree, found: Iterable[Place]) -> None:
    """Fetch at once the files by which the images of apps in their environments are named."""
    targets = ((one, config.targets_of(one.environment, one.app)[0]) for one in found)
    tree.prefetch(path for one, own in targets for path in default_files(tree, one.folder, own))


def nothing_found(
    config: Config, tree: Tree, found: Sequence[FoundTarget], scope: Scope
) -> PromoteError:
    """Return why there is no app to show: the error that a promotion of the first would end with."""
    if error := next((one.error for one in found if one.error), None):
        return error
    for app in scope.apps:
        for name in scope.environments or environments_of(config, tree, app):
            try:
                find_target(config, tree, app, name)
            except PromoteError as error:
                return error
    return not_there(config, scope.apps, scope.environments)


def any_name_warnings(
    config: Config, apps: Iterable[str], environments: Iterable[str]
) -> Iterator[str]:
    """Yield a warning for each app whose name nothing confirms, with the line that lists it.

    Its environment has one folder, or file, whatever the app is called.
    """
    for app in apps:
        for name in environments:
            settings = config.environments.get(name)
            if settings is None or not takes_any_name(config, name):
                continue
            paths = [
                settings.path,
                *map(str, files_of(config.targets_of(name, app)[0], folder(settings, app, name))),
            ]
            if not any(re.search(rf"(?<![^\W_]){re.escape(app)}(?![^\W_])", one) for one in paths):
                yield (
                    f"any name is taken for the app of {paths[-1]}, as environments.{name}.path "
                    f"holds no {{app}}: to list this one, write apps: {{{app}: {{}}}} in {FILE}"
                )


def _unlisted(config: Config, tree: Tree, apps: Sequence[str], known: Sequence[str]) -> list[str]:
    unknown = [app for app in apps if app not in known]
    if config.apps or not config.environments:
        return unknown
    return [
        app
        for app in unknown
        if not any(
            Place(app, name, settings).is_there(config, tree)
            for name, settings in environments_of(config, tree, app).items()
        )
    ]


def _target(config: Config, tree: Tree, place: Place) -> FoundTarget:
    try:
        return FoundTarget(*place.key, target_of(config, tree, place.key, place.settings))
    except PromoteError as error:
        return FoundTarget(*place.key, error=error)


def _check_known(what: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise SelectionError(f"there is no {what} {name!r}", nearest(name, known))
