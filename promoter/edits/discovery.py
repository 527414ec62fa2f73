"""Where an app's images are written, where the configuration names no targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.errors import RefusedError
from promoter.domain.model import Kind
from promoter.edits import argocd, manifest, marker, patch
from promoter.edits.site import Region
from promoter.edits.targets import ArgocdTarget, ManifestTarget, MarkerTarget, PatchTarget

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import PurePosixPath

    from promoter.domain.model import Tree
    from promoter.edits.targets import FileTarget

_YAML = frozenset({".yaml", ".yml", ".json"})
_FILES_LIMIT = 500


def discover(tree: Tree, directory: PurePosixPath, names: Sequence[str]) -> tuple[FileTarget, ...]:
    """Return a target for each image in each file below an environment's folder that holds it.

    Files outside the folder may be shared with other environments, and are not looked at. Of one
    file, marked lines come first, then an Application's overrides, then manifests, then patches.
    """
    files = list(_files(tree, directory))[:_FILES_LIMIT]
    tree.prefetch(files)
    return tuple(target for path in files for target in _in_file(tree, path, names))


def _files(tree: Tree, directory: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield the YAML files below a folder, in the order of their names."""
    for name, kind in sorted(tree.entries(directory).items()):
        path = directory / name
        if kind is Kind.DIRECTORY:
            yield from _files(tree, path)
        elif kind is Kind.FILE and (path.suffix in _YAML or name == "Kustomization"):
            yield path


def _in_file(tree: Tree, path: PurePosixPath, names: Sequence[str]) -> Iterator[FileTarget]:
    """Yield the targets of one file; what can not be read or edited holds none."""
    data, file = tree.read(path), f"/{path}"
    held = [name for name in names if name.encode() in data]
    if not held:
        return
    try:
        region = Region.of(path, data)
        marked = {m.subject if m.own else m.site.name for m in marker.marks(region)}
        overridden = {site.name for site in argocd.find(region)}
        contained = {site.name for site in manifest.find(region)}
        patched = {site.name for site in patch.find(region)}
    except RefusedError:
        return
    for name in held:
        if name in marked:
            yield MarkerTarget(kind="marker", file=file, image=name)
        elif name in overridden:
            yield ArgocdTarget(kind="argocd", file=file, image=name)
        elif name in contained:
            yield ManifestTarget(kind="manifest", file=file, image=name)
        elif name in patched:
            yield PatchTarget(kind="patch", file=file, image=name)
