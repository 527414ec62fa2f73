"""From the versions of an app's files to what happened to its images, newest first; pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from enum import StrEnum
from itertools import islice
from pathlib import PurePosixPath

from promoter.config.holds import Hold, hold_file, read_hold
from promoter.config.layout import Target
from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import AppDeclaration, Declaration
from promoter.domain.errors import PromoteError
from promoter.domain.file_versions import AppVersion, FileVersion, joined_versions
from promoter.domain.image import Ref
from promoter.domain.model import ImageMove, RunningImage
from promoter.domain.trees import FilesTree
from promoter.policy.choose import order_of
from promoter.policy.order import Order

# How many versions before one are read: what comes back has mostly run just before.
_AHEAD = 5
# So many commits that are about other apps are passed over: all of them have to be read.
_PASSED = 1_000


class EntryKind(StrEnum):
    """What a commit did to an app's images."""

    PROMOTION = "promotion"
    """promote changed them."""
    EDIT = "edit"
    """Somebody else changed them."""
    ADDED = "added"
    """Its files came, and with them the images."""
    OTHER = "other"
    """It changed something else in their files."""
    REMOVED = "removed"
    """It removed their files, and the images with them."""
    UNREADABLE = "unreadable"
    """It left them in a form that cannot be read."""
    HOLD = "hold"
    """It changed the app's hold alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One commit of the base that changed an app's files in an environment."""

    app: str
    environment: str
    kind: EntryKind
    commit: str
    time: int
    """When the commit was made with which it reached the base, in seconds since the epoch."""
    author: str
    """Who made that commit: of a merge, the one who merged."""
    title: str
    """The first line of that commit's message."""
    actor: str | None = None
    """Who asked for the promotion, as the commit says."""
    run: str | None = None
    """The run that made it, as the commit says."""
    pull: int | None = None
    """The pull that brought it, as far as it is known."""
    images: tuple[ImageMove, ...] = ()
    """The images that changed."""
    file: str = ""
    goes_back: bool = False
    """Whether an older tag took the place of a newer one, or what ran before came back."""
    held: Hold | None = None
    """The hold that the commit began or changed."""
    released: bool = False
    """Whether the commit ended a hold."""
    note: str = ""
    """Why its images cannot be read."""
    lived: int | None = None
    """How long its images ran until they were changed, in seconds; None where they run now."""
    runs: bool = False
    """Whether its images are what the environment has now."""
    is_first: bool = False
    """Whether what came before was not read."""

    @property
    def key(self) -> tuple[str, str]:
        """The app and the environment."""
        return self.app, self.environment

    @property
    def changed(self) -> bool:
        """Whether it changed what the environment runs."""
        return bool(self.images) or self.kind is EntryKind.REMOVED


@dataclass(frozen=True, slots=True)
class _ReadVersion:
    """One version, with the images that it held; None where they could not be read."""

    version: AppVersion
    images: Mapping[str, Ref] | None
    hold: Hold | None
    note: str = ""
    of_others: Mapping[str, Ref] = field(default_factory=dict)
    """The images of other apps in its files."""


def files_with_hold(target: Target) -> list[PurePosixPath]:
    """Return the files that hold an app's images in an environment, and its hold's file."""
    return [*target.files, hold_file(target.app, target.environment)]


def entries_of(
    target: Target,
    versions: Mapping[PurePosixPath, Iterable[FileVersion]],
    *,
    ahead: int = _AHEAD,
) -> Iterator[HistoryEntry]:
    """Yield what happened to an app's images, newest first; few versions are read `ahead`.

    `versions` are those of each of its files. What commits did to other apps' images in them is
    passed over, up to a bound.
    """
    states = (_state(target, one) for one in joined_versions(files_with_hold(target), versions))
    window = deque(islice(states, ahead))
    newer: HistoryEntry | None = None
    passed = 0
    while window:
        entry = _entry(target, list(window))
        if passed < _PASSED and _is_of_others(entry, *islice(window, 2)):
            passed += 1
        else:
            runs = newer is None and entry.changed
            lived = max(0, newer.time - entry.time) if newer and entry.changed else None
            yield replace(entry, lived=lived, runs=runs)
            newer = entry if entry.changed else newer
        window.popleft()
        window.extend(islice(states, 1))


def _state(target: Target, version: AppVersion) -> _ReadVersion:
    held = None
    if hold_file(target.app, target.environment) in version.files:
        tree = FilesTree(version.commit, version.files)
        held = read_hold(tree, target.app, target.environment)
    try:
        images = images_at(target, version)
    except PromoteError as error:
        return _ReadVersion(version, None, held, error.message)
    own, of_others = dict[str, Ref](), dict[str, Ref]()
    for one in images:
        (own if target.owns(one) else of_others)[one.name] = one.ref
    return _ReadVersion(version, own, held, of_others=of_others)


def images_at(target: Target, version: AppVersion) -> tuple[RunningImage, ...]:
    """Return the images in an app's files as a commit left them; one that it does not have holds none.

    Raises `PromoteError` where a file cannot be read.
    """
    there = tuple(one for one in target.targets if target.file_of(one) in version.files)
    tree = FilesTree(version.commit, version.files)
    return replace(target, targets=there).held_images(tree)


def _is_of_others(
    entry: HistoryEntry, now: _ReadVersion, before: _ReadVersion | None = None
) -> bool:
    """Return whether a commit is about other apps in the same files, as it declares or as they show."""
    if entry.kind is not EntryKind.OTHER or entry.is_first or entry.held or entry.released:
        return False
    declared = Declaration.parse(now.version.message)
    if declared and entry.key not in ((one.app, one.environment) for one in declared.members):
        return True
    return before is not None and before.images is not None and before.of_others != now.of_others


def _entry(target: Target, window: list[_ReadVersion]) -> HistoryEntry:
    """Return what the first of some states did to those after it, which are older."""
    now, before = window[0], window[1] if len(window) > 1 else None
    version = now.version
    hold_path = hold_file(target.app, target.environment)
    earlier = next((one.images for one in window[1:] if one.images is not None), {})
    moves = _moves(earlier, now.images)
    asked = AppDeclaration.among(version.message, target.app, target.environment)
    if asked and moves and not _explains(asked, moves):
        asked = None  # a person has set something else on top of it
    was_held = before.hold if before else None
    touches_hold = hold_path in version.changed
    if now.images is None:
        kind = EntryKind.UNREADABLE
    elif earlier and not any(path in version.files for path in target.files):
        kind, moves = EntryKind.REMOVED, _moves(earlier, {})
    elif moves:
        was_there = before is not None and any(one in before.version.files for one in target.files)
        known = earlier or version.is_first or was_there
        kind = EntryKind.PROMOTION if asked else EntryKind.EDIT if known else EntryKind.ADDED
    else:
        kind = EntryKind.HOLD if version.changed == {hold_path} else EntryKind.OTHER
    return HistoryEntry(
        app=target.app,
        environment=target.environment,
        kind=kind,
        commit=version.commit,
        time=version.time,
        author=version.author,
        title=version.title,
        actor=asked.actor if asked else None,
        run=asked.run if asked else None,
        pull=version.pull,
        images=moves,
        file=str(version.path),
        goes_back=asked.goes_back or bool(_is_older(moves, target))
        if asked
        else _goes_back(moves, window, target),
        held=now.hold if touches_hold else None,
        released=touches_hold and now.hold is None and was_held is not None,
        note=now.note,
        is_first=version.is_first,
    )


def _explains(asked: AppDeclaration, moves: tuple[ImageMove, ...]) -> bool:
    tags = {str(one.tag) for one in asked.images if one.tag}
    digests = {str(one.digest) for one in asked.images if one.digest}
    if asked.restores and not all(one.after for one in moves):
        return True
    return any(one.after.tag in tags or one.after.digest in digests for one in moves)


def _moves(
    before: Mapping[str, Ref] | None, after: Mapping[str, Ref] | None
) -> tuple[ImageMove, ...]:
    """Return the images that differ; nothing is known to, where one side cannot be read."""
    if before is None or after is None:
        return ()
    names = dict.fromkeys((*after, *before))
    none = Ref()
    found = (ImageMove(name, before.get(name, none), after.get(name, none)) for name in names)
    return tuple(one for one in found if one.before != one.after)


def _goes_back(moves: tuple[ImageMove, ...], window: list[_ReadVersion], target: Target) -> bool:
    """Return whether images go back: by the order of its tags, else as what ran before came back."""
    is_older = _is_older(moves, target)
    if is_older is not None:
        return is_older
    is_change = any(one.before and one.after for one in moves)
    return is_change and any(one.images == window[0].images for one in window[2:])


def _is_older(moves: tuple[ImageMove, ...], target: Target) -> bool | None:
    """Return whether an image goes to an older tag; None where no order of tags says it."""
    policy = target.settings.policy
    pairs = [(one.before.tag, one.after.tag) for one in moves]
    orders = {order_of(policy, old, new).order for old, new in pairs if old and new and old != new}
    return Order.OLDER in orders if orders & {Order.OLDER, Order.NEWER} else None
