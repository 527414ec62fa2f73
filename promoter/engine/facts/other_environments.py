"""The environments that a change reaches beside its own: their kustomizations build what is edited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath
from posixpath import relpath

from promoter import graph, render
from promoter.config.apps import environments_of, folder
from promoter.config.config import Config
from promoter.config.layout import Target
from promoter.domain.errors import PromoteError
from promoter.domain.model import FileEdit, PathKind, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES, kustomizations_among
from promoter.domain.trees import edited, kind_of
from promoter.edits.default_values import with_default_names
from promoter.edits.held_images import held_images
from promoter.edits.targets import EditTarget
from promoter.edits.targets.model import InFile
from promoter.edits.working_files import named
from promoter.engine.app_run import AppRun
from promoter.gates import OtherEnvironment
from promoter.graph import Kustomizations
from promoter.planning.dead_edits import ByNames
from promoter.render import Renderer

# So many are rendered; of more, what the files say counts.
_RENDERED = 3


def other_environments(
    run: AppRun, edits: Sequence[FileEdit], renderer: Renderer | None
) -> tuple[OtherEnvironment, ...]:
    """Return the other environments of an app that edits on the base change, too.

    The files say which may be changed, and the render which are. A kustomization that stands on
    another environment's folder is known where its own file lists it. A push through the API does
    not look for those: nothing else would read the other environments. One whose targets name what
    is edited changes, too, where no kustomization of it says otherwise.
    """
    base = run.state.base
    looks = run.target.settings.deliver != "push" or run.context.wiring.transport != "api"
    found = list(_reached(run.config, base, run.target, edits, looks=looks))
    rendered = [_rendered(base, one, edits, renderer) for one in found[:_RENDERED]]
    built = {one.name for one in found}
    sharing = _sharing(run.config, base, run.target, edits)
    others = (one for one in sharing if one.name not in built)
    return tuple(one for one in (*rendered, *found[_RENDERED:], *others) if one is not None)


def _sharing(
    config: Config, base: Tree, target: Target, edits: Sequence[FileEdit]
) -> Iterator[OtherEnvironment]:
    """Yield the app's other environments whose own targets get other images by the edits."""
    app, after = target.app, edited(base, {one.path: one.content for one in edits})
    listed = config.apps[app].images if app in config.apps else ()
    for name, settings in environments_of(config, base, app).items():
        directory = folder(settings, app, name)
        targets = with_default_names(base, directory, config.targets_of(name, app)[0])
        for edit in edits if name != target.environment else ():
            own = [one for one in targets if _is_in(one, edit.path, directory)]
            shared = with_default_names(base, directory, own)
            file = directory / edit.path.name
            # What cannot be read is an error of its own there.
            with suppress(PromoteError):
                before, then = (held_images(t, file, shared, listed) for t in (base, after))
                if before != then:
                    yield OtherEnvironment(
                        name,
                        directory,
                        edit.path,
                        settings.deliver,
                        is_certain=True,
                        by_target=True,
                    )
                    break


def _is_in(target: EditTarget, file: PurePosixPath, directory: PurePosixPath) -> bool:
    if isinstance(target, InFile):
        return named(directory, target.file) == file
    return file.parent == directory and file.name in KUSTOMIZATION_NAMES


def kustomizations_beside(config: Config, base: Tree, target: Target) -> list[PurePosixPath]:
    """Return the files that say whether other environments stand on an app's folder."""
    return [
        directory / name
        for _, directory in _folders(config, base, target)
        for name in KUSTOMIZATION_NAMES
        if kind_of(base, directory / name) is PathKind.FILE
    ]


def folders_beside(config: Config, base: Tree, target: Target) -> list[PurePosixPath]:
    """Return the folders whose kustomizations may be built from a file outside of an app's folder."""
    if all(one.is_relative_to(target.directory) for one in target.files):
        return []
    return [directory for _, directory in _folders(config, base, target)]


def _folders(config: Config, base: Tree, target: Target) -> Iterator[tuple[str, PurePosixPath]]:
    for name, settings in environments_of(config, base, target.app).items():
        directory = folder(settings, target.app, name)
        if name != target.environment and directory != target.directory:
            yield name, directory


def _reached(
    config: Config, base: Tree, target: Target, edits: Sequence[FileEdit], *, looks: bool
) -> Iterator[OtherEnvironment]:
    """Yield the other environments whose kustomizations read a file that is edited."""
    outside = any(not one.path.is_relative_to(target.directory) for one in edits)
    for name, directory in _folders(config, base, target):
        is_shared = outside or directory.is_relative_to(target.directory)
        if is_shared or (looks and _names(base, directory, target.directory)):
            closure = graph.read_closure(base, directory)
            file = next((one.path for one in edits if closure.holds(one.path)), None)
            if file is not None:
                delivery = config.environment(name, target.app).deliver
                yield OtherEnvironment(name, directory, file, delivery)


def _names(base: Tree, directory: PurePosixPath, other: PurePosixPath) -> bool:
    """Return whether the kustomization of a folder could list another folder, by its text.

    Of many apps, no more than this is read.
    """
    path = relpath(f"/{other}", f"/{directory}").replace("../", "").encode()
    for name in kustomizations_among(base.entries(directory)):
        with suppress(PromoteError, KeyError):
            return path in base.read(directory / name)
    return False


def _rendered(
    base: Tree, one: OtherEnvironment, edits: Sequence[FileEdit], renderer: Renderer | None
) -> OtherEnvironment | None:
    """Return an environment with what its render says; None where that is the same after the edits."""
    if renderer is None:
        return one
    reached = {edit.path: Kustomizations((one.directory,)) for edit in edits}
    diff = render.judge_edits(base, edits, ByNames(one.directory, reached), renderer).diff
    if diff is None:
        return one
    return replace(one, is_certain=True) if diff.objects else None
