"""Where new entries of `images:` can go, in the file's own manner; the first place that proves wins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from promoter.domain.dataclass import dataclass
from promoter.edits.kustomization.entries import Kustomization
from promoter.edits.nodes import Path, last_index
from promoter.edits.scalars import written_scalar
from promoter.edits.text import Source, Splice

Fields = dict[str, str]

# How far dashes are indented where the file does not say.
_DASH = 2


@dataclass(frozen=True, slots=True)
class Insertion:
    """A way to add entries: the splices, where the entries then are, and what gives way."""

    splices: tuple[Splice, ...]
    field: str = "images"
    index: int = 0
    gone: tuple[Path, ...] = ()


def insert_entries(
    source: Source, kustomization: Kustomization, new: Sequence[Fields]
) -> Iterator[Insertion]:
    """Yield the ways to add entries, the most natural first."""
    if kustomization.root is None:
        yield from _into_nothing(source, kustomization, new)
    elif kustomization.images is None:
        yield from _new_field(source, kustomization.root, new)
    else:
        yield from _existing_field(source, kustomization.images, kustomization.root, new)


def _into_nothing(
    source: Source, kustomization: Kustomization, new: Sequence[Fields]
) -> Iterator[Insertion]:
    """Add the whole field to a file that says nothing."""
    gone: tuple[Path, ...] = ((0,),) if kustomization.region.documents else ()
    block = _block("images", new, 0, _DASH, source.newline(0))
    text = source.text
    glue = "" if not text or text.endswith("\n") else source.newline(0)
    end = len(text)
    yield Insertion((Splice(end, end, glue + block),), gone=gone)
    # A document that spells out its nothing, as in `null` or `~`, gives way to the field.
    if kustomization.region.documents:
        node = kustomization.region.documents[0]
        span = (node.start_mark.index, node.end_mark.index)
        yield Insertion((Splice(*span, block.rstrip("\r\n")),), gone=gone)


def _new_field(source: Source, root: MappingNode, new: Sequence[Fields]) -> Iterator[Insertion]:
    """Add the field to a mapping that lacks it: at the end, else before its last key."""
    text = source.text
    if root.flow_style:
        quote = '"' if root.value and text[root.value[0][0].start_mark.index] == '"' else ""
        listed = f"{quote}images{quote}: [{', '.join(_flow(one, quote) for one in new)}]"
        gone: tuple[Path, ...] = () if root.value else ((0,),)
        at = last_index(root.value[-1][1]) if root.value else root.start_mark.index + 1
        yield Insertion((Splice(at, at, f", {listed}" if root.value else listed),), gone=gone)
        return
    column = root.start_mark.column
    dash = _dash(root)
    end = _document_end(text)
    newline = source.newline(max(end - 1, 0))
    block = _block("images", new, column, dash, newline)
    is_line = text[:end].endswith("\n") or not end
    last = block if is_line else newline + block.removesuffix(newline)
    yield Insertion((Splice(end, end, last),))
    start = source.line_start(root.value[-1][0].start_mark.index)
    yield Insertion((Splice(start, start, block),))


def _existing_field(
    source: Source, images: tuple[ScalarNode, object], root: MappingNode, new: Sequence[Fields]
) -> Iterator[Insertion]:
    """Add entries to a field that is there: a list, an empty list, or nothing."""
    key, value = images
    if isinstance(value, SequenceNode) and value.value:
        if value.flow_style:
            at = value.value[-1].end_mark.index
            begin = value.start_mark.index
            quote = '"' if '"' in source.text[begin : begin + 4] else ""
            listed = "".join(f", {_flow(one, quote)}" for one in new)
            yield Insertion((Splice(at, at, listed),), key.value, len(value.value))
            return
        yield _after_last(source, value, key.value, new)
        return
    if root.flow_style:
        quote = '"' if source.text[key.start_mark.index] == '"' else ""
        listed = f"[{', '.join(_flow(one, quote) for one in new)}]"
        at, end = value.start_mark.index, value.end_mark.index  # type: ignore[attr-defined]  # a node
        yield Insertion((Splice(at, end, listed),), key.value, 0, ((0, key.value),))
        return
    colon = source.text.find(":", key.end_mark.index) + 1
    if not colon:
        # `? images` has no value that could begin.
        return
    start, end = value.start_mark.index, value.end_mark.index  # type: ignore[attr-defined]  # a node
    newline = source.newline(colon)
    column, dash = key.start_mark.column, _dash(root)
    lines = newline + _entries(new, column + dash, 2, newline).removesuffix(newline)
    spelled = end > start
    clear = [Splice(colon, end, "")] if spelled else []
    after = source.line_end(end if spelled else colon)
    yield Insertion((*clear, Splice(after, after, lines)), key.value, 0, ((0, key.value),))


def _after_last(
    source: Source, value: SequenceNode, field: str, new: Sequence[Fields]
) -> Insertion:
    """Add entries behind the last one, before any comment that follows it."""
    last = value.value[-1]
    end = last_index(last)
    dash = value.start_mark.column
    offset = last.start_mark.column - dash if isinstance(last, MappingNode) else 2
    if source.position(last.start_mark.index)[0] != _dash_line(source, last):
        offset = max(offset, 2)
    newline = source.newline(last.start_mark.index)
    lines = _entries(new, dash, max(offset, 2), newline)
    at = end
    if not end or source.text[end - 1] != "\n":
        at, lines = source.line_end(end), newline + lines.removesuffix(newline)
    return Insertion((Splice(at, at, lines),), field, len(value.value))


def _dash_line(source: Source, entry: object) -> int:
    before = source.text.rfind("-", 0, entry.start_mark.index)  # type: ignore[attr-defined]  # a node
    return source.position(max(before, 0))[0]


def _dash(root: MappingNode) -> int:
    """Return how far the file indents the dashes of its lists: as most of its own do, else 2."""
    seen = [
        value.start_mark.column - key.start_mark.column
        for key, value in root.value
        if isinstance(value, SequenceNode) and not value.flow_style and value.value
    ]
    return max(set(seen), key=seen.count) if seen else _DASH


def _document_end(text: str) -> int:
    """Return where the content of the one document ends: before a final `...` or at the end."""
    for marker in ("\n...", "\n---"):
        at = text.rfind(marker)
        if at >= 0 and text[at + len(marker) :].strip() in ("", "\n"):
            return at + 1
    return len(text)


def _block(field: str, new: Sequence[Fields], column: int, dash: int, newline: str) -> str:
    return f"{' ' * column}{field}:{newline}{_entries(new, column + dash, 2, newline)}"


def _entries(new: Sequence[Fields], dash: int, offset: int, newline: str) -> str:
    lines: list[str] = []
    for fields in new:
        for number, (key, value) in enumerate(fields.items()):
            lead = f"-{' ' * (offset - 1)}" if number == 0 else " " * offset
            lines.append(f"{' ' * dash}{lead}{key}: {written_scalar(value, None)}{newline}")
    return "".join(lines)


def _flow(fields: Mapping[str, str], quote: str) -> str:
    style = quote or None
    return (
        "{"
        + ", ".join(f"{quote}{k}{quote}: {written_scalar(v, style)}" for k, v in fields.items())
        + "}"
    )
