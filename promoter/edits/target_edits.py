"""From configured targets and requested images to the edits: which site is which image's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from itertools import chain
from pathlib import PurePosixPath
from typing import TypeAlias

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import RefusedError, SelectionError
from promoter.domain.image import Ref
from promoter.domain.model import FileEdit, ImageMove, ImageRequest, Tree
from promoter.domain.refusal import Refusal
from promoter.domain.suggest import nearest
from promoter.edits import engine, kustomization
from promoter.edits.anchors import follows, shared_value
from promoter.edits.image_paths import hint_of_paths
from promoter.edits.kustomization.entries import ImageEntry
from promoter.edits.region import Region
from promoter.edits.site import Part, Site, several_tags, value_of
from promoter.edits.sites_of_images import requests_of, sites_named
from promoter.edits.targets import EditTarget, FileTarget, KustomizeTarget, ManifestTarget
from promoter.edits.working_files import WorkingFiles

# How many places of one value are refused one by one.
_LISTED = 20
_Chosen: TypeAlias = "tuple[Site, ImageRequest]"


@dataclass(frozen=True, slots=True)
class TargetEdits:
    """What a promotion changes in the files of its targets, and what it means for each image."""

    files: tuple[FileEdit, ...]
    """One proved edit for each file that holds an image; one that changes nothing included."""
    moves: tuple[ImageMove, ...]
    """Each image with the tag and digest that stand there now."""
    warnings: tuple[str, ...] = ()
    """The images that stand at several tags, each with its places."""
    places: tuple[_Chosen, ...] = ()
    """Each place in the files of targets, with what is asked of its image."""


def edit_targets(
    tree: Tree,
    file: PurePosixPath,
    targets: Sequence[EditTarget],
    images: Sequence[ImageRequest],
    *,
    placeholders: bool = False,
) -> TargetEdits:
    """Return the edits by which the targets hold what is asked for.

    `file` is the environment's kustomization; the files of targets are relative to its folder.
    `placeholders` has values such as `${TAG}` replaced, too.
    Raises `SelectionError` where an image has no site, or a target not the one that it names, and
    `RefusedError` with every refusal found.
    """
    sites = _Sites(WorkingFiles(tree, file.parent), images, placeholders)
    for target in targets:
        if not isinstance(target, KustomizeTarget):
            sites.add(target)
    for target in targets:
        if isinstance(target, KustomizeTarget):
            sites.add_kustomization(file)
    warnings = tuple(said for one in images if (said := sites.several_tags(one)))
    places = tuple(chain.from_iterable(sites.chosen.values()))
    return TargetEdits(sites.edits(), tuple(map(sites.move, images)), warnings, places)


@dataclass(slots=True)
class _Sites:
    """The sites of each file as targets are added, and the images that have found one."""

    files: WorkingFiles
    images: Sequence[ImageRequest]
    placeholders: bool = False
    regions: dict[PurePosixPath, Region] = field(default_factory=dict)
    chosen: dict[PurePosixPath, list[_Chosen]] = field(default_factory=dict)
    held: dict[str, list[Site]] = field(default_factory=dict)
    """The sites of each image that has some."""
    entries: dict[str, tuple[PurePosixPath, ImageEntry | None]] = field(default_factory=dict)
    """The kustomization in which an image is set, with its entry; None where one is added."""
    seen: list[str] = field(default_factory=list)
    """The names that targets and files have, for the hint about one that none has."""
    hint: str = ""
    """What kind of target holds the images of a file in which none was found."""

    def add(self, target: FileTarget) -> None:
        """Find a target's sites; a target of an image that is not asked for is passed over."""
        if target.image is not None and all(one.name != target.image for one in self.images):
            self.seen.append(target.image)
            return
        path = self.files.path(target.file)
        if path not in self.regions:
            self.regions[path] = Region.of(path, self.files.read(path))
        for site, request in self._found(self.regions[path], target):
            self.chosen.setdefault(path, []).append((site, request))
            self.held.setdefault(request.name, []).append(site)

    def add_kustomization(self, file: PurePosixPath) -> None:
        """Set the entries of a kustomization: those it has, and images that no target has."""
        known = kustomization.read(file, self.files.read(file))
        self.seen += [entry.name for entry in known.entries if entry.name]
        for request in self.images:
            entry = known.find(request.name)
            if entry is not None or request.name not in self.held:
                self.entries[request.name] = (file, entry)

    def edits(self) -> tuple[FileEdit, ...]:
        """Return the edits of all files, or raise with every refusal."""
        for one in self.images:
            if one.name not in self.held and one.name not in self.entries:
                seen = list(dict.fromkeys(name for name in self.seen if name.isprintable()))
                nothing = self.hint or "They find no image: check their kinds and names."
                hint = nearest(one.name, seen) if seen else nothing
                raise SelectionError(f"no target holds the image {one.name}", hint)
        refusals: list[Refusal] = []
        by_entries = {path for path, _ in self.entries.values()}
        by_sites = ((self._edit, path) for path in self.chosen)
        for make, path in (*by_sites, *((self._edit_entries, path) for path in by_entries)):
            try:
                self.files.put(make(path))
            except RefusedError as error:
                refusals += error.refusals
        refusals += self._unwritten_digests()
        if refusals:
            raise RefusedError(refusals)
        return tuple(self.files.edits.values())

    def move(self, request: ImageRequest) -> ImageMove:
        """Return an image's way from the tag and digest that stand there now."""
        _, entry = self.entries.get(request.name, (None, None))
        sites = self.held.get(request.name, [])
        if entry is not None:
            before, pulled = Ref(entry.tag, entry.digest), entry.new_name or ""
        else:
            before = value_of(sites)
            pulled = next((site.new_name for site in sites if site.new_name), "")
        new = pulled if pulled and pulled != request.name else None
        after = request.ref
        # An entry of `images` sets the tag of what stands in manifests.
        counted = [one for one in sites if entry is None or one.part is Part.TAG]
        others = {v.tag: v for one in counted if (v := one.value).tag and v.tag != before.tag}
        elsewhere = tuple(others.values())
        if before == after and elsewhere:
            before, *rest = elsewhere
            elsewhere = tuple(rest)
        return ImageMove(request.name, before, after, new, elsewhere=elsewhere)

    def several_tags(self, request: ImageRequest) -> str:
        """Return in words that an image stands at several tags now, and where; '' where at one."""
        tags: dict[str, Site] = {}
        for site in self.held.get(request.name, []):
            if site.part is not Part.DIGEST:
                tags.setdefault(site.value.tag or "", site)
        return several_tags(
            request.name, request.tag, {tag: site.spot.place for tag, site in tags.items()}
        )

    def _edit(self, path: PurePosixPath) -> FileEdit:
        steps: dict[object, engine.EditStep] = {}
        warnings: dict[str, None] = {}
        refusals: list[Refusal] = []
        first: dict[object, Site] = {}
        refused: Counter[object] = Counter()
        for site, request in self.chosen[path]:
            value = None if site.missing else shared_value(site.spot)
            key = (value, site.part, site.digest_beside, request.name) if value else site
            # The places of one value are looked at together, when the first of them is met.
            if (other := first.setdefault(key, site)) is not site and refused[key] in (0, _LISTED):
                if other.spot.unfit == "alias" and not refused[key]:
                    warnings[f"{request.name}: {follows(other.spot)}"] = None
                continue
            try:
                step, said = site.step(request, placeholders=self.placeholders)
            except RefusedError as error:
                refusals += error.refusals
                refused[key] += 1
                continue
            warnings |= dict.fromkeys(said)
            if step is not None:
                steps[step.region.path, tuple(step.expected)] = step
        if refusals:
            raise RefusedError(list(dict.fromkeys(refusals)))
        edit = engine.edit(self.regions[path], tuple(steps.values()))
        return replace(edit, warnings=tuple(warnings))

    def _edit_entries(self, path: PurePosixPath) -> FileEdit:
        settings = [
            kustomization.promotion(one.name, one.tag, one.digest)
            for one in self.images
            if self.entries.get(one.name, (None, None))[0] == path
        ]
        data = self.files.read(path)
        return kustomization.set_images(path, data, settings, placeholders=self.placeholders)

    def _found(self, region: Region, target: FileTarget) -> Iterator[_Chosen]:
        """Yield a target's sites with the image of each, and the digests that stand beside them."""
        sites = list(target.find(region))
        if not sites and isinstance(target, ManifestTarget):
            self.hint = self.hint or hint_of_paths(region)
        self.seen += [name for site in sites for name in (*site.names, site.new_name) if name]
        asked = [one for one in self.images if target.image in (None, one.name)]
        chosen: list[_Chosen] = []
        named = [site for site in sites if not site.by_place]
        for site in sites:
            own = requests_of(site, target, asked) if site.by_place else ()
            chosen += [(site, request) for request in own]
        for request in asked:
            chosen += [(site, request) for site in sites_named(named, request.name)]
        beside = list(_digests_beside(chosen))
        owned = {(one.mapping.path, request.name) for one, request in beside if one.mapping}
        for site, request in chosen:
            parent = site.mapping
            has = parent is not None and (parent.path, request.name) in owned
            yield replace(site, digest_beside=has), request
        yield from beside

    def _unwritten_digests(self) -> list[Refusal]:
        """Return a refusal for each digest that is asked for and has no place to stand in."""
        refusals = []
        for request in self.images:
            sites = self.held.get(request.name, [])
            tags = [site for site in sites if site.part is Part.TAG and not site.value.digest]
            placed = request.name in self.entries or len(tags) < len(sites)
            if request.digest and tags and not placed:
                spot = tags[0].spot
                refusals.append(
                    spot.region.file.refusal(
                        "digest",
                        f"a digest of {request.name} is asked for, and the targets have a place for "
                        "its tag alone",
                        "Give the yaml-path target the digest's path.",
                        at=spot.region.place(spot.written),
                    )
                )
        return refusals


def _digests_beside(chosen: Sequence[_Chosen]) -> Iterator[_Chosen]:
    """Yield the digests beside tags, which would win over them; raises `RefusedError` for others.

    One that is empty is taken where a digest is asked for and has no other place.
    """
    taken = {(site.spot.region.path, *site.path) for site, _ in chosen}
    placed = {
        request.name for site, request in chosen if site.value.digest or site.part is Part.DIGEST
    }
    placed |= {r.name for site, r in chosen if site.part in (Part.REFERENCE, Part.OVERRIDE)}
    for site, request in chosen:
        for beside in site.digests_beside():
            key = (beside.spot.region.path, *beside.path)
            if key in taken:
                continue
            empty = not beside.text and request.digest and request.name not in placed
            if beside.holds_digest or empty:
                taken.add(key)
                placed.add(request.name)
                yield beside, request
            elif beside.wins:
                raise beside.spot.region.refuse(
                    "stale-digest",
                    "the digest beside the tag would win over it",
                    "Give the target the digest's path as well: it is set, or emptied.",
                    at=beside.spot.start,
                )
