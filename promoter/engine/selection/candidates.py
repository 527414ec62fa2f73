"""What each app has on the base that a policy or a promotion path chooses for.

It is looked at cheaply, since most have nothing new.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath

from promoter import graph
from promoter.config.apps import files_of, not_there
from promoter.config.config import Config
from promoter.config.layout import Target, find_target, target_of
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import NoPlaceError, PromoteError, SelectionError
from promoter.domain.model import PathKind, RunningImage, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES
from promoter.domain.trees import kind_of
from promoter.edits.default_values import default_files
from promoter.edits.delivery_overrides import argocd_source_files
from promoter.edits.held_images import check_places
from promoter.engine.run_errors import error_of
from promoter.engine.selection.places import Place, Scope, places
from promoter.planning import propose
from promoter.planning.previous import FromEnvironment, images_from
from promoter.planning.running_images import image_named, running_images
from promoter.planning.unnamed import unnamed
from promoter.policy.model import Policy

# The name of an entry of `images`.
_NAME = re.compile(rb"\bname:\s*[\"']?([^\s\"',}]+)")
_UNLISTED = "If this is no app: list the apps under apps in promoter.yaml."


@dataclass(frozen=True, slots=True)
class Candidate:
    """One app in one environment whose tag a policy chooses, or the previous environment."""

    target: Target
    policy: Policy | None
    images: tuple[RunningImage, ...]
    followed: FromEnvironment | None = None
    """What the previous environment runs of these images, where there is no policy."""
    nothing: str = ""
    """Why there is nothing to choose for it yet; '' where there is."""
    unnamed: SelectionError | None = None
    """Which target finds no image or does not name it, where that is why."""


class Candidates:
    """The apps that tags are chosen for; each is looked at as the iteration comes to it.

    Raises `SelectionError` for an app or environment that is not known, and where nothing
    chooses tags for any.
    """

    def __init__(self, config: Config, tree: Tree, scope: Scope) -> None:
        self._config, self._tree, self._asked = config, tree, bool(scope.apps)
        chosen = [one for one in places(config, tree, scope) if _is_chosen_for(one)]
        # An app need not be in every environment; one that was asked for by name must be.
        there = chosen if scope.apps else [one for one in chosen if one.is_there(config, tree)]
        if not there and scope.shard.count == 1:
            raise _nothing_chosen(config, scope, [one.environment for one in chosen])
        self.places = [one for one in there if scope.apps or _may_follow(config, tree, one)]
        """Every app with every environment in which something chooses for it."""
        self.failures: list[tuple[tuple[str, str], PromoteError]] = []
        """The apps and environments met so far that cannot be looked at, with why."""
        self.left_out: dict[tuple[str, str], NoPlaceError] = {}
        """Those that nobody lists or asks for and whose files have no place for a tag, with why."""
        _prefetch(config, tree, self.places)

    def __iter__(self) -> Iterator[Candidate]:
        """Yield each app with what it has on the base."""
        for place in self.places:
            try:
                found = _candidate(self._config, self._tree, place, asked=self._asked)
            except Exception as reason:  # noqa: BLE001 - one app's failure stops no other
                error = error_of(reason)
                unlisted = not self._asked and place.app not in self._config.apps
                if unlisted and isinstance(error, NoPlaceError):
                    self.left_out[place.key] = error
                    continue
                if unlisted and isinstance(error, SelectionError):
                    error.hint = f"{error.hint} {_UNLISTED}".lstrip()
                self.failures.append((place.key, error))
            else:
                yield found


def _is_chosen_for(place: Place) -> bool:
    return place.settings.policy is not None or place.settings.promotes_from is not None


def _may_follow(config: Config, tree: Tree, place: Place) -> bool:
    return all(one.is_there(config, tree) for one in _followed(config, place))


def _nothing_chosen(config: Config, scope: Scope, choosing: Sequence[str]) -> SelectionError:
    """Return the error where nothing chooses tags for any app in a scope.

    `choosing` are the environments in which something would, if there were an app.
    """
    chosen = list(dict.fromkeys(choosing)) or [
        name
        for name, one in config.environments.items()
        if (one.policy is not None or one.promotes_from is not None)
        and name in (scope.environments or config.environments)
    ]
    if chosen and not scope.apps:
        return not_there(config, (), chosen)
    where = f" in {', '.join(scope.environments)}" if scope.environments else ""
    return SelectionError(
        f"no policy applies to any app{where}, so there is nothing to choose tags by",
        'Give an environment one in promoter.yaml, e.g. policy: {semver: "*"}, '
        "or a promotes-from: ENVIRONMENT to follow.",
    )


def _followed(config: Config, place: Place) -> list[Place]:
    """Return the app in the environment before, where no policy chooses; none for any other."""
    name = place.settings.promotes_from
    if place.settings.policy is not None or name is None:
        return []
    return [Place(place.app, name, config.environment(name, place.app))]


def _prefetch(config: Config, tree: Tree, chosen: Sequence[Place]) -> None:
    """Fetch the kustomizations of all places, and the files of their targets, in one round trip."""
    followed = [previous for one in chosen for previous in _followed(config, one)]
    files: list[PurePosixPath] = []
    for one in (*chosen, *followed):
        targets, _ = config.targets_of(one.environment, one.app)
        files += default_files(tree, one.folder, targets)
        files += [one.folder / name for name in KUSTOMIZATION_NAMES]
        files += argocd_source_files(tree, one.folder)
        files += files_of(targets, one.folder)
    tree.prefetch(one for one in files if kind_of(tree, one) is PathKind.FILE)
    pairs = [(one, before) for one in chosen for before in (one, *_followed(config, one))]
    to_bases = [one.folder for by, one in pairs if _leaves_to_base(config, tree, by, one)]
    if to_bases:
        graph.prefetch_closures(tree, to_bases)


def _leaves_to_base(config: Config, tree: Tree, asking: Place, place: Place) -> bool:
    """Return whether an app's kustomization leaves an image, or a tag, to a base, by its text.

    The images are the listed ones, else those of the kustomization of the place that is `asking`.
    """
    listed = config.apps[place.app].images if place.app in config.apps else ()
    text = _kustomization(tree, place)
    tags = text.count(b"newTag") + text.count(b"digest")
    names = [one.encode() for one in listed] or _NAME.findall(
        _kustomization(tree, asking).partition(b"images:")[2]
    )
    return bool(text) and (tags < text.count(b"newName") or any(one not in text for one in names))


def _kustomization(tree: Tree, place: Place) -> bytes:
    """Return the text of an app's kustomization; nothing where it cannot be read."""
    for name in KUSTOMIZATION_NAMES:
        with suppress(PromoteError, KeyError):
            return tree.read(place.folder / name)
    return b""


def _candidate(config: Config, tree: Tree, place: Place, *, asked: bool) -> Candidate:
    """Return an app in an environment with what it has, or raise why that is not known.

    `asked`: somebody asks for it by name.
    """
    target = target_of(config, tree, place.key, place.settings)
    if asked and not place.is_there(config, tree):
        raise not_there(config, [place.app], [place.environment])
    if asked or place.app in config.apps:
        return _chosen_for(config, tree, target)
    # Whoever neither listed nor named it does not say that it is an app, or has an image at all.
    held = target.held_images(tree)
    if not any(one.ref for one in held):
        check_places(tree, target.file, target.targets)
    if target.settings.policy is not None and not held:
        nothing, error = "its files set no image", unnamed(target, tree)
        return Candidate(target, target.settings.policy, (), nothing=nothing, unnamed=error)
    return _chosen_for(config, tree, target)


def _chosen_for(config: Config, tree: Tree, target: Target) -> Candidate:
    if target.settings.policy is None:
        return _following(config, tree, target)
    tagged = propose.tagged(target, tree)
    running = {one.name: one for one in running_images(target, tree)}
    images = tuple(running.get(one.name, one) for one in tagged)
    return Candidate(target, target.settings.policy, images)


def _following(config: Config, tree: Tree, target: Target) -> Candidate:
    previous = find_target(config, tree, target.app, target.settings.promotes_from)
    followed = images_from(previous, target, tree)
    images = []
    for one in followed.images:
        has = image_named(followed.own, one.name) or RunningImage(one.name)
        images.append(replace(has, name=one.name))
    nothing = followed.nothing.message if followed.nothing else ""
    return Candidate(target, None, tuple(images), followed, nothing)
