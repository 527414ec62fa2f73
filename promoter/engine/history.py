"""The history of apps: the versions of their files on the base, one after the other, newest first."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath

from promoter import graph
from promoter.config.layout import Target
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError
from promoter.domain.model import ImageMove, RunningImage, Tree
from promoter.engine.configuration import configuration
from promoter.engine.run_context import RunContext
from promoter.engine.selection.places import Scope, any_name_warnings, find_targets, nothing_found
from promoter.planning.history import EntryKind, HistoryEntry, entries_of, files_with_hold
from promoter.planning.running_images import container_images

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
    streams = [entries_of(one, versions) for one in readable]
    merged = heapq.merge(*streams, key=lambda one: -one.time)
    shown = list(islice(merged, number + 1))
    entries = with_pulls(shown[:number], readable, base, context)
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
        kustomized = places[one.key].kustomized
        changed = one.kind in (EntryKind.PROMOTION, EntryKind.EDIT)
        if kustomized and changed and without and len(asked) < _BASES:
            asked[one] = without
    found: dict[HistoryEntry, Mapping[str, RunningImage]] = {one: {} for one in asked}
    folders: dict[str, list[PurePosixPath]] = {}
    for one in asked:
        folders.setdefault(one.commit, []).append(places[one.key].directory)
    try:
        graph.prefetch_closures_at(tree, folders)
    except (PromoteError, KeyError):
        return found
    for one, names in asked.items():
        with suppress(PromoteError, KeyError):
            place = places[one.key]
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


def with_pulls(
    entries: Sequence[HistoryEntry], targets: Iterable[Target], base: str, context: RunContext
) -> list[HistoryEntry]:
    """Return entries with the merged pulls that the forge alone knows: a rebase names none.

    A forge that needs a token, or does not answer, leaves them unknown.
    """
    by_pull = {one.key for one in targets if one.settings.deliver != "push"}
    unknown = dict.fromkeys(
        one.commit
        for one in entries
        if one.pull is None and one.changed and not one.is_first and one.key in by_pull
    )
    numbers: Mapping[str, int] = {}
    # Through an API they come with the history.
    if unknown and context.wiring.transport == "git":
        with suppress(PromoteError):
            numbers = context.forge().pulls_of_commits(tuple(unknown)[:_ASKED], base)
    return [replace(one, pull=numbers.get(one.commit, one.pull)) for one in entries]
