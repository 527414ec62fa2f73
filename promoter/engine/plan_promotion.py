"""Look: all that has to be asked outside for one promotion, asked before any gate is; then its plan."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import field, replace
from typing import TYPE_CHECKING

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, RefusedError
from promoter.domain.evidence import Evidence
from promoter.engine.checks import pinned
from promoter.engine.evidence import EvidenceCollector, evidence_together
from promoter.engine.gate_facts import ask_registry, facts_of, needs_text
from promoter.engine.image_order import orders
from promoter.gates import BRANCH_GATES, GATES, Facts, ImageFacts, Judgement, judge, together
from promoter.planning import propose
from promoter.planning.branch import Branch, is_merged
from promoter.planning.change import Change, End, Intent, intend, on_tip, part_of, read_request
from promoter.planning.decide import decide
from promoter.planning.declare import declare
from promoter.policy.precedence import Ordering

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TypeAlias

    from promoter.config.config import Config
    from promoter.config.layout import Target
    from promoter.domain.branch import BranchState
    from promoter.domain.proposal import Proposal
    from promoter.engine.world import World
    from promoter.gates import ProposedHold
    from promoter.planning.plan import Plan, Request

    _Judged: TypeAlias = tuple["Seen", Proposal | None, Facts, Judgement]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request with what the repository and the forge say of it."""

    world: World
    request: Request
    config: Config
    target: Target
    state: BranchState
    open_holds: Mapping[str, ProposedHold] = field(default_factory=dict)
    """By app, the hold that an open pull from another branch would begin."""

    @property
    def each(self) -> list[Seen]:
        """The same for each app that the request is about."""
        pairs = zip(self.request.members or (self.request,), self.target.each, strict=True)
        return [replace(self, request=request, target=target) for request, target in pairs]

    def asking(self, requests: Sequence[Request]) -> Seen:
        """Return the same with what is asked of each app, in their order."""
        if not self.request.members:
            return replace(self, request=requests[0])
        return replace(self, request=replace(self.request, members=tuple(requests)))


def plan_promotion(seen: Seen) -> Plan:
    """Return what one request comes to: look outside first, then ask all gates, then decide."""
    apps = [_with_digests(one) for one in seen.each]
    seen = seen.asking([one.request for one, _ in apps])
    change = read_request(seen.request, seen.config, seen.target, seen.state)
    ordering = Ordering(seen.target.settings.policy, orders(change.unordered, seen))
    intent = intend(change, ordering)
    if _must_be_rebuilt(change, intent, seen):
        intent = intend(change, ordering, rebuild=True)
    if intent.end is End.PULL and intent.makes_commit and _adds_only(change, seen):
        intent = on_tip(change, intent)
    judged = _judged(change, intent, apps, ordering)
    if _is_refused_though_superseded(intent, judged, seen):
        # What is refused is judged in whole: which of several rules it is for hides none of them.
        end = End.PUSH if seen.target.settings.deliver == "push" else End.PULL
        intent = Intent(end, change.asked)
        judged = _judged(change, intent, apps, ordering)
    if intent.end is End.SUPERSEDED:
        absent = tuple(_absent(change, seen))
        intent = replace(intent, warnings=(*intent.warnings, *absent))
    judgement = together([(one.target.app, verdict) for one, _, _, verdict in judged])
    return decide(change, intent, judgement, _evidence(change, intent, judged, judgement, seen))


def _judged(
    change: Change,
    intent: Intent,
    apps: Sequence[tuple[Seen, tuple[ImageFacts, ...]]],
    ordering: Ordering,
) -> list[_Judged]:
    """Return what all gates say of each app of a request."""
    judged: list[_Judged] = []
    for app, images in apps:
        own_change, own_intent = part_of(change, app.request, app.target), intent
        if change.target.members and intent.proposal is not None:
            own_intent = replace(intent, proposal=own_change.asked, on_base=None)
        facts = replace(facts_of(own_change, own_intent, app, images), ordering=ordering)
        gates = BRANCH_GATES if change.request.holds_only else GATES
        judgement = judge(facts, gates)
        if intent.kept and judgement.refusals:
            # A rule may have begun to refuse since: what is proposed already is not made again.
            judgement = judge(replace(facts, allow=facts.allow | app.request.allow), gates)
        judged.append((app, own_intent.proposal, facts, judgement))
    return judged


def _is_refused_though_superseded(intent: Intent, judged: Sequence[_Judged], seen: Seen) -> bool:
    """Return whether a request for what is older than the base's is refused by other rules as well."""
    if intent.end is not End.SUPERSEDED or intent.proposal is not None or seen.request.scheduled:
        return False
    refusals = [one for *_, judgement in judged for one in judgement.refusals]
    return any(one.rule != "downgrade" for one in refusals)


def _absent(change: Change, seen: Seen) -> Iterator[str]:
    """Yield a warning for each image that is older than the base's and in no registry.

    Its tag may be mistyped; what a schedule asks for is there, or is waited for.
    """
    if seen.request.scheduled or seen.world.wiring.settings.wait_for_image:
        return
    for app in seen.each:
        asked = part_of(change, app.request, app.target).asked
        with suppress(PromoteError):
            for one in ask_registry(asked.declaration.images if asked else (), {}, app):
                if one.absent and one.error is not None:
                    yield f"{one.error.message}. {one.error.hint}"


def _with_digests(seen: Seen) -> tuple[Seen, tuple[ImageFacts, ...]]:
    """Return the request with the digests that its tags stand for now, where they are written."""
    request, target, base = seen.request, seen.target, seen.state.base
    if target.settings.pin == "tag" or (request.hold is not None and not request.images):
        return seen, ()
    try:
        asked = propose.propose(declare(request, target, seen.state, Branch()), target, base)
    except RefusedError:
        return seen, ()
    if "dead-edit" not in request.allow and propose.by_names(asked, target, base).refusals:
        return seen, ()
    wanted = asked.declaration.images
    images = ask_registry(wanted, {}, seen)
    held = tuple(
        pinned(one, image, target.settings.pin) for one, image in zip(wanted, images, strict=True)
    )
    return replace(seen, request=replace(request, tag=None, images=held)), images


def _must_be_rebuilt(change: Change, intent: Intent, seen: Seen) -> bool:
    """Return whether the base's rules demand that the branch stands on its newest commit."""
    if intent.end is not End.PULL or intent.kept is None or change.branch.on_base:
        return False
    return seen.world.forge().rules(change.state.base_branch).up_to_date


def _adds_only(change: Change, seen: Seen) -> bool:
    """Return whether the branch is there, and its rules forbid to replace what it holds."""
    state = change.state
    if state.tip is None or is_merged(state):
        return False
    return seen.world.forge().rules(state.branch).append_only


def _evidence(
    change: Change, intent: Intent, judged: Sequence[_Judged], judgement: Judgement, seen: Seen
) -> Evidence | None:
    """Return what the pull's text says beside the edits; None where it needs nothing."""
    refused = judgement.refusals and intent.end is not End.SUPERSEDED
    if refused or not needs_text(change, intent, seen):
        return None
    assert intent.proposal is not None
    if not intent.proposal.moves:
        where = seen.world.wiring.address.given
        return Evidence(gates=judgement.results, repository=where)
    tip = seen.state.commits[0] if intent.kept and seen.state.commits else None
    moment = tip.time if tip else seen.world.now
    collector = EvidenceCollector(seen.world, seen.config, seen.state.base, moment)
    with seen.world.collecting():
        found = [
            (proposal, collector.evidence(proposal, app.target, facts, verdict.results))
            for app, proposal, facts, verdict in judged
            if proposal is not None
        ]
    onto = change.branch.onto if intent.kept else seen.state.base.commit
    return replace(evidence_together(found, judgement.results), base=onto or None)
