"""What the environment that a promotion comes from has had of its images: its files' own history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from promoter.config.layout import Target, find_target
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, SelectionError
from promoter.domain.file_versions import joined_versions
from promoter.domain.image import Ref, split
from promoter.domain.model import ImageRequest, PathKind, RunningImage, SetBy, Tree
from promoter.domain.proposal import Proposal
from promoter.domain.running_period import RunningPeriod, Version, latest_period
from promoter.domain.trees import edited, kind_of
from promoter.engine.app_run import AppRun
from promoter.gates import ImageFacts, Previous
from promoter.planning.propose import pulled_names
from promoter.planning.running_images import image_named, running_images

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

    def among(self, images: Sequence[RunningImage]) -> RunningImage | None:
        """Return the image of an environment that is called or pulled so; None where it has none."""
        return image_named(images, self.name, self.pulled or self.name)

    def is_in(self, images: Sequence[RunningImage]) -> bool:
        """Return whether an environment has this image at all its places; a moved tag is another."""
        found = self.among(images)
        if found is None or not all(map(self.ref.is_same, found.refs)):
            return False
        # An entry that is added has no newName: by a tag, it would be another image.
        by_digest = bool(self.ref.digest and found.digest)
        return by_digest or self.pulled is not None or found.repository == split(self.name)[0]

    def others(self, images: Sequence[RunningImage]) -> list[str]:
        """Return what stands at the other places, where some place has this image and not all do."""
        found = self.among(images)
        refs = found.refs if found else ()
        others = [one.tag_or_digest or "" for one in refs if not self.ref.is_same(one)]
        return others if len(others) < len(refs) else []

    def lagging(self, images: Sequence[RunningImage]) -> str:
        """Return a place with another tag, where some other place has this image; '' otherwise."""
        others, found = self.others(images), self.among(images)
        for place in found.places if found and others else ():
            if (tag := place.ref.tag_or_digest or "") in others:
                return f"{place} has {tag or 'no tag'}"
        return ""


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
    now = running_images(previous, base, {one.name: one.pulled or one.name for one in wanted})
    periods: Mapping[str, RunningPeriod | None] = {one.text: None for one in wanted}
    unread = ""
    if soak is None and all(one.is_in(now) for one in wanted):
        # What runs there now needs no history.
        periods = {one.text: RunningPeriod(run.context.now, at_least=True) for one in wanted}
    elif (files := _files(base, previous, wanted, now)).paths:
        # The base's own files come first, as a history may not agree with them.
        periods, unread = _latest(run, files, wanted, now)
    lagging = ((one.text, one.lagging(now)) for one in wanted)
    partly = {text: place for text, place in lagging if place}
    elsewhere = _elsewhere(wanted, now)
    return Previous(previous.environment, periods, unread, elsewhere, partly)


def _elsewhere(wanted: Sequence[_Wanted], now: Sequence[RunningImage]) -> tuple[str, str] | None:
    """Return the repositories of the first image that the two pull from different ones."""
    for one in wanted:
        found = one.among(now)
        by_digest = found is not None and found.digest and one.ref.digest
        if found and one.pulled and found.repository != one.pulled and not by_digest:
            return found.repository, one.pulled
    return None


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of an environment that set some images: its own, those of bases, and what overrides."""

    base: Tree
    previous: Target
    """The app there, whatever images are listed."""
    of_bases: Mapping[str, str]
    """The images that a base sets now."""
    paths: tuple[PurePosixPath, ...]

    def images(self, files: Mapping[PurePosixPath, bytes]) -> tuple[RunningImage, ...]:
        """Return the images of one version of the files; none of one that cannot be read."""
        tree = edited(self.base, {path: files.get(path) for path in self.paths})
        own = ((one, self.previous.file_of(one)) for one in self.previous.targets)
        there = tuple(one for one, path in own if path in self.paths and kind_of(tree, path))
        try:
            return running_images(replace(self.previous, targets=there), tree, self.of_bases)
        except (PromoteError, KeyError):
            return ()


def _files(
    base: Tree, previous: Target, wanted: Sequence[_Wanted], now: Sequence[RunningImage]
) -> _Files:
    """Return the files that set images now; those that none sets are looked for in the first file."""
    images = [one.among(now) for one in wanted]
    paths = [place.path for one in images if one for place in one.places]
    below = {one.name: one.name for one in images if one and one.first_place(SetBy.BASE)}
    if below:
        paths.append(previous.file)
    if not all(one and one.ref for one in images):
        paths += [path for path in previous.files if kind_of(base, path) is PathKind.FILE][:1]
    return _Files(base, replace(previous, images=()), below, tuple(dict.fromkeys(paths)))


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
