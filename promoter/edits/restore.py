"""Images as another commit has them written: their bytes come back, and nothing else changes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import field
from difflib import SequenceMatcher
from pathlib import PurePosixPath

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, RefusedError
from promoter.domain.model import FieldChange, FileEdit, Tree
from promoter.domain.refusal import Refusal
from promoter.domain.suggest import begun_alike
from promoter.edits import kustomization
from promoter.edits.nodes import Path, flatten, last_index
from promoter.edits.region import Region, occurrences
from promoter.edits.site import Site
from promoter.edits.sites_of_images import sites_of
from promoter.edits.targets import EditTarget, FileTarget, KustomizeTarget
from promoter.edits.text import Splice, encode, replace
from promoter.edits.working_files import WorkingFiles

_COMMENT = re.compile(r"(?:^|\s)(#.*)")
# Of more lines than these, those that are the same are not looked for: it may take their cube.
_COMPARED = 300


@dataclass(frozen=True, slots=True)
class _ImagePlace:
    """One text that says something of an image, and where it stands in its file."""

    image: str
    field: str
    text: str
    start: int
    end: int

    @property
    def label(self) -> tuple[str, str]:
        """What it says something of."""
        return self.image, self.field


@dataclass(slots=True)
class _Reading:
    """One version of a file: what it says of the images that are meant, and all the rest."""

    region: Region
    places: list[_ImagePlace] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    """Where they stand, with what belongs to each."""
    rest: dict[Path, str] = field(default_factory=dict)
    """The other values, by the text that they are in and the way to them."""
    list_start: int | None = None
    """Where `images` of a kustomization begins that lists no others."""

    @property
    def values(self) -> list[tuple[str, str, str]]:
        """What its places say."""
        return [(one.image, one.field, one.text) for one in self.places]

    def add(self, image: str, site: Site) -> None:
        """Add the place of a site."""
        region, spot = site.spot.region, site.spot
        start, end = region.place(spot.start), region.place(spot.end)
        self.places.append(_ImagePlace(image, str(site.part), spot.text, start, end))
        self.spans.append((start, end))

    def by_label(self) -> dict[tuple[str, str, int], _ImagePlace]:
        """Return its places by image and field, and by their order where several are alike."""
        found: dict[tuple[str, str, int], _ImagePlace] = {}
        seen = Counter[tuple[str, str]]()
        for one in self.places:
            found[*one.label, seen[one.label]] = one
            seen[one.label] += 1
        return found

    def comments(self, moved: Collection[tuple[str, str, int]]) -> Counter[str]:
        """Return the comments, without those on the lines of some fields."""
        text = self.region.text
        starts = (place.start for label, place in self.by_label().items() if label in moved)
        own = {text.position(start)[0] - 1 for start in starts}
        lines = (line for n, line in enumerate(text.text.split("\n")) if n not in own)
        return Counter(found[1].rstrip() for line in lines if (found := _COMMENT.search(line)))

    def lines(self) -> set[int]:
        """Return the lines in which the images stand, from 0."""
        position = self.region.text.position
        heads = [] if self.list_start is None else [(self.list_start, self.list_start)]
        return {
            line
            for start, end in (*self.spans, *heads)
            for line in range(position(start)[0] - 1, position(max(start, end - 1))[0])
        }


def restore_images(
    tree: Tree,
    then: Tree,
    file: PurePosixPath,
    targets: Sequence[EditTarget],
    names: Collection[str],
) -> tuple[FileEdit, ...]:
    """Return the edits by which images stand as they do in another tree, byte by byte.

    `file` is the environment's kustomization. Images of these names are meant, and a place whose
    target names none; an entry that the other tree does not have goes. Raises `RefusedError` where
    something else would have to change, and `SelectionError` as the targets' `find` does.
    """
    files, earlier = WorkingFiles(tree, file.parent), WorkingFiles(then, file.parent)
    by_file: dict[PurePosixPath, list[EditTarget]] = {}
    for one in targets:
        path = file if isinstance(one, KustomizeTarget) else files.path(one.file)
        by_file.setdefault(path, []).append(one)
    edits = []
    for path, own in by_file.items():
        try:
            old, new = files.read(path), earlier.read(path)
        except KeyError as error:
            raise _impossible(path) from error
        if old != new:
            edits.append(_restored(_VersionReader(path, own, names), old, new))
    return tuple(edit for edit in edits if edit.changes)


@dataclass(frozen=True, slots=True)
class _VersionReader:
    """Takes versions of one file apart for the images that are meant."""

    path: PurePosixPath
    targets: Sequence[EditTarget]
    names: Collection[str]

    def read(self, data: bytes) -> _Reading:
        """Return one version taken apart; raises as the targets' `find` does."""
        found = _Reading(Region.of(self.path, data))
        regions: dict[Path, Region] = {(): found.region}
        own: set[Path] = set()
        above: set[Path] = set()
        for target in self.targets:
            if isinstance(target, KustomizeTarget):
                own |= self._entries(data, found)
                continue
            for image, site in self._sites(target, found.region):
                region, way = site.spot.region, (*site.spot.region.path, "", *site.path)
                regions[region.path] = region
                own.add(way)
                # Where it is an alias, the text stands at its anchor.
                own |= {
                    (*region.path, "", *one.path)
                    for one in (() if site.missing else occurrences(region, site.spot.node))
                }
                above |= {way[:number] for number in range(len(way))}
                if not site.missing:
                    found.add(image, site)
        above |= {("", *path) for path in regions if path}
        for path, region in regions.items():
            for way, text in flatten(region.documents).items():
                whole = (*path, "", *way)
                is_own = any(whole[:number] in own for number in range(len(whole) + 1))
                if not is_own and whole not in above:
                    found.rest[whole] = text
        return found

    def _sites(self, target: FileTarget, region: Region) -> Iterator[tuple[str, Site]]:
        """Yield the sites of the images that are meant, with the digests beside them.

        A digest counts where it stands there or was emptied: other hashes are no image's.
        """
        sites = list(target.find(region))
        if target.image is None:
            own = [one for one in sites if one.by_place or one.name in self.names]
        else:
            own = sites_of(sites, target.image) if target.image in self.names else []
        only = next(iter(self.names)) if len(self.names) == 1 else ""
        for site in own:
            image = target.image or only or site.name
            yield image, site
            for beside in site.digests_beside():
                if beside.holds_digest or not beside.text:
                    yield image, beside

    def _entries(self, data: bytes, found: _Reading) -> set[Path]:
        known = kustomization.read(self.path, data)
        if known.images is None:
            return set()
        others = 0
        for entry in known.entries:
            node = entry.spot.node if entry.spot is not None else None
            if node is None or entry.name not in self.names:
                values = flatten([node] if node is not None else [])
                found.rest |= {("images", others, *way): text for way, text in values.items()}
                others += 1
                continue
            for name, spot in entry.fields.items():
                text = str(spot.node.value)
                found.places.append(_ImagePlace(entry.name or "", name, text, spot.start, spot.end))
            found.spans.append((int(node.start_mark.index), last_index(node)))
        if not others:
            found.list_start = int(known.images[0].start_mark.index)
        return {("", 0, str(known.images[0].value))}


def _restored(reader: _VersionReader, old: bytes, new: bytes) -> FileEdit:
    now, then = reader.read(old), reader.read(new)
    if now.values == then.values:
        return FileEdit(reader.path, old, old, ())
    for text in _ways(now, then):
        data = encode(now.region.text, text)
        try:
            made = reader.read(data)
        except PromoteError:
            continue
        if (made.values, made.rest) == (then.values, now.rest) and _keeps_comments(made, now):
            return FileEdit(reader.path, old, data, tuple(_changes(reader.path, now, then)))
    raise _impossible(reader.path)


def _keeps_comments(made: _Reading, now: _Reading) -> bool:
    """Return whether comments are those of now, but on the lines of fields that come or go.

    What people have removed from a file since, or added to it, is theirs.
    """
    old, new = now.by_label(), made.by_label()
    moved = old.keys() ^ new.keys()
    return made.comments(moved) == now.comments(moved)


def _impossible(path: PurePosixPath) -> RefusedError:
    reason = "its images cannot be written as they were so that nothing else changes"
    return RefusedError([Refusal("rollback", reason, "Revert the commit by hand.", str(path))])


def _ways(now: _Reading, then: _Reading) -> Iterator[str]:
    """Yield texts that may be what is wanted, best first: each has still to be proved."""
    spliced = _by_values(now, then)
    # What is written behind the key of an empty value is known by its line alone.
    if spliced is not None and all(one.text for one in then.places):
        yield spliced
    for clipped in (False, True):
        if (lines := _by_lines(now, then, clipped=clipped)) is not None:
            yield lines
    if spliced is not None:
        yield spliced


def _by_values(now: _Reading, then: _Reading) -> str | None:
    """Return the text with the values that differ as they were; None where a field came or went.

    How people have written the rest of their lines since is theirs.
    """
    if [one.label for one in now.places] != [one.label for one in then.places]:
        return None
    pairs = zip(now.places, then.places, strict=True)
    differing = ((a, b) for a, b in pairs if a.text != b.text)
    written = then.region.text.text
    splices = (Splice(a.start, a.end, written[b.start : b.end]) for a, b in differing)
    return replace(now.region.text, dict.fromkeys(splices))


def _by_lines(now: _Reading, then: _Reading, *, clipped: bool) -> str | None:
    """Return the text with the lines of its images as they were; None where that is too much to find.

    `clipped`: of lines that are gone together, only those of the images go.
    """
    old, new = (one.region.text.text.split("\n") for one in (now, then))
    start = begun_alike(old, new)
    end = min(begun_alike(old[::-1], new[::-1]), len(old) - start, len(new) - start)
    parts = [lines[start : len(lines) - end] for lines in (old, new)]
    if max(map(len, parts)) > _COMPARED:
        return None
    own, other = now.lines(), then.lines()
    lines = old[:start]
    for kind, *bounds in SequenceMatcher(None, parts[0], parts[1], autojunk=False).get_opcodes():
        first, last, since, until = (start + one for one in bounds)
        is_own = not (own.isdisjoint(range(first, last)) and other.isdisjoint(range(since, until)))
        if kind == "delete" and is_own and clipped:
            lines += [old[number] for number in range(first, last) if number not in own]
        elif kind == "equal" or not is_own:
            lines += old[first:last]
        else:
            lines += new[since:until]
    return "\n".join([*lines, *old[len(old) - end :]])


def _changes(path: PurePosixPath, now: _Reading, then: _Reading) -> Iterator[FieldChange]:
    position = now.region.text.position
    head = now.list_start or 0
    old, new = now.by_label(), then.by_label()
    for label in dict.fromkeys((*old, *new)):
        before, after = old.get(label), new.get(label)
        texts = [one.text if one else None for one in (before, after)]
        if texts[0] != texts[1]:
            image, name, _ = label
            at = position(before.start if before else head)
            yield FieldChange(path, *at, name, image, texts[0] or None, texts[1])
