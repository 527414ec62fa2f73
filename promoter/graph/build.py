"""A kustomization built as far as images go: its objects as its own `images` will see them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promoter.domain.model import Kind
from promoter.graph import json_patch
from promoter.graph.documents import UnreadableError, documents, parse
from promoter.graph.fields import DEFAULT_SPECS, BuildError, FieldSpec, image_fields
from promoter.graph.generators import generate
from promoter.graph.merge import merge
from promoter.graph.pattern import PatternError
from promoter.graph.replacements import Replacement
from promoter.graph.resources import Resource, Selector, by_id
from promoter.graph.transformer import Entry, prepared, transformed
from promoter.graph.value import Origin, mapping, sequence, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import PurePosixPath

    from promoter.graph.layers import Layer, Reading
    from promoter.graph.transformer import ImageFields
    from promoter.graph.value import Mapping, Value

_OBJECTS_LIMIT = 20_000


@dataclass(slots=True)
class Built:
    """The objects that a layer works on, and the fields that hold images in them."""

    resources: list[Resource] = field(default_factory=list)
    specs: tuple[FieldSpec, ...] = DEFAULT_SPECS

    def copy(self) -> Built:
        """Return the same objects, sharing nothing."""
        return Built([resource.copy() for resource in self.resources], self.specs)

    def absorb(self, other: Built) -> None:
        """Take over another's objects and fields."""
        self.resources += other.resources
        self.specs = tuple(dict.fromkeys((*self.specs, *other.specs)))


@dataclass(slots=True)
class Builder:
    """Builds layers out of what was read; what is not known is noted there."""

    reading: Reading
    under_way: list[PurePosixPath] = field(default_factory=list)
    done: dict[PurePosixPath, Built] = field(default_factory=dict)
    objects: int = 0

    def before_images(self, layer: Layer, onto: Built) -> None:
        """Do all that comes before a layer's own images, as kustomize orders it."""
        for value in layer.listed("resources", "bases"):
            self._resource(layer, value, onto)
        for value in layer.listed("configurations"):
            path = self.reading.place(layer, value)
            for document in self.reading.read(path) if path else ():
                specs = sequence(mapping(document).get("images"))
                onto.specs = tuple(dict.fromkeys((*onto.specs, *map(FieldSpec.of, specs))))
        generate(layer, self.reading, onto.resources)
        for value in layer.listed("components"):
            path = self.reading.place(layer, value)
            component = self._below(layer, path, value) if path else None
            if component is not None and path is not None:
                with self._entered(path):
                    self._whole(component, onto)
        self._patches(layer, onto)

    def replacements(self, layer: Layer) -> tuple[Replacement, ...]:
        """Return a layer's replacements, those of other files included."""
        found: list[Replacement] = []
        for value in layer.listed("replacements"):
            path = mapping(value).get("path")
            if path is None:
                found.append(Replacement(mapping(value), str(layer.file)))
                continue
            place = self.reading.place(layer, path)
            for document in self.reading.read(place) if place else ():
                listed = document if isinstance(document, list) else [document]
                found += (Replacement(mapping(one), str(place)) for one in listed)
        return tuple(found)

    def rehearse(self, layer: Layer, replacements: Sequence[Replacement], built: Built) -> None:
        """Note which replacements can not be carried out, and leave the objects as they are.

        A replacement sees the objects with the layer's own images, as kustomize orders it.
        """
        copies = built.copy().resources if replacements else []
        with self._noted(layer):
            apply_images(copies, built.specs, entries_of(layer), str(layer.file))
        for replacement in replacements:
            with self._noted(layer):
                replacement.apply(copies)

    def _whole(self, layer: Layer, onto: Built) -> None:
        """Do all of a layer."""
        self.before_images(layer, onto)
        with self._noted(layer):
            apply_images(onto.resources, onto.specs, entries_of(layer), str(layer.file))
        for replacement in self.replacements(layer):
            with self._noted(layer):
                replacement.apply(onto.resources)

    def _resource(self, layer: Layer, value: Value, onto: Built) -> None:
        """Add what one entry of `resources` names: a file's objects, or another kustomization's."""
        path = self.reading.place(layer, value)
        if path is None:
            return
        if self.reading.kind(path) is Kind.FILE:
            objects = _objects(self.reading.read(path))
            self._absorb(layer, Built([Resource(one, str(path)) for one in objects]), onto)
        elif (below := self._below(layer, path, value)) is not None:
            if path not in self.done:
                built = Built()
                with self._entered(path):
                    self._whole(below, built)
                self.done[path] = built
            self._absorb(layer, self.done[path], onto)

    def _absorb(self, layer: Layer, built: Built, onto: Built) -> None:
        """Add copies of objects; layers that are reached by many ways must not multiply them."""
        self.objects += len(built.resources)
        if self.objects > _OBJECTS_LIMIT:
            self.reading.note(layer.file, "stands on too many objects")
        else:
            onto.absorb(built.copy())

    def _below(self, layer: Layer, path: PurePosixPath, value: Value) -> Layer | None:
        """Return the kustomization of a folder, None with a note where it leads in a circle."""
        if any(one.is_relative_to(path) for one in (*self.under_way, layer.directory)):
            at = None if isinstance(value, dict | list) else value
            self.reading.note(layer.file, f"{path} leads in a circle", at)
            return None
        return self.reading.layers.get(path)

    @contextmanager
    def _entered(self, path: PurePosixPath) -> Iterator[None]:
        """Know, for the time being, that a folder is being built."""
        self.under_way.append(path)
        yield
        self.under_way.pop()

    def _patches(self, layer: Layer, onto: Built) -> None:
        """Patch, move, rename and label the objects, in kustomize's order."""
        file = str(layer.file)
        for value in layer.listed("patchesstrategicmerge"):
            self._patch(layer, {"path" if "\n" not in text_of(value) else "patch": value}, onto)
        for value in layer.listed("patches"):
            self._patch(layer, mapping(value), onto)
        prefix, suffix = (text_of(layer.fields.get(key)) for key in ("nameprefix", "namesuffix"))
        labels = [mapping(mapping(one).get("pairs")) for one in layer.listed("labels")]
        for resource in onto.resources:
            resource.move(text_of(layer.fields.get("namespace")))
            resource.rename(prefix, suffix, file)
            for pairs in (*labels, mapping(layer.fields.get("commonlabels"))):
                resource.add("labels", pairs)
            resource.add("annotations", mapping(layer.fields.get("commonannotations")))
        for value in layer.listed("patchesjson6902"):
            self._patch(layer, mapping(value), onto)

    def _patch(self, layer: Layer, fields: Mapping, onto: Built) -> None:
        """Apply one entry of the patches."""
        with self._noted(layer):
            patches = self._patch_documents(layer, fields)
            target = fields.get("target")
            if patches and isinstance(patches[0], list):
                for resource in _selected(onto, target):
                    resource.root = json_patch.apply(resource.root, patches[0])
                return
            for patch in _objects(patches):
                chosen = (
                    _selected(onto, target) if target is not None else by_id(onto.resources, patch)
                )
                if target is None and len(chosen) != 1:
                    name = text_of(mapping(patch.get("metadata")).get("name"))
                    kind = text_of(patch.get("kind"))
                    raise BuildError(
                        f"a patch of {kind} {name} finds {len(chosen)} objects, not one"
                    )
                for resource in chosen:
                    _merge_into(resource, patch, onto)

    def _patch_documents(self, layer: Layer, fields: Mapping) -> list[Value]:
        """Return the documents of a patch, of its file or inline."""
        if "path" in fields:
            path = self.reading.place(layer, fields["path"])
            return self.reading.read(path) if path is not None else []
        inline = fields.get("patch")
        if inline is None or isinstance(inline, dict | list):
            raise BuildError("a patch has neither path nor text")
        try:
            # The lines of a block scalar begin on the line after its header.
            parts = documents(inline.text)
            origin = [(Origin(str(layer.file), inline.line + line), text) for line, text in parts]
            values = [parse(text, where) for where, text in origin]
        except UnreadableError as error:
            self.reading.note(f"{layer.file}:{error.line}", f"an inline patch: {error.reason}")
            return []
        return [value for value in values if value is not None]

    @contextmanager
    def _noted(self, layer: Layer) -> Iterator[None]:
        """Note what kustomize itself would stumble on."""
        try:
            yield
        except BuildError as error:
            self.reading.note(layer.file, error.reason, error.at)
        except PatternError as error:
            self.reading.note(layer.file, f"the name of an image {error} as a regular expression")


def entries_of(layer: Layer) -> list[Entry]:
    """Return a layer's entries of `images`, and of `imageTags`, its old name."""
    found = []
    for value in layer.listed("images", "imagetags"):
        fields = {key.lower(): text_of(one) for key, one in mapping(value).items()}
        keys = ("name", "newname", "newtag", "digest", "tagsuffix")
        found.append(Entry(*(fields.get(key) or None for key in keys)))
    return found


def apply_images(
    resources: Iterable[Resource],
    specs: tuple[FieldSpec, ...],
    entries: Iterable[ImageFields],
    file: str,
) -> None:
    """Change the objects' images as entries say, or raise `BuildError` or `PatternError`."""
    places = [place for resource in resources for place in image_fields(resource.root, specs)]
    # Without any image kustomize never looks at the names.
    ready = prepared(entries) if places else ()
    for place in places:
        place.set(transformed(place.value.text, ready, passes=place.passes), file)


def _selected(onto: Built, target: Value | None) -> list[Resource]:
    """Return the objects that a patch's target selects."""
    if not isinstance(target, dict):
        raise BuildError("a JSON patch has no target")
    selector = Selector.of(target)
    return [resource for resource in onto.resources if selector.selects_patch(resource)]


def _merge_into(resource: Resource, patch: Mapping, onto: Built) -> None:
    """Apply a strategic-merge patch to one object, which may delete it."""
    merged = merge(resource.root, patch)
    if merged is None:
        onto.resources.remove(resource)
    else:
        resource.root = merged


def _objects(values: Iterable[Value]) -> Iterator[Mapping]:
    """Yield objects; the items of a list are objects of their own."""
    for value in values:
        root = mapping(value)
        if text_of(root.get("kind")).endswith("List") and "items" in root:
            yield from _objects(sequence(root["items"]))
        elif root:
            yield root
