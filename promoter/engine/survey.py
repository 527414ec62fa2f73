"""What each app has on the base that a policy or a promotion path chooses for.

It is looked at cheaply, since most have nothing new.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from promoter.config.layout import (
    KUSTOMIZATION_NAMES,
    environments_of,
    find_target,
    folder,
    known_apps,
    target_of,
)
from promoter.domain.errors import PromoteError, SelectionError
from promoter.domain.model import Kind, RunningImage
from promoter.domain.shard import Shard
from promoter.domain.suggest import nearest
from promoter.edits.held import held_images
from promoter.edits.targets.model import InFile
from promoter.edits.working_files import named
from promoter.engine.stopped import error_of
from promoter.planning import propose
from promoter.planning.previous import image_named, images_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promoter.config.config import Config
    from promoter.config.layout import Target
    from promoter.config.sections import Environment
    from promoter.domain.model import Tree
    from promoter.planning.previous import Followed
    from promoter.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of a repository that a run is about; empty tuples stand for all."""

    apps: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    shard: Shard = field(default_factory=Shard)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One app in one environment whose tag a policy chooses, or the previous environment."""

    target: Target
    policy: Policy | None
    images: tuple[RunningImage, ...]
    followed: Followed | None = None
    """What the previous environment runs of these images, where there is no policy."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An app in an environment that cannot be looked at, and why."""

    app: str
    environment: str
    error: PromoteError


class Survey:
    """The apps that tags are chosen for; each is looked at as the iteration comes to it.

    Raises `SelectionError` for an app or environment that is not known, and where nothing
    chooses tags for any.
    """

    def __init__(self, config: Config, tree: Tree, scope: Scope) -> None:
        self._config, self._tree = config, tree
        self.places = list(_places(config, tree, scope))
        """Every app with every environment in which something chooses for it."""
        self.failures: list[Failure] = []
        """Those met so far that cannot be looked at."""
        if not self.places and scope.shard.count == 1:
            raise SelectionError(
                "no policy applies to any app here, so there is nothing to choose tags by",
                'Give an environment one in promoter.yaml, e.g. policy: {semver: "*"}, '
                "or a promotes-from: ENVIRONMENT to follow.",
            )
        _prefetch(config, tree, self.places)

    def __iter__(self) -> Iterator[Candidate]:
        """Yield each app with what it has on the base."""
        for app, name, settings in self.places:
            try:
                found = _candidate(self._config, self._tree, (app, name), settings)
            except Exception as reason:  # noqa: BLE001 - one app's failure stops no other
                self.failures.append(Failure(app, name, error_of(reason)))
            else:
                yield found


def _places(config: Config, tree: Tree, scope: Scope) -> Iterator[tuple[str, str, Environment]]:
    """Yield every app with every environment in which something chooses for it."""
    paths = (one.path for one in config.environments.values())
    for fixed in {path.partition("{")[0].rpartition("/")[0] for path in paths}:
        tree.unfold(PurePosixPath(fixed))
    known = known_apps(config, tree)
    _check_known("app", scope.apps, known)
    _check_known("environment", scope.environments, list(config.environments))
    for app in scope.apps or known:
        if not scope.shard.holds(app):
            continue
        known_settings = environments_of(config, tree, app)
        for name, settings in known_settings.items():
            if scope.environments and name not in scope.environments:
                continue
            # An app need not be in every environment; one that was asked for by name must be.
            there = scope.apps or tree.entries(folder(settings, app, name))
            previous = settings.promotes_from
            if settings.policy is None and previous is not None:
                # Nor in the one before it.
                before = known_settings[previous]
                there = scope.apps or (there and tree.entries(folder(before, app, previous)))
            if there and (settings.policy is not None or previous is not None):
                yield app, name, settings


def _check_known(what: str, names: Sequence[str], known: list[str]) -> None:
    """Raise `SelectionError` for a name that the repository does not know."""
    for name in names:
        if name not in known:
            raise SelectionError(f"there is no {what} {name!r}", nearest(name, known))


def _prefetch(config: Config, tree: Tree, places: Sequence[tuple[str, str, Environment]]) -> None:
    """Bring the kustomizations of all places, and the files of their targets, in one round trip."""
    files: list[PurePosixPath | None] = []
    previous = [
        (app, one.promotes_from, config.environment(one.promotes_from, app))
        for app, _, one in places
        if one.policy is None and one.promotes_from is not None
    ]
    for app, name, settings in (*places, *previous):
        directory = folder(settings, app, name)
        files += [directory / one for one in KUSTOMIZATION_NAMES]
        targets, _ = config.targets_of(name, app)
        files += [named(directory, one.file) for one in targets if isinstance(one, InFile)]
    known = [one for one in files if one is not None]
    tree.prefetch(one for one in known if tree.entries(one.parent).get(one.name) is Kind.FILE)


def _candidate(
    config: Config, tree: Tree, where: tuple[str, str], settings: Environment
) -> Candidate:
    """Return an app in an environment with what it has, or raise why that is not known."""
    target = target_of(config, tree, where, settings)
    if settings.policy is None:
        return _following(config, tree, target)
    return Candidate(target, settings.policy, propose.tagged(target, tree))


def _following(config: Config, tree: Tree, target: Target) -> Candidate:
    """Return an app in an environment that follows the previous one."""
    previous = find_target(config, tree, target.app, target.settings.promotes_from)
    followed = images_from(previous, target, tree)
    own = held_images(tree, target.file, target.targets)
    images = []
    for one in followed.images:
        has = image_named(own, one.name) or RunningImage(one.name)
        images.append(replace(has, name=one.name))
    return Candidate(target, None, tuple(images), followed)
