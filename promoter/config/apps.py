"""Which apps there are, in which environments each of them is, and in which folder and files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import TypeAlias
from weakref import WeakKeyDictionary

from promoter.config import FILE
from promoter.config.config import Config
from promoter.config.document import NOWHERE
from promoter.config.mistakes.not_there import no_app, takes_any_name
from promoter.config.path_patterns import (
    FILES,
    FOLDERS,
    Match,
    filled_path,
    fixed_part,
    matching_paths,
)
from promoter.config.sections import Environment
from promoter.domain.errors import SelectionError
from promoter.domain.model import PathKind, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES, kustomizations_among
from promoter.domain.trees import kind_of
from promoter.edits.targets import EditTarget, KustomizeTarget
from promoter.edits.targets.model import InFile
from promoter.edits.working_files import named

# The first layout that holds the app wins; `*` is the environment's name.
_LAYOUTS = (
    "clusters/{environment}/apps/{app}",
    "apps/{app}/overlays/{environment}",
    "overlays/{environment}/{app}",
    "{app}/overlays/{environment}",
)
# Files that a pattern such as `{app}.yaml` has, and that are no app's.
_NO_APPS = (*KUSTOMIZATION_NAMES, FILE.name)
# So many apps that are not there, and places that were looked at, are named.
_NAMED = 3

_EnvironmentsByApp: TypeAlias = dict[str, list[str]]
_Pattern: TypeAlias = tuple[str, frozenset[PathKind]]

_matches_of: WeakKeyDictionary[Tree, dict[_Pattern, list[Match]]] = WeakKeyDictionary()
_layouts_of: WeakKeyDictionary[Tree, dict[str, _EnvironmentsByApp]] = WeakKeyDictionary()


def folder(settings: Environment, app: str, environment: str) -> PurePosixPath:
    """Return an app's folder in an environment: that of its kustomization."""
    return PurePosixPath(filled_path(settings.path, app, environment))


def files_of(targets: Iterable[EditTarget], directory: PurePosixPath) -> list[PurePosixPath]:
    """Return the files that targets name from an environment's folder, but for its kustomization."""
    paths = (named(directory, one.file) for one in targets if isinstance(one, InFile))
    return [path for path in paths if path is not None]


def known_apps(config: Config, tree: Tree) -> list[str]:
    """Return the names of all apps: those that the configuration lists, else those that are found.

    An app is found by its kustomization, or by the file of one of the targets that count for it.
    """
    if config.apps:
        return sorted(config.apps)
    if config.environments:
        return sorted(_found_apps(config, tree))
    return _apps_of_layouts(tree)


def environments_of(
    config: Config, tree: Tree, app: str, asked: str | None = None
) -> dict[str, Environment]:
    """Return an app's environments by name, or raise `SelectionError` where it is unknown.

    It need not be in each of those that the configuration has. Without any there, a listed app is
    in those where a known layout has it: in none where its folders are gone.
    """
    if config.apps and app not in config.apps:
        raise no_app(app, config, config.apps)
    if config.environments:
        return {name: config.environment(name, app) for name in config.environments}
    for layout in _LAYOUTS:
        if names := _environments_by_app(tree, layout).get(app):
            return {name: Environment(path=layout) for name in names}
    check_layout(config, tree, app, asked)
    if app in config.apps:
        return {}
    raise no_app(app, config, _apps_of_layouts(tree))


def check_layout(
    config: Config, tree: Tree, app: str | None = None, asked: str | None = None
) -> None:
    """Raise `SelectionError` where neither the configuration nor the layout names an environment.

    The hint is the configuration that follows from the repository's folders, for an app or for any,
    and for the environment that is asked for.
    """
    known = [] if config.environments else _apps_of_layouts(tree)
    if config.environments or (known and (app is None or config.apps)):
        return
    # Late: a known layout needs none of it.
    from promoter.config.likely_places import is_generic
    from promoter.config.unknown_layout import configuration_hint

    hint = configuration_hint(config, tree, app, asked, known)
    if not hint:
        return
    layouts = f"layouts that are known by themselves: {', '.join(_LAYOUTS)}"
    if known:
        named = f"it is called {' or '.join(known)}"
        if not all(map(is_generic, known)):
            named = f"the apps are {', '.join(known)}"
        raise SelectionError(f"there is no app {app!r}: by the folders, {named}", hint)
    raise SelectionError(
        f"no environments are configured, and the repository has none of the {layouts}", hint
    )


def is_in(config: Config, tree: Tree, where: tuple[str, str], settings: Environment) -> bool:
    """Return whether an app is in an environment: whether there is what a promotion would edit.

    That is the file of one of its targets, or its kustomization. A folder without one is enough
    where the kustomization is what is edited, as the app's images are looked for below it.
    """
    app, environment = where
    directory = folder(settings, app, environment)
    targets, _ = config.targets_of(environment, app)
    if any(kind_of(tree, path) for path in files_of(targets, directory)):
        return True
    entries = tree.entries(directory)
    if not targets or any(isinstance(one, KustomizeTarget) for one in targets):
        return bool(entries)
    # A folder that all apps share says nothing of this one.
    return "{app}" in settings.path and bool(kustomizations_among(entries))


def unfold_all(config: Config, tree: Tree) -> None:
    """Read all names in which apps are found at once: those below what the paths have in common."""
    paths = [one.path for one in config.environments.values()]
    paths += [one for name in config.environments for one, _ in _patterns(config, name)]
    fixed = {fixed_part(one) for one in paths}
    tree.look_into({parent for one in fixed for parent in one.parents})
    for one in fixed:
        tree.unfold(one)


def look_into_all(config: Config, tree: Tree, apps: Iterable[str]) -> None:
    """Read the names in the folders of these apps, and in those of their targets' files, at once."""
    found: dict[PurePosixPath, None] = {}
    for app in apps:
        for name in config.environments:
            directory = folder(config.environment(name, app), app, name)
            files = files_of(config.targets_of(name, app)[0], directory)
            found |= dict.fromkeys((directory, *(path.parent for path in files)))
    tree.look_into(found)


def not_there(config: Config, apps: Sequence[str], environments: Sequence[str]) -> SelectionError:
    """Return the error for apps that are in none of some environments: what was looked for.

    Without names, it is about all apps that are listed, or any app, in any environment.
    """
    apps = apps or list(config.apps)
    names = environments or list(config.environments)
    unnamed = [one for one in names if one in config.environments and takes_any_name(config, one)]
    if unnamed and not apps:
        keys = ("environments", unnamed[0], "path")
        path = config.environments[unnamed[0]].path
        return SelectionError(
            f"no app is listed, and {'.'.join(keys)} holds no {{app}}: whose {path} is, is not known",
            "List the app, as in apps: {aurora: {}}",
            **(config.place_of(keys) or NOWHERE),
        )
    looked = [
        file
        for app in apps or ("{app}",)
        for name in names
        if name in config.environments
        for file in _looked_for(config, app, name)
    ]
    if not config.environments:
        looked = [one.replace("{app}", app) for app in apps for one in _LAYOUTS]
    where = f"in {', '.join(environments)}" if environments else "in any environment"
    others = f" and {len(apps) - _NAMED} more" if len(apps) > _NAMED else ""
    verb = "is" if len(apps) == 1 else "are"
    subject = f"{', '.join(apps[:_NAMED])}{others} {verb} not" if apps else "no app is"
    found = list(dict.fromkeys(looked))
    more = f" (and {len(found) - _NAMED} more)" if len(found) > _NAMED else ""
    shown = f": there is no {' and no '.join(found[:_NAMED])}{more}" if found else ""
    hint = "Check the name." if apps else "Correct the path of the environment."
    if any(file.partition("/")[2] for file in found) and names:
        hint = f"Check the name, environments.{names[0]}.path, and the file of each target."
    return SelectionError(f"{subject} {where}{shown}", hint)


def _looked_for(config: Config, app: str, environment: str) -> list[str]:
    """Return the files by which an app, or `{app}`, would be in an environment."""
    settings = config.environment(environment, app)
    directory = folder(settings, app, environment)
    targets, _ = config.targets_of(environment, app)
    own = [str(path) for path in files_of(targets, directory)]
    if not own or any(isinstance(one, KustomizeTarget) for one in targets):
        own.append(str(directory / KUSTOMIZATION_NAMES[0]))
    return own


def _found_apps(config: Config, tree: Tree) -> set[str]:
    """Return the apps that no configuration lists, by the folders and files that could be theirs.

    Where a path is that of several apps, as `web-eu-prod` is of `{app}-prod` and `{app}-eu-prod`, it
    is of the one with the longest environment.
    """
    by_path: dict[PurePosixPath, list[tuple[str, str]]] = {}
    for name in config.environments:
        for pattern in _patterns(config, name):
            for path, names in _matching(tree, pattern):
                if path.name in _NO_APPS and pattern[1] is FILES:
                    continue
                by_path.setdefault(path, []).append((names["app"], name))
    found: set[str] = set()
    for apps in by_path.values():
        app = min((one for one, _ in apps), key=len)
        places = [one for one in apps if one[0] == app and app not in found]
        if any(_is_found(config, tree, one, config.environments[one[1]]) for one in places):
            found.add(app)
    return found


def _is_found(config: Config, tree: Tree, where: tuple[str, str], settings: Environment) -> bool:
    directory = folder(settings, *where)
    is_own = "{app}" in settings.path and bool(kustomizations_among(tree.entries(directory)))
    targets, _ = config.targets_of(where[1], where[0])
    return is_own or any(kind_of(tree, p) for p in files_of(targets, directory))


def _patterns(config: Config, environment: str) -> list[_Pattern]:
    """Return the paths with `{app}` by which an environment's apps are found.

    They are its own path, and those of its targets' files that this does not lead to.
    """
    settings = config.environments[environment]
    own = settings.path.replace("{environment}", environment)
    targets = settings.targets if "targets" in settings.model_fields_set else config.targets
    files = files_of(
        (one.filled({"app": "{app}", "environment": environment}) for one in targets),
        PurePosixPath(own),
    )
    found = [(own, FOLDERS)] if "{app}" in own else []
    for file in files:
        if "{app}" in own and file.is_relative_to(own):
            continue
        if "{app}" in file.name:
            found.append((str(file), FILES))
        elif "{app}" in str(file):
            found.append((str(file.parent), FOLDERS))
    return list(dict.fromkeys(found))


def _apps_of_layouts(tree: Tree) -> list[str]:
    return sorted({app for layout in _LAYOUTS for app in _environments_by_app(tree, layout)})


def _environments_by_app(tree: Tree, layout: str) -> _EnvironmentsByApp:
    """Return the environments of each app in a layout, by its folders; a commit's are remembered."""
    known = _layouts_of.setdefault(tree, {}) if tree.commit else {}
    if layout not in known:
        found = known[layout] = {}
        for path, names in matching_paths(tree, layout):
            if kustomizations_among(tree.entries(path)):
                found.setdefault(names["app"], []).append(names["environment"])
    return known[layout]


def _matching(tree: Tree, pattern: _Pattern) -> list[Match]:
    """Return what has a path as a pattern; that of a commit is remembered."""
    known = _matches_of.setdefault(tree, {}) if tree.commit else {}
    if pattern not in known:
        known[pattern] = list(matching_paths(tree, *pattern))
    return known[pattern]
