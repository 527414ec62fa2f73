"""ConfigMaps and Secrets that a kustomization generates, as far as replacements can copy from them."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from promoter.graph.resources import Resource, by_id
from promoter.graph.value import Scalar, mapping, sequence, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promoter.graph.layers import Layer, Reading
    from promoter.graph.value import Mapping

_KINDS = {"configmapgenerator": "ConfigMap", "secretgenerator": "Secret"}


def generate(layer: Layer, reading: Reading, onto: list[Resource]) -> None:
    """Add what a layer generates to the objects; values of whole files are left out."""
    for field, kind in _KINDS.items():
        for element in layer.listed(field):
            fields = mapping(element)
            made = _object(layer, kind, fields, dict(_values(layer, reading, fields, kind)))
            behavior = text_of(fields.get("behavior"))
            found = by_id(onto, made.root) if behavior in ("merge", "replace") else []
            for one in found:
                kept = mapping(one.root.get("data")) if behavior == "merge" else {}
                one.root["data"] = {**kept, **mapping(made.root["data"])}
            if not found:
                onto.append(made)


def _object(layer: Layer, kind: str, fields: Mapping, data: dict[str, str]) -> Resource:
    """Return one generated object."""
    file = str(layer.file)
    names: Mapping = {key: fields[key] for key in ("name", "namespace") if key in fields}
    root: Mapping = {
        "apiVersion": Scalar("v1", file),
        "kind": Scalar(kind, file),
        "metadata": names,
        "data": {key: Scalar(value, file) for key, value in data.items()},
    }
    return Resource(root, file)


def _values(
    layer: Layer, reading: Reading, fields: Mapping, kind: str
) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a generator's literals and env files."""
    for line in _lines(layer, reading, fields):
        key, equals, value = line.partition("=")
        if equals:
            plain = _unquoted(value)
            yield key, b64encode(plain.encode()).decode() if kind == "Secret" else plain


def _lines(layer: Layer, reading: Reading, fields: Mapping) -> Iterator[str]:
    """Yield `key=value` of env files and literals."""
    for value in (*sequence(fields.get("envs")), *([fields["env"]] if "env" in fields else [])):
        path = reading.place(layer, value)
        for line in (reading.text(path) or "").split("\n") if path else ():
            if line.strip() and not line.lstrip().startswith("#"):
                yield line.strip()
    yield from (text_of(one) for one in sequence(fields.get("literals")))


def _unquoted(text: str) -> str:
    """Return a literal's value without quotes around it."""
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text
