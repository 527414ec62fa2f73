"""The containers that a kustomization's own `images` entries can reach."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from promoter.graph.build import Builder, Built
from promoter.graph.fields import DEFAULT_SPECS, BuildError, image_fields
from promoter.graph.layers import read_layers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

    from promoter.domain.model import Tree
    from promoter.graph.fields import FieldSpec
    from promoter.graph.layers import Reading
    from promoter.graph.needs import Need
    from promoter.graph.replacements import Replacement
    from promoter.graph.resources import Resource
    from promoter.graph.value import Past


@dataclass(frozen=True, slots=True)
class Container:
    """One image as the kustomization's own entries meet it, and where its text was written."""

    image: str
    file: str
    line: int
    column: int
    kind: str
    name: str
    field: str
    passes: int
    past: tuple[Past, ...] = ()
    """What it was before lower layers changed it, the oldest first, each with what changed it."""

    @property
    def where(self) -> str:
        """The object and the field, for a message."""
        return f"{self.kind} {self.name} ({self.field})"


@dataclass(frozen=True, slots=True)
class Reach:
    """All containers below one kustomization; not complete where something is not known."""

    file: PurePosixPath
    containers: tuple[Container, ...] = ()
    complete: bool = True
    warnings: tuple[str, ...] = ()
    files: tuple[PurePosixPath, ...] = ()
    folders: tuple[PurePosixPath, ...] = ()
    """The folders of all kustomizations below it, its own included."""
    needs: tuple[Need, ...] = ()
    """What a build takes beside the repository's own files; an unknown part need not take any."""
    resources: tuple[Resource, ...] = field(default=(), repr=False)
    specs: tuple[FieldSpec, ...] = field(default=DEFAULT_SPECS, repr=False)
    replacements: tuple[Replacement, ...] = field(default=(), repr=False)


_known: WeakKeyDictionary[Tree, dict[PurePosixPath, Reach]] = WeakKeyDictionary()


def reach(tree: Tree, directory: PurePosixPath) -> Reach:
    """Return what the kustomization of a folder reaches, up to the repository's edge; never raises.

    The images are as they are after lower layers, components and patches, before this
    kustomization's own `images` and `replacements`. What was found on a commit is remembered.
    """
    if not tree.commit:
        return _reach(tree, directory)
    known = _known.setdefault(tree, {})
    if directory not in known:
        known[directory] = _reach(tree, directory)
    return known[directory]


def _reach(tree: Tree, directory: PurePosixPath) -> Reach:
    """Read and build what a folder's kustomization reaches."""
    reading = read_layers(tree, directory)
    layer = reading.layers.get(directory)
    if layer is None:
        needs = tuple(reading.needs.values())
        return Reach(directory, complete=False, warnings=tuple(reading.warnings), needs=needs)
    if layer.is_component:
        reading.note(layer.file, "is a component: the objects are those of who lists it")
    builder = Builder(reading, [directory])
    built = Built()
    builder.before_images(layer, built)
    replacements = builder.replacements(layer)
    builder.rehearse(layer, replacements, built)
    containers = tuple(_containers(built, reading))
    return Reach(
        file=layer.file,
        containers=containers,
        complete=reading.complete,
        warnings=tuple(reading.warnings),
        files=tuple(reading.files),
        folders=tuple(reading.folders),
        needs=tuple(reading.needs.values()),
        resources=tuple(built.resources),
        specs=built.specs,
        replacements=replacements,
    )


def _containers(built: Built, reading: Reading) -> Iterator[Container]:
    """Yield every image of the objects that are rendered."""
    for resource in built.resources:
        if resource.is_local:
            continue
        try:
            fields = image_fields(resource.root, built.specs)
        except BuildError as error:
            reading.note(resource.file, error.reason, error.at)
            continue
        for place in fields:
            value = place.value
            yield Container(
                image=value.text,
                file=value.file,
                line=value.line,
                column=value.column,
                kind=resource.current.kind,
                name=resource.current.name,
                field=place.path,
                passes=place.passes,
                past=value.past,
            )
