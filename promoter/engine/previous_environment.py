"""What the environment that a promotion comes from has had of its images: its files' own history."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promoter.config.layout import find_target
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, SelectionError
from promoter.domain.image import Ref, split
from promoter.domain.model import Kind
from promoter.domain.stay import Stay, Version, latest_stay
from promoter.domain.trees import edited, kind_of
from promoter.gates import Previous
from promoter.planning.previous import image_named
from promoter.planning.propose import pulled_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import PurePosixPath

    from promoter.config.layout import Target
    from promoter.domain.model import ImageRequest, RunningImage, Tree
    from promoter.domain.proposal import Proposal
    from promoter.edits.targets import EditTarget
    from promoter.engine.seen import Seen
    from promoter.gates import ImageFacts

# How many versions of a file are read; through an API each of them costs requests.
_VERSIONS = 100


@dataclass(frozen=True, slots=True)
class _Version:
    """The images of a file from a time on; `is_first`: what came before was not read."""

    time: int
    images: tuple[RunningImage, ...]
    is_first: bool


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One image of a promotion: the tag and digest by which another environment's is known as it."""

    text: str
    """The image as it is requested."""
    name: str
    ref: Ref
    pulled: str | None
    """The name under which it is pulled, where an entry says so; None where one is added."""

    def is_in(self, version: _Version) -> bool:
        """Return whether a version has this image; a tag that has moved is another one."""
        found = image_named(version.images, self.name)
        if found is None or not self.ref.is_same(found.ref):
            return False
        # An entry that is added has no newName: by a tag, it would be another image.
        by_digest = bool(self.ref.digest and found.digest)
        return by_digest or self.pulled is not None or found.repository == split(self.name)[0]


def previous_of(seen: Seen, proposal: Proposal, images: Sequence[ImageFacts]) -> Previous | None:
    """Return what the previous environment has had of a proposal's images; None without one."""
    target, base = seen.target, seen.state.base
    name = target.settings.promotes_from or seen.request.from_environment
    if not name or name == target.environment or seen.request.rollback is not None:
        return None
    pulled = pulled_names(target, base)
    wanted = [_wanted(one, images, pulled) for one in proposal.declaration.images]
    never: dict[str, Stay | None] = {one.text: None for one in wanted}
    try:
        previous = find_target(seen.config, base, target.app, name)
        return _read(seen, previous, wanted)
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


def _read(seen: Seen, previous: Target, wanted: Sequence[_Wanted]) -> Previous:
    """Return what an environment has had, as far back as has to be known."""
    base, soak = seen.state.base, seen.target.settings.soak
    stays: dict[str, Stay | None] = {}
    unread = ""
    for file, images in _by_file(base, previous, wanted).items():
        now = _Version(seen.world.now, file.held(base, base.read(file.path)), is_first=True)
        if soak is None and all(one.is_in(now) for one in images):
            # What runs there now needs no history.
            stays |= {one.text: Stay(now.time, at_least=True) for one in images}
            continue
        found, missing = _latest(seen, file, images, int(soak.total_seconds()) if soak else 0)
        stays |= found
        unread = unread or missing
    known = {one.text: stays.get(one.text) for one in wanted}
    return Previous(previous.environment, known, unread, _elsewhere(previous, base, wanted))


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
class _File:
    """One file of an environment."""

    path: PurePosixPath
    previous: Target
    """The app there, with the targets that are in the file."""

    def held(self, base: Tree, data: bytes) -> tuple[RunningImage, ...]:
        """Return the images of a version of the file; none of one that cannot be read."""
        try:
            return self.previous.held_images(edited(base, {self.path: data}))
        except (PromoteError, KeyError):
            return ()


def _by_file(
    base: Tree, previous: Target, wanted: Sequence[_Wanted]
) -> dict[_File, tuple[_Wanted, ...]]:
    """Return the images by the file that holds them; the first file's are those that none holds."""
    paths: dict[PurePosixPath, tuple[EditTarget, ...]] = {}
    for one in previous.targets:
        path = previous.file_of(one)
        if path is not None and kind_of(base, path) is Kind.FILE:
            paths[path] = (*paths.get(path, ()), one)
    files = [_File(path, replace(previous, targets=targets)) for path, targets in paths.items()]
    found: dict[_File, tuple[_Wanted, ...]] = {}
    for image in wanted if files else ():
        holding = (f for f in files if image_named(f.held(base, base.read(f.path)), image.name))
        file = next(holding, files[0])
        found[file] = (*found.get(file, ()), image)
    return found


def _latest(
    seen: Seen, file: _File, images: Sequence[_Wanted], seconds: int
) -> tuple[dict[str, Stay | None], str]:
    """Return the latest stay of each image in a file, and why no more of its history was read.

    It is read no further once each stay has its beginning, or lasts for so many seconds.
    """
    base, repository = seen.state.base, seen.world.repository
    # The base's own file comes first, as a history may not agree with it.
    newest = _Version(seen.world.now, file.held(base, base.read(file.path)), is_first=True)
    read = [newest]
    try:
        for most in (None, _VERSIONS):
            known = repository.arrivals(base, [file.path], most=most, proved=seconds > 0)
            read = [newest]
            for number, one in enumerate(known.get(file.path, ()), 1):
                is_first = one.first or number == _VERSIONS
                read.append(_Version(one.time, file.held(base, one.data), is_first))
                stays = _stays(images, read)
                if all(
                    (stay := stays[image.text])
                    and (stay.length(seen.world.now) >= seconds or not image.is_in(read[-1]))
                    for image in images
                ):
                    return stays, ""
                if is_first:
                    break
            else:
                return _stays(images, read), ""
        unread = "its history goes on further back"
    except PromoteError as error:
        unread = error.message
    return _stays(images, read), unread


def _stays(images: Sequence[_Wanted], versions: Sequence[_Version]) -> dict[str, Stay | None]:
    """Return the latest stay of each image, as it is requested."""
    return {
        image.text: latest_stay(Version(v.time, image.is_in(v), v.is_first) for v in versions)
        for image in images
    }
