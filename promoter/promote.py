"""The loop: observe, plan, apply; a lost race observes again until the deadline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from promoter import graph, render
from promoter import wiring as wires
from promoter.apply import Outcome, apply
from promoter.errors import RaceLostError, UsageError
from promoter.model import PullState, Refusal
from promoter.plan import Action
from promoter.planning import branch_of, locate, plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import PurePosixPath

    from promoter.forges import Forge
    from promoter.gitops import Repository
    from promoter.layout import Target
    from promoter.model import Pull, Sight, Tree
    from promoter.plan import Promotion, Request
    from promoter.wiring import Wiring


@dataclass(slots=True)
class World:
    """What a run observes and writes, opened once and used for every app and every retry."""

    wiring: Wiring
    repository: Repository
    open_forge: Callable[[], Forge]
    progress: list[str]
    _forge: Forge | None = None
    _api: Repository | None = None

    def forge(self) -> Forge:
        """Return the forge, opened on first use: a direct push needs none."""
        if self._forge is None:
            self._forge = self.open_forge()
        return self._forge

    def writer(self, promotion: Promotion) -> Repository:
        """Return the repository through which a promotion is written."""
        if promotion.transport == self.wiring.transport:
            return self.repository
        if promotion.transport == "git":
            raise UsageError("the environment's transport is git", "Leave --transport out.")
        if self._api is None:
            self._api = wires.api_repository(self.wiring)
        return self._api

    def bill(self) -> tuple[str, ...]:
        """Return what the run has asked of the forge, where it asked anything."""
        return (self._forge.spent(),) if self._forge else ()


def promote(request: Request, world: World) -> Outcome:
    """Carry one request out to its end, however many others write at the same time."""
    deadline, settings = world.wiring.deadline, world.wiring.settings
    attempts = Retrying(
        retry=retry_if_exception_type(RaceLostError),
        stop=stop_after_delay(deadline.remaining()),
        wait=wait_random_exponential(multiplier=0.05, max=3),
        reraise=True,
    )
    written: tuple[str, Action] | None = None
    for attempt in attempts:
        with attempt:
            promotion = observe_and_plan(request, world)
            if settings.dry_run or settings.check:
                return Outcome(promotion, promotion.action, promotion.writes)
            try:
                outcome = apply(
                    promotion, world.writer(promotion), _forge_for(promotion, world), world.progress
                )
            except RaceLostError as error:
                written = (error.commit, promotion.action) if error.commit else written
                raise
    return _summed(outcome, written)


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
    return _verifiable(_judged(promotion, sight.base, target.directory), world)


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


def _judged(promotion: Promotion, base: Tree, directory: PurePosixPath) -> Promotion:
    """Return a promotion after the render's verdict on the commit that it would make."""
    if promotion.message is None or promotion.proposal is None or promotion.refusals:
        return promotion
    if render.program() is None:
        return promotion
    verdict = render.judge(base, graph.reach(base, directory), promotion.proposal.edits)
    warnings = (*promotion.warnings, *verdict.warnings)
    if verdict.refusals:
        return replace(
            promotion,
            action=Action.REFUSED,
            message=None,
            draft=None,
            refusals=verdict.refusals,
            warnings=warnings,
        )
    return replace(promotion, warnings=warnings)


def _forge_for(promotion: Promotion, world: World) -> Forge | None:
    """Return the forge where the promotion is a pull."""
    return None if promotion.deliver == "push" else world.forge()


def _summed(outcome: Outcome, written: tuple[str, Action] | None) -> Outcome:
    """Return the run's outcome: an attempt that wrote before it lost a race counts as well."""
    if written is None or outcome.commit != written[0]:
        return outcome
    return replace(outcome, action=written[1], changed=True)


def open_world(wiring: Wiring, repository: Repository, progress: list[str]) -> World:
    """Return the world of a run; what it has written is told in `progress`."""
    return World(wiring, repository, lambda: wires.open_forge(wiring), progress)
