"""Whether a promoter.yaml leads to an image of the app, in the environment, that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from promoter import graph
from promoter.config import FILE
from promoter.config.config import Config, parse
from promoter.config.likely_places import LikelyPlace, same_environment
from promoter.config.path_patterns import filled_path
from promoter.domain.errors import PromoteError, UsageError
from promoter.domain.model import Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES, kustomizations_among
from promoter.edits.default_values import with_default_names
from promoter.edits.held_images import check_places, held_images
from promoter.edits.targets import EditTarget, KustomizeTarget

# So many places of a layout are looked at for whether they have images.
_LOOKED = 40


def holds_image(
    text: str,
    tree: Tree,
    asked: tuple[str | None, str | None],
    places: Sequence[LikelyPlace],
    *,
    is_named: bool,
) -> bool:
    """Return whether the same command would find an image by this configuration.

    Where nothing is named like the app, its images are those of one tag.
    """
    app, environment = asked
    try:
        # A key of a file may be none that a path can have.
        config = parse(text.encode(), FILE.name)
    except UsageError:
        return False
    names = list(config.environments)
    if environment is not None:
        names = [one for one in names if same_environment(one, environment)]
        names.sort(key=lambda one: one != environment)
        names = names[:1]
    found = (_images(config, tree, (app, name), places) for name in names)
    return any(images and (is_named or len(images) == 1) for images in found)


def _images(
    config: Config, tree: Tree, where: tuple[str | None, str], places: Sequence[LikelyPlace]
) -> set[str]:
    """Return what tells the images of an app apart: their tags, or else their names."""
    app, environment = where
    if app is None:
        closures = (graph.read_closure(tree, one.at) for one in places[:_LOOKED])
        return {""} if places[0].target or any(map(_builds, closures)) else set()
    settings = config.environment(environment, app)
    directory = PurePosixPath(filled_path(settings.path, app, environment))
    listed = config.apps[app].images if app in config.apps else ()
    targets, _ = config.targets_of(environment, app)
    own: Sequence[EditTarget] = with_default_names(tree, directory, targets)
    files = kustomizations_among(tree.entries(directory))
    if not own and len(files) != 1:
        return set()
    file = directory / (files[0] if files else KUSTOMIZATION_NAMES[0])
    try:
        held = held_images(tree, file, own or (KustomizeTarget(kind="kustomize"),), listed)
        check_places(tree, file, own)
    except PromoteError:
        return set()
    tags = {str(one.ref) for one in held if not listed or {one.name, one.new_name} & {*listed}}
    if tags or own:
        return tags or {""}
    closure = graph.read_closure(tree, directory)
    built = {one.name for one in closure.images}
    return built & {*listed} if listed else built or ({""} if _builds(closure) else set())


def _builds(closure: graph.Closure) -> bool:
    """Return whether a kustomization builds a container, or may build one."""
    return bool(closure.entries or closure.images) or not closure.complete
