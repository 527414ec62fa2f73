"""The kustomizations that one kustomization stands on, read level by level from the repository."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from promoter.config.layout import KUSTOMIZATION_NAMES
from promoter.domain.model import Kind
from promoter.domain.paths import resolved
from promoter.graph import plugins
from promoter.graph.documents import (
    UnreadableError,
    decode,
    documents,
    one_line,
    parse,
    parse_plainly,
)
from promoter.graph.needs import Means, Need, ambiguous, fetched, is_fetched
from promoter.graph.value import Origin, Scalar, mapping, sequence, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promoter.domain.model import Tree
    from promoter.graph.value import Mapping, Value

ROOT = PurePosixPath()
_LAYERS_LIMIT = 1_000
_FILES_LIMIT = 10_000
_BYTES_LIMIT = 4 * 1024 * 1024
_WARNINGS_LIMIT = 20
# What is not there and looks so is meant to be fetched.
_REMOTE = re.compile(r"[\w-]+(?:\.[\w-]+)+[:/].*[?/]|[\w.-]+:|.*[?&]ref=", re.IGNORECASE)
_CRD = re.compile(
    r"^kind:[ \t]*[\"']?CustomResourceDefinition[\"']?[ \t]*(?:#.*)?\r?$", re.MULTILINE
)
_CHARTS = ("helmcharts", "helmchartinflationgenerator")


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
            yield from _named(one, "path")
        for one in self.listed("configmapgenerator", "secretgenerator"):
            yield from _named(one, "envs", "env")

    def unread_paths(self) -> Iterator[Value]:
        """Yield every scalar that names a file which matters to a build alone."""
        yield from self.listed("crds")
        yield from _named(self.fields.get("openapi"), "path")
        for one in self.listed("configmapgenerator", "secretgenerator"):
            for value in _named(one, "files"):
                yield replace(value, text=text_of(value).rpartition("=")[2])


def _named(value: Value | None, *names: str) -> Iterator[Scalar]:
    """Yield the scalars of fields whose names kustomize takes for these: it ignores case."""
    for key, child in mapping(value).items():
        if key.lower() in names:
            found = child if isinstance(child, list) else [child]
            yield from (one for one in found if isinstance(one, Scalar))


@dataclass(slots=True)
class Reading:
    """What has been read of a repository so far, and what could not be."""

    tree: Tree
    layers: dict[PurePosixPath, Layer] = field(default_factory=dict)
    values: dict[PurePosixPath, list[Value]] = field(default_factory=dict)
    files: dict[PurePosixPath, None] = field(default_factory=dict)
    folders: dict[PurePosixPath, None] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)
    needs: dict[Means, Need] = field(default_factory=dict)
    complete: bool = True
    parsed: int = 0

    def note(
        self,
        file: PurePosixPath | str,
        reason: str,
        at: Scalar | None = None,
        means: Means | None = None,
    ) -> None:
        """Remember that something of the graph is not known, why, and what a build takes for it."""
        self.complete = False
        place = f"{at.file}:{at.line}:{at.column}" if at is not None and at.file else str(file)
        told = one_line(f"{place}: {reason}")
        if len(self.warnings) < _WARNINGS_LIMIT:
            self.warnings[told] = None
        if means is not None:
            self.needs.setdefault(means, Need(means, told))

    def kind(self, path: PurePosixPath) -> Kind | None:
        """Return what a path is, None where there is nothing."""
        if path == ROOT:
            return Kind.DIRECTORY
        return self.tree.entries(path.parent).get(path.name)

    def place(self, layer: Layer, value: Value) -> PurePosixPath | None:
        """Return the path that a scalar of a layer names, or None with a note why there is none."""
        text = text_of(value)
        path = resolved(layer.directory, text)
        far = is_fetched(text)
        if not far and path is not None and self.kind(path) in (Kind.FILE, Kind.DIRECTORY):
            return path
        means: Means | None = Means.FILES
        if far or _REMOTE.match(text):
            reason, means = f"{_shown(text)} is remote and is not read", Means.NETWORK
        elif path is None:
            reason = f"{_shown(text)} leads out of the repository"
        elif self._through(path) is not None:
            reason = f"{_shown(text)} leads through the symbolic link {self._through(path)}"
        elif self.kind(path) is Kind.SUBMODULE:
            reason = f"{_shown(text)} is a submodule and is not read"
        else:
            reason, means = f"{_shown(text)} is not there", None
        self.note(layer.file, reason, value if isinstance(value, Scalar) else None, means)
        return None

    def kustomization(self, path: PurePosixPath) -> Mapping | None:
        """Return a kustomization's fields, None with a note where it can not be read for sure."""
        text = self.text(path)
        if text is None:
            self.note(path, "can not be read", means=Means.FILES)
            return None
        line, document = next(documents(text), (0, ""))
        try:
            value, odd = parse_plainly(document, Origin(str(path), line))
        except UnreadableError as error:
            place = f"{path}:{error.line}:{error.column}"
            self.note(place, error.reason, means=Means.FILES)
            return None
        if not isinstance(value, dict):
            self.note(path, "is no kustomization", means=Means.FILES)
            return None
        if odd or (odd := ambiguous(value)):
            # Kustomize may see another value than the one that is read here.
            self.needs.setdefault(
                Means.FILES, Need(Means.FILES, one_line(f"{path}: {odd} can be read in two ways"))
            )
        return {key.lower(): child for key, child in value.items()}

    def read(self, path: PurePosixPath) -> list[Value]:
        """Return a file's documents; what can not be read is noted and left out."""
        if path not in self.values:
            self.values[path] = list(self._documents(path))
        return self.values[path]

    def text(self, path: PurePosixPath) -> str | None:
        """Return a file's text, None with a note where it can not be read."""
        if len(self.files) >= _FILES_LIMIT:
            self.note(path, "is not read: there are too many files", means=Means.FILES)
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
            reading.note(directory, "stands on too many kustomizations", means=Means.FILES)
            break
        level = below
    tree.prefetch(files)
    plugins.examine(reading)
    return reading


def _file(reading: Reading, directory: PurePosixPath) -> PurePosixPath | None:
    """Return a folder's kustomization, None with a note where there is not exactly one."""
    reading.folders[directory] = None
    entries = reading.tree.entries(directory)
    found = [name for name in KUSTOMIZATION_NAMES if name in entries]
    if len(found) != 1:
        reading.note(directory, f"holds {len(found)} kustomizations, not one")
        return None
    if entries[found[0]] is not Kind.FILE:
        reason = f"is no file but a {entries[found[0]]}"
        reading.note(directory / found[0], reason, means=Means.FILES)
        return None
    return directory / found[0]


def _layer(reading: Reading, directory: PurePosixPath, file: PurePosixPath) -> Layer | None:
    """Return a kustomization read, None with a note where it can not be."""
    fields = reading.kustomization(file)
    if fields is None:
        return None
    layer = Layer(directory, file, fields)
    reading.layers[directory] = layer
    for name in _CHARTS:
        if layer.listed(name):
            reading.note(file, f"its {name} are made by Helm, which is not run", means=Means.HELM)
    for scalar in fetched(fields):
        text = _shown(scalar.text)
        reading.note(file, f"{text} is remote and is not read", scalar, Means.NETWORK)
    return layer


def _references(reading: Reading, layer: Layer) -> Iterator[PurePosixPath]:
    """Yield the files and folders that a layer names; inline patches name none."""
    for value in layer.paths():
        if "\n" in text_of(value):
            continue
        path = reading.place(layer, value)
        if path is not None:
            yield path
    for value in layer.unread_paths():
        reading.place(layer, value)


def _shown(text: str) -> str:
    """Return a text cut short."""
    return text if len(text) <= 120 else text[:119] + "…"
