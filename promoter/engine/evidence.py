"""Collects what a pull's text says beside the edits; what is not known is left out, never raised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath

from promoter.config.apps import environments_of
from promoter.config.config import Config
from promoter.config.layout import Target, find_target
from promoter.domain.errors import PromoteError
from promoter.domain.evidence import (
    AppEvidence,
    BuiltImage,
    EnvironmentState,
    GateResult,
    SourceRange,
)
from promoter.domain.file_versions import FileVersion
from promoter.domain.model import PathKind, RunningImage, SetBy, Tree
from promoter.domain.proposal import Proposal
from promoter.domain.trees import FilesTree, kind_of
from promoter.engine.facts.image_lookup import image_in_registry
from promoter.engine.run_context import RunContext
from promoter.engine.source_revisions import REVISION, SOURCE, Revisions, declared
from promoter.gates import Facts
from promoter.planning.propose import pulled_names
from promoter.planning.running_images import image_named, running_images

_ENVIRONMENTS = 12


class EvidenceCollector:
    """Looks around one promotion: its environments, their history, its images, its source.

    `moment` is when the promotion's commit was made, or is being made, in seconds since the epoch.
    """

    def __init__(self, context: RunContext, config: Config, base: Tree, moment: int) -> None:
        self._context, self._config, self._base, self._moment = context, config, base, moment

    def evidence(self, facts: Facts, gates: tuple[GateResult, ...]) -> AppEvidence:
        """Return all that is known of one app's promotion on the base."""
        target, proposal = facts.target, facts.proposal
        assert proposal is not None
        built = {one.request.name: one.image for one in facts.images if one.image}
        labels = next((one.labels for one in built.values() if one.labels), {})
        places = _places(self._config, self._base, target)
        shown = _shown(places, target.environment)
        try:
            history = self._context.arrivals(
                self._base, sorted({one.first_file for one in shown.values()})
            )
        except PromoteError:
            history = {}
        names = {move.name: move.pulled or move.name for move in proposal.moves}
        found = (
            self._environment(one, history.get(one.first_file, ()), names) for one in shown.values()
        )
        return AppEvidence(
            target.app,
            render=facts.render.diff if facts.render else None,
            environments=tuple(
                replace(one, target=one.environment == target.environment) for one in found if one
            ),
            more_environments=len(places) - len(shown),
            source=self._source(proposal, target, history.get(target.first_file, ()), labels),
            built=built,
            running=self._running(proposal, target) if built else {},
            gates=gates,
            argocd=target.argocd_url,
            is_scheduled=bool(target.settings.policy or target.settings.promotes_from),
        )

    def _environment(
        self, place: Target, versions: Iterable[FileVersion], names: Mapping[str, str]
    ) -> EnvironmentState | None:
        """Return what an environment has of the images, and since which commit of its first file.

        Of those that only its other files or a base set, it is not said since when.
        """
        environment, file = place.environment, place.first_file
        own = tuple(one for one in place.targets if place.file_of(one) == file)
        first = replace(place, targets=own)
        try:
            now = images = _images(first, FilesTree("", {file: self._base.read(file)}), names)
        except PromoteError:
            return None
        with suppress(PromoteError):
            images = _named(running_images(place, self._base, names), names)
        is_overridden = any(one.set_by is SetBy.OVERRIDE for one in images)
        if is_overridden or not any(one.ref for one in now):
            return EnvironmentState(environment, images) if images else None
        since, pull, at_least = None, None, False
        try:
            for version in versions:
                if _images(first, FilesTree("", {file: version.data}), names) != now:
                    break
                since, pull, at_least = version.time, version.pull, version.first
        except PromoteError:
            # What was read until then is true; they may have been there even longer.
            at_least = True
        age = max(0, self._moment - since) if since is not None else None
        return EnvironmentState(
            environment, images, since, at_least, age, pull=None if at_least else pull
        )

    def _running(self, proposal: Proposal, target: Target) -> dict[str, BuiltImage]:
        pulled = pulled_names(target, self._base)
        found = {}
        for name, before in ((one.name, one.before.digest_or_tag) for one in proposal.moves):
            if before and (
                image := image_in_registry(self._context, pulled.get(name, name), before)
            ):
                found[name] = image
        return found

    def _source(
        self,
        proposal: Proposal,
        target: Target,
        versions: Iterable[FileVersion],
        labels: Mapping[str, str],
    ) -> SourceRange | None:
        revisions = Revisions(self._context, self._config, target, self._base)
        source, labelled = revisions.source(labels), REVISION in labels
        revision = proposal.declaration.first.source_revision
        new = old = None
        for move in proposal.moves:
            wanted, running = move.after.digest_or_tag, move.before.digest_or_tag
            if wanted and new is None:
                new = revisions.of(move.name, wanted, revision, ask=labelled)
            if running and old is None:
                known = declared(versions, move.name, running)
                old = revisions.of(move.name, running, known, ask=labelled)
        if source is None:
            if new is None:
                return None
            named = SOURCE in labels
            note = "the image's label names a source at another host, and promoter.yaml names none"
            return SourceRange(
                None, old, new, note=note if named else "the app names no source in promoter.yaml"
            )
        if new is None or old is None:
            missing = "the new image" if new is None else "what runs now"
            return SourceRange(
                source, old, new, note=f"the source revision of {missing} is not known"
            )
        return revisions.between(source, old, new)


def shown_files(config: Config, base: Tree, target: Target) -> list[PurePosixPath]:
    """Return the files whose history a pull's text shows."""
    return sorted({one.first_file for one in shown_environments(config, base, target)})


def shown_environments(config: Config, base: Tree, target: Target) -> Iterable[Target]:
    """Return the environments that a pull's text shows."""
    return _shown(_places(config, base, target), target.environment).values()


def _places(config: Config, base: Tree, target: Target) -> dict[str, Target]:
    """Return where an app's images are listed, in each environment that does so, in their order."""
    found = {}
    for name in environments_of(config, base, target.app):
        try:
            other = find_target(config, base, target.app, name)
        except PromoteError:
            continue
        if kind_of(base, other.first_file) is PathKind.FILE:
            found[name] = other
    return found


def _shown(places: Mapping[str, Target], target: str) -> dict[str, Target]:
    """Return as many environments as are shown, in their order; the target's own is among them."""
    names = [name for name in places if name != target][: _ENVIRONMENTS - 1]
    return {name: one for name, one in places.items() if name == target or name in names}


def _images(place: Target, tree: Tree, names: Mapping[str, str]) -> tuple[RunningImage, ...]:
    """Return those images that an environment's files have; none where they cannot be read."""
    with suppress(PromoteError, KeyError):
        return _named(place.held_images(tree), names)
    return ()


def _named(images: Sequence[RunningImage], names: Mapping[str, str]) -> tuple[RunningImage, ...]:
    found = {name: image_named(images, name, pulled) for name, pulled in names.items()}
    called = {one.name: name for name, one in found.items() if one}
    named = (one for one in images if one.name in called)
    return tuple(replace(one, name=called[one.name], new_name=None) for one in named)
