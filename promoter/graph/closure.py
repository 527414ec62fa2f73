"""The closure of a kustomization: all kustomizations and files below it, read level by level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from itertools import chain, islice
from pathlib import PurePosixPath
from weakref import WeakKeyDictionary

from promoter.domain.dataclass import dataclass
from promoter.domain.model import PathKind, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES, kustomizations_among
from promoter.graph.documents import mapping_of
from promoter.graph.images import Image, Images
from promoter.graph.layer import PLUGINS, Layer, read_layer
from promoter.graph.plugins import built_in_transformers
from promoter.graph.prefetch import likely_files, likely_folders, prefetch_closures
from promoter.graph.reading import Reading, shortened
from promoter.graph.requirements import (
    Access,
    Requirement,
    fetched,
    is_of_this_machine,
    leaving,
    of_chart,
)
from promoter.graph.transformer import Entry

_LAYERS_LIMIT = 1_000
# The fields in lower case, as layers have them, by how kustomize writes them.
_CHARTS = {
    "helmCharts": "helmcharts",
    "helmChartInflationGenerator": "helmchartinflationgenerator",
}
# Fields by which a build reads files that the kustomization itself does not name.
_READERS = (*PLUGINS, *_CHARTS.values(), "helmglobals")


@dataclass(frozen=True, slots=True)
class Closure:
    """All that a kustomization is built from; not complete where something cannot be read."""

    directory: PurePosixPath
    file: PurePosixPath
    """The kustomization itself; the folder where there is not exactly one."""
    images: tuple[Image, ...] = ()
    """The images that containers may have as the kustomization's own `images` meet them."""
    entries: tuple[Entry, ...] = ()
    """The kustomization's own `images`."""
    complete: bool = True
    unread: tuple[PurePosixPath | str, ...] = ()
    """The files in which something is not known, where it is not complete."""
    warnings: tuple[str, ...] = ()
    files: tuple[PurePosixPath, ...] = ()
    """All files that are read, the kustomizations included."""
    folders: tuple[PurePosixPath, ...] = ()
    """The folders of all kustomizations, its own included."""
    requirements: tuple[Requirement, ...] = ()
    """What a build needs beside the repository's own files."""
    unknown: str = ""
    """Why a container may have any image at all, '' where it may not."""
    overwriting: tuple[str, ...] = ()
    """The places of what runs after its own `images`: replacements and transformers."""
    patched: bool = False
    """Whether a patch, a replacement or a transformer may change what the files say."""
    outside: tuple[PurePosixPath, ...] = ()
    """Files outside of the folder of the kustomization that names them: a build must be allowed them."""
    image_keys: frozenset[str] = frozenset()
    """The last keys of the fields that its `configurations` name as those of images."""
    layers: Mapping[PurePosixPath, Layer] = field(default_factory=dict, repr=False)

    def holds(self, file: PurePosixPath) -> bool:
        """Return whether it is built from a file."""
        return file in self.files or any(
            file in layer.read_by_a_build() for layer in self.layers.values()
        )

    @property
    def copies_values(self) -> bool:
        """Whether something may copy an image to elsewhere before `images` changes it."""
        names = ("replacements", "vars", "transformers")
        return any(layer.listed(*names) for layer in self.layers.values())


_known: WeakKeyDictionary[Tree, dict[PurePosixPath, Closure]] = WeakKeyDictionary()


def read_closure(tree: Tree, directory: PurePosixPath) -> Closure:
    """Return the closure of a folder's kustomization, up to the repository's edge; never raises.

    What was read of a commit is remembered.
    """
    if not tree.commit:
        return _read_closure(tree, directory)
    known = _known.setdefault(tree, {})
    if directory not in known:
        known[directory] = _read_closure(tree, directory)
    return known[directory]


def prefetch_closures_at(tree: Tree, directories: Mapping[str, Sequence[PurePosixPath]]) -> None:
    """Fetch at once what kustomizations of folders are built from now, as it was at other commits.

    Raises as `Tree.prefetch_at` does.
    """
    if not directories:
        return
    prefetch_closures(tree, dict.fromkeys(chain.from_iterable(directories.values())))
    files: dict[str, list[PurePosixPath]] = {}
    for commit, named in directories.items():
        read = (file for one in named for file in read_closure(tree, one).files)
        # These also show where there is no base.
        likely = (
            folder / KUSTOMIZATION_NAMES[0] for one in named for folder in likely_folders(one)
        )
        files[commit] = [*read, *likely]
    tree.prefetch_at(files)


def _read_closure(tree: Tree, directory: PurePosixPath) -> Closure:
    reading = Reading(tree)
    layers = _read_layers(reading, directory)
    top = layers.get(directory)
    images = Images(reading, layers, built_in_transformers(reading, layers))
    found = images.of(top) if top is not None else ()
    outside = _outside(reading, layers)
    return Closure(
        directory=directory,
        file=top.file if top is not None else directory,
        images=found,
        entries=tuple(top.entries()) if top is not None else (),
        complete=reading.complete,
        unread=tuple(reading.unread),
        warnings=tuple(reading.warnings),
        files=tuple(reading.files),
        folders=tuple(reading.folders),
        requirements=tuple(reading.requirements.values()),
        unknown=images.unknown,
        overwriting=tuple(top.overwriting()) if top is not None else (),
        patched=any(layer.patches_anything for layer in layers.values()),
        outside=outside,
        image_keys=images.keys,
        layers=layers,
    )


def _read_layers(reading: Reading, directory: PurePosixPath) -> dict[PurePosixPath, Layer]:
    """Return all kustomizations below a folder; one batch of files a level is fetched."""
    layers: dict[PurePosixPath, Layer] = {}
    level: dict[PurePosixPath, None] = {directory: None}
    files = likely_files(reading.tree, directory)
    while level:
        known = {one: file for one in level if (file := _file(reading, one)) is not None}
        reading.tree.prefetch([*files, *known.values()])
        below: dict[PurePosixPath, None] = {}
        files = []
        for one, file in known.items():
            layer = read_layer(reading, file)
            if layer is None:
                continue
            layers[one] = layer
            _require(reading, layer)
            for path in _named_paths(reading, layer):
                if reading.kind(path) is PathKind.FILE:
                    files.append(path)
                elif path not in layers:
                    below[path] = None
        if len(layers) + len(below) > _LAYERS_LIMIT:
            reason = "stands on too many kustomizations"
            reading.note(directory, reason, access=Access.FILES)
            break
        level = below
    reading.tree.prefetch(files)
    return layers


def _file(reading: Reading, directory: PurePosixPath) -> PurePosixPath | None:
    """Return a folder's kustomization, None with a note where there is not exactly one."""
    reading.folders[directory] = None
    entries = reading.tree.entries(directory)
    found = kustomizations_among(entries)
    if len(found) != 1:
        # A build passes over those that are no files, and takes the one that is.
        access = Access.FILES if found else None
        reading.note(directory, f"holds {len(found)} kustomizations, not one", access=access)
        return None
    if entries[found[0]] is not PathKind.FILE:
        reason = f"is not a file but a {entries[found[0]]}"
        reading.note(directory / found[0], reason, access=Access.FILES)
        return None
    return directory / found[0]


def _outside(reading: Reading, layers: Mapping[PurePosixPath, Layer]) -> tuple[PurePosixPath, ...]:
    """Return the files outside of the folder of the kustomization that names them."""
    found = {
        path: layer.file
        for layer in layers.values()
        for path in layer.named()
        if not path.is_relative_to(layer.directory) and reading.kind(path) is PathKind.FILE
    }
    for path, file in islice(found.items(), 1):
        if reader := _reader_of_anything(reading, layers):
            reason = f"it names {path}, which is outside of its folder, and where that is allowed"
            reading.require(Access.FILES, f"{file}: {reason}, {reader} could read any file")
    return tuple(found)


def _reader_of_anything(reading: Reading, layers: Mapping[PurePosixPath, Layer]) -> str:
    """Return what could read any file of this machine in a build that may leave its folders.

    Plugins and Helm name files on their own, a remote kustomization is not known, and a path may
    lead out of the repository; '' where nothing does.
    """
    if remote := reading.requirements.get(Access.NETWORK):
        return f"what is remote ({remote.reason})"
    for layer in layers.values():
        field = next((one for one in _READERS if one in layer.fields), None)
        if field is not None:
            return f"{field} of {layer.file}"
        leading = next(leaving(layer.fields, layer.directory), None)
        if leading is not None:
            return f"{shortened(leading.text)} in {layer.file}:{leading.line}"
    return ""


def _require(reading: Reading, layer: Layer) -> None:
    """Note what a kustomization needs beside files by its own fields."""
    for name, key in _CHARTS.items():
        if layer.listed(key):
            reason = f"its {name} are made by Helm, which is not run"
            reading.note(layer.file, reason, access=Access.HELM)
    for chart in (*layer.listed(*_CHARTS.values()), layer.fields.get("helmglobals")):
        for access, scalar, reason in of_chart(mapping_of(chart), layer.directory):
            reading.note(layer.file, f"{shortened(scalar.text)} {reason}", scalar, access)
    for scalar in fetched(layer.fields):
        text = shortened(scalar.text)
        access = Access.FILES if is_of_this_machine(scalar.text) else Access.NETWORK
        reading.note(layer.file, f"{text} is remote and is not read", scalar, access)


def _named_paths(reading: Reading, layer: Layer) -> Iterator[PurePosixPath]:
    """Yield the files and folders that a kustomization names and whose contents matter."""
    # Plugins that are not there are noted where they are examined.
    for value in (*layer.paths(), *layer.plugin_paths()):
        path = reading.path(layer.file, value)
        if path is not None:
            yield path
    for value in layer.unread_paths():
        reading.path(layer.file, value)
