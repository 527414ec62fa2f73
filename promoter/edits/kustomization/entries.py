"""The entries of `images:` as kustomize reads them, each with its place; strict where it is strict."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from promoter.domain.dataclass import dataclass
from promoter.domain.image import is_digest, split
from promoter.domain.refusal import Refusal
from promoter.domain.suggest import nearest
from promoter.edits.anchors import owner
from promoter.edits.engine import check_taken_by_ko, check_unshared
from promoter.edits.kustomization.top_level import check_directives, images_field
from promoter.edits.placeholders import check_placeholder, tag_fault
from promoter.edits.region import Region, Spot, occurrences, roots
from promoter.edits.scalars import is_null, is_string_for_kustomize
from promoter.edits.text import TEMPLATE_HINT, Source, compose

ENTRY_FIELDS = {name.lower(): name for name in ("name", "newName", "newTag", "digest", "tagSuffix")}


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """One entry of `images:`; texts are raw, so that 1.10 stays 1.10; absent fields are None.

    Of a `newTag: TAG@DIGEST`, which has two parts, tag and digest are these.
    """

    name: str | None
    new_name: str | None
    tag: str | None
    digest: str | None
    suffix: str | None
    line: int
    column: int
    spot: Spot | None = field(default=None, repr=False, compare=False)
    fields: dict[str, Spot] = field(default_factory=dict, repr=False, compare=False)
    doubtful: dict[str, Refusal] = field(default_factory=dict, repr=False, compare=False)
    """Why kustomize would refuse the file as long as a field's value stays as it is."""

    @property
    def start(self) -> int:
        """Where the entry begins in the file."""
        return int(self.spot.node.start_mark.index) if self.spot is not None else 0

    @property
    def joined(self) -> bool:
        """Whether `newTag` holds a tag and a digest."""
        return self.digest is not None and "digest" not in self.fields and "newTag" in self.fields


@dataclass(frozen=True, slots=True)
class Kustomization:
    """A kustomization's text, its entries, and the `images` field where there is one."""

    entries: tuple[ImageEntry, ...]
    region: Region = field(repr=False, compare=False)
    root: MappingNode | None = field(default=None, repr=False, compare=False)
    images: tuple[ScalarNode, Node] | None = field(default=None, repr=False, compare=False)

    @property
    def judges_itself(self) -> bool:
        """Whether its own graph says which images are used: a Component's parents are not in it."""
        names = ("resources", "bases", "components", "helmcharts")
        return not self.is_component and any(name in self._fields for name in names)

    @property
    def is_component(self) -> bool:
        """Whether it works on the objects of the kustomization that lists it."""
        kind = self._fields.get("kind")
        return kind is not None and kind.value == "Component"

    @property
    def _fields(self) -> dict[str, Node]:
        return {k.value.lower(): v for k, v in self.root.value} if self.root is not None else {}

    @property
    def place(self) -> int:
        """Where `images` stands; where there is none, the end, as new entries go there."""
        if self.images is not None:
            return int(self.images[0].start_mark.index)
        return int(self.root.end_mark.index) if self.root is not None else 0

    def find(self, name: str) -> ImageEntry | None:
        """Return the entry of exactly this name."""
        return next((entry for entry in self.entries if entry.name == name), None)


def parse_entries(source: Source) -> Kustomization:
    """Return the images of a kustomization, or raise `RefusedError` with place and reason."""
    check_directives(source)
    documents = compose(source)
    if len(documents) > 1:
        raise source.refuse(
            "documents", f"the file holds {len(documents)} documents, and kustomize reads the first",
            "Make it one document.", at=documents[1].start_mark.index,
        )  # fmt: skip
    region = Region(source, source, tuple(documents))
    root = documents[0] if documents else None
    if root is None or (isinstance(root, ScalarNode) and is_null(root.value, root.style)):
        return Kustomization((), region)
    if not isinstance(root, MappingNode):
        raise source.refuse("root", "the file is not a mapping", "It is not a kustomization.", at=0)
    images = images_field(source, root)
    if images is None:
        return Kustomization((), region, root)
    listed = next(roots(region)).get(images[0].value)
    assert listed is not None
    return Kustomization(_entries(listed), region, root, images)


def check_editable(entry: ImageEntry, *, placeholders: bool) -> None:
    """Raise `RefusedError` where setting an entry's tag would not mean what it says."""
    if entry.spot is None:
        return
    region = entry.spot.region
    if entry.suffix is not None:
        raise region.refuse(
            "tag-suffix", f"the entry of {entry.name} has a tagSuffix, which a tag would silence",
            "Remove the tagSuffix first.", at=entry.start,
        )  # fmt: skip
    for name, spot in entry.fields.items():
        if name == "newName":
            check_taken_by_ko(spot)
        if not placeholders and name != "name":
            # What kustomize reads as a number is shown as what it makes of that.
            is_tag = name == "newTag" and name not in entry.doubtful
            check_placeholder(spot, tag_fault(spot.text.strip()) if is_tag else "")


def check_shared(entry: ImageEntry, changed: Iterable[str]) -> None:
    """Raise `RefusedError` where a change of these fields would change another place, too."""
    if entry.spot is None:
        return
    if entry.spot.unfit in ("anchor", "alias"):
        region, path = entry.spot.region, entry.spot.path
        other = next(one for one in occurrences(region, entry.spot.node) if one.path != path)
        raise region.refuse(
            "anchor",
            f"the entry of {entry.name} is shared with {other.place} by an anchor or alias",
            "Write the entry out in both places.",
            at=entry.spot.written,
        )
    for spot in (entry.fields[name] for name in changed if name in entry.fields):
        if owner(spot, partial=True)[0].path != spot.path:
            check_unshared(spot)


def _entries(images: Spot) -> tuple[ImageEntry, ...]:
    node, source = images.node, images.region.text
    if isinstance(node, ScalarNode) and is_null(node.value, node.style):
        return ()
    if images.unfit == "alias":
        raise source.refuse("alias", "images is an alias", "Write it out.", at=images.written)
    if not isinstance(node, SequenceNode):
        raise source.refuse(
            "images",
            "images is not a list",
            "Begin each image with '- ', as in - name: ghcr.io/owner/app",
            at=images.start,
        )
    entries: list[ImageEntry] = []
    names: set[str] = set()
    for spot in images.below():
        entry = _entry(spot)
        if entry.name is not None and entry.name in names:
            raise source.refuse(
                "duplicate-entry",
                f"{entry.name} has two entries: kustomize build takes the last, kustomize edit "
                "keeps the first",
                "Remove one of them.", at=entry.start,
            )  # fmt: skip
        names.add(entry.name or "")
        entries.append(entry)
    return tuple(entries)


def _entry(spot: Spot) -> ImageEntry:
    """Return one entry; an alias is read, and refused only when it is to be edited."""
    node, source = spot.node, spot.region.text
    at = int(node.start_mark.index)
    line, column = source.position(at)
    if isinstance(node, ScalarNode) and is_null(node.value, node.style):
        return ImageEntry(None, None, None, None, None, line, column, spot)
    if not isinstance(node, MappingNode):
        name = node.value if isinstance(node, ScalarNode) else "NAME"
        hint = f"Write it as in - name: {split(name)[0]}"
        raise source.refuse("entry", "an image that is not a mapping", hint, at=at)
    texts: dict[str, str | None] = {}
    spots: dict[str, Spot] = {}
    doubtful: dict[str, Refusal] = {}
    merged: dict[str, str | None] = {}
    for (key, value), field_spot in zip(node.value, spot.below(), strict=True):
        if isinstance(key, ScalarNode) and key.value == "<<":
            merged = _merged(source, value)
            continue
        name = _field_name(source, key)
        if name in texts:
            raise source.refuse(
                "duplicate-key", f"{name} stands twice in one entry", "Remove one of them.",
                at=key.start_mark.index,
            )  # fmt: skip
        texts[name], spots[name] = _text(field_spot, name), field_spot
        doubt = _doubt(field_spot, name)
        if doubt is not None:
            doubtful[name] = doubt
    texts = merged | texts
    tag, digest = _parts(texts.get("newTag"), texts.get("digest"))
    return ImageEntry(
        texts.get("name"), texts.get("newName"), tag, digest, texts.get("tagSuffix"),
        line, column, spot, spots, doubtful,
    )  # fmt: skip


def _parts(tag: str | None, digest: str | None) -> tuple[str | None, str | None]:
    """Return tag and digest, where both may stand in `newTag`."""
    head, at, tail = (tag or "").partition("@")
    if digest is None and head and at and is_digest(tail):
        return head, tail
    return tag, digest


def _merged(source: Source, value: Node) -> dict[str, str | None]:
    nodes = value.value if isinstance(value, SequenceNode) else [value]
    found: dict[str, str | None] = {}
    for node in nodes:
        if not isinstance(node, MappingNode):
            raise source.refuse("alias", "a merge of no mapping", "", at=value.start_mark.index)
        for key, one in node.value:
            found.setdefault(_field_name(source, key), getattr(one, "value", None))
    return found


def _field_name(source: Source, key: Node) -> str:
    """Return an entry's field by kustomize's own name; keys are matched without regard to case."""
    name = ENTRY_FIELDS.get(str(key.value).lower()) if isinstance(key, ScalarNode) else None
    if name is None:
        shown = str(key.value) if isinstance(key, ScalarNode) else "?"
        raise source.refuse(
            "unknown-field", f"kustomize knows no field {shown!r} in an image",
            _field_meant(shown), at=key.start_mark.index,
        )  # fmt: skip
    return name


def _field_meant(name: str) -> str:
    meant = {
        "tag": "newTag", "version": "newTag", "image": "name", "repository": "newName",
        "sha": "digest", "sha256": "digest",
    }.get(name.lower())  # fmt: skip
    return f"Did you mean {meant}?" if meant else nearest(name, ENTRY_FIELDS.values())


def _text(spot: Spot, name: str) -> str | None:
    """Return a field's raw text, None where it has none; refuse what is no text."""
    source, node = spot.region.text, spot.node
    if not isinstance(node, ScalarNode):
        at = int(node.start_mark.index)
        if source.text.startswith("{", at):
            reason = f"{name} is not text, and looks like an unrendered template"
            raise source.refuse("template", reason, TEMPLATE_HINT, at=at)
        raise source.refuse("type", f"{name} is not text", "Write a tag or a name.", at=at)
    return None if _plain(spot) and is_null(node.value, None) else str(node.value)


def _doubt(spot: Spot, name: str) -> Refusal | None:
    """Return why kustomize would refuse the file for this value."""
    value, source, at = str(spot.node.value), spot.region.text, int(spot.node.start_mark.index)
    if value == "*" and name != "name":
        reason = f"{name}: a literal '*', which kustomize edit erases"
        return source.refusal("star", reason, "Write a value.", at=at)
    if _plain(spot) and not is_null(value, None) and not is_string_for_kustomize(value):
        return source.refusal(
            "unquoted",
            f"{name}: {value} reads as a number or a boolean: kustomize refuses the whole file",
            f'Write it in quotes: {name}: "{value}"', at=at,
        )  # fmt: skip
    return None


def _plain(spot: Spot) -> bool:
    """Return whether a value is written plain: neither quoted, nor tagged, nor anchored."""
    at = spot.node.start_mark.index
    return spot.style is None and not spot.region.text.text.startswith(("!", "&"), at)
