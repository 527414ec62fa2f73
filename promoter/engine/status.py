"""The status of apps: one look at the repository, one at the forge, and the registries side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from promoter.config.apps import known_apps, not_there
from promoter.config.config import Config
from promoter.config.holds import Hold, ignored_holds, read_hold
from promoter.config.layout import Target
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, SelectionError
from promoter.domain.model import SetBy, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES
from promoter.domain.pull import Pull, PullState
from promoter.domain.trees import kind_of
from promoter.edits.delivery_overrides import argocd_source_files
from promoter.engine.configuration import configuration
from promoter.engine.history import with_pulls
from promoter.engine.run_context import RunContext
from promoter.engine.selection.candidates import Candidate
from promoter.engine.selection.choice import Choice, choices
from promoter.engine.selection.places import (
    FoundTarget,
    Scope,
    any_name_warnings,
    find_targets,
    nothing_found,
    places,
)
from promoter.gates import ProposedHold
from promoter.planning.branch import branch_of
from promoter.planning.history import HistoryEntry, entries_of, files_with_hold
from promoter.planning.running_images import prefetch_bases, running_images
from promoter.planning.status import Arrival, PolicyChoice, Status, with_previous
from promoter.planning.unnamed import nameless, unnamed
from promoter.pull_request import holds_of, places_of
from promoter.system.budget import KEPT_BY_STATUS

if TYPE_CHECKING:
    from promoter.engine.selection.work import Key

# Each version costs a file's contents: one says what runs, one what ran before.
_AHEAD = 2


@dataclass(frozen=True, slots=True)
class Report:
    """The status of apps in environments, and what could not be found out."""

    base: str
    rows: tuple[Status, ...]
    warnings: tuple[str, ...] = ()


def read_status(
    context: RunContext, apps: Sequence[str], environments: Sequence[str], *, registry: bool
) -> Report:
    """Return the status of some apps in some environments; empty sequences stand for all.

    What the forge or a registry does not answer is unknown, and no failure.
    """
    base, tree = context.repository.base(context.wiring.base, apps)
    config = configuration(context.wiring, tree)
    # The environment before one that is asked for is looked at, too.
    everywhere = find_targets(config, tree, Scope(apps))
    asked = {one.key for one in places(config, tree, Scope(apps, environments))}
    is_asked = bool(apps or environments or not config.apps)
    if is_asked and asked.isdisjoint((one.app, one.environment) for one in everywhere):
        raise nothing_found(config, tree, (), Scope(apps, environments))
    targets = {one.target.key: one.target for one in everywhere if one.target}
    files = _prefetch(targets.values(), tree)
    warnings = list(_ignored_holds(config, tree, everywhere, apps))
    warnings += _not_there(config, everywhere, Scope(apps, environments))
    warnings += any_name_warnings(config, apps, environments or config.environments)
    changes = _changes(targets.values(), files, tree, context, warnings)
    shown_changes = [one for one in changes.values() if one.key in asked]
    known = with_pulls(shown_changes, targets.values(), base, context)
    arrivals = {one.key: Arrival.of(one) for one in (*changes.values(), *known)}
    pulls = _open_pulls(base, context, warnings)
    holds, branches = _proposed_holds(pulls), {one.branch: one for one in pulls}
    together = {place: one for one in pulls for place in places_of(one)}
    rows = {}
    for one in (_of_files(place, tree) for place in everywhere):
        target = targets.get(one.key)
        rows[one.key] = replace(
            one,
            # Where none of the app's own files counts, they do not say since when.
            arrival=arrivals.get(one.key) if SetBy.OWN in _set_by(one) else None,
            proposed_hold=holds.get(one.key),
            open_pull=(branches.get(branch_of(target, config)) if target else None)
            or together.get(one.key),
        )
    shown = [one for one in rows.values() if one.key in asked]
    warnings += filter(None, map(_of_override, shown))
    warnings += _unnamed(shown, targets, tree)
    chosen = [one for one in targets.values() if registry and one.key in asked]
    newest = _newest(chosen, rows, context)
    judged = (
        replace(_judged(one, targets.get(one.key), rows, context.now), newest=newest.get(one.key))
        for one in shown
    )
    return Report(base, tuple(judged), tuple(warnings))


def _prefetch(targets: Collection[Target], tree: Tree) -> list[PurePosixPath]:
    """Fetch at once what is read of apps, and return the files whose history is."""
    files = sorted({path for one in targets for path in files_with_hold(one)})
    beside = [one.directory / name for one in targets for name in KUSTOMIZATION_NAMES]
    beside += [path for one in targets for path in argocd_source_files(tree, one.directory)]
    tree.prefetch(path for path in (*files, *beside) if kind_of(tree, path))
    prefetch_bases(targets, tree)
    return files


def _set_by(row: Status) -> set[SetBy]:
    """Return which files count for the images of an app; none where one of its own is overridden."""
    found = {one.set_by for one in row.images}
    return set() if SetBy.OVERRIDE in found else found


def _of_override(row: Status) -> str:
    """Return the warning of the first image that is set over the app's own files; '' without one."""
    image = next((one for one in row.images if one.set_by is SetBy.OVERRIDE), None)
    if image is None or len(image.places) == 1:
        return ""
    own, override = image.places[0], image.places[-1]
    return (
        f"{row.app} in {row.environment}: {own.path} says {own.ref.tag_or_digest or 'no tag'} of "
        f"{image.name}, and {override} sets {image.ref.tag_or_digest}: name that file as the target"
    )


def _unnamed(rows: Iterable[Status], targets: Mapping[Key, Target], tree: Tree) -> Iterator[str]:
    """Yield the warning of apps of which no image is known, as no target names it."""
    nothing = [targets[one.key] for one in rows if not one.images and not one.error]
    errors = {one.key: error for one in nothing if (error := unnamed(one, tree))}
    if errors:
        yield nameless(errors)


def _ignored_holds(
    config: Config, tree: Tree, found: Sequence[FoundTarget], apps: Sequence[str]
) -> tuple[str, ...]:
    """Return the files among the holds that hold nothing, as of apps that there are not."""
    environments = set(config.environments)
    if not environments and not apps:
        # Without a configuration, the environments are those in which apps were found.
        environments = {one.environment for one in found}
    return ignored_holds(tree, known_apps(config, tree), environments)


def _not_there(config: Config, found: Sequence[FoundTarget], scope: Scope) -> list[str]:
    """Return which apps are not where they are listed or asked for, with what was looked for.

    An app is listed in an environment by settings of its own there.
    """
    if not found:
        return [not_there(config, scope.apps, ()).message] if config.environments else []
    there = {(one.app, one.environment) for one in found}
    apps = scope.apps or list(config.apps)
    nowhere = [app for app in apps if app not in {name for name, _ in there}]
    said = [not_there(config, nowhere, ()).message] if nowhere else []
    for app in apps:
        own = config.apps[app].environments if app in config.apps else ()
        listed = scope.environments if scope.apps else own
        absent = [
            name
            for name in listed
            if (app, name) not in there and name in (scope.environments or config.environments)
        ]
        if absent and app not in nowhere:
            said.append(not_there(config, [app], absent).message)
    return said


def _of_files(place: FoundTarget, tree: Tree) -> Status:
    status = Status(app=place.app, environment=place.environment)
    if place.target is None:
        return replace(status, error=place.error.message if place.error else "")
    target = place.target
    hold = read_hold(tree, target.app, target.environment)
    try:
        return replace(status, hold=hold, images=running_images(target, tree))
    except PromoteError as error:
        return replace(status, hold=hold, error=error.message)


def _changes(
    targets: Iterable[Target],
    files: Sequence[PurePosixPath],
    tree: Tree,
    context: RunContext,
    warnings: list[str],
) -> dict[Key, HistoryEntry]:
    """Return the commits that brought what apps run; one look at the log finds all."""
    found: dict[Key, HistoryEntry] = {}
    try:
        versions = context.repository.versions(tree, files, recent=True)
        for target in targets:
            entries = entries_of(target, versions, ahead=_AHEAD)
            found |= {one.key: one for one in islice((e for e in entries if e.changed), 1)}
    except PromoteError as error:
        warnings.append(f"since when is not known of all: {error.message}")
    return found


def _open_pulls(base: str, context: RunContext, warnings: list[str]) -> list[Pull]:
    try:
        pulls = context.forge().all()
    except PromoteError as error:
        warnings.append(f"open pull requests are not known: {error.message}")
        return []
    return [one for one in pulls if one.state is PullState.OPEN and one.base == base]


def _proposed_holds(pulls: Sequence[Pull]) -> dict[Key, ProposedHold]:
    return {
        (app, environment): ProposedHold(Hold(app, environment, reason), one.number)
        for one in pulls
        for app, environment, reason in holds_of(one)
    }


def _newest(
    targets: Iterable[Target], rows: Mapping[Key, Status], context: RunContext
) -> dict[Key, PolicyChoice]:
    """Return what the policies would choose now, asked of the registries side by side."""
    candidates = [
        Candidate(one, one.settings.policy, rows[one.key].images)
        for one in targets
        if one.settings.policy is not None and rows[one.key].images
    ]
    if not candidates:
        return {}
    deadline = context.wiring.deadline
    found = choices(
        candidates, context.registry(), lambda: None, deadline.reserving(KEPT_BY_STATUS)
    )
    return {one.candidate.target.key: _behind(one) for one in found}


def _behind(choice: Choice) -> PolicyChoice:
    if choice.error is not None:
        none_fits = isinstance(choice.error, SelectionError)
        return PolicyChoice(None, note=choice.error.message, fits=not none_fits)
    wanted = next((str(one.tag) for one in choice.images if one.tag), None)
    return PolicyChoice(wanted, 0 if choice.is_current else choice.newer)


def _judged(row: Status, target: Target | None, rows: Mapping[Key, Status], now: int) -> Status:
    if target is None:
        return row
    other = rows.get((row.app, target.settings.promotes_from or ""))
    return with_previous(row, target, other, now)
