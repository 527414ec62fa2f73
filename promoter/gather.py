"""Gathers what a pull's text tells beside the edits; what can not be had is said, never raised."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from promoter.edits import kustomization
from promoter.errors import PromoteError, RaceLostError
from promoter.evidence import Brings, Evidence, Gate, Place
from promoter.layout import environments_of, find_target
from promoter.policy.choose import order_of
from promoter.promotion import RULES
from promoter.revisions import REVISION, Revisions, declared

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from promoter.checks import Findings
    from promoter.config import Config
    from promoter.gitops.history import FileVersion
    from promoter.layout import Target
    from promoter.model import Tree
    from promoter.policy.model import Policy
    from promoter.propose import Proposal
    from promoter.render import Verdict
    from promoter.world import World

_ENVIRONMENTS = 8


class Gatherer:
    """Looks around one promotion: its environments, their history, its source."""

    def __init__(self, world: World, config: Config, base: Tree) -> None:
        self._world, self._config, self._base = world, config, base
        self._wiring, self._repository = world.wiring, world.repository

    def evidence(
        self,
        proposal: Proposal,
        target: Target,
        verdict: Verdict,
        findings: Findings,
    ) -> Evidence:
        """Return all that is known of a proposal on the base."""
        names = [move.name for move in proposal.moves]
        files = self._files(target)
        try:
            versions = self._repository.history(self._base, sorted({f for _, f in files}))
        except RaceLostError:
            raise
        except PromoteError:
            versions = {}
        places = tuple(
            place
            for environment, file in files
            if (place := _place(environment, versions.get(file, ()), names, self._base, file))
        )
        places = tuple(replace(p, target=p.environment == target.environment) for p in places)
        return Evidence(
            render=verdict.diff,
            render_note=verdict.note,
            places=places,
            brings=self._brings(proposal, target, versions.get(target.file, ()), findings),
            built=findings.built,
            gates=(*_gates(proposal, verdict, target.settings.policy), *findings.gates),
        )

    def _files(self, target: Target) -> list[tuple[str, PurePosixPath]]:
        """Return the kustomization of the app in each environment that has one, in their order."""
        found = []
        for name in list(environments_of(self._config, self._base, target.app))[:_ENVIRONMENTS]:
            try:
                other = find_target(self._config, self._base, target.app, name)
            except PromoteError:
                continue
            if other.kustomized:
                found.append((name, other.file))
        return found

    def _brings(
        self,
        proposal: Proposal,
        target: Target,
        versions: Sequence[FileVersion],
        findings: Findings,
    ) -> Brings | None:
        """Return the source commits between what runs and what is promoted."""
        revisions = Revisions(self._world, self._config, target, self._base)
        source, labelled = revisions.source(findings.labels), REVISION in findings.labels
        told = proposal.declaration.source_revision
        new = old = None
        for move in proposal.moves:
            wanted, running = move.to_digest or move.to_tag, move.from_digest or move.from_tag
            if wanted and new is None:
                new = revisions.of(move.name, wanted, told, ask=labelled)
            if running and old is None:
                known = declared(versions, move.name, running)
                old = revisions.of(move.name, running, known, ask=labelled)
        if source is None:
            if new is None:
                return None
            return Brings(None, old, new, note="the app names no source in promoter.yaml")
        if new is None or old is None:
            missing = "the new image" if new is None else "what runs now"
            return Brings(source, old, new, note=f"the source revision of {missing} is not known")
        return revisions.between(source, old, new)


def _place(
    environment: str,
    versions: Sequence[FileVersion],
    names: Sequence[str],
    base: Tree,
    file: PurePosixPath,
) -> Place | None:
    """Return what an environment has of the images, and since which commit of its file."""
    now = _tags(file, base.read(file), names)
    if now is None:
        return None
    since, at_least = None, False
    for version in versions:
        if _tags(file, version.data, names) != now:
            break
        since, at_least = version.time, version.first
    age = int(time.time()) - since if since is not None else None
    return Place(environment, tuple(now), since, at_least, age)


def _tags(file: PurePosixPath, data: bytes, names: Sequence[str]) -> list[str] | None:
    """Return the distinct tags of the images in a kustomization; None where it can not be read."""
    try:
        entries = kustomization.read(file, data).entries
    except PromoteError:
        return None
    found = [entry.digest or entry.tag or "?" for entry in entries if entry.name in names]
    return list(dict.fromkeys(found)) or None


def _gates(proposal: Proposal, verdict: Verdict, policy: Policy | None) -> tuple[Gate, ...]:
    """Return the rules that every promotion passes, with what they found."""
    count = sum(len(edit.changes) for edit in proposal.edits)
    fields = f"{count} field{'s' if count != 1 else ''}"
    gates = [Gate("edit", "passed", f"{fields} changed; every other byte is proved the same")]
    pairs = {(move.from_tag, move.to_tag) for move in proposal.moves}
    orders = {order_of(policy, old, new) for old, new in pairs if old and new}
    if None in orders or not orders:
        gates.append(Gate("order", "unknown", "the tags do not say which is newer"))
    elif "older" in orders:
        gates.append(Gate("order", "allowed", "a downgrade, asked for with --allow downgrade"))
    else:
        gates.append(Gate("order", "passed", "the new tag is no older"))
    if verdict.diff is None:
        gates.append(Gate("render", "unknown", "nothing was rendered"))
    elif verdict.diff.images_only:
        gates.append(Gate("render", "passed", "only container images change at run time"))
    else:
        gates.append(Gate("render", "warned", "more than images changes at run time"))
    gates += [
        Gate(rule, "allowed", f"{RULES[rule]}: asked for with --allow")
        for rule in proposal.declaration.allow
        if rule != "downgrade"
    ]
    return tuple(gates)
