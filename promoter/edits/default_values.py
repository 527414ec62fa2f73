"""Images that default values name: a chart's for its values-prod.yaml, and those of its subcharts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from promoter.domain.errors import PromoteError
from promoter.domain.model import PathKind, Tree
from promoter.domain.trees import kind_of
from promoter.edits import scalar_path
from promoter.edits.region import Region
from promoter.edits.targets import EditTarget, YamlPathTarget
from promoter.edits.working_files import named

_DEFAULTS = "values.yaml"
_SUBCHARTS = "charts"


def default_files(
    tree: Tree, directory: PurePosixPath, targets: Iterable[EditTarget]
) -> list[PurePosixPath]:
    """Return the files of targets that do not name their image, and those of their default values."""
    return [path for one in targets for path in _files(tree, directory, one)]


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
        files = _files(tree, directory, target)
        if not files or not isinstance(target, YamlPathTarget):
            yield target
            continue
        tree.prefetch(files)
        names = (_names(tree, target, *one) for one in files.items())
        own, default = next(names), next(filter(None, names), ())
        yield target.called(default) if default and not own else target


def _names(tree: Tree, target: YamlPathTarget, path: PurePosixPath, tag: str) -> tuple[str, ...]:
    """Return what a file calls the image whose tag is at a path of it."""
    # What cannot be read is reported where the file is edited; without it, there is no name.
    with suppress(PromoteError):
        region = Region.of(path, tree.read(path))
        return target.model_copy(update={"tag": tag}).names(region)
    return ()


def _files(tree: Tree, directory: PurePosixPath, target: EditTarget) -> dict[PurePosixPath, str]:
    """Return a target's file and those of default values, each with the path of the tag there.

    They are in the order in which Helm takes them; none where no default values matter.
    """
    if not isinstance(target, YamlPathTarget) or target.tag is None or target.is_named:
        return {}
    path = named(directory, target.file)
    if path is None:
        return {}
    files = {path: target.tag}
    files.setdefault(path.with_name(_DEFAULTS), target.tag)
    chart, below = scalar_path.first_key(target.tag)
    if chart and below:
        files[path.parent / _SUBCHARTS / chart / _DEFAULTS] = below
    found = {one: tag for one, tag in files.items() if kind_of(tree, one) is PathKind.FILE}
    return found if path in found and len(found) > 1 else {}
