"""Observe and plan one promotion: look, decide, have it judged, and gather what its pull tells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from promoter import graph, pull_request, render
from promoter.domain.image import split
from promoter.domain.model import PullState
from promoter.domain.refusal import Refusal
from promoter.engine.checks import Checker, Findings
from promoter.engine.evidence import Gatherer
from promoter.engine.image_lookup import Wanted
from promoter.engine.precedence import orders
from promoter.planning import propose
from promoter.planning.decide import branch_of, locate, plan
from promoter.planning.plan import Action

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promoter.config.config import Config
    from promoter.config.layout import Target
    from promoter.domain.model import BranchState, ImageRequest, Pull
    from promoter.engine.world import World
    from promoter.forges import Forge
    from promoter.planning.plan import Promotion, Request
    from promoter.render import Verdict


def observe_and_plan(request: Request, world: World) -> Promotion:
    """Return what one request means for what is there now."""
    wiring = world.wiring
    base = world.repository.base(wiring.base, [request.app])
    config = wiring.config(base[1])
    target = locate(request, config, base[1])
    sight = world.repository.look(base, branch_of(target, config))
    if target.settings.deliver != "push":
        sight = replace(sight, pulls=_pulls(sight, target, world.forge()))
    return decide(Observed(world, request, config, target, sight))


@dataclass(frozen=True, slots=True)
class Observed:
    """One request with all that was seen for it."""

    world: World
    request: Request
    config: Config
    target: Target
    sight: BranchState


def decide(seen: Observed) -> Promotion:
    """Plan what was asked on what was seen, and have registry, renderer and rules judge it."""
    findings = Findings()
    if seen.target.settings.pin != "tag" and not _is_dead(seen):
        request, findings = _pinned(seen)
        seen = replace(seen, request=request)
    promotion = plan(seen.request, seen.config, seen.sight).promotions[0]
    if promotion.unordered and (known := orders(promotion.unordered, seen)):
        promotion = plan(seen.request, seen.config, seen.sight, known).promotions[0]
    promotion = _doubted(promotion, seen)
    promotion, verdict = _judged(promotion, seen)
    if promotion.message is not None and seen.target.settings.pin == "tag":
        findings = _checked(promotion, seen)
    promotion = _refused(promotion, findings.refusals, findings.warnings)
    promotion = _verifiable(promotion, seen.world)
    return _told(promotion, verdict, findings, seen)


def _is_dead(seen: Observed) -> bool:
    """Return whether no container uses what is asked for, so that no registry needs to know it."""
    unpinned = plan(seen.request, seen.config, seen.sight).promotions[0]
    return any(refusal.rule == "dead-edit" for refusal in unpinned.refusals)


def _pinned(seen: Observed) -> tuple[Request, Findings]:
    """Return the request with the digests that its tags stand for now."""
    request, target, base = seen.request, seen.target, seen.sight.base
    images = propose.resolve(request.images, request.tag, target, base)
    findings = _checker(seen).run(_wanted(images, {}, seen))
    if findings.refusals:
        return request, findings
    return replace(request, tag=None, images=findings.images), findings


def _doubted(promotion: Promotion, seen: Observed) -> Promotion:
    """Leave alone what a schedule would replace by an image that may be the older one."""
    policy = seen.target.settings.policy
    if not (promotion.unordered and seen.request.scheduled and policy and policy.needs_creation):
        return promotion
    old, new = promotion.unordered[0].old, promotion.unordered[0].new
    known = f"when {old} was made is not known, so {new} may be older"
    warning = f"{known}: promote --app with the tag decides"
    return replace(
        promotion, action=Action.UNCHANGED, message=None, draft=None, warnings=(warning,)
    )


def _checked(promotion: Promotion, seen: Observed) -> Findings:
    """Return what the registry says of the images that a promotion would write."""
    assert promotion.proposal is not None
    running = {m.name: m.from_digest or m.from_tag for m in promotion.proposal.moves}
    images = promotion.proposal.declaration.images
    return _checker(seen).run(_wanted(images, running, seen))


def _wanted(
    images: tuple[ImageRequest, ...], running: Mapping[str, str | None], seen: Observed
) -> list[Wanted]:
    """Return images by the names under which they are pulled."""
    pulled = propose.pulled_names(seen.target, seen.sight.base)
    return [
        Wanted(one, pulled.get(one.name) or split(one.name)[0], running.get(one.name))
        for one in images
    ]


def _checker(seen: Observed) -> Checker:
    """Return what asks the registry for one request."""
    settings = seen.world.wiring.settings
    return Checker(
        seen.world.registry(),
        seen.target,
        seen.request.allow,
        seen.world.wiring.deadline,
        settings.wait_for_image,
        seen.world.notify,
    )


def _refused(
    promotion: Promotion, refusals: tuple[Refusal, ...], warnings: tuple[str, ...]
) -> Promotion:
    """Return a promotion with what was found against it."""
    warnings = (*promotion.warnings, *warnings)
    if not refusals:
        return replace(promotion, warnings=warnings)
    refusals = (*promotion.refusals, *refusals)
    return replace(
        promotion,
        action=Action.REFUSED,
        message=None,
        draft=None,
        refusals=refusals,
        warnings=warnings,
    )


def _told(promotion: Promotion, verdict: Verdict, findings: Findings, seen: Observed) -> Promotion:
    """Return a promotion whose pull tells all that is known, gathered once for each commit."""
    world, target, base = seen.world, seen.target, seen.sight.base
    draft, pull, proposal = promotion.draft, promotion.pull, promotion.proposal
    if draft is None or proposal is None or promotion.refusals:
        return promotion
    if promotion.message is None and pull is not None:
        told = pull_request.facts_of(pull, draft)
        could = {"render"} if world.renderer() and target.settings.render != "off" else set()
        if told is not None and could <= told:
            kept = replace(promotion, draft=replace(draft, body=pull.body))
            return replace(kept, action=_settled(kept))
    if verdict.diff is None and promotion.message is None:
        verdict = _verdict(promotion, seen)
    tip = seen.sight.commits[0] if promotion.kept and seen.sight.commits else None
    gatherer = Gatherer(world, seen.config, base, tip.time if tip else world.now)
    evidence = gatherer.evidence(promotion, target, verdict, findings)
    proposal = promotion.told or proposal
    told_draft = pull_request.draft(proposal, seen.config.templates, evidence)
    promotion = replace(promotion, draft=told_draft)
    return replace(promotion, action=_settled(promotion))


def _settled(promotion: Promotion) -> Action:
    """Return the action, now that it is known whether the pull's text is right already."""
    if promotion.action not in (Action.UPDATED, Action.UNCHANGED):
        return promotion.action
    return Action.UPDATED if promotion.writes else Action.UNCHANGED


def _pulls(sight: BranchState, target: Target, forge: Forge) -> tuple[Pull, ...]:
    """Return the branch's pulls; whether the open one has reviews only where that matters."""
    found = forge.pulls(sight.branch, sight.base_branch)
    if not target.settings.reviewers:
        return found
    return tuple(
        replace(one, reviewed=forge.has_reviews(one))
        if one.state is PullState.OPEN and not one.reviewers
        else one
        for one in found
    )


def _verifiable(promotion: Promotion, world: World) -> Promotion:
    """Refuse a commit that the base's rules would keep from being merged, before it is pushed."""
    unsigned = promotion.transport == "git" and world.wiring.settings.signing_key is None
    if promotion.message is None or promotion.deliver == "push" or not unsigned:
        return promotion
    if not world.forge().requires_signatures(promotion.base_branch):
        return promotion
    refusal = Refusal(
        "signature",
        f"{promotion.base_branch} takes verified commits alone, and this one would not be signed",
        "Use transport: api, where GitHub signs, or give --signing-key.",
    )
    return _refused(promotion, (refusal,), ())


def _judged(promotion: Promotion, seen: Observed) -> tuple[Promotion, Verdict]:
    """Return a promotion after the render's verdict on the commit that it would make."""
    target, base = seen.target, seen.sight.base
    if promotion.message is None or promotion.refusals:
        return promotion, render.Verdict()
    unread = seen.request.scheduled and promotion.deliver == "push"
    if unread and target.settings.render == "warn" and target.kustomized:
        closure = graph.read_closure(base, target.directory)
        if closure.complete and not closure.patched:
            # Nobody reads what a scheduled push would tell, and the names show what it changes.
            return promotion, render.Verdict()
    verdict = _verdict(promotion, seen)
    refusals = tuple(one for one in verdict.refusals if one.rule not in seen.request.allow)
    return _refused(promotion, refusals, verdict.warnings), verdict


def _verdict(promotion: Promotion, seen: Observed) -> Verdict:
    """Return what the render says of a promotion's edits, where it is asked."""
    target, base = seen.target, seen.sight.base
    mode = target.settings.render
    if mode == "off":
        return render.Verdict(note="switched off by render: off")
    proposal = promotion.told or promotion.proposal
    if proposal is None:
        return render.Verdict(note="nothing is edited")
    return render.judge(
        base,
        proposal.edits,
        target.directory,
        seen.world.renderer(),
        strict=mode == "strict",
    )
