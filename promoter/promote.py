"""The loop: observe, plan, apply; a lost race observes again until the deadline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from promoter import report
from promoter.apply import Outcome, apply
from promoter.errors import PromoteError, RaceLostError
from promoter.observe import observe_and_plan

if TYPE_CHECKING:
    from promoter.forges import Forge
    from promoter.plan import Action, Promotion, Request
    from promoter.world import World


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


def told(request: Request, world: World) -> dict[str, Any]:
    """Carry one request out and return its envelope, whatever becomes of it."""
    settings = world.wiring.settings
    try:
        outcome = promote(request, world)
    except PromoteError as error:
        return report.failure(error, request)
    preview = settings.dry_run or settings.check
    return report.envelope(outcome, preview=preview, check=settings.check)


def _forge_for(promotion: Promotion, world: World) -> Forge | None:
    """Return the forge where the promotion is a pull."""
    return None if promotion.deliver == "push" else world.forge()


def _summed(outcome: Outcome, written: tuple[str, Action] | None) -> Outcome:
    """Return the run's outcome: an attempt that wrote before it lost a race counts as well."""
    if written is None or outcome.commit != written[0]:
        return outcome
    return replace(outcome, action=written[1], changed=True)
