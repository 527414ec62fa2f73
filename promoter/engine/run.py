"""The loop: observe, plan, apply; a lost race observes again until the deadline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tenacity import Retrying, retry_if_exception_type, stop_before_delay, wait_random_exponential

from promoter.domain.errors import PromoteError, RaceLostError
from promoter.engine.apply import Outcome, apply
from promoter.engine.observe import observe_and_plan
from promoter.engine.stopped import Stopped, error_of
from promoter.output import report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.domain.deadline import Deadline
    from promoter.engine.world import World
    from promoter.forges import Forge
    from promoter.planning.plan import Action, Promotion, Request


def races(deadline: Deadline) -> Retrying:
    """Return the attempts of what may lose a race: again and again, until the deadline."""
    return Retrying(
        retry=retry_if_exception_type(RaceLostError),
        stop=stop_before_delay(deadline.remaining()),
        wait=wait_random_exponential(multiplier=0.05, max=3),
        reraise=True,
    )


def promote(request: Request, world: World) -> Outcome:
    """Carry one request out to its end, however many others write at the same time."""
    settings = world.wiring.settings
    written: tuple[str, Action] | None = None
    for attempt in races(world.wiring.deadline):
        with attempt:
            promotion = observe_and_plan(request, world)
            if settings.dry_run or settings.check:
                return preview(promotion, world)
            try:
                outcome = apply(
                    promotion, world.writer(promotion), _forge_for(promotion, world), world.progress
                )
            except RaceLostError as error:
                written = (error.commit, promotion.action) if error.commit else written
                raise
    return _summed(outcome, written)


def preview(promotion: Promotion, world: World) -> Outcome:
    """Return what carrying a promotion out would come to, writing nothing."""
    pull, lacking = promotion.pull, promotion.finish
    if pull is not None and promotion.draft is not None and not lacking.nothing:
        promotion = replace(promotion, finish=world.forge().possible(pull, lacking))
    return Outcome(promotion, promotion.action, promotion.writes)


def told(request: Request, world: World) -> dict[str, Any]:
    """Carry one request out and return its envelope, whatever becomes of it."""
    settings = world.wiring.settings
    try:
        outcome = promote(request, world)
    except PromoteError as error:
        return report.failure(error, request)
    preview = settings.dry_run or settings.check
    return report.envelope(outcome, preview=preview, check=settings.check)


def told_each(requests: Sequence[Request], world: World) -> list[dict[str, Any]]:
    """Carry requests out one by one; an end of the run before its time is told for each it meets."""
    results = []
    for number, request in enumerate(requests):
        before = len(world.progress)
        try:
            results.append(told(request, world))
        except (Stopped, Exception) as reason:  # noqa: BLE001 - whatever it is, all is told
            results.append(unfinished(reason, request, world.progress[before:]))
            results += [unfinished(reason, one) for one in requests[number + 1 :]]
            break
    return results


def unfinished(reason: BaseException, request: Request, done: Sequence[str] = ()) -> dict[str, Any]:
    """Return the envelope of a request that an end of the run has met, with what was done for it."""
    error = reason.after(done) if isinstance(reason, Stopped) else error_of(reason)
    return report.failure(error, request)


def _forge_for(promotion: Promotion, world: World) -> Forge | None:
    """Return the forge where the promotion is a pull."""
    return None if promotion.deliver == "push" else world.forge()


def _summed(outcome: Outcome, written: tuple[str, Action] | None) -> Outcome:
    """Return the run's outcome: an attempt that wrote before it lost a race counts as well."""
    if written is None or outcome.commit != written[0]:
        return outcome
    return replace(outcome, action=written[1], changed=True)
