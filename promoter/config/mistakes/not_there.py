"""What is said of an app, an environment or a folder that there is not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from promoter.config import FILE
from promoter.config.config import Config
from promoter.domain.errors import SelectionError
from promoter.domain.model import PathKind, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES, kustomizations_among
from promoter.domain.suggest import nearest, placeholder_hint

# What stands for every app or environment elsewhere.
_ALL = ("all", "any", "every")
# What stands where a folder is looked for, and what to do.
_OTHER_KINDS: dict[PathKind | None, tuple[str, str]] = {
    PathKind.SYMLINK: (
        "a symbolic link, and links are not followed",
        "Name the folder that it leads to.",
    ),
    PathKind.SUBMODULE: (
        "a submodule: another repository",
        "Promote in that repository: --repo URL",
    ),
    PathKind.FILE: ("a file", "Name its folder."),
}
# What a kustomization is named by mistake, in small letters.
_VERSION = re.compile(r"v?[0-9]+\.[0-9]", re.ASCII)
_MISNAMED = re.compile(r"kusto?mi[sz](?:e|ations?|aton|tion)\.ya?ml", re.ASCII)


def no_app(app: str, config: Config, known: Iterable[str]) -> SelectionError:
    """Return the error for an app that there is not; it may be a group."""
    hint = f"{placeholder_hint(app, 'app')} {nearest(app, known)}".lstrip()
    if app in config.groups:
        hint = f"{app} is a group: --group {app}"
    elif app.lower() in _ALL:
        hint += " Name each: --app A --app B; what the policies choose of all: promote auto"
    return SelectionError(f"there is no app {app!r}", hint)


def no_environment(name: str, app: str, known: Iterable[str]) -> SelectionError:
    """Return the error for an environment that there is not; it may stand for all of them."""
    hint = f"{placeholder_hint(name, 'environment')} {nearest(name, known)}".lstrip()
    if _VERSION.match(name):
        hint = f"Did you mean --tag {name}? {hint}"
    if name.lower() in _ALL:
        hint = f"Run promote once for each: --env {', then --env '.join(sorted(known))}"
    return SelectionError(f"there is no environment {name!r} for app {app!r}", hint)


def check_folder(
    config: Config, tree: Tree, where: tuple[str, str], directory: PurePosixPath
) -> None:
    """Raise `SelectionError` at the `path` in promoter.yaml that names a folder which is not there."""
    app, environment = where
    if tree.entries(directory) or environment not in config.environments:
        return
    keys = config.path_keys(environment, app)
    place = config.place_of(keys)
    if place is None:
        return
    begun = next(
        one for one in (directory, *directory.parents) if tree.entries(one) or not one.name
    )
    missing = directory.relative_to(begun).parts[0]
    known = [name for name, kind in tree.entries(begun).items() if kind is PathKind.DIRECTORY]
    if (other := _OTHER_KINDS.get(tree.entries(begun).get(missing))) is not None:
        raise SelectionError(
            f"{'.'.join(keys)}: {begun / missing} is {other[0]}", other[1], **place
        )
    part = PurePosixPath(config.environments[environment].path).parts[len(begun.parts)]
    if keys[0] == "environments" and part == "{app}":
        raise _no_folder_of(where, directory, config, known)
    raise SelectionError(
        f"environments.{environment}.path: there is no folder {directory}: "
        f"{begun if begun.name else 'the repository'} has no {missing!r}",
        nearest(missing, known) if known else f"{begun} has no folders: end the path with it.",
        **place,
    )


def _no_folder_of(
    where: tuple[str, str], directory: PurePosixPath, config: Config, known: Iterable[str]
) -> SelectionError:
    """Return the error for an app without a folder, at the app's own place where it is listed."""
    app, environment = where
    listed = config.place_of(("apps", app)) if app in config.apps else None
    if listed is None:
        return no_app(app, config, known)
    return SelectionError(
        f"apps.{app}: there is no folder {directory}, which environments.{environment}.path names",
        f"{nearest(app, known)} Make the folder, or remove {app} from apps.",
        **listed,
    )


def check_not_above(
    config: Config, tree: Tree, where: tuple[str, str], files: Sequence[PurePosixPath]
) -> None:
    """Raise `SelectionError` for a `path` above the folders of the apps, which have kustomizations.

    `files` are those in which the app's images were found below the path.
    """
    app, environment = where
    settings = config.environments.get(environment)
    place = config.place_of(("environments", environment, "path"))
    if settings is None or place is None or "{app}" in settings.path:
        return
    for file in sorted(files, key=lambda one: environment not in one.parts):
        if app in file.parent.parts and kustomizations_among(tree.entries(file.parent)):
            parts = ["{app}" if one == app else one for one in file.parent.parts]
            raise SelectionError(
                f"environments.{environment}.path: {settings.path} is above the apps' folders",
                f"Write {'/'.join(parts)}",
                **place,
            )


def check_misnamed(tree: Tree, directory: PurePosixPath) -> None:
    """Raise `SelectionError` for a kustomization under a name that kustomize does not read."""
    for name, kind in tree.entries(directory).items():
        named = _MISNAMED.fullmatch(name.lower()) and name not in KUSTOMIZATION_NAMES
        misnamed = named and kind is PathKind.FILE
        # Flux's Kustomization is another resource, which may have any name.
        if misnamed and b"toolkit.fluxcd.io" not in tree.read(directory / name):
            raise SelectionError(
                "kustomize does not read a file of this name",
                f"Rename it to {KUSTOMIZATION_NAMES[0]}, or list the files under targets in {FILE}.",
                file=str(directory / name),
            )


def takes_any_name(config: Config, environment: str) -> bool:
    """Return whether an environment's files are the same for every app, and no app is listed."""
    if config.apps:
        return False
    same = config.targets_of(environment, "{app}") == config.targets_of(environment, "app")
    return same and "{app}" not in config.environments[environment].path
