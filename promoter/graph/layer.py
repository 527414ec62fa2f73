"""One kustomization as read: its fields by their lower-case names, as kustomize ignores case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, replace
from functools import lru_cache
from itertools import chain
from pathlib import PurePosixPath

from promoter.domain.dataclass import dataclass
from promoter.domain.paths import resolved
from promoter.graph.documents import (
    Mapping,
    Origin,
    Scalar,
    UnreadableDocumentError,
    Value,
    documents,
    mapping_of,
    odd_character,
    parse_document,
    parse_plainly,
    scalars,
    sequence_of,
    text_of,
)
from promoter.graph.reading import Reading
from promoter.graph.requirements import Access, ambiguous
from promoter.graph.transformer import Entry

PLUGINS = ("generators", "transformers", "validators")
_PATCHES = ("patches", "patchesstrategicmerge", "patchesjson6902")
_CHANGING = (*_PATCHES, "replacements", "generators", "transformers")


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch: the scalar of its path or that of its text, and the objects that it is for."""

    path: Value | None
    text: Value | None
    target: Mapping = field(default_factory=dict)
    """The selector; empty where the patch itself names its object."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One kustomization: its folder, its file, and its fields."""

    directory: PurePosixPath
    file: PurePosixPath
    fields: Mapping

    @property
    def is_component(self) -> bool:
        """Whether it works on the objects of the kustomization that lists it."""
        return text_of(self.fields.get("kind")) == "Component"

    @property
    def stands_alone(self) -> bool:
        """Whether it has objects of its own, so that what it renders can be judged."""
        names = ("resources", "bases", "components", "generators", "helmcharts")
        return not self.is_component and any(name in self.fields for name in names)

    @property
    def patches_anything(self) -> bool:
        """Whether it changes objects in another way than by its `images`, names and labels."""
        return any(self.listed(name) for name in _CHANGING)

    def listed(self, *names: str) -> list[Value]:
        """Return the elements of lists, one list after another."""
        return [one for name in names for one in sequence_of(self.fields.get(name))]

    def entries(self) -> Iterator[Entry]:
        """Yield its entries of `images`, and of `imageTags`, the field's old name."""
        for value in self.listed("images", "imagetags"):
            yield Entry.of(mapping_of(value))

    def paths(self) -> Iterator[Value]:
        """Yield every scalar that names a file or a folder whose contents matter."""
        yield from self.listed("resources", "bases", "components", "configurations")
        yield from (one for one in self.listed("patchesstrategicmerge") if not is_inline(one))
        for one in self.listed("patches", "patchesjson6902", "replacements"):
            yield from scalars_of(one, "path")

    def plugin_paths(self) -> Iterator[Value]:
        """Yield every scalar that names a file or a folder of generators or transformers."""
        yield from (one for one in self.listed(*PLUGINS) if not is_inline(one))

    def named(self) -> Iterator[PurePosixPath]:
        """Yield every path of the repository that it names."""
        named = (self.paths(), self.plugin_paths(), self.unread_paths(), self.values_paths())
        for value in chain.from_iterable(named):
            path = resolved(self.directory, text_of(value))
            if path is not None:
                yield path

    def read_by_a_build(self) -> Iterator[PurePosixPath]:
        """Yield every path that it names, and those that its Helm charts read unnamed."""
        yield from self.named()
        yield from self.default_values()

    def default_values(self) -> Iterator[PurePosixPath]:
        """Yield the default values of each Helm chart, where the chart is in the repository."""
        homes = scalars_of(self.fields.get("helmglobals"), "charthome")
        home = next((one.text for one in homes if one.text), "charts")
        for name in (name for one in self.listed("helmcharts") for name in scalars_of(one, "name")):
            path = resolved(self.directory, f"{home}/{name.text}/values.yaml")
            if path is not None:
                yield path

    def patches(self) -> Iterator[Patch]:
        """Yield each patch."""
        for one in self.listed("patchesstrategicmerge"):
            yield Patch(None, one) if is_inline(one) else Patch(one, None)
        for one in self.listed("patches", "patchesjson6902"):
            path = next(scalars_of(one, "path"), None)
            text = None if path is not None else next(scalars_of(one, "patch"), None)
            fields = {key.lower(): value for key, value in mapping_of(one).items()}
            yield Patch(path, text, mapping_of(fields.get("target")))

    def overwriting(self) -> Iterator[str]:
        """Yield the places of what runs after its own `images` and may undo what these do."""
        for one in self.listed("replacements", "transformers"):
            first = next(scalars(one), Scalar("", str(self.file)))
            yield f"{first.file}:{first.line}"

    def values_paths(self) -> Iterator[Scalar]:
        """Yield every scalar that names a file of values of a Helm chart."""
        for one in self.listed("helmcharts"):
            yield from scalars_of(one, "valuesfile", "additionalvaluesfiles")

    def unread_paths(self) -> Iterator[Scalar]:
        """Yield every scalar that names a file which matters to a build alone."""
        for one in self.listed("crds"):
            if isinstance(one, Scalar):
                yield one
        yield from scalars_of(self.fields.get("openapi"), "path")
        for one in self.listed("configmapgenerator", "secretgenerator"):
            yield from scalars_of(one, "envs", "env")
            for value in scalars_of(one, "files"):
                yield replace(value, text=value.text.rpartition("=")[2])


def read_layer(reading: Reading, path: PurePosixPath) -> Layer | None:
    """Return a kustomization, None with a note where it cannot be read for sure."""
    text = reading.text(path)
    if text is None:
        reading.note(path, "cannot be read", access=Access.FILES)
        return None
    if not reading.has_room_for(text):
        reading.note(path, "is not read: the files are too large", access=Access.FILES)
        return None
    parts = list(documents(text))
    line, document = next(iter(parts), (0, ""))
    try:
        value, odd = parse_plainly(document, Origin(str(path), line))
    except UnreadableDocumentError as error:
        place = f"{path}:{error.line}:{error.column}"
        reading.note(place, error.reason, access=Access.FILES)
        return None
    if not isinstance(value, dict):
        reading.note(path, "is not a kustomization", access=Access.FILES)
        return None
    odd = odd or odd_character(text) or ambiguous(value)
    if odd or len(parts) > 1:
        odd = odd or "a file of several documents"
        # Kustomize may see another value than the one that is read here.
        reading.require(Access.FILES, f"{path}: {odd} can be read in two ways")
    return Layer(path.parent, path, {key.lower(): child for key, child in value.items()})


def patch_documents(reading: Reading, layer: Layer, patch: Patch) -> list[Value]:
    """Return the documents of a patch of a layer."""
    if patch.path is None:
        return reading.inline(layer.file, patch.text)
    path = reading.path(layer.file, patch.path)
    return reading.documents(path) if path is not None else []


def replacements(reading: Reading, layer: Layer) -> Iterator[Value]:
    """Yield a layer's replacements, those of other files included."""
    for value in layer.listed("replacements"):
        named = next(scalars_of(value, "path"), None)
        if named is None:
            yield value
            continue
        path = reading.path(layer.file, named)
        for document in reading.documents(path) if path else ():
            yield from document if isinstance(document, list) else [document]


def scalars_of(value: Value | None, *names: str) -> Iterator[Scalar]:
    """Yield the scalars of fields whose names kustomize takes for these."""
    for key, child in mapping_of(value).items():
        if key.lower() in names:
            listed = child if isinstance(child, list) else [child]
            yield from (one for one in listed if isinstance(one, Scalar))


def is_inline(value: Value) -> bool:
    """Return whether a text is YAML itself where kustomize takes either YAML or a path."""
    return _is_yaml(text_of(value))


@lru_cache(maxsize=10_000)
def _is_yaml(text: str) -> bool:
    if "\n" in text:
        return True
    if not any(sign in text for sign in "{[:"):
        return False
    try:
        return isinstance(parse_document(text, Origin("")), dict | list)
    except UnreadableDocumentError:
        return False
