"""Generators, transformers and validators: what they make is not known, what running them takes is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.model import Kind
from promoter.graph.documents import UnreadableError, documents, parse_plainly
from promoter.graph.needs import Means, of_plugin
from promoter.graph.value import Origin, mapping, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

    from promoter.graph.layers import Layer, Reading
    from promoter.graph.value import Value

_REASONS = {
    Means.NETWORK: "its {} name what is remote and is not read",
    Means.HELM: "its {} are made by Helm, which is not run",
    Means.FILES: "its {} can not be read for sure",
}
_PLUGINS = ("generators", "transformers", "validators")


def examine(reading: Reading) -> None:
    """Note the generators and transformers, and what kustomize takes to run them."""
    found = [
        (layer, name, value)
        for layer in reading.layers.values()
        for name in _PLUGINS
        for value in layer.listed(name)
    ]
    places = {
        id(value): reading.place(layer, value)
        for layer, _, value in found
        if "\n" not in text_of(value)
    }
    reading.tree.prefetch(
        place for place in places.values() if place and reading.kind(place) is Kind.FILE
    )
    for layer, name, value in found:
        reason = f"what its {name} make is not known without running them"
        if name != "validators":
            reading.note(layer.file, reason)
        for means in _needs(reading, layer, value, places.get(id(value))):
            reading.note(layer.file, _REASONS.get(means, reason).format(name), means=means)


def _needs(
    reading: Reading, layer: Layer, value: Value, place: PurePosixPath | None
) -> Iterator[Means]:
    """Yield what one entry of the generators or transformers takes beside files."""
    inline = "\n" in text_of(value)
    if not inline and place is None:
        return
    if place is not None and reading.kind(place) is Kind.DIRECTORY:
        # A folder of configurations is a kustomization of its own, which is not followed.
        yield Means.FILES
        return
    text = text_of(value) if inline or place is None else reading.text(place) or ""
    origin = Origin(str(place or layer.file))
    try:
        parts = [parse_plainly(document, origin) for _, document in documents(text)]
    except UnreadableError:
        yield Means.FILES
        return
    for document, odd in parts:
        if odd:
            yield Means.FILES
        elif means := of_plugin(mapping(document)):
            yield means
