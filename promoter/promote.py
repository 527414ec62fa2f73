"""The loop: observe, plan, apply; a lost race observes again until the deadline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from promoter import wiring as wires
from promoter.apply import Outcome, apply
from promoter.errors import RaceLostError, UsageError
from promoter.observe import observe_and_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from promoter.forges import Forge
    from promoter.gitops import Repository
    from promoter.plan import Action, Promotion, Request
    from promoter.registry.client import Registry
    from promoter.wiring import Wiring


@dataclass(slots=True)
class World:
    """What a run observes and writes, opened once and used for every app and every retry."""

    wiring: Wiring
    repository: Repository
    open_forge: Callable[[], Forge]
    progress: list[str]
    patience: float = 3.0
    """How long a registry may take for one answer, in seconds."""
    _forge: Forge | None = None
    _api: Repository | None = None
    _registry: Registry | None = None

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

    def registry(self) -> Registry:
        """Return the registries, opened on first use."""
        if self._registry is None:
            self._registry = wires.open_registry(self.wiring, patience=self.patience)
        return self._registry

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


def _forge_for(promotion: Promotion, world: World) -> Forge | None:
    """Return the forge where the promotion is a pull."""
    return None if promotion.deliver == "push" else world.forge()


def _summed(outcome: Outcome, written: tuple[str, Action] | None) -> Outcome:
    """Return the run's outcome: an attempt that wrote before it lost a race counts as well."""
    if written is None or outcome.commit != written[0]:
        return outcome
    return replace(outcome, action=written[1], changed=True)


def open_world(
    wiring: Wiring, repository: Repository, progress: list[str], *, patience: float = 3.0
) -> World:
    """Return the world of a run; what it has written is told in `progress`."""
    return World(wiring, repository, lambda: wires.open_forge(wiring), progress, patience)
