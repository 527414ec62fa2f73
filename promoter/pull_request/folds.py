"""What a page folds away: the rendered difference, the images with digests, the edit itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from promoter.domain.diff import unified
from promoter.domain.evidence import BuiltImage, Evidence
from promoter.domain.image import split
from promoter.domain.model import FileEdit, ImageMove
from promoter.domain.page import CodeBlock, Fold, Line, Span, Table
from promoter.domain.proposal import Proposal
from promoter.domain.render import ObjectDiff
from promoter.pull_request.links import line_page, web_address
from promoter.pull_request.words import counted, joined, mono, short_image

_OBJECTS, _RENDERED, _LEAST = 30, 30_000, 1_000
_DIFF, _ROWS, _FILES = 20_000, 60, 20
_PAGES = {
    "ghcr.io": "https://ghcr.io/",
    "quay.io": "https://quay.io/repository/",
    "docker.io": "https://hub.docker.com/r/",
}
_SAFE = re.compile(r"[A-Za-z0-9._-]+")


def folds(proposal: Proposal, evidence: Evidence) -> tuple[Fold, ...]:
    """Return what is folded away, in order."""
    found = (rendered(evidence), _images(proposal, evidence))
    return tuple(one for one in found if one is not None)


def rendered(evidence: Evidence) -> Fold | None:
    """Return the rendered difference, object by object; None where nothing was rendered."""
    diff = evidence.render
    if diff is None or not diff.objects:
        return None
    blocks: list[CodeBlock | Line] = []
    size = 0
    for shown, one in enumerate(diff.objects):
        block = _object(one, _RENDERED - size)
        if shown >= _OBJECTS or block is None:
            rest = [other.title for other in diff.objects[shown : shown + 20]]
            more = len(diff.objects) - shown
            blocks.append((Span(f"{more} more: {', '.join(rest)}{' …' if more > 20 else ''}"),))
            break
        size += len(block.text)
        blocks.append(block)
    kinds = Counter(one.kind for one in diff.objects)
    words = ", ".join(counted(count, kind) for kind, count in kinds.most_common(3))
    if len(kinds) > 3:
        words = counted(len(diff.objects), "object")
    return Fold(f"Rendered difference: {words}", tuple(blocks), 3)


def moves_table(moves: tuple[ImageMove, ...]) -> Table:
    """Return from and to of each image, in tags."""
    rows = [
        (
            (mono(move.name),),
            (mono(short_image(move.before) or "not set"),),
            (mono(short_image(move.after) or "?"),),
        )
        for move in moves
    ]
    return Table(_header("image", "from", "to"), tuple(rows))


def _object(one: ObjectDiff, room: int) -> CodeBlock | None:
    """Return one object's diff, cut where there is little room; None where there is none."""
    images = ", ".join(_change(old, new) for old, new in one.images[:4])
    state = "" if one.state == "changed" else f" ({one.state})"
    heading = f"{one.title}{state}{f': {images}' if images else ''}"
    text = "\n".join(one.lines)
    room -= len(heading) + 100
    if len(text) > room:
        if room < _LEAST:
            return None
        text = text[:room].rpartition("\n")[0] + "\n(cut)"
    return CodeBlock(text, "diff", (Span(heading),), is_said_by_heading=one.images_only)


def _change(old: str, new: str) -> str:
    """Return an image's change without the registry, e.g. `api 1.4.1 → 1.4.2`."""
    before, after = (one.rpartition("/")[2] for one in (old, new))
    name = split(old)[0]
    if name != split(new)[0]:
        return f"{before} → {after}"
    bare = name.rpartition("/")[2]
    return f"{bare} {before[len(bare) + 1 :] or 'no tag'} → {after[len(bare) + 1 :]}"


def _images(proposal: Proposal, evidence: Evidence) -> Fold | None:
    """Return each image with its digests, platforms and when it was built, as far as known."""
    built, running = evidence.built, evidence.running
    images = [*built.values(), *running.values()]
    columns = ["image", "from", "to"]
    columns += ["built"] if any(one.created for one in images) else []
    columns += ["platforms"] if any(one.platforms for one in built.values()) else []
    shown = [_image_row(move, built, running) for move in proposal.moves[:_ROWS]]
    rows = [tuple(row[one] for one in columns) for row in shown]
    blocks: list[Table | Line] = [Table(_header(*columns), tuple(rows))]
    if len(proposal.moves) > _ROWS:
        blocks.append((Span(f"and {len(proposal.moves) - _ROWS} more"),))
    if revision := proposal.declaration.first.source_revision:
        blocks.append((Span("Source revision: "), mono(revision)))
    digests = any(move.before.digest or move.after.digest or move.pulled for move in proposal.moves)
    if not (images or digests or len(blocks) > 1):
        return None  # the diff says as much
    return Fold("Images, digests and platforms", tuple(blocks), 4)


def _image_row(
    move: ImageMove, built: Mapping[str, BuiltImage], running: Mapping[str, BuiltImage]
) -> dict[str, Line]:
    new, old = built.get(move.name), running.get(move.name)
    name: Line = (mono(move.name, _page(move.name)),)
    if move.pulled is not None:
        name = (mono(move.name), Span(", pulled as "), mono(move.pulled, _page(move.pulled)))
    return {
        "image": name,
        "from": _version(move.before.tag, move.before.digest or (old.digest if old else None)),
        "to": _version(move.after.tag, move.after.digest or (new.digest if new else None)),
        "built": (Span(" → ".join(dict.fromkeys((_built(old), _built(new))))),),
        "platforms": (Span(", ".join(new.platforms) if new and new.platforms else "?"),),
    }


def _version(tag: str | None, digest: str | None) -> Line:
    found = [mono(one) for one in (tag, digest) if one]
    if len(found) == 2:
        return (found[0], Span(" "), found[1])
    return tuple(found) or (Span("not set"),)


def _built(image: BuiltImage | None) -> str:
    return f"{image.created:%Y-%m-%d %H:%M} UTC" if image and image.created else "?"


def _page(image: str) -> str | None:
    host, _, path = split(image)[0].partition("/")
    page = _PAGES.get(host)
    return page + path if page and _SAFE.fullmatch(path.replace("/", "")) else None


def diff_fold(proposal: Proposal, evidence: Evidence) -> Fold:
    """Return the edit itself, with links to the lines as they were."""
    text = unified(proposal.edits)
    if len(text) > _DIFF:
        text = text[:_DIFF].rpartition("\n")[0] + "\n(cut)"
    web = web_address(evidence.repository)
    places = [(_place(one, web, evidence.base),) for one in proposal.edits]
    hidden = len(places) - _FILES
    more = (Span(f" and {hidden} more"),) if hidden > 0 else ()
    heading = f"Diff of {counted(len(places), 'file')}"
    where = (Span("In "), *joined(places[:_FILES]), *more)
    return Fold(heading, (where, CodeBlock(text, "diff")), 2)


def _place(edit: FileEdit, web: str | None, base: str | None) -> Span:
    """Return where a file is edited, linked to the line as it was; a file that is new was nowhere."""
    if edit.added:
        return mono(str(edit.path))
    line = edit.changes[0].line if edit.changes else 1
    return mono(f"{edit.path}:{line}", line_page(web, base, str(edit.path), line))


def _header(*words: str) -> tuple[Line, ...]:
    return tuple((Span(word),) for word in words)
