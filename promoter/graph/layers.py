"""The kustomizations that one kustomization stands on, read level by level from the repository."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from promoter.graph.documents import UnreadableError, decode, documents, one_line, parse
from promoter.graph.value import Origin, mapping, sequence, text_of
from promoter.layout import KUSTOMIZATION_NAMES
from promoter.model import Kind
from promoter.paths import resolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promoter.graph.value import Mapping, Scalar, Value
    from promoter.model import Tree

ROOT = PurePosixPath()
_LAYERS_LIMIT = 1_000
_FILES_LIMIT = 10_000
_BYTES_LIMIT = 4 * 1024 * 1024
_WARNINGS_LIMIT = 20
_REMOTE = re.compile(
    r"[a-z+]+://|git@|git::|[\w-]+(?:\.[\w-]+)+[:/].*[?/]|.*[?&]ref=", re.IGNORECASE
)
_CRD = re.compile(
    r"^kind:[ \t]*[\"']?CustomResourceDefinition[\"']?[ \t]*(?:#.*)?\r?$", re.MULTILINE
)
# What makes objects, or changes them, in ways that only kustomize itself can tell.
_UNKNOWN = ("generators", "transformers", "helmcharts", "helmchartinflationgenerator")


@dataclass(frozen=True, slots=True)
class Layer:
    """One kustomization: its folder, its file, and its fields by their lower-case names."""

    directory: PurePosixPath
    file: PurePosixPath
    fields: Mapping

    @property
    def is_component(self) -> bool:
        """Whether it works on the objects of the kustomization that lists it."""
        return text_of(self.fields.get("kind")) == "Component"

    def listed(self, *names: str) -> list[Value]:
        """Return the elements of lists, one list after another."""
        return [one for name in names for one in sequence(self.fields.get(name))]

    def paths(self) -> Iterator[Value]:
        """Yield every scalar that names a file or a folder."""
        yield from self.listed("resources", "bases", "components", "configurations")
        yield from self.listed("patchesstrategicmerge")
        for one in self.listed("patches", "patchesjson6902", "replacements"):
            if "path" in mapping(one):
                yield mapping(one)["path"]
        for one in self.listed("configmapgenerator", "secretgenerator"):
            yield from sequence(mapping(one).get("envs"))
            if "env" in mapping(one):
                yield mapping(one)["env"]


@dataclass(slots=True)
class Reading:
    """What has been read of a repository so far, and what could not be."""

    tree: Tree
    layers: dict[PurePosixPath, Layer] = field(default_factory=dict)
    values: dict[PurePosixPath, list[Value]] = field(default_factory=dict)
    files: dict[PurePosixPath, None] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)
    complete: bool = True
    parsed: int = 0

    def note(self, file: PurePosixPath | str, reason: str, at: Scalar | None = None) -> None:
        """Remember that something of the graph is not known, and why."""
        self.complete = False
        place = f"{at.file}:{at.line}:{at.column}" if at is not None and at.file else str(file)
        if len(self.warnings) < _WARNINGS_LIMIT:
            self.warnings[one_line(f"{place}: {reason}")] = None

    def kind(self, path: PurePosixPath) -> Kind | None:
        """Return what a path is, None where there is nothing."""
        if path == ROOT:
            return Kind.DIRECTORY
        return self.tree.entries(path.parent).get(path.name)

    def place(self, layer: Layer, value: Value) -> PurePosixPath | None:
        """Return the path that a scalar of a layer names, or None with a note why there is none."""
        text = text_of(value)
        path = resolved(layer.directory, text)
        if path is not None and self.kind(path) in (Kind.FILE, Kind.DIRECTORY):
            return path
        if _REMOTE.match(text):
            reason = f"{_shown(text)} is remote and is not read"
        elif path is None:
            reason = f"{_shown(text)} leads out of the repository"
        elif self._through(path) is not None:
            reason = f"{_shown(text)} leads through the symbolic link {self._through(path)}"
        elif self.kind(path) is Kind.SUBMODULE:
            reason = f"{_shown(text)} is a submodule and is not read"
        else:
            reason = f"{_shown(text)} is not there"
        self.note(layer.file, reason, at=value if not isinstance(value, dict | list) else None)
        return None

    def read(self, path: PurePosixPath) -> list[Value]:
        """Return a file's documents; what can not be read is noted and left out."""
        if path not in self.values:
            self.values[path] = list(self._documents(path))
        return self.values[path]

    def text(self, path: PurePosixPath) -> str | None:
        """Return a file's text, None with a note where it can not be read."""
        if len(self.files) >= _FILES_LIMIT:
            self.note(path, "is not read: there are too many files")
            return None
        self.files[path] = None
        try:
            return decode(self.tree.read(path))
        except UnreadableError as error:
            self.note(path, error.reason)
        except KeyError:
            self.note(path, "can not be read")
        return None

    def _documents(self, path: PurePosixPath) -> Iterator[Value]:
        """Yield a file's documents; definitions of resources carry no image and are passed over."""
        for line, document in documents(self.text(path) or ""):
            if _CRD.search(document):
                continue
            self.parsed += len(document)
            if self.parsed > _BYTES_LIMIT:
                self.note(f"{path}:{line + 1}", "is not read: the manifests are too large")
                return
            try:
                value = parse(document, Origin(str(path), line))
            except UnreadableError as error:
                self.note(f"{path}:{error.line}:{error.column}", error.reason)
                return
            if value is not None:
                yield value

    def _through(self, path: PurePosixPath) -> PurePosixPath | None:
        """Return the link that a path leads through, if it does."""
        steps = [path, *path.parents][:-1]
        return next((one for one in reversed(steps) if self.kind(one) is Kind.SYMLINK), None)


def read_layers(tree: Tree, directory: PurePosixPath) -> Reading:
    """Return all layers below a folder's kustomization; one batch of files a level is fetched."""
    reading = Reading(tree)
    level: dict[PurePosixPath, None] = {directory: None}
    files: list[PurePosixPath] = []
    while level:
        known = {one: file for one in level if (file := _file(reading, one)) is not None}
        tree.prefetch([*files, *known.values()])
        below: dict[PurePosixPath, None] = {}
        files = []
        for one, file in known.items():
            layer = _layer(reading, one, file)
            if layer is None:
                continue
            for path in _references(reading, layer):
                if reading.kind(path) is Kind.FILE:
                    files.append(path)
                elif path not in reading.layers:
                    below[path] = None
        if len(reading.layers) + len(below) > _LAYERS_LIMIT:
            reading.note(directory, "stands on too many kustomizations")
            break
        level = below
    tree.prefetch(files)
    return reading


def _file(reading: Reading, directory: PurePosixPath) -> PurePosixPath | None:
    """Return a folder's kustomization, None with a note where there is not exactly one."""
    entries = reading.tree.entries(directory)
    found = [name for name in KUSTOMIZATION_NAMES if name in entries]
    if len(found) != 1:
        reading.note(directory, f"holds {len(found)} kustomizations, not one")
        return None
    if entries[found[0]] is not Kind.FILE:
        reading.note(directory / found[0], f"is no file but a {entries[found[0]]}")
        return None
    return directory / found[0]


def _layer(reading: Reading, directory: PurePosixPath, file: PurePosixPath) -> Layer | None:
    """Return a kustomization read, None with a note where it can not be."""
    values = reading.read(file)
    if not values or not isinstance(values[0], dict):
        if reading.complete or not values:
            reading.note(file, "is no kustomization")
        return None
    fields = {key.lower(): value for key, value in values[0].items()}
    layer = Layer(directory, file, fields)
    reading.layers[directory] = layer
    for name in _UNKNOWN:
        if layer.listed(name):
            reading.note(file, f"what its {name} make is not known without running them")
    return layer


def _references(reading: Reading, layer: Layer) -> Iterator[PurePosixPath]:
    """Yield the files and folders that a layer names; inline patches name none."""
    for value in layer.paths():
        if "\n" in text_of(value):
            continue
        path = reading.place(layer, value)
        if path is not None:
            yield path


def _shown(text: str) -> str:
    """Return a text cut short."""
    return text if len(text) <= 120 else text[:119] + "…"
