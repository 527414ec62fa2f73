"""What each app has on the base that a policy or a promotion path chooses for.

It is looked at cheaply, since most have nothing new.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promoter.config.layout import files_of, find_target, target_of
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, SelectionError
from promoter.domain.model import Kind, RunningImage
from promoter.domain.paths import KUSTOMIZATION_NAMES
from promoter.domain.trees import kind_of
from promoter.edits.held_images import held_images
from promoter.engine.places import Place, places
from promoter.engine.stopped import error_of
from promoter.planning import propose
from promoter.planning.previous import image_named, images_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import PurePosixPath

    from promoter.config.config import Config
    from promoter.config.layout import Target
    from promoter.domain.model import Tree
    from promoter.engine.places import Scope
    from promoter.planning.previous import Followed
    from promoter.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Candidate:
    """One app in one environment whose tag a policy chooses, or the previous environment."""

    target: Target
    policy: Policy | None
    images: tuple[RunningImage, ...]
    followed: Followed | None = None
    """What the previous environment runs of these images, where there is no policy."""


class Candidates:
    """The apps that tags are chosen for; each is looked at as the iteration comes to it.

    Raises `SelectionError` for an app or environment that is not known, and where nothing
    chooses tags for any.
    """

    def __init__(self, config: Config, tree: Tree, scope: Scope) -> None:
        self._config, self._tree = config, tree
        self.places = list(_chosen_for(config, tree, scope))
        """Every app with every environment in which something chooses for it."""
        self.failures: list[tuple[tuple[str, str], PromoteError]] = []
        """The apps and environments met so far that cannot be looked at, with why."""
        if not self.places and scope.shard.count == 1:
            where = f" in {', '.join(scope.environments)}" if scope.environments else ""
            raise SelectionError(
                f"no policy applies to any app{where}, so there is nothing to choose tags by",
                'Give an environment one in promoter.yaml, e.g. policy: {semver: "*"}, '
                "or a promotes-from: ENVIRONMENT to follow.",
            )
        _prefetch(config, tree, self.places)

    def __iter__(self) -> Iterator[Candidate]:
        """Yield each app with what it has on the base."""
        for place in self.places:
            try:
                found = _candidate(self._config, self._tree, place)
            except Exception as reason:  # noqa: BLE001 - one app's failure stops no other
                self.failures.append((place.key, error_of(reason)))
            else:
                yield found


def _chosen_for(config: Config, tree: Tree, scope: Scope) -> Iterator[Place]:
    """Yield every app with every environment in which something chooses for it."""
    for one in places(config, tree, scope):
        followed = _followed(config, one)
        if one.settings.policy is None and not followed:
            continue
        # An app need not be in every environment; one that was asked for by name must be.
        if scope.apps or all(tree.entries(place.folder) for place in (one, *followed)):
            yield one


def _followed(config: Config, place: Place) -> list[Place]:
    """Return the app in the environment before, where no policy chooses; none for any other."""
    name = place.settings.promotes_from
    if place.settings.policy is not None or name is None:
        return []
    return [Place(place.app, name, config.environment(name, place.app))]


def _prefetch(config: Config, tree: Tree, chosen: Sequence[Place]) -> None:
    """Fetch the kustomizations of all places, and the files of their targets, in one round trip."""
    followed = (previous for one in chosen for previous in _followed(config, one))
    files: list[PurePosixPath] = []
    for one in (*chosen, *followed):
        targets, _ = config.targets_of(one.environment, one.app)
        files += [one.folder / name for name in KUSTOMIZATION_NAMES]
        files += files_of(targets, one.folder)
    tree.prefetch(one for one in files if kind_of(tree, one) is Kind.FILE)


def _candidate(config: Config, tree: Tree, place: Place) -> Candidate:
    """Return an app in an environment with what it has, or raise why that is not known."""
    target = target_of(config, tree, place.key, place.settings)
    if place.settings.policy is None:
        return _following(config, tree, target)
    return Candidate(target, place.settings.policy, propose.tagged(target, tree))


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
