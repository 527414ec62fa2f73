"""What is edited for an app in an environment: its kustomization, or the files of its targets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from pathlib import PurePosixPath

from promoter.config.apps import environments_of, files_of, folder, not_there
from promoter.config.config import Config
from promoter.config.document import NOWHERE
from promoter.config.mistakes.not_there import (
    check_folder,
    check_misnamed,
    check_not_above,
    no_environment,
)
from promoter.config.path_patterns import filled_path
from promoter.config.sections import Environment
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import SelectionError, UsageError
from promoter.domain.model import PathKind, RunningImage, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES, kustomizations_among
from promoter.domain.suggest import nearest
from promoter.edits.default_values import with_default_names
from promoter.edits.discovery import discover
from promoter.edits.held_images import held_images
from promoter.edits.targets import EditTarget, KustomizeTarget, Linked
from promoter.edits.targets.model import InFile
from promoter.edits.working_files import named


@dataclass(frozen=True, slots=True)
class Target:
    """One app in one environment: the settings in force, and the file to edit."""

    app: str
    environment: str
    settings: Environment
    file: PurePosixPath
    targets: tuple[EditTarget, ...] = ()
    linked: tuple[Linked, ...] = ()
    images: tuple[str, ...] = ()
    """The images that one tag sets, where the configuration lists them."""
    config: Config | None = field(default=None, compare=False, repr=False)
    """The configuration that says so."""

    @property
    def key(self) -> tuple[str, str]:
        """The app and the environment."""
        return self.app, self.environment

    @property
    def flags(self) -> str:
        """The flags that name it in a command."""
        return f"--app {self.app} --env {self.environment}"

    @property
    def kustomized(self) -> bool:
        """Whether the images of the kustomization are among what is edited."""
        return any(isinstance(one, KustomizeTarget) for one in self.targets)

    @property
    def directory(self) -> PurePosixPath:
        """The folder of the kustomization."""
        return self.file.parent

    @property
    def files(self) -> tuple[PurePosixPath, ...]:
        """The files in which its images stand, each one time."""
        own = [self.file] if self.kustomized else []
        return tuple(dict.fromkeys([*own, *files_of(self.targets, self.directory)]))

    @property
    def first_file(self) -> PurePosixPath:
        """The file that is named where something is said of its images."""
        return next(iter(self.files), self.file)

    def file_of(self, target: EditTarget) -> PurePosixPath | None:
        """Return the file that one of its targets is in; None where it is outside the repository."""
        return named(self.directory, target.file) if isinstance(target, InFile) else self.file

    def held_images(self, tree: Tree) -> tuple[RunningImage, ...]:
        """Return all images that a tree's files hold, those of other apps in them included.

        Raises `PromoteError` where the files cannot be read.
        """
        return held_images(tree, self.file, self.targets, self.images)

    def own_images(self, tree: Tree, names: Collection[str] = ()) -> tuple[RunningImage, ...]:
        """Return the app's images as a tree's files have them: all, unless the configuration lists them.

        Those of `names` are among them. Raises `PromoteError` where the files cannot be read.
        """
        return tuple(
            one
            for one in self.held_images(tree)
            if self.owns(one) or not {one.name, one.repository}.isdisjoint(names)
        )

    @property
    def argocd_url(self) -> str | None:
        """The page of the app's Argo CD application, where one is configured."""
        url = self.settings.argocd_url
        return url and filled_path(url, self.app, self.environment)

    def owns(self, image: RunningImage) -> bool:
        """Return whether an image in its files is the app's: any, unless the configuration lists them."""
        return not self.images or any(
            name in (image.name, image.new_name) or image.name.startswith(f"{name}:")
            for name in self.images
        )


def find_target(
    config: Config, tree: Tree, app: str, environment: str | None, images: Sequence[str] = ()
) -> Target:
    """Return the one place of an app, or raise `SelectionError` naming what is known.

    A folder without a kustomization whose app has no targets is searched for the app's images, or
    for those that the request names.
    """
    settings = environments_of(config, tree, app, environment)
    if not settings:
        raise not_there(config, [app], ())
    name = environment or _default_environment(config, settings)
    if name not in settings and not environment:
        message = f"default-environment: there is no environment {name!r}"
        place = config.place_of(("default-environment",)) or NOWHERE
        raise UsageError(message, nearest(name, settings), **place)
    if name not in settings:
        raise no_environment(name, app, settings)
    return target_of(config, tree, (app, name), settings[name], images)


def target_of(
    config: Config,
    tree: Tree,
    where: tuple[str, str],
    chosen: Environment,
    images: Sequence[str] = (),
) -> Target:
    """Return the place of an app in an environment whose settings are known; see `find_target`."""
    app, name = where
    directory = folder(chosen, app, name)
    targets, linked = config.targets_of(name, app)
    known = config.apps[app].images if app in config.apps else ()
    if len(known) != 1:
        targets = with_default_names(tree, directory, targets)
    if not targets:
        targets = _discovered(tree, directory, (*known, *images))
        check_not_above(config, tree, (app, name), files_of(targets, directory))
    if any(isinstance(one, KustomizeTarget) for one in targets):
        check_folder(config, tree, (app, name), directory)
        file = kustomization_file(tree, directory, name)
    else:
        file = directory / KUSTOMIZATION_NAMES[0]
    return Target(app, name, chosen, file, targets, linked, known, config=config)


def _discovered(
    tree: Tree, directory: PurePosixPath, images: Sequence[str]
) -> tuple[EditTarget, ...]:
    """Return the kustomization as the target, else wherever below its folder the images are."""
    kustomization = (KustomizeTarget(kind="kustomize"),)
    if kustomizations_among(tree.entries(directory)):
        return kustomization
    check_misnamed(tree, directory)
    return discover(tree, directory, list(dict.fromkeys(images))) or kustomization


def kustomization_file(
    tree: Tree, directory: PurePosixPath, environment: str = "ENV"
) -> PurePosixPath:
    """Return the kustomization of a folder, or raise `SelectionError` for none or several."""
    entries = tree.entries(directory)
    found = kustomizations_among(entries)
    if len(found) > 1:
        raise SelectionError(
            f"holds {' and '.join(found)}, and kustomize takes one",
            "Remove all but one of them.",
            file=str(directory),
        )
    if not found:
        missing = "there is no such folder" if not entries else f"it holds {_listed(entries)}"
        raise SelectionError(
            f"no kustomization: {missing}",
            f"Point environments.{environment}.path at the folder of a kustomization.yaml; other "
            "files are named by targets in promoter.yaml.",
            file=str(directory),
        )
    if entries[found[0]] in (PathKind.DIRECTORY, PathKind.SUBMODULE):
        raise SelectionError(
            "is not a file", "It must be a kustomization.", file=str(directory / found[0])
        )
    return directory / found[0]


def _default_environment(config: Config, settings: Mapping[str, Environment]) -> str:
    if config.default_environment:
        return config.default_environment
    if "prod" in settings:
        return "prod"
    if len(settings) == 1:
        return next(iter(settings))
    raise SelectionError(
        f"which environment? There are {', '.join(sorted(settings))}",
        "Name one with --env, or set default-environment in promoter.yaml.",
    )


def _listed(entries: Mapping[str, PathKind]) -> str:
    names = sorted(entries)
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
