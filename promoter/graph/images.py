"""The images that containers of a kustomization may have, and what lower `images` make of them.

Nothing is built. Where a patch or an uncertain rule may change an image, the old and the new one
both count, so that an image which is not here is in no container.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import PurePosixPath

from promoter.domain.dataclass import dataclass
from promoter.domain.image import kustomize_split
from promoter.domain.model import PathKind
from promoter.graph.documents import Scalar, Value, mapping_of, scalars, sequence_of, text_of
from promoter.graph.layer import Layer, patch_documents, replacements, scalars_of
from promoter.graph.plugins import may_write_images
from promoter.graph.reading import Reading
from promoter.graph.transformer import Entry, changed, entry_matches, matcher

_IMAGES_LIMIT = 20_000
# How many times an image is held to an entry.
WORK_LIMIT = 1_000_000
_LISTS = ("containers", "initContainers")
_KEYS = frozenset({"image", "reference"})
_CONTAINER = re.compile(r".*/(?:containers|initContainers)/[^/]+/image")
_INDEX = re.compile(r"\[.*\]|\d+|\*|-")


@dataclass(frozen=True, slots=True)
class ImageChange:
    """One change of an image by an entry of `images`: what the image was before, and the entry."""

    before: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Image:
    """An image that a container may have, and where its text is written."""

    text: str
    file: str
    line: int
    column: int
    certain: bool = True
    """Whether kustomize is sure to change it where an entry matches."""
    steps: tuple[ImageChange, ...] = ()
    """What entries of `images` have changed, the first one first."""

    @property
    def name(self) -> str:
        """The image without tag and digest."""
        return kustomize_split(self.text)[0]

    @property
    def overridden_by(self) -> Entry | None:
        """The last entry that set its tag or digest, so that the written one no longer counts."""
        found = (step.entry for step in reversed(self.steps))
        return next((entry for entry in found if entry.tag or entry.digest), None)


@dataclass(slots=True)
class Images:
    """Collects the images of layers; what is not known is noted in the reading."""

    reading: Reading
    layers: Mapping[PurePosixPath, Layer]
    transformers: Mapping[PurePosixPath, Sequence[Value]]
    """The configurations of built-in transformers, by the folder of the layer that lists them."""
    unknown: str = ""
    """Why a container may have any image at all."""
    keys: frozenset[str] = frozenset()
    """The last keys of the fields beside containers that `configurations` name."""
    _done: dict[PurePosixPath, tuple[Image, ...]] = field(default_factory=dict)
    _open: list[PurePosixPath] = field(default_factory=list)
    _work: int = 0

    def of(self, top: Layer) -> tuple[Image, ...]:
        """Return the images as the own `images` of a layer meet them."""
        if top.is_component:
            self.reading.note(top.file, "is a component: the objects are those of who lists it")
        self._configure()
        self._open.append(top.directory)
        return self._before_entries(top, ())

    def written(self, file: PurePosixPath) -> tuple[Image, ...]:
        """Return the images that a file of objects or patches has written in it."""
        documents = self.reading.documents(file)
        return tuple(image for one in documents for image in self._written(one))

    def _apply(self, images: tuple[Image, ...], layer: Layer) -> tuple[Image, ...]:
        found = images
        for entry in layer.entries():
            self._work += len(found)
            if len(found) > _IMAGES_LIMIT or self._work > WORK_LIMIT:
                self.reading.note(layer.file, "has more images than are looked at")
                return found
            found = after_entry(found, entry)
        return found

    def _configure(self) -> None:
        """Read which fields hold images, and doubt rules for names and labels that reach into them."""
        rules: list[Scalar] = []
        for layer in self.layers.values():
            for value in layer.listed("configurations"):
                path = self.reading.path(layer.file, value)
                for document in self.reading.documents(path) if path else ():
                    images = mapping_of(document).get("images")
                    self.keys |= {
                        _last(one) for rule in sequence_of(images) for one in _paths(rule)
                    }
                    others = (rule for key, rule in mapping_of(document).items() if key != "images")
                    rules += (
                        one for rule in others for each in sequence_of(rule) for one in _paths(each)
                    )
        for one in rules:
            if _last(one) in _KEYS | self.keys:
                self._doubt(f"{one.file}:{one.line} has a rule that rewrites images")

    def _doubt(self, reason: str) -> None:
        self.unknown = self.unknown or reason

    def _whole(self, layer: Layer) -> tuple[Image, ...]:
        """Return the images of a layer after all that it does."""
        if layer.directory not in self._done:
            self._open.append(layer.directory)
            self._done[layer.directory] = self._after(layer, ())
            self._open.pop()
        return self._done[layer.directory]

    def _after(self, layer: Layer, onto: tuple[Image, ...]) -> tuple[Image, ...]:
        """Return the images after a layer that is not the top; its own last steps count too."""
        found = self._apply(self._before_entries(layer, onto), layer)
        for one in replacements(self.reading, layer):
            if any(map(self._writes_image, scalars_of_paths(one))):
                self._doubt(f"{_place(one) or layer.file} replaces images")
        for document in self.transformers.get(layer.directory, ()):
            if may_write_images(document):
                self._doubt(f"{_place(document) or layer.file} transforms images")
        return found

    def _before_entries(self, layer: Layer, onto: tuple[Image, ...]) -> tuple[Image, ...]:
        """Return the images after all that comes before a layer's own entries, in its order."""
        found = dict.fromkeys(onto)
        for value in layer.listed("resources", "bases"):
            found |= dict.fromkeys(self._of_resource(layer, value))
        for value in layer.listed("components"):
            found = dict.fromkeys(self._after_component(layer, value, tuple(found)))
        for one in layer.patches():
            for document in patch_documents(self.reading, layer, one):
                found |= dict.fromkeys(self._written(document))
        return tuple(found)

    def _of_resource(self, layer: Layer, value: Value) -> Iterable[Image]:
        path = self.reading.path(layer.file, value)
        if path is None:
            return ()
        if self.reading.kind(path) is PathKind.FILE:
            return self.written(path)
        below = self._below(layer, path, value)
        return () if below is None else self._whole(below)

    def _after_component(
        self, layer: Layer, value: Value, onto: tuple[Image, ...]
    ) -> tuple[Image, ...]:
        """Return the images after a component, which works on those that are there."""
        path = self.reading.path(layer.file, value)
        component = self._below(layer, path, value) if path else None
        self._work += 1 + len(onto)
        if self._work > WORK_LIMIT:
            self.reading.note(layer.file, "has more components than are looked at")
            return onto
        if component is None or path is None:
            return onto
        self._open.append(path)
        found = self._after(component, onto)
        self._open.pop()
        return found

    def _below(self, layer: Layer, path: PurePosixPath, value: Value) -> Layer | None:
        """Return the kustomization of a folder, None with a note where it leads in a circle."""
        if any(one.is_relative_to(path) for one in (*self._open, layer.directory)):
            at = value if isinstance(value, Scalar) else None
            self.reading.note(layer.file, f"{path} leads in a circle", at)
            return None
        return self.layers.get(path)

    def _writes_image(self, path: Scalar) -> bool:
        last = re.split(r"(?<!\\)\.", path.text)[-1]
        return last in _KEYS | self.keys or _INDEX.fullmatch(last) is not None

    def _written(self, document: Value) -> Iterator[Image]:
        """Yield the images that an object or a patch has written in it."""
        if isinstance(document, dict):
            yield from self._in_object(document)
            return
        for operation in sequence_of(document):
            fields = mapping_of(operation)
            if text_of(fields.get("op")) in ("copy", "move"):
                self._doubt(f"{_place(operation)} moves values of objects")
            path = text_of(fields.get("path"))
            if "value" in fields:
                yield from self._in_operation(path, fields["value"])

    def _in_operation(self, path: str, value: Value) -> Iterator[Image]:
        """Yield the images in what a JSON patch writes at a path: those of containers alone."""
        *_, parent, last = "", *path.split("/")
        if not isinstance(value, Scalar):
            # An element is added to the list above it.
            is_element = _INDEX.fullmatch(last) is not None
            yield from self._in_object({parent: [value]} if is_element else {last: value})
        elif last in _KEYS | self.keys:
            yield _image(value, certain=_CONTAINER.fullmatch(path) is not None)

    def _in_object(self, value: Value) -> Iterator[Image]:
        """Yield the images at or below a part of an object."""
        for child in sequence_of(value):
            yield from self._in_object(child)
        for key, child in mapping_of(value).items():
            if isinstance(child, Scalar):
                if key in self.keys and not child.null:
                    yield _image(child, certain=False)
                continue
            if key in _LISTS:
                for container in sequence_of(child):
                    image = mapping_of(container).get("image")
                    if isinstance(image, Scalar) and not image.null:
                        yield _image(image, certain=True)
            elif key == "image":
                reference = mapping_of(child).get("reference")
                if isinstance(reference, Scalar) and not reference.null:
                    yield _image(reference, certain=False)
            yield from self._in_object(child)


def after_entry(images: Iterable[Image], entry: Entry) -> tuple[Image, ...]:
    """Return what images may be after an entry of `images`; where that is uncertain, both count."""
    images, match = tuple(images), matcher(entry.name or "")
    if match is not None and not any(match(one.text) for one in images):
        return images
    return tuple(dict.fromkeys(new for one in images for new in _after_entry(one, entry)))


def _after_entry(image: Image, entry: Entry) -> Iterator[Image]:
    matched = entry_matches(entry.name, image.text)
    if matched is False:
        yield image
        return
    new = changed(image.text, entry)
    if matched is None or not image.certain or entry.suffix:
        yield image
        if new == image.text:
            return
    yield replace(image, text=new, steps=(*image.steps, ImageChange(image.text, entry)))


def scalars_of_paths(replacement: Value) -> Iterator[Scalar]:
    """Yield the field paths that a replacement writes to."""
    for target in sequence_of(mapping_of(replacement).get("targets")):
        yield from scalars_of(target, "fieldpaths")


def _paths(rule: Value) -> Iterator[Scalar]:
    """Yield the paths of a rule of `configurations`, those of its own field specs included."""
    yield from scalars_of(rule, "path")
    for one in sequence_of(mapping_of(rule).get("fieldSpecs")):
        yield from scalars_of(one, "path")


def _last(path: Scalar) -> str:
    return path.text.rstrip("/").rpartition("/")[2].removesuffix("[]")


def _image(scalar: Scalar, *, certain: bool) -> Image:
    return Image(scalar.text, scalar.file, scalar.line, scalar.column, certain)


def _place(value: Value) -> str:
    """Return where a value begins, '' where it holds nothing."""
    first = next(scalars(value), None)
    return f"{first.file}:{first.line}" if first is not None else ""
