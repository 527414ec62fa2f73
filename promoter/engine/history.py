"""The history of apps: the versions of their files on the base, one after the other, newest first."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath

from promoter import graph
from promoter.config.holds import hold_file
from promoter.config.layout import Target
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError
from promoter.domain.model import ImageMove, RunningImage, Tree
from promoter.engine.configuration import configuration
from promoter.engine.places import Scope, any_name_warnings, find_targets, nothing_found
from promoter.engine.run_context import RunContext
from promoter.git import Repository
from promoter.git.history import FileVersion
from promoter.planning.history import AppVersion, EntryKind, HistoryEntry, entries_of, images_at
from promoter.planning.running_images import container_images
from promoter.planning.states import State

# For how many commits the forge is asked which pull they came by, where no message says it.
_ASKED = 100
# For so many entries what a base set is looked up: each takes a commit's folders and some files.
_BASES = 200


@dataclass(frozen=True, slots=True)
class History:
    """What happened to apps, newest first; `is_whole`: nothing older is left out."""

    base: str
    entries: tuple[HistoryEntry, ...]
    is_whole: bool
    warnings: tuple[str, ...] = ()


def read_history(
    context: RunContext, apps: Sequence[str], environments: Sequence[str], number: int
) -> History:
    """Return the newest entries of some apps in some environments; empty sequences stand for all."""
    base, tree = context.repository.base(context.wiring.base, apps)
    config = configuration(context.wiring, tree)
    found = find_targets(config, tree, Scope(apps, environments))
    readable = [one.target for one in found if one.target is not None]
    warnings = tuple(
        f"{one.app} in {one.environment}: {one.error.message}" for one in found if one.error
    )
    if not readable:
        raise nothing_found(config, tree, found, Scope(apps, environments))
    warnings += tuple(any_name_warnings(config, apps, environments or config.environments))
    files = {path for one in readable for path in files_with_hold(one)}
    versions = context.repository.versions(tree, sorted(files))
    streams = [entries_of(one, joined(one, versions)) for one in readable]
    merged = heapq.merge(*streams, key=lambda one: -one.time)
    shown = list(islice(merged, number + 1))
    entries = _with_pulls(shown[:number], readable, base, context)
    known = _images_of_bases(entries, readable, tree)
    if len(known) == _BASES:
        said = f"of the {_BASES} newest entries that set what a base had set, older tags are shown"
        warnings = (*warnings, said)
    return History(base, tuple(_with_bases(entries, known)), len(shown) <= number, warnings)


def _images_of_bases(
    entries: Iterable[HistoryEntry], targets: Iterable[Target], tree: Tree
) -> dict[HistoryEntry, Mapping[str, RunningImage]]:
    """Return what a base set before an entry of `images` came, or after it went.

    Of at most `_BASES` entries, with all of their commits fetched at once; what is not known is
    left out.
    """
    places = {one.key: one for one in targets}
    asked: dict[HistoryEntry, list[str]] = {}
    for one in entries:
        without = [move.name for move in one.images if not (move.before and move.after)]
        kustomized = places[one.app, one.environment].kustomized
        changed = one.kind in (EntryKind.PROMOTION, EntryKind.EDIT)
        if kustomized and changed and without and len(asked) < _BASES:
            asked[one] = without
    found: dict[HistoryEntry, Mapping[str, RunningImage]] = {one: {} for one in asked}
    folders: dict[str, list[PurePosixPath]] = {}
    for one in asked:
        folders.setdefault(one.commit, []).append(places[one.app, one.environment].directory)
    try:
        graph.prefetch_closures_at(tree, folders)
    except (PromoteError, KeyError):
        return found
    for one, names in asked.items():
        with suppress(PromoteError, KeyError):
            place = places[one.app, one.environment]
            found[one] = container_images(place, tree.at(one.commit), names)
    return found


def _with_bases(
    entries: Iterable[HistoryEntry], known: Mapping[HistoryEntry, Mapping[str, RunningImage]]
) -> Iterator[HistoryEntry]:
    """Yield entries with what a base set where the app's files set nothing."""
    for one in entries:
        images = known.get(one, {})
        moves = tuple(_with_base(move, images) for move in one.images)
        if one.kind is EntryKind.EDIT and all(move.before == move.after for move in moves):
            # A person has moved the same tags from an entry to a base, or back.
            yield replace(one, images=(), kind=EntryKind.OTHER)
        else:
            yield replace(one, images=moves)


def _with_base(move: ImageMove, images: Mapping[str, RunningImage]) -> ImageMove:
    """Return what became of an image, with what a base set where the app's files set nothing."""
    if (base := images.get(move.name)) is None:
        return move
    return replace(move, before=move.before or base.ref, after=move.after or base.ref)


class AppHistory:
    """The versions of all files in which an app's tags live.

    Raises `PromoteError` where those of the base cannot be read.
    """

    def __init__(self, repository: Repository, base: Tree, target: Target) -> None:
        self._repository, self._base, self._target = repository, base, target
        self.now = self._set({one.name: one for one in target.own_images(base)})
        """What the app's files of the base set now, by the names of the images."""
        self.is_cut = False
        """Whether there is more behind what was read."""
        self._unread, self._read = self._states(), list[State]()

    def upto(self, number: int) -> list[State]:
        """Return the newest states, at most `number`, newest first."""
        self._read += islice(self._unread, max(0, number - len(self._read)))
        return self._read[:number]

    def set_below(self, state: State | None, names: Collection[str]) -> dict[str, RunningImage]:
        """Return those of some images that a base has set in a state, or sets now (None)."""
        if state is None or not state.ended_by:
            return container_images(self._target, self._base, names)
        try:
            # What ended it changed the app's own files: below them is what was there before.
            tree = self._base.at(state.ended_by)
            return container_images(self._target, tree, names)
        except (PromoteError, KeyError):
            return {}

    def _set(self, images: Mapping[str, RunningImage]) -> dict[str, RunningImage]:
        """Return those that are set: an entry that changes the name alone leaves the tag to a base."""
        kustomized = self._target.kustomized
        return {name: one for name, one in images.items() if one.ref or not kustomized}

    def _states(self) -> Iterator[State]:
        """Yield each state, newest first, for as long as it lasted; what is unreadable is passed over."""
        now: State | None = None
        for version in self._versions():
            if now is not None and version.key != now.key:
                yield now
                now = replace(version, ended_by=now.commit)
            else:
                now = replace(now or version, commit=version.commit)
        if now is not None:
            yield now

    def _versions(self) -> Iterator[State]:
        read = self._repository.versions(self._base, self._target.files)
        for version in joined(self._target, read):
            self.is_cut = version.is_first
            with suppress(PromoteError):
                images = self._set(images_at(self._target, version))
                # A kustomization that lists none of the images leaves them to its bases.
                if images or (self._target.kustomized and self._target.file in version.files):
                    yield State(version.commit, images, version.commit)
            if version.is_first:
                return


def files_with_hold(target: Target) -> list[PurePosixPath]:
    """Return the files that hold an app's images in an environment, and its hold's file."""
    return [*target.files, hold_file(target.app, target.environment)]


def joined(
    target: Target, versions: Mapping[PurePosixPath, Iterable[FileVersion]]
) -> Iterator[AppVersion]:
    """Yield what commits left of all files of an app together, newest first."""
    return joined_versions(files_with_hold(target), versions)


def joined_versions(
    paths: Iterable[PurePosixPath], versions: Mapping[PurePosixPath, Iterable[FileVersion]]
) -> Iterator[AppVersion]:
    """Yield what commits left of some files together, newest first."""
    streams = {path: _Stream(iter(versions.get(path, ()))) for path in paths}
    while there := {path: head for path, one in streams.items() if (head := one.head)}:
        newest = _newest(list(streams.values()))
        changed = [path for path, one in there.items() if one.commit == newest.commit]
        named = there[changed[0]]
        yield AppVersion(
            commit=newest.commit,
            time=newest.time,
            message=named.message,
            author=named.author,
            title=named.title,
            pull=named.pull,
            files={path: one.data for path, one in there.items() if one.data},
            path=named.path,
            changed=frozenset(changed),
            is_first=any(there[path].first for path in changed),
        )
        for path in changed:
            streams[path].pop()


class _Stream:
    """The versions of one file, of which some can be looked at before they are taken."""

    def __init__(self, versions: Iterator[FileVersion]) -> None:
        self._versions, self._ahead = versions, deque(islice(versions, 1))

    @property
    def head(self) -> FileVersion | None:
        """The newest version that was not taken; None at the end."""
        return self._ahead[0] if self._ahead else None

    def pop(self) -> None:
        """Take the newest version."""
        self._ahead.popleft()
        if not self._ahead:
            self._ahead.extend(islice(self._versions, 1))

    def has_later(self, wanted: FileVersion) -> bool:
        """Return whether a version's commit comes behind the newest one here."""
        while self._ahead and self._ahead[-1].time >= wanted.time:
            if not (more := list(islice(self._versions, 1))):
                break
            self._ahead += more
        return any(one.commit == wanted.commit for one in islice(self._ahead, 1, None))


def _newest(streams: Sequence[_Stream]) -> FileVersion:
    """Return the version that the base had last.

    Where their places on the base are not known, commits of one second are ordered by their files.
    """
    found = [one.head for one in streams if one.head]
    if all(one.depth is not None for one in found):
        return min(found, key=lambda one: one.depth or 0)
    heads = sorted(found, key=lambda one: -one.time)
    return next((one for one in heads if not any(s.has_later(one) for s in streams)), heads[0])


def merged_pulls(context: RunContext, base: str, commits: Iterable[str]) -> Mapping[str, int]:
    """Return the merged pulls of commits that the forge alone knows: a rebase names none.

    A forge that needs a token, or does not answer, leaves them unknown.
    """
    # Through an API they come with the history.
    is_by_git = context.wiring.transport == "git"
    wanted = tuple(dict.fromkeys(commits))[:_ASKED] if is_by_git else ()
    with suppress(PromoteError):
        return context.forge().pulls_of_commits(wanted, base) if wanted else {}
    return {}


def _with_pulls(
    entries: Sequence[HistoryEntry], targets: Sequence[Target], base: str, context: RunContext
) -> list[HistoryEntry]:
    by_pull = {one.key for one in targets if one.settings.deliver != "push"}
    unknown = (
        one.commit
        for one in entries
        if one.pull is None
        and one.kind is EntryKind.PROMOTION
        and (one.app, one.environment) in by_pull
    )
    numbers = merged_pulls(context, base, unknown)
    return [replace(one, pull=numbers.get(one.commit, one.pull)) for one in entries]
