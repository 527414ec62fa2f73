"""The apps in their environments that a command is about, and the files in which their images stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from promoter.config.holds import hold_file
from promoter.config.layout import environments_of, folder, known_apps, target_of
from promoter.domain.errors import PromoteError, SelectionError
from promoter.domain.suggest import nearest
from promoter.edits.targets.model import InFile
from promoter.edits.working_files import named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promoter.config.config import Config
    from promoter.config.layout import Target
    from promoter.domain.model import Tree


@dataclass(frozen=True, slots=True)
class Place:
    """An app in an environment; `target` is None where it cannot be looked at, and `error` says why."""

    app: str
    environment: str
    target: Target | None = None
    error: PromoteError | None = None


def places(
    config: Config, tree: Tree, apps: Sequence[str], environments: Sequence[str]
) -> list[Place]:
    """Return the apps in their environments, by app; empty sequences stand for all.

    Raises `SelectionError` for an app or an environment that is not known.
    """
    paths = (one.path for one in config.environments.values())
    for fixed in {path.partition("{")[0].rpartition("/")[0] for path in paths}:
        tree.unfold(PurePosixPath(fixed))
    known = known_apps(config, tree)
    _check_known("app", apps, known)
    found = [one for app in apps or known for one in _of_app(config, tree, app)]
    _check_known("environment", environments, list({one.environment: None for one in found}))
    return [one for one in found if not environments or one.environment in environments]


def files_of(target: Target) -> list[PurePosixPath]:
    """Return the files that hold an app's images in an environment, and its hold's file."""
    named_files = (
        named(target.directory, one.file) for one in target.targets if isinstance(one, InFile)
    )
    own = [target.file] if target.kustomized else []
    hold = hold_file(target.app, target.environment)
    return list(dict.fromkeys([*own, *(one for one in named_files if one is not None), hold]))


def _of_app(config: Config, tree: Tree, app: str) -> Iterator[Place]:
    for name, settings in environments_of(config, tree, app).items():
        # An app need not be in every environment.
        if not tree.entries(folder(settings, app, name)):
            continue
        try:
            yield Place(app, name, target_of(config, tree, (app, name), settings))
        except PromoteError as error:
            yield Place(app, name, error=error)


def _check_known(what: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise SelectionError(f"there is no {what} {name!r}", nearest(name, known))
