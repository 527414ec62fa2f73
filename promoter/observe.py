"""Observe and plan one promotion: look, decide, have it judged, and gather what its pull tells."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promoter import graph, pull_request, render
from promoter.gather import Gatherer
from promoter.model import PullState, Refusal
from promoter.plan import Action
from promoter.planning import branch_of, locate, plan

if TYPE_CHECKING:
    from promoter.config import Config
    from promoter.forges import Forge
    from promoter.layout import Target
    from promoter.model import Pull, Sight, Tree
    from promoter.plan import Promotion, Request
    from promoter.promote import World
    from promoter.render import Verdict


def observe_and_plan(request: Request, world: World) -> Promotion:
    """Return what one request means for what is there now."""
    wiring = world.wiring
    wanted = wiring.settings.base or (wiring.file.base if wiring.file else None)
    base = world.repository.base(wanted)
    config = wiring.config(base[1])
    target = locate(request, config, base[1])
    sight = world.repository.look(base, branch_of(target, config))
    if target.settings.deliver != "push":
        sight = replace(sight, pulls=_pulls(sight, target, world.forge()))
    promotion = plan(request, config, sight).promotions[0]
    promotion, verdict = _judged(promotion, target, sight.base)
    promotion = _verifiable(promotion, world)
    return _told(promotion, verdict, request, target, (world, config, sight.base))


def _told(
    promotion: Promotion,
    verdict: Verdict,
    request: Request,
    target: Target,
    place: tuple[World, Config, Tree],
) -> Promotion:
    """Return a promotion whose pull tells all that is known, gathered once for each commit."""
    draft, pull, proposal = promotion.draft, promotion.pull, promotion.proposal
    if draft is None or proposal is None or promotion.refusals:
        return promotion
    world, config, base = place
    if promotion.message is None and pull is not None:
        told = pull_request.facts_of(pull, draft)
        could = {"render"} if render.program() and target.settings.render != "off" else set()
        if told is not None and could <= told:
            kept = replace(promotion, draft=replace(draft, body=pull.body))
            return replace(kept, action=_settled(kept))
    if verdict.diff is None and promotion.message is None:
        verdict = _verdict(promotion, target, base)
    proposal = promotion.told or proposal
    gatherer = Gatherer(world.wiring, world.repository, config, base)
    evidence = gatherer.evidence(proposal, target, verdict, allow=request.allow)
    promotion = replace(promotion, draft=pull_request.draft(proposal, config.templates, evidence))
    return replace(promotion, action=_settled(promotion))


def _settled(promotion: Promotion) -> Action:
    """Return the action, now that it is known whether the pull's text is right already."""
    if promotion.action not in (Action.UPDATED, Action.UNCHANGED):
        return promotion.action
    return Action.UPDATED if promotion.writes else Action.UNCHANGED


def _pulls(sight: Sight, target: Target, forge: Forge) -> tuple[Pull, ...]:
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
    return replace(promotion, action=Action.REFUSED, message=None, draft=None, refusals=(refusal,))


def _judged(promotion: Promotion, target: Target, base: Tree) -> tuple[Promotion, Verdict]:
    """Return a promotion after the render's verdict on the commit that it would make."""
    if promotion.message is None or promotion.refusals:
        return promotion, render.Verdict()
    verdict = _verdict(promotion, target, base)
    warnings = (*promotion.warnings, *verdict.warnings)
    if not verdict.refusals:
        return replace(promotion, warnings=warnings), verdict
    refused = replace(
        promotion,
        action=Action.REFUSED,
        message=None,
        draft=None,
        refusals=verdict.refusals,
        warnings=warnings,
    )
    return refused, verdict


def _verdict(promotion: Promotion, target: Target, base: Tree) -> Verdict:
    """Return what the render says of a promotion's edits, where it is asked."""
    mode = target.settings.render
    if mode == "off":
        return render.Verdict(note="switched off by render: off")
    proposal = promotion.told or promotion.proposal
    if proposal is None or not target.kustomized:
        return render.Verdict(note="the tag is in no kustomization")
    if render.program() is None and mode != "strict":
        return render.Verdict(note="neither kustomize nor kubectl is on PATH")
    reach = graph.reach(base, target.directory)
    return render.judge(base, reach, proposal.edits, strict=mode == "strict")
