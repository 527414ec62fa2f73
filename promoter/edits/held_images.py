"""The images that targets hold, as the files themselves name them, and what stands there now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from promoter.domain.errors import NoPlaceError, RefusedError, SelectionError
from promoter.domain.image import Ref
from promoter.domain.model import ImagePlace, RunningImage, Tree
from promoter.domain.suggest import nearest
from promoter.edits import kustomization
from promoter.edits.region import Region
from promoter.edits.site import Site, value_of
from promoter.edits.sites_of_images import may_be_of, sites_of
from promoter.edits.targets import EditTarget, FileTarget, KustomizeTarget
from promoter.edits.targets.model import image_names
from promoter.edits.working_files import WorkingFiles


def held_images(
    tree: Tree, file: PurePosixPath, targets: Sequence[EditTarget], listed: Sequence[str] = ()
) -> tuple[RunningImage, ...]:
    """Return each image that the targets hold by a name of their own or of the file's.

    `file` is the environment's kustomization, `listed` are the images that the app lists: a place
    whose target names no image is that of the only one, as for an edit. A place of which nothing
    says what its image is called is passed over. Raises as the targets' `find` does.
    """
    only = listed[0] if len(listed) == 1 else None
    files = WorkingFiles(tree, file.parent)
    found: dict[str, RunningImage] = {}
    entries: set[str] = set()
    for target in sorted(targets, key=lambda one: not isinstance(one, KustomizeTarget)):
        if isinstance(target, KustomizeTarget):
            images = list(_entries(files, file))
            entries.update(one.name for one in images)
        else:
            images = list(_in_file(files, target, only))
        for image in images:
            known = found.setdefault(image.name, image)
            if known is image:
                continue
            # An entry of `images` sets the tag of what stands in manifests.
            more = () if image.name in entries else (image.ref, *image.elsewhere)
            places = (*known.places, *image.places)
            found[image.name] = replace(_with_tags_of(known, more), places=places)
    return tuple(found.values())


def check_places(tree: Tree, file: PurePosixPath, targets: Sequence[EditTarget]) -> None:
    """Raise `NoPlaceError` where no target has a place for an image, in files that can be read."""
    files, missing = WorkingFiles(tree, file.parent), None
    for target in targets:
        if isinstance(target, KustomizeTarget):
            return
        path = files.path(target.file)
        try:
            sites = list(target.find(Region.of(path, files.read(path))))
        except NoPlaceError as error:
            missing = missing or error
            continue
        if target.image is None or sites_of(sites, target.image):
            return
        reason = f"the {target.kind} target finds no image {target.image}"
        missing = missing or NoPlaceError(
            reason, nearest(target.image, image_names(sites)), file=str(path)
        )
    if missing is not None:
        raise missing


def _entries(files: WorkingFiles, file: PurePosixPath) -> Iterator[RunningImage]:
    for one in kustomization.read(file, files.read(file)).entries:
        place = ImagePlace(file, one.line, Ref(one.tag, one.digest))
        yield RunningImage(one.name or "", one.tag, one.digest, one.new_name, places=(place,))


def _in_file(files: WorkingFiles, target: FileTarget, only: str | None) -> Iterator[RunningImage]:
    """Yield the images of one target, each with what its sites say together."""
    try:
        path = files.path(target.file)
        sites = _by_name(list(target.find(Region.of(path, files.read(path)))), target, only)
    except (RefusedError, SelectionError):
        # Where the target names its image, what stands there is the edit's concern.
        if target.image is None:
            raise
        sites = {target.image: []}
    for name, own in sites.items():
        found = value_of([*own, *(digest for site in own for digest in site.digests())])
        image = RunningImage(
            name,
            found.tag,
            found.digest,
            next((site.new_name for site in own if site.new_name), None),
            listed=target.image is not None,
            places=tuple(ImagePlace(path, site.spot.position[0], site.value) for site in own),
        )
        yield _with_tags_of(image, [site.value for site in own])


def _with_tags_of(image: RunningImage, refs: Iterable[Ref]) -> RunningImage:
    """Return an image with the tags that stand elsewhere and are none of its own yet."""
    tags = {one.tag: one for one in (image.ref, *image.elsewhere)}
    more = {one.tag: one for one in refs if one.tag and one.tag not in tags}
    return replace(image, elsewhere=(*image.elsewhere, *more.values())) if more else image


def _by_name(sites: Sequence[Site], target: FileTarget, only: str | None) -> dict[str, list[Site]]:
    """Return the sites of each image: those that an edit of it would set."""
    if target.image is not None:
        return {target.image: sites_of(sites, target.image)}
    found: dict[str, list[Site]] = {}
    for site in sites:
        name = only if only and site.by_place and may_be_of(site, target, only) else site.name
        if name:
            found.setdefault(name, []).append(site)
    return found
