"""Generators, transformers and validators: what they do to images, and what running them needs.

Those that kustomize brings along are known. What others make is not known without running them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from promoter.domain.model import PathKind
from promoter.graph.documents import (
    Origin,
    UnreadableDocumentError,
    Value,
    documents,
    mapping_of,
    odd_character,
    parse_plainly,
    scalars,
    sequence_of,
    text_of,
)
from promoter.graph.layer import PLUGINS, Layer, is_inline
from promoter.graph.reading import Reading
from promoter.graph.requirements import Access, of_plugin

_REASONS = {
    Access.NETWORK: "its {} name what is remote and is not read",
    Access.HELM: "its {} are made by Helm, which is not run",
    Access.FILES: "its {} cannot be read for sure",
    Access.EXEC: "what its {} make is not known without running them",
}
# Built-in ones that neither make nor change containers.
_HARMLESS = frozenset(
    {
        "AnnotationsTransformer", "ConfigMapGenerator", "HashTransformer", "IAMPolicyGenerator",
        "LabelTransformer", "LegacyOrderTransformer", "NamespaceTransformer",
        "PrefixTransformer", "ReplicaCountTransformer", "SecretGenerator", "SortOrderTransformer",
        "SuffixTransformer",
    }
)  # fmt: skip
# Built-in ones that may change an image.
_CHANGING = frozenset(
    {
        "ImageTagTransformer", "PatchJson6902Transformer", "PatchStrategicMergeTransformer",
        "PatchTransformer", "ReplacementTransformer", "ValueAddTransformer",
    }
)  # fmt: skip
# The fields of a folder of plugins that change nothing in them.
_PLAIN_FIELDS = frozenset({"apiversion", "kind", "metadata", "resources"})


class _UnsureError(Exception):
    """A configuration that kustomize may read in another way than this project does."""


def may_write_images(document: Value) -> bool:
    """Return whether a built-in transformer may put another image into a container."""
    kind = text_of(mapping_of(document).get("kind"))
    ends = (one.text.rpartition("/")[2] for one in scalars(mapping_of(document).get("fieldSpecs")))
    return kind in _CHANGING or any(end in ("image", "reference") for end in ends)


def built_in_transformers(
    reading: Reading, layers: Mapping[PurePosixPath, Layer]
) -> dict[PurePosixPath, list[Value]]:
    """Return the configurations of built-in transformers by the folder of the layer that lists them.

    All others are noted, and what kustomize needs to run them.
    """
    found: dict[PurePosixPath, list[Value]] = {}
    listed = [
        (layer, name, value)
        for layer in tuple(layers.values())
        for name in PLUGINS
        for value in layer.listed(name)
    ]
    for layer, name, value in listed:
        try:
            configurations = list(_configurations(reading, layers, layer, value))
        except _UnsureError:
            configurations = []
            reading.note(layer.file, _REASONS[Access.FILES].format(name), access=Access.FILES)
        for one in configurations:
            needs = of_plugin(mapping_of(one), layer.directory)
            for access in sorted(needs):
                reading.note(layer.file, _REASONS[access].format(name), access=access)
            if needs:
                continue
            kind = text_of(mapping_of(one).get("kind"))
            if kind not in _HARMLESS | _CHANGING and name != "validators":
                reading.note(layer.file, _REASONS[Access.EXEC].format(name))
            elif name == "transformers":
                found.setdefault(layer.directory, []).append(one)
    return found


def _configurations(
    reading: Reading, layers: Mapping[PurePosixPath, Layer], layer: Layer, value: Value
) -> Iterator[Value]:
    text = text_of(value)
    if odd_character(text):
        # Whether it is a path or a configuration may be read in two ways, too.
        raise _UnsureError
    if is_inline(value):
        yield from _parsed(text, str(layer.file))
    else:
        yield from _named(reading, layers, layer, value, {layer.directory})


def _named(
    reading: Reading,
    layers: Mapping[PurePosixPath, Layer],
    layer: Layer,
    value: Value,
    seen: set[PurePosixPath],
) -> Iterator[Value]:
    """Yield the documents of a file, or of a folder of plugins: a kustomization of its own."""
    path = reading.path(layer.file, value)
    if path is None:
        return
    if reading.kind(path) is PathKind.FILE:
        text = reading.text(path)
        if text is None:
            raise _UnsureError
        yield from _parsed(text, str(path))
        return
    below = layers.get(path)
    if below is None or path in seen or not _PLAIN_FIELDS.issuperset(below.fields):
        # Whatever a patch would make of a plugin is not followed.
        raise _UnsureError
    seen.add(path)
    for one in sequence_of(below.fields.get("resources")):
        yield from _named(reading, layers, below, one, seen)


def _parsed(text: str, file: str) -> Iterator[Value]:
    """Yield the documents of a text, or raise `_UnsureError` where they can be read in two ways."""
    if odd_character(text):
        raise _UnsureError
    try:
        for line, document in documents(text):
            value, odd = parse_plainly(document, Origin(file, line))
            if odd:
                raise _UnsureError
            if value is not None:
                yield value
    except UnreadableDocumentError:
        raise _UnsureError from None
