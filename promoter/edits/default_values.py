"""Images that a chart's default values name: `repository` in values.yaml, `tag` in values-prod.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from promoter.domain.errors import PromoteError
from promoter.domain.model import PathKind, Tree
from promoter.domain.trees import kind_of
from promoter.edits.region import Region
from promoter.edits.targets import EditTarget, YamlPathTarget
from promoter.edits.working_files import named

_DEFAULTS = "values.yaml"


def default_files(
    tree: Tree, directory: PurePosixPath, targets: Iterable[EditTarget]
) -> list[PurePosixPath]:
    """Return the files of targets that do not name their image, and those of default values beside."""
    return [path for one in targets for path in _files(tree, directory, one) or ()]


def with_default_names(
    tree: Tree, directory: PurePosixPath, targets: Iterable[EditTarget]
) -> tuple[EditTarget, ...]:
    """Return targets that know the names which default values have at the paths of their tags.

    Only those have them of which neither the target nor its own file names the image.
    """
    return tuple(_with_names(tree, directory, targets))


def _with_names(
    tree: Tree, directory: PurePosixPath, targets: Iterable[EditTarget]
) -> Iterator[EditTarget]:
    for target in targets:
        pair = _files(tree, directory, target)
        if pair is None or not isinstance(target, YamlPathTarget):
            yield target
            continue
        tree.prefetch(pair)
        names: tuple[str, ...] = ()
        # What cannot be read is told where the file is edited; without it, there is no name.
        with suppress(PromoteError):
            own, defaults = (Region.of(path, tree.read(path)) for path in pair)
            names = () if target.names(own) else target.names(defaults)
        yield target.called(names) if names else target


def _files(
    tree: Tree, directory: PurePosixPath, target: EditTarget
) -> tuple[PurePosixPath, PurePosixPath] | None:
    """Return a target's file and that of the default values beside it; None where none matter."""
    if not isinstance(target, YamlPathTarget) or target.tag is None or target.is_named:
        return None
    path = named(directory, target.file)
    defaults = path and path.with_name(_DEFAULTS)
    if path is None or defaults is None or path == defaults:
        return None
    both = kind_of(tree, path) is PathKind.FILE and kind_of(tree, defaults) is PathKind.FILE
    return (path, defaults) if both else None
