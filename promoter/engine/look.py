"""Look: all that has to be asked outside for one promotion, asked before any gate is; then its plan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from promoter import graph, pull_request, render
from promoter.config.holds import read_hold
from promoter.domain.errors import RefusedError
from promoter.domain.evidence import Evidence
from promoter.domain.image import split
from promoter.domain.render import RenderVerdict
from promoter.engine.checks import Checker, pinned
from promoter.engine.evidence import Gatherer, evidence_together
from promoter.engine.image_lookup import Wanted
from promoter.engine.open_holds import hold_against
from promoter.engine.precedence import orders
from promoter.engine.previous_environment import previous_of
from promoter.gates import (
    BRANCH_GATES,
    GATES,
    Facts,
    ImageFacts,
    Judgement,
    ProposedHold,
    judge,
    together,
)
from promoter.planning import propose
from promoter.planning.branch import Branch, is_merged
from promoter.planning.change import (
    Change,
    End,
    Intent,
    intend,
    on_tip,
    part_of,
    read_request,
)
from promoter.planning.decide import decide
from promoter.planning.declare import declare
from promoter.policy.precedence import Ordering, with_base

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from promoter.config.config import Config
    from promoter.config.layout import Target
    from promoter.domain.branch import BranchState
    from promoter.domain.model import ImageRequest
    from promoter.domain.proposal import Proposal
    from promoter.engine.world import World
    from promoter.gates import ProposedHold
    from promoter.planning.dead_edits import ByNames
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


def plan_promotion(seen: Seen) -> Plan:
    """Return what one request comes to: look outside first, then ask all gates, then decide."""
    parts = [_with_digests(part) for part in _parts(seen)]
    seen = _whole(seen, [part for part, _ in parts])
    change = read_request(seen.request, seen.config, seen.target, seen.state)
    ordering = Ordering(seen.target.settings.policy, orders(change.unordered, seen))
    intent = intend(change, ordering)
    if _must_be_rebuilt(change, intent, seen):
        intent = intend(change, ordering, rebuild=True)
    if intent.end is End.PULL and intent.commits and _adds_only(change, seen):
        intent = on_tip(change, intent)
    gates = BRANCH_GATES if seen.request.holds_only else GATES
    judged = []
    for part, images in parts:
        own_change, own_intent = part_of(change, part.request, part.target), intent
        if seen.target.members and intent.proposal is not None:
            own_intent = replace(intent, proposal=own_change.asked)
        facts = replace(_facts(own_change, own_intent, part, images), ordering=ordering)
        judgement = judge(facts, gates)
        if intent.kept and judgement.refusals:
            # A rule may have begun to refuse since: what is proposed already is not made anew.
            judgement = judge(replace(facts, allow=facts.allow | part.request.allow), gates)
        judged.append((part, own_intent.proposal, facts, judgement))
    judgement = together([(one.target.app, verdict) for one, _, _, verdict in judged])
    return decide(change, intent, judgement, _evidence(change, intent, judged, judgement, seen))


def _parts(seen: Seen) -> list[Seen]:
    """Return a request app by app."""
    if not seen.target.members:
        return [seen]
    pairs = zip(seen.request.members, seen.target.members, strict=True)
    return [replace(seen, request=request, target=target) for request, target in pairs]


def _whole(seen: Seen, parts: Sequence[Seen]) -> Seen:
    """Return a request with what is asked of each of its apps."""
    if not seen.target.members:
        return parts[0]
    return replace(seen, request=replace(seen.request, members=tuple(one.request for one in parts)))


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
    images = _ask(wanted, {}, seen)
    held = tuple(
        pinned(one, image, target.settings.pin) for one, image in zip(wanted, images, strict=True)
    )
    return replace(seen, request=replace(request, tag=None, images=held)), images


def _must_be_rebuilt(change: Change, intent: Intent, seen: Seen) -> bool:
    """Say whether the base's rules demand that the branch stands on its newest commit."""
    if intent.end is not End.PULL or intent.kept is None or change.branch.on_base:
        return False
    return seen.world.rules(change.state.base_branch).up_to_date


def _adds_only(change: Change, seen: Seen) -> bool:
    """Return whether the branch is there, and its rules forbid to replace what it holds."""
    state = change.state
    if state.tip is None or is_merged(state):
        return False
    return seen.world.rules(state.branch).append_only


def _facts(change: Change, intent: Intent, seen: Seen, images: tuple[ImageFacts, ...]) -> Facts:
    """Return all that the gates look at."""
    target, state, request = seen.target, seen.state, seen.request
    proposal = intent.proposal or change.asked
    writes = intent.end in (End.PUSH, End.PULL)
    judged = intent.judged if writes else None
    names = propose.by_names(judged, target, state.base) if judged else None
    # A registry is not asked about images that nobody uses.
    used = names is None or not names.refusals or "dead-edit" in request.allow
    if _tells_of_images(change, intent) and not images and intent.proposal and used:
        running = {m.name: m.before.digest_or_tag for m in intent.proposal.moves}
        images = _ask(intent.proposal.declaration.images, running, seen)
    protected = intent.end is End.PULL and not request.take_over
    is_asked = writes or (intent.end is End.SUPERSEDED and intent.proposal is None)
    return Facts(
        target=target,
        base=state.base_branch,
        branch=state.branch,
        now=seen.world.now,
        # What was allowed when a commit was made that is kept.
        allow=frozenset(proposal.declaration.allow)
        if proposal and not intent.commits
        else request.allow,
        proposal=proposal,
        edit_refusals=change.refusals,
        commits=intent.commits,
        pairs=tuple(with_base(proposal)) if proposal else (),
        images=images,
        render=_rendered(change, intent, seen, names),
        dead_edits=names.refusals if names else (),
        unread=names.unread if names else (),
        foreign=change.branch.foreign if protected else (),
        unverified=_is_unverified(intent, seen),
        previous=previous_of(seen, proposal, images) if proposal and is_asked else None,
        hold=None
        if intent.end is End.CLOSE
        else read_hold(state.base, target.app, target.environment),
        proposed_hold=hold_against(change, intent, seen.open_holds),
        goes_back=request.rollback is not None,
    )


def _tells_of_images(change: Change, intent: Intent) -> bool:
    """Return whether a commit is made, or a pull's text for one that a run was killed after."""
    if intent.proposal is None or not intent.proposal.moves:
        return False
    if intent.commits or intent.end is not End.PULL:
        return intent.commits
    return change.pull is None or pull_request.facts_of(change.pull, intent.proposal) is None


def _ask(
    images: Sequence[ImageRequest], running: Mapping[str, str | None], seen: Seen
) -> tuple[ImageFacts, ...]:
    """Return what the registry says of images, by the names under which they are pulled."""
    pulled = propose.pulled_names(seen.target, seen.state.base)
    wanted = [
        Wanted(one, pulled.get(one.name) or split(one.name)[0], running.get(one.name))
        for one in images
    ]
    wiring = seen.world.wiring
    patience = wiring.settings.wait_for_image
    checker = Checker(seen.world.registry(), seen.target, wiring.deadline, patience)
    return checker.ask(wanted)


def _is_unverified(intent: Intent, seen: Seen) -> bool:
    """Say whether the base takes verified commits alone, and the commit would not be."""
    settings, world = seen.target.settings, seen.world
    by_git = (seen.config.transport or settings.transport) == "git"
    if not intent.commits or intent.end is End.PUSH or not by_git:
        return False
    if world.wiring.settings.signing_key is not None:
        return False
    return world.rules(seen.state.base_branch).verified_commits


def _rendered(
    change: Change, intent: Intent, seen: Seen, names: ByNames | None
) -> RenderVerdict | None:
    """Return what the render says, where the commit or the pull's text needs to know."""
    target, proposal = seen.target, intent.judged
    if proposal is None or not proposal.image_edits:
        return None
    if not (intent.commits or _needs_text(change, intent, seen)):
        return None
    # Nobody reads what a scheduled push would tell, where the names show what it changes.
    unread = seen.request.scheduled and intent.end is End.PUSH and target.kustomized
    if unread and target.settings.render == "warn" and _is_known(seen):
        return None
    verdict = _verdict(proposal, seen, names or propose.by_names(proposal, target, seen.state.base))
    return verdict if intent.commits else replace(verdict, refusals=(), warnings=())


def _is_known(seen: Seen) -> bool:
    """Return whether the names of images show what an edit of them changes."""
    closure = graph.read_closure(seen.state.base, seen.target.directory)
    return closure.complete and not closure.patched


def _verdict(proposal: Proposal, seen: Seen, names: ByNames) -> RenderVerdict:
    """Return what the render says of a proposal's edits, where it is asked."""
    mode = seen.target.settings.render
    if mode == "off":
        return RenderVerdict(note="switched off by render: off")
    return render.judge(
        seen.state.base,
        proposal.image_edits,
        names,
        seen.world.renderer(),
        strict=mode == "strict",
    )


def _needs_text(change: Change, intent: Intent, seen: Seen) -> bool:
    """Say whether the pull's text has to be made: it tells of another commit, or knows less."""
    if intent.proposal is None or intent.end not in (End.PULL, End.SUPERSEDED):
        return False
    if intent.commits or change.pull is None:
        return True
    known = pull_request.facts_of(change.pull, intent.proposal)
    renders = seen.world.renderer() is not None and seen.target.settings.render != "off"
    return known is None or (renders and "render" not in known)


def _evidence(
    change: Change, intent: Intent, judged: Sequence[_Judged], judgement: Judgement, seen: Seen
) -> Evidence | None:
    """Return what the pull's text tells beside the edits; None where it has no need of it."""
    refused = judgement.refusals and intent.end is not End.SUPERSEDED
    if refused or not _needs_text(change, intent, seen):
        return None
    assert intent.proposal is not None
    if not intent.proposal.moves:
        return Evidence(gates=judgement.results)
    tip = seen.state.commits[0] if intent.kept and seen.state.commits else None
    moment = tip.time if tip else seen.world.now
    gatherer = Gatherer(seen.world, seen.config, seen.state.base, moment)
    found = [
        (proposal, gatherer.evidence(proposal, part.target, facts, verdict.results))
        for part, proposal, facts, verdict in judged
        if proposal is not None
    ]
    onto = change.branch.onto if intent.kept else seen.state.base.commit
    return replace(evidence_together(found, judgement.results), base=onto or None)
