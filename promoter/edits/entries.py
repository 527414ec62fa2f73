"""The entries of `images:` as kustomize reads them, each with its place; strict where it is strict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from promoter.domain.suggest import nearest
from promoter.edits.root import check_directives, images_field
from promoter.edits.scalars import is_null, is_string_for_kustomize
from promoter.edits.text import TEMPLATE_HINT, compose

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

    from promoter.domain.refusal import Refusal
    from promoter.edits.nodes import Path
    from promoter.edits.text import Source

ENTRY_FIELDS = {name.lower(): name for name in ("name", "newName", "newTag", "digest", "tagSuffix")}
_PLACEHOLDERS = ("${", "$(", "{{", "<%")


@dataclass(frozen=True, slots=True)
class FieldSpan:
    """One `key: value` of an entry: the key as written, and where both stand."""

    key: str
    key_start: int
    key_end: int
    value_start: int
    value_end: int
    style: str | None
    shared: bool = False
    """An anchor or alias makes the value one with another place's."""
    doubtful: Refusal | None = None
    """Why kustomize would refuse the file as long as this value stays as it is."""


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """One entry of `images:`; texts are raw, so that 1.10 stays 1.10; absent fields are None."""

    name: str | None
    new_name: str | None
    tag: str | None
    digest: str | None
    suffix: str | None
    line: int
    column: int
    path: Path = ()
    start: int = 0
    node: MappingNode | None = field(default=None, repr=False, compare=False)
    fields: dict[str, FieldSpan] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Kustomization:
    """A kustomization's documents, its entries, and the `images` field where there is one."""

    entries: tuple[ImageEntry, ...]
    documents: tuple[Node, ...] = field(default=(), repr=False, compare=False)
    root: MappingNode | None = field(default=None, repr=False, compare=False)
    images: tuple[ScalarNode, Node] | None = field(default=None, repr=False, compare=False)

    @property
    def judges_itself(self) -> bool:
        """Whether its own graph says which images are used: a Component's parents are not in it."""
        fields = {k.value.lower(): v for k, v in self.root.value} if self.root is not None else {}
        kind = fields.get("kind")
        if kind is not None and kind.value == "Component":
            return False
        return any(name in fields for name in ("resources", "bases", "components", "helmcharts"))

    @property
    def place(self) -> int:
        """Where `images` stands; where there is none, the end, as new entries go there."""
        if self.images is not None:
            return int(self.images[0].start_mark.index)
        return int(self.root.end_mark.index) if self.root is not None else 0

    def find(self, name: str) -> ImageEntry | None:
        """Return the entry of exactly this name."""
        return next((entry for entry in self.entries if entry.name == name), None)


def parse(source: Source) -> Kustomization:
    """Return the images of a kustomization, or raise `RefusedError` with place and reason."""
    check_directives(source)
    documents = compose(source)
    if len(documents) > 1:
        raise source.refuse(
            "documents", f"the file holds {len(documents)} documents, and kustomize reads the first",
            "Make it one document.", at=documents[1].start_mark.index,
        )  # fmt: skip
    root = documents[0] if documents else None
    if root is None or (isinstance(root, ScalarNode) and is_null(root.value, root.style)):
        return Kustomization((), tuple(documents))
    if not isinstance(root, MappingNode):
        raise source.refuse("root", "the file is not a mapping", "It is no kustomization.", at=0)
    images = images_field(source, root)
    if images is None:
        return Kustomization((), tuple(documents), root)
    entries = _entries(source, *images)
    return Kustomization(entries, tuple(documents), root, images)


def check_editable(source: Source, entry: ImageEntry, *, placeholders: bool) -> None:
    """Raise `RefusedError` where setting an entry's tag would not mean what it says."""
    if entry.suffix is not None:
        raise source.refuse(
            "tag-suffix", f"the entry of {entry.name} has a tagSuffix, which a tag would silence",
            "Remove the tagSuffix first.", at=entry.start,
        )  # fmt: skip
    node = entry.node
    if node is not None and node.anchor:
        raise source.refuse(
            "anchor", f"the entry of {entry.name} is anchored: what is set here is set elsewhere too",
            "Write it out.", at=entry.start,
        )  # fmt: skip
    for name, span in entry.fields.items():
        if span.shared:
            raise source.refuse(
                "alias", f"{name} of {entry.name} is one with another place by an anchor or alias",
                "Write the value out.", at=span.key_start,
            )  # fmt: skip
        text = source.text[span.value_start : span.value_end]
        if not placeholders and name != "name" and any(sign in text for sign in _PLACEHOLDERS):
            raise source.refuse(
                "template", f"{name} of {entry.name} is a placeholder: {text[:60]}",
                "Set the tag where the placeholder is filled in, or allow it: --allow placeholder.",
                at=span.value_start,
            )  # fmt: skip


def _entries(source: Source, key: ScalarNode, value: Node) -> tuple[ImageEntry, ...]:
    """Return the entries of the `images` field."""
    if isinstance(value, ScalarNode) and is_null(value.value, value.style):
        return ()
    at = value.start_mark.index
    if at < key.start_mark.index:
        raise source.refuse("alias", "images is an alias", "Write it out.", at=key.start_mark.index)
    if not isinstance(value, SequenceNode):
        raise source.refuse("images", "images is not a list", "Make it a list of entries.", at=at)
    entries: list[ImageEntry] = []
    names: set[str] = set()
    for index, node in enumerate(value.value):
        entry = _entry(source, node, (0, key.value, index))
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


def _entry(source: Source, node: Node, path: Path) -> ImageEntry:
    """Return one entry; an alias is read, and refused only when it is to be edited."""
    at = node.start_mark.index
    line, column = source.position(at)
    if isinstance(node, ScalarNode) and is_null(node.value, node.style):
        return ImageEntry(None, None, None, None, None, line, column, path, at)
    if not isinstance(node, MappingNode):
        raise source.refuse("entry", "an image that is no mapping", "Give it a name.", at=at)
    texts: dict[str, str | None] = {}
    spans: dict[str, FieldSpan] = {}
    merged: dict[str, str | None] = {}
    for key, value in node.value:
        if isinstance(key, ScalarNode) and key.value == "<<":
            merged = _merged(source, value)
            continue
        name = _field_name(source, key)
        if name in texts:
            raise source.refuse(
                "duplicate-key", f"{name} stands twice in one entry", "Remove one of them.",
                at=key.start_mark.index,
            )  # fmt: skip
        texts[name], spans[name] = _field(source, key, value, name)
    texts = merged | texts
    return ImageEntry(
        texts.get("name"), texts.get("newName"), texts.get("newTag"), texts.get("digest"),
        texts.get("tagSuffix"), line, column, path, at, node, spans,
    )  # fmt: skip


def _merged(source: Source, value: Node) -> dict[str, str | None]:
    """Return the fields that a merge key brings into an entry."""
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
            nearest(shown, ENTRY_FIELDS.values()), at=key.start_mark.index,
        )  # fmt: skip
    return name


def _field(source: Source, key: Node, value: Node, name: str) -> tuple[str | None, FieldSpan]:
    """Return a field's raw text (None where it has none) and its span; refuse what is no text."""
    at, key_at = value.start_mark.index, key.start_mark.index
    if not isinstance(value, ScalarNode):
        if source.text.startswith("{", at):
            reason = f"{name} is no text, and looks like an unrendered template"
            raise source.refuse("template", reason, TEMPLATE_HINT, at=at)
        raise source.refuse("type", f"{name} is no text", "Write a tag or a name.", at=at)
    doubtful = None
    plain = value.style is None and not source.text.startswith(("!", "&"), at)
    if plain and not is_null(value.value, None) and not is_string_for_kustomize(value.value):
        doubtful = source.refusal(
            "unquoted", f"{name}: {value.value} reads as a number or a boolean: kustomize refuses "
            "the whole file",
            f'Write it in quotes: {name}: "{value.value}"', at=at,
        )  # fmt: skip
    if value.value == "*" and name != "name":
        doubtful = source.refusal(
            "star", f"{name}: a literal '*', which kustomize edit erases", "Write a value.", at=at
        )
    span = FieldSpan(
        str(key.value), key_at, key.end_mark.index, at, value.end_mark.index, value.style,
        bool(at < key_at or value.anchor), doubtful,
    )  # fmt: skip
    return (None if plain and is_null(value.value, None) else str(value.value)), span
