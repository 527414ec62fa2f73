"""What the environment that a promotion comes from has had of its images: its files' own history."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from promoter.config.layout import Target, find_target
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, SelectionError
from promoter.domain.image import Ref, split
from promoter.domain.model import ImageRequest, PathKind, RunningImage, Tree
from promoter.domain.proposal import Proposal
from promoter.domain.running_period import RunningPeriod, Version, latest_period
from promoter.domain.trees import edited, kind_of
from promoter.edits.targets import EditTarget
from promoter.engine.app_run import AppRun
from promoter.engine.history import joined_versions
from promoter.gates import ImageFacts, Previous
from promoter.planning.container_images import container_images, with_bases
from promoter.planning.previous import image_named
from promoter.planning.propose import pulled_names

# How many versions of files are read; through an API each of them costs requests.
_VERSIONS = 100


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One image of a promotion: the tag and digest by which another environment's is known as it."""

    text: str
    """The image as it is requested."""
    name: str
    ref: Ref
    pulled: str | None
    """The name under which it is pulled, where an entry says so; None where one is added."""

    def is_in(self, images: Sequence[RunningImage]) -> bool:
        """Return whether an environment has this image at all its places; a moved tag is another."""
        found = image_named(images, self.name)
        if found is None or not all(map(self.ref.is_same, found.refs)):
            return False
        # An entry that is added has no newName: by a tag, it would be another image.
        by_digest = bool(self.ref.digest and found.digest)
        return by_digest or self.pulled is not None or found.repository == split(self.name)[0]

    def others(self, images: Sequence[RunningImage]) -> list[str]:
        """Return what stands at the other places, where some place has this image and not all do."""
        found = image_named(images, self.name)
        refs = found.refs if found else ()
        others = [one.tag_or_digest or "" for one in refs if not self.ref.is_same(one)]
        return others if len(others) < len(refs) else []


def previous_of(run: AppRun, proposal: Proposal, images: Sequence[ImageFacts]) -> Previous | None:
    """Return what the previous environment has had of a proposal's images; None without one."""
    target, base = run.target, run.state.base
    name = target.settings.promotes_from or run.request.from_environment
    if not name or name == target.environment or run.request.rollback is not None:
        return None
    pulled = pulled_names(target, base)
    wanted = [_wanted(one, images, pulled) for one in proposal.declaration.images]
    never: dict[str, RunningPeriod | None] = {one.text: None for one in wanted}
    try:
        previous = find_target(run.config, base, target.app, name)
        return _read(run, previous, wanted)
    except SelectionError:
        return Previous(name, never)
    except PromoteError as error:
        return Previous(name, never, error.message)


def _wanted(
    asked: ImageRequest, images: Sequence[ImageFacts], pulled: Mapping[str, str]
) -> _Wanted:
    """Return one image with what the registry adds: the digest of its tag, the tag of its digest."""
    known = next((one for one in images if one.request.name == asked.name), None)
    tag = asked.tag or (known.request.tag if known else None)
    digest = str(asked.digest) if asked.digest else None
    if digest is None and known and known.image:
        digest = known.image.digest
    return _Wanted(str(asked), asked.name, Ref(tag, digest), pulled.get(asked.name))


def _read(run: AppRun, previous: Target, wanted: Sequence[_Wanted]) -> Previous:
    """Return what an environment has had, as far back as has to be known."""
    base, soak = run.state.base, run.target.settings.soak
    files = _files(base, previous, wanted)
    now = files.images({path: base.read(path) for path in files.paths})
    periods: Mapping[str, RunningPeriod | None] = {one.text: None for one in wanted}
    unread = ""
    if soak is None and all(one.is_in(now) for one in wanted):
        # What runs there now needs no history.
        periods = {one.text: RunningPeriod(run.context.now, at_least=True) for one in wanted}
    elif files.paths:
        # The base's own files come first, as a history may not agree with them.
        periods, unread = _latest(run, files, wanted, now)
    lagging = ((one.text, files.lagging(one, now)) for one in wanted)
    partly = {text: place for text, place in lagging if place}
    elsewhere = _elsewhere(previous, base, wanted)
    return Previous(previous.environment, periods, unread, elsewhere, partly)


def _elsewhere(previous: Target, base: Tree, wanted: Sequence[_Wanted]) -> tuple[str, str] | None:
    """Return the repositories of the first image that the two pull from different ones."""
    there = previous.held_images(base)
    for one in wanted:
        found = image_named(there, one.name)
        by_digest = found is not None and found.digest and one.ref.digest
        if found and one.pulled and found.repository != one.pulled and not by_digest:
            return found.repository, one.pulled
    return None


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of an environment in which some images stand: its own, and those of its bases."""

    base: Tree
    previous: Target
    """The app there, with the targets that are in these files."""
    paths: tuple[PurePosixPath, ...]
    below: Mapping[str, Mapping[str, str]]
    """The images that a base alone sets now, with the place of each tag."""

    def images(self, files: Mapping[PurePosixPath, bytes]) -> tuple[RunningImage, ...]:
        """Return the images of one version of the files; none of one that cannot be read."""
        tree = edited(self.base, {path: files.get(path) for path in self.paths})
        try:
            target = self._there(tree)
            held = target.held_images(tree)
            below = container_images(target, tree, _unset(self.below, held))
        except (PromoteError, KeyError):
            return ()
        return with_bases(held, {name: one for name, one in below.items() if one.ref})

    def lagging(self, wanted: _Wanted, now: Sequence[RunningImage]) -> str:
        """Return a place with another tag, where some other place has an image; '' otherwise."""
        if not (others := wanted.others(now)):
            return ""
        tags = self.below.get(wanted.name, {})
        places = [f"{tags[one]} has {one or 'no tag'}" for one in others if tags.get(one)]
        for path in self.paths:
            images = _Files(self.base, _in_file(self.previous, path), (path,), {}).images(
                {path: self.base.read(path)}
            )
            found = image_named(images, wanted.name)
            other = [one for one in found.tags if one in others] if found else []
            places += [f"{path} has {one}" for one in other]
        return places[0] if places else f"some places have {others[0] or 'no tag'}"

    def _there(self, tree: Tree) -> Target:
        targets = (one for one in self.previous.targets if kind_of(tree, _path(self.previous, one)))
        return replace(self.previous, targets=tuple(targets))


def _path(previous: Target, one: EditTarget) -> PurePosixPath:
    """Return the file that one of the app's targets is in; one that is never there outside of it."""
    return previous.file_of(one) or PurePosixPath("..")


def _in_file(previous: Target, path: PurePosixPath) -> Target:
    targets = (one for one in previous.targets if _path(previous, one) == path)
    return replace(previous, targets=tuple(targets))


def _files(base: Tree, previous: Target, wanted: Sequence[_Wanted]) -> _Files:
    """Return the files that hold images; those that none holds are looked for in the first file."""
    own = dict.fromkeys(_path(previous, one) for one in previous.targets)
    held = {}
    for path in (one for one in own if kind_of(base, one) is PathKind.FILE):
        files = _Files(base, _in_file(previous, path), (path,), {})
        held[path] = files.images({path: base.read(path)})
    names = [one.name for one in wanted]
    unset = _unset(names, [image for images in held.values() for image in images])
    images = container_images(previous, base, unset)
    below = {name: one.places for name, one in images.items() if one.ref}
    paths = [path for path, one in held.items() if any(image_named(one, name) for name in names)]
    if below:
        paths += [previous.file, *_paths(place for one in below.values() for place in one.values())]
    if len(below) < len(unset):
        paths += list(held)[:1]
    paths = list(dict.fromkeys(paths))
    targets = tuple(one for one in previous.targets if _path(previous, one) in paths)
    return _Files(base, replace(previous, targets=targets), tuple(paths), below)


def _unset(names: Iterable[str], images: Sequence[RunningImage]) -> list[str]:
    """Return the names to which no image gives a tag or digest."""
    found = {name: image_named([one for one in images if one.ref], name) for name in names}
    return [name for name, one in found.items() if one is None]


def _paths(places: Iterable[str]) -> list[PurePosixPath]:
    found = (re.fullmatch(r"(.+?)(?::\d+)+", one, re.ASCII) for one in places)
    return [PurePosixPath(one[1]) for one in found if one]


def _latest(
    run: AppRun, files: _Files, wanted: Sequence[_Wanted], now: Sequence[RunningImage]
) -> tuple[Mapping[str, RunningPeriod | None], str]:
    """Return the latest period of each image, and why no more of the files' history was read.

    It is read no further once each period has its beginning, or lasts for as long as is asked for.
    """
    soak, repository = run.target.settings.soak, run.context.repository
    seconds = int(soak.total_seconds()) if soak else 0
    newest = _version(wanted, run.context.now, now, first=True)
    read = [newest]
    try:
        for most in (None, _VERSIONS):
            known = repository.arrivals(
                run.state.base, list(files.paths), most=most, proved=seconds > 0
            )
            read = [newest]
            for number, one in enumerate(joined_versions(files.paths, known), 1):
                is_first = one.is_first or number == _VERSIONS
                read.append(_version(wanted, one.time, files.images(one.files), first=is_first))
                periods = _periods(read)
                if all(
                    (period := periods[text])
                    and (period.length(run.context.now) >= seconds or not version.has)
                    for text, version in read[-1].items()
                ):
                    return periods, ""
                if is_first:
                    break
            else:
                return _periods(read), ""
            if len(read) > _VERSIONS:
                break  # more of them would be the same ones
        unread = "its history goes on further back"
    except PromoteError as error:
        unread = error.message
    return _periods(read), unread


def _version(
    wanted: Sequence[_Wanted], time: int, images: Sequence[RunningImage], *, first: bool
) -> Mapping[str, Version]:
    """Return, by each image that is wanted, whether one version of the files has it."""
    return {one.text: Version(time, one.is_in(images), first) for one in wanted}


def _periods(versions: Sequence[Mapping[str, Version]]) -> Mapping[str, RunningPeriod | None]:
    return {text: latest_period(one[text] for one in versions) for text in versions[0]}
