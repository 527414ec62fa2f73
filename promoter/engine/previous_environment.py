"""What the environment that a promotion comes from has had of its images: its files' own history."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from promoter.config.layout import find_target
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, SelectionError
from promoter.domain.image import Ref
from promoter.domain.model import Kind
from promoter.domain.stay import Stay, Version, latest_stay
from promoter.domain.trees import edited, kind_of
from promoter.edits.held_images import held_images
from promoter.gates import Previous
from promoter.planning.previous import image_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import PurePosixPath

    from promoter.config.layout import Target
    from promoter.domain.model import ImageRequest, RunningImage, Tree
    from promoter.domain.proposal import Proposal
    from promoter.edits.targets import EditTarget
    from promoter.engine.look import Seen
    from promoter.gates import ImageFacts
    from promoter.git.history import FileVersion

# So many versions of a file are looked at; through an API each of them costs requests.
_VERSIONS = 100


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One image of a promotion: the tag and digest by which another environment's is known as it."""

    image: str
    name: str
    ref: Ref

    def is_(self, had: RunningImage | None) -> bool:
        """Say whether what an environment had is this image; a tag that has moved is another one."""
        return had is not None and bool(self.ref.is_same(had.ref))


def previous_of(seen: Seen, proposal: Proposal, images: Sequence[ImageFacts]) -> Previous | None:
    """Return what the previous environment has had of a proposal's images; None without one."""
    target, base = seen.target, seen.state.base
    name = target.settings.promotes_from or seen.request.from_environment
    if not name or name == target.environment or seen.request.rollback is not None:
        return None
    wanted = [_wanted(one, images) for one in proposal.declaration.images]
    never: dict[str, Stay | None] = {one.image: None for one in wanted}
    try:
        previous = find_target(seen.config, base, target.app, name)
        return _read(seen, previous, wanted)
    except SelectionError:
        return Previous(name, never)
    except PromoteError as error:
        return Previous(name, never, error.message)


def _wanted(asked: ImageRequest, images: Sequence[ImageFacts]) -> _Wanted:
    """Return one image with what the registry adds: the digest of its tag, the tag of its digest."""
    known = next((one for one in images if one.request.name == asked.name), None)
    tag = asked.tag or (known.request.tag if known else None)
    digest = str(asked.digest) if asked.digest else None
    if digest is None and known and known.image:
        digest = known.image.digest
    return _Wanted(str(asked), asked.name, Ref(tag, digest))


def _read(seen: Seen, previous: Target, wanted: Sequence[_Wanted]) -> Previous:
    """Return what an environment has had, as far back as has to be known."""
    base, soak = seen.state.base, seen.target.settings.soak
    stays: dict[str, Stay | None] = {}
    unread = ""
    for file, images in _by_file(base, previous, wanted).items():
        now = file.held(base, base.read(file.path))
        if soak is None and all(one.is_(image_named(now, one.name)) for one in images):
            # What runs there now needs no history.
            stays |= {one.image: Stay(seen.world.now, None, at_least=True) for one in images}
            continue
        found, missing = _latest(seen, file, images, int(soak.total_seconds()) if soak else 0)
        stays |= found
        unread = unread or missing
    known = {one.image: stays.get(one.image) for one in wanted}
    return Previous(previous.environment, known, unread)


@dataclass(frozen=True, slots=True)
class _File:
    """One file of an environment, with the targets that are in it."""

    path: PurePosixPath
    kustomization: PurePosixPath
    targets: tuple[EditTarget, ...]

    def held(self, base: Tree, data: bytes) -> tuple[RunningImage, ...]:
        """Return the images of a version of the file; none of one that cannot be read."""
        try:
            return held_images(edited(base, {self.path: data}), self.kustomization, self.targets)
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
    files = [_File(path, previous.file, targets) for path, targets in paths.items()]
    found: dict[_File, tuple[_Wanted, ...]] = {}
    for image in wanted if files else ():
        holding = (f for f in files if image_named(f.held(base, base.read(f.path)), image.name))
        file = next(holding, files[0])
        found[file] = (*found.get(file, ()), image)
    return found


def _latest(
    seen: Seen, file: _File, images: Sequence[_Wanted], wanted: int
) -> tuple[dict[str, Stay | None], str]:
    """Return the latest stay of each image in a file, and why no more of its history was read.

    It is gone into no further once each stay has its beginning, or lasts as long as is `wanted`.
    """
    timeline = _Timeline(seen.state.base, file, images, seen.world.now)
    try:
        for most in (None, _VERSIONS):
            known = seen.world.repository.arrivals(
                seen.state.base, [file.path], most=most, proved=wanted > 0
            )
            if timeline.read(known.get(file.path, ()), wanted):
                return timeline.stays(), ""
    except PromoteError as error:
        return timeline.stays(), error.message
    return timeline.stays(), "" if timeline.whole else "its history goes on further back"


@dataclass(slots=True)
class _Timeline:
    """Which of the versions of a file have which images, newest first."""

    base: Tree
    file: _File
    images: Sequence[_Wanted]
    now: int
    whole: bool = False
    """Whether the history was read from its beginning."""
    versions: dict[str, list[Version]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with what the base has, which a history may not agree with."""
        self._begin()

    def read(self, history: Iterable[FileVersion], wanted: int) -> bool:
        """Read versions until all is known that has to be; say whether it is."""
        self._begin()
        for number, one in enumerate(history, 1):
            cut = one.first or number == _VERSIONS
            had = self.file.held(self.base, one.data)
            for image in self.images:
                has = image.is_(image_named(had, image.name))
                self.versions[image.image].append(Version(one.time, has, cut))
            if all(self._is_settled(*pair, wanted) for pair in self.stays().items()):
                return True
            if cut:
                return False
        self.whole = True
        return True

    def stays(self) -> dict[str, Stay | None]:
        """Return the latest stay of each image."""
        return {image: latest_stay(found) for image, found in self.versions.items()}

    def _begin(self) -> None:
        had = self.file.held(self.base, self.base.read(self.file.path))
        self.versions = {
            one.image: [Version(self.now, one.is_(image_named(had, one.name)), first=True)]
            for one in self.images
        }

    def _is_settled(self, image: str, stay: Stay | None, wanted: int) -> bool:
        """Say whether an image's stay is long enough, or its beginning was read."""
        if stay is None:
            return False
        return stay.length(self.now) >= wanted or not self.versions[image][-1].has
