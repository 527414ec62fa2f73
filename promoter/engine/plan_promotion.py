"""Plans one request: asks outside for what the gates need, asks all gates, and decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from promoter.domain.errors import PromoteError, RefusedError
from promoter.domain.evidence import Evidence
from promoter.engine.app_run import AppRun
from promoter.engine.evidence import EvidenceCollector
from promoter.engine.facts.checks import pinned
from promoter.engine.facts.gate_facts import ask_registry, gate_facts_of, needs_text, writes_digests
from promoter.engine.facts.image_order import orders
from promoter.engine.run_context import RunContext
from promoter.gates import GATES, Facts, ImageFacts, Judgement, judge, together
from promoter.planning import propose
from promoter.planning.branch import is_merged
from promoter.planning.change import Change, declare_app, read_request
from promoter.planning.decide import decide
from promoter.planning.intent import End, Intent, append_only, intend, unordered
from promoter.planning.plan import Plan, Request
from promoter.policy.precedence import Ordering

if TYPE_CHECKING:
    _Judged: TypeAlias = tuple[Facts, Judgement]


def plan_promotion(request: Request, apps: Sequence[AppRun]) -> Plan:
    """Return what a request for some apps comes to: look outside, ask all gates, then decide."""
    digests = [_with_digests(one) for one in apps]
    apps = [one for one, _ in digests]
    first = apps[0]
    change = read_request(request, first.config, [one.asked for one in apps], first.state)
    ordering = change.ordering(orders(unordered(change), apps))
    intent = intend(change, ordering)
    if _must_be_rebuilt(change, intent, first.context):
        intent = intend(change, ordering, rebuild=True)
    intent = _as_rules_allow(change, intent, first.context)
    judged = _judged(change, intent, digests, ordering)
    if _is_refused_though_superseded(change, intent, judged):
        # An older tag that other rules refuse as well is judged in full: all of them are reported.
        intent = Intent(End.PUSH if change.settings.deliver == "push" else End.PULL, change.asked)
        judged = _judged(change, intent, digests, ordering)
    if intent.end is End.SUPERSEDED:
        intent = replace(intent, warnings=(*intent.warnings, *_absent(change, apps)))
    judgement = together([(facts.target.app, verdict) for facts, verdict in judged])
    evidence = _evidence(change, intent, judged, judgement, first.context)
    return decide(change, intent, judgement, evidence)


def _judged(
    change: Change,
    intent: Intent,
    apps: Sequence[tuple[AppRun, tuple[ImageFacts, ...]]],
    ordering: Ordering,
) -> list[_Judged]:
    sets_images = not change.request.holds_only
    gates = [gate for gate in GATES if sets_images or not gate.rule.needs_images]
    judged: list[_Judged] = []
    for (run, images), app in zip(apps, change.apps, strict=True):
        facts = replace(gate_facts_of(change, app, intent, run, images), ordering=ordering)
        judgement = judge(facts, gates)
        if intent.kept and judgement.refusals:
            # A rule may have begun to refuse since: what is proposed already is not made again.
            judgement = judge(replace(facts, allow=facts.allow | change.request.allow), gates)
        judged.append((facts, judgement))
    return judged


def _is_refused_though_superseded(
    change: Change, intent: Intent, judged: Sequence[_Judged]
) -> bool:
    """Return whether a request for what is older than the base's is refused by other rules as well."""
    if intent.end is not End.SUPERSEDED or intent.proposal is not None or change.request.scheduled:
        return False
    return any(one.rule != "downgrade" for _, verdict in judged for one in verdict.refusals)


def _absent(change: Change, apps: Sequence[AppRun]) -> Iterator[str]:
    """Yield a warning for each image that is older than the base's and in no registry.

    Its tag may be mistyped; what a schedule asks for is there, or is waited for.
    """
    if change.request.scheduled or apps[0].context.wiring.settings.wait_for_image:
        return
    for run, app in zip(apps, change.apps, strict=True):
        with suppress(PromoteError):
            for one in ask_registry(app.asked.declaration.images if app.asked else (), {}, run):
                if one.absent and one.error is not None:
                    yield f"{one.error.message}. {one.error.hint}"


def _with_digests(run: AppRun) -> tuple[AppRun, tuple[ImageFacts, ...]]:
    """Return the request with the digests that its tags stand for now, where they are written."""
    request, target, base = run.request, run.target, run.state.base
    if not writes_digests(run) or (request.hold and not request.images):
        return run, ()
    try:
        asked = propose.propose_app(declare_app(run.asked, base), target, base)
    except RefusedError:
        return run, ()
    if "dead-edit" not in request.allow and propose.by_names(asked, target, base).refusals:
        return run, ()
    wanted = asked.declaration.images
    images = ask_registry(wanted, {}, run)
    held = tuple(
        pinned(one, image, target.settings.pin) for one, image in zip(wanted, images, strict=True)
    )
    return replace(run, request=replace(request, tag=None, images=held)), images


def _must_be_rebuilt(change: Change, intent: Intent, context: RunContext) -> bool:
    """Return whether the base's rules demand that the branch stands on its newest commit."""
    if intent.end is not End.PULL or intent.kept is None or change.branch.on_base:
        return False
    return context.forge().rules(change.state.base_branch).up_to_date


def _as_rules_allow(change: Change, intent: Intent, context: RunContext) -> Intent:
    """Return the same as the rules of the branch let it be done: they may forbid to replace it."""
    state, makes_commit = change.state, intent.end is End.PULL and intent.makes_commit
    is_left = intent.end is End.CLOSE and change.pull is None
    if state.tip is None or not (makes_commit or is_left):
        return intent
    rules = context.forge().rules(state.branch)
    if is_left:
        return replace(intent, end=End.UNCHANGED) if rules.permanent else intent
    # After a merge, one that may be deleted is made anew.
    if not rules.append_only or (is_merged(state) and not rules.permanent):
        return intent
    is_behind = not change.branch.on_base and context.forge().rules(state.base_branch).up_to_date
    return append_only(change, intent, rebuild=is_behind)


def _evidence(
    change: Change,
    intent: Intent,
    judged: Sequence[_Judged],
    judgement: Judgement,
    context: RunContext,
) -> Evidence | None:
    """Return what the pull's text says beside the edits; None where it needs nothing."""
    refused = judgement.refusals and intent.end is not End.SUPERSEDED
    if refused or not needs_text(change, intent, context):
        return None
    state, repository = change.state, context.wiring.address.given
    if intent.proposal is None or not intent.proposal.moves:
        return Evidence(gates=judgement.results, repository=repository)
    tip = state.commits[0] if intent.kept and state.commits else None
    moment = tip.time if tip else context.now
    collector = EvidenceCollector(context, change.config, state.base, moment)
    with context.collecting():
        members = tuple(collector.evidence(facts, verdict.results) for facts, verdict in judged)
    onto = change.branch.onto if intent.kept else state.base.commit
    merges = change.settings.deliver == "auto-merge"
    return Evidence(members, judgement.results, repository, onto or None, moment, merges)
