"""From configured targets and requested images to the edits: which site is which image's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from promoter.domain.errors import RefusedError, SelectionError
from promoter.domain.image import shown
from promoter.domain.suggest import nearest
from promoter.edits import argocd, kustomization, manifest, marker, patch, yaml_path
from promoter.edits.edited import EditedFiles
from promoter.edits.parts import Part, Site
from promoter.edits.site import Region, set_scalars
from promoter.edits.targets import (
    ArgocdTarget,
    KustomizeTarget,
    ManifestTarget,
    MarkerTarget,
    PatchTarget,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import PurePosixPath

    from promoter.domain.model import FileEdit, ImageRequest, Tree
    from promoter.domain.refusal import Refusal
    from promoter.edits.site import Setting
    from promoter.edits.targets import EditTarget, FileTarget, YamlPathTarget

_Pair: TypeAlias = "tuple[Site, ImageRequest]"


def edit_targets(
    tree: Tree,
    file: PurePosixPath,
    targets: Sequence[EditTarget],
    images: Sequence[ImageRequest],
    *,
    placeholders: bool = False,
) -> tuple[FileEdit, ...]:
    """Return one proved edit for each file that holds a site; one that changes nothing included.

    `file` is the environment's kustomization; the files of targets are relative to its folder.
    `placeholders` has values such as `${TAG}` replaced, too.
    Raises `SelectionError` where an image has no site, or a target not the one that it names, and
    `RefusedError` with every refusal found.
    """
    selection = Selection(EditedFiles(tree, file.parent), images, placeholders)
    for target in targets:
        if not isinstance(target, KustomizeTarget):
            selection.add(target)
    for target in targets:
        if isinstance(target, KustomizeTarget):
            selection.add_kustomization(file)
    return selection.edits()


@dataclass(slots=True)
class Selection:
    """The sites of each file as targets are added, and the images that have found one."""

    files: EditedFiles
    images: Sequence[ImageRequest]
    placeholders: bool = False
    regions: dict[PurePosixPath, Region] = field(default_factory=dict)
    pairs: dict[PurePosixPath, list[_Pair]] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)
    entries: dict[PurePosixPath, list[ImageRequest]] = field(default_factory=dict)

    def add(self, target: FileTarget) -> None:
        """Find a target's sites; a target of an image that is not asked for is passed over."""
        if target.image is not None and all(one.name != target.image for one in self.images):
            return
        path = self.files.path(target.file)
        if path not in self.regions:
            self.regions[path] = Region.of(path, self.files.read(path))
        region = self.regions[path]
        for site, request in self._found(region, target):
            self.pairs.setdefault(path, []).append((site, request))
            self.found.add(request.name)

    def add_kustomization(self, file: PurePosixPath) -> None:
        """Set the entries of a kustomization: those it has, and images that no target has."""
        known = kustomization.read(file, self.files.read(file))
        self.seen += [entry.name for entry in known.entries if entry.name]
        for request in self.images:
            if known.find(request.name) is not None or request.name not in self.found:
                self.entries.setdefault(file, []).append(request)
                self.found.add(request.name)

    def edits(self) -> tuple[FileEdit, ...]:
        """Return the edits of all files, or raise with every refusal."""
        missing = [one.name for one in self.images if one.name not in self.found]
        if missing:
            raise SelectionError(
                f"no target holds the image {missing[0]}",
                nearest(missing[0], filter(str.isprintable, self.seen)),
            )
        refusals: list[Refusal] = []
        for path, pairs in self.pairs.items():
            try:
                self.files.put(self._edit(path, pairs))
            except RefusedError as error:
                refusals += error.refusals
        for path, requests in self.entries.items():
            settings = [kustomization.promotion(r.name, r.tag, r.digest) for r in requests]
            data = self.files.read(path)
            try:
                made = kustomization.set_images(
                    path, data, settings, placeholders=self.placeholders
                )
                self.files.put(made)
            except RefusedError as error:
                refusals += error.refusals
        refusals += _unwritten_digests(
            self.pairs.values(), [one for listed in self.entries.values() for one in listed]
        )
        if refusals:
            raise RefusedError(refusals)
        return tuple(self.files.edits.values())

    def _edit(self, path: PurePosixPath, pairs: Iterable[_Pair]) -> FileEdit:
        """Return the edit of one file, or raise `RefusedError` with every refusal."""
        settings: list[Setting] = []
        warnings: list[str] = []
        refusals: list[Refusal] = []
        for site, request in pairs:
            try:
                setting, warning = site.setting(request, placeholders=self.placeholders)
            except RefusedError as error:
                refusals += error.refusals
                continue
            settings.append(setting)
            warnings += [warning] if warning else []
        if refusals:
            raise RefusedError(refusals)
        edit = set_scalars(path, self.regions[path], settings)
        return replace(edit, warnings=tuple(dict.fromkeys(warnings)))

    def _found(self, region: Region, target: FileTarget) -> Iterator[_Pair]:
        """Yield a target's sites with the image of each."""
        match target:
            case ManifestTarget():
                sites = manifest.find(region, container=target.container, owner=target.resource)
                yield from self._chosen(region, target, sites, exact=bool(target.container))
            case PatchTarget():
                sites = patch.find(
                    region,
                    container=target.container,
                    owner=target.resource,
                    pointer=target.path,
                )
                exact = bool(target.container or target.path)
                yield from self._chosen(region, target, sites, exact=exact)
            case ArgocdTarget():
                sites = argocd.find(region, application=target.application)
                yield from self._chosen(region, target, sites, exact=False)
            case MarkerTarget():
                yield from self._marked(region, target)
            case _:
                yield from self._at_paths(region, target)

    def _chosen(
        self, region: Region, target: FileTarget, sites: Sequence[Site], *, exact: bool
    ) -> Iterator[_Pair]:
        """Yield sites by the image's name; or, where the target names one place, the one site."""
        self.seen += [name for site in sites for name in (site.name, site.new_name) if name]
        if exact:
            request = self._only(target)
            yield _one(sites, region, f"the {target.kind} target"), request
            return
        for request in self._asked(target):
            yield from ((site, request) for site in _named(sites, request.name))

    def _marked(self, region: Region, target: MarkerTarget) -> Iterator[_Pair]:
        """Yield marked sites: promote's own by their image, Flux's by policy or by their text."""
        for mark in marker.marks(region):
            if mark.own and not target.policy:
                self.seen.append(mark.subject)
                yield from ((mark.site, r) for r in self._asked(target) if r.name == mark.subject)
            elif target.policy and mark.subject == target.policy:
                yield mark.site, self._only(target)
            elif not target.policy and mark.site.part is Part.REFERENCE:
                self.seen.append(mark.site.name)
                named = (r for r in self._asked(target) if r.name == mark.site.name)
                yield from ((mark.site, request) for request in named)
            elif not target.policy:
                raise SelectionError(
                    f"{mark.site.place}: a marker of the policy {shown(mark.subject)} stands on a "
                    f"{mark.site.part} alone, so that its image is not known",
                    f"Give the target the policy {shown(mark.subject)}.",
                )

    def _at_paths(self, region: Region, target: YamlPathTarget) -> Iterator[_Pair]:
        """Yield the scalars at a target's paths, after a look at the name beside them."""
        request = self._named(region, target)
        if request is None:
            return
        wanted = (
            (target.reference, Part.REFERENCE),
            (target.tag, Part.TAG),
            (target.digest, Part.DIGEST),
        )
        for path, part in wanted:
            if path is not None:
                yield Site(region, yaml_path.one(region, path), part), request
        if target.tag is not None and target.digest is None:
            yaml_path.refuse_stale_digest(region, target.tag)

    def _named(self, region: Region, target: YamlPathTarget) -> ImageRequest | None:
        """Return the request that the name beside a tag asks for; a host in front may be missing."""
        place = target.repository or target.reference
        if place is None or (target.image is not None and target.repository is None):
            return self._only(target)
        text = yaml_path.one(region, place).text
        name = (
            text
            if target.repository
            else Site(region, yaml_path.one(region, place), Part.REFERENCE).name
        )
        self.seen.append(name)
        for request in self._asked(target):
            if name and (request.name == name or request.name.endswith(f"/{name}")):
                return request
        return None

    def _asked(self, target: FileTarget) -> list[ImageRequest]:
        """Return the requests that a target may hold."""
        return [one for one in self.images if target.image in (None, one.name)]

    def _only(self, target: FileTarget) -> ImageRequest:
        """Return the one request that a target holds, or raise `SelectionError`."""
        asked = self._asked(target)
        if len(asked) == 1:
            return asked[0]
        raise SelectionError(
            f"{target.file}: the {target.kind} target does not say which of {len(asked)} images "
            "it holds",
            f"Give it `image`. {nearest('', (one.name for one in asked))}",
        )


def _named(sites: Sequence[Site], name: str) -> list[Site]:
    """Return the sites of an image: by the name that they change, else by the only new one."""
    own = [site for site in sites if site.name == name]
    renamed = [site for site in sites if site.new_name == name]
    if not own and len({site.name for site in renamed}) > 1:
        raise SelectionError(
            f"several overrides put {shown(name)} in place of another image",
            f"Name what it replaces: {', '.join(shown(site.name) for site in renamed[:5])}.",
        )
    return own or renamed


def _one(sites: Sequence[Site], region: Region, what: str) -> Site:
    """Return the only site, or raise `SelectionError` with the places of all."""
    if len(sites) == 1:
        return sites[0]
    if not sites:
        raise SelectionError(
            f"{what} finds no image",
            "Check the names that it asks for.",
            file=region.file.path,
        )
    places = ", ".join(site.place for site in sites[:5])
    raise SelectionError(
        f"{what} finds {len(sites)} images where one is needed: {places}",
        "Say more: the resource as kind/name, or the container.",
        file=region.file.path,
    )


def _unwritten_digests(
    pairs: Iterable[Sequence[_Pair]], images: Iterable[ImageRequest]
) -> list[Refusal]:
    """Return a refusal for each digest that is asked for and has no place to stand in."""
    written = {request.name for request in images}
    asked: dict[str, Site] = {}
    for site, request in (pair for listed in pairs for pair in listed):
        if site.part is not Part.TAG:
            written.add(request.name)
        elif request.digest:
            asked.setdefault(request.name, site)
    return [
        site.region.file.refusal(
            "digest",
            f"a digest of {name} is asked for, and the targets have a place for its tag alone",
            "Give the yaml-path target the digest's path.",
            at=site.region.place(site.spot.node.start_mark.index),
        )
        for name, site in asked.items()
        if name not in written
    ]
