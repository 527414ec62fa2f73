"""`promote auto`: every app whose policy wants another tag, as one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field, replace

from promoter.config.apps import known_apps
from promoter.config.holds import ignored_holds
from promoter.domain.dataclass import dataclass
from promoter.domain.image import Ref
from promoter.domain.model import ImageMove
from promoter.domain.progress import Progress
from promoter.engine.run_context import RunContext
from promoter.engine.selection.candidates import Candidates
from promoter.engine.selection.choice import Choice, choices
from promoter.engine.selection.explain import explain_nothing
from promoter.engine.selection.places import Scope
from promoter.engine.selection.work import Key, View, Work
from promoter.planning.branch import branch_of
from promoter.planning.outcome import Outcome, failed
from promoter.planning.plan import Action, AppRequest, Request
from promoter.planning.unnamed import nameless
from promoter.system.budget import KEPT_BY_AUTO


@dataclass(slots=True)
class Policies:
    """The requests that the policies of a scope's apps make."""

    context: RunContext
    scope: Scope
    asked: Request
    """Who asks, from which run, and what is allowed; the app and its tags are filled in."""
    progress: Progress = field(default_factory=Progress)
    keys: list[Key] = field(default_factory=list)
    """Every app and environment that the run is about, once that is known."""

    @property
    def apps(self) -> tuple[str, ...]:
        """None: which apps there is something to do for is not known yet."""
        return ()

    def select(self, view: View, done: Iterable[Key]) -> Iterator[Work | tuple[Key, Outcome]]:
        """Yield each app that has not what its policy wants; outcomes of the others."""
        candidates = Candidates(view.config, view.tree, self.scope)
        self.keys = sorted(one.key for one in candidates.places)
        apps, environments = known_apps(view.config, view.tree), view.config.environments
        for one in ignored_holds(view.tree, apps, environments):
            self.context.wiring.warn(one)
        self.progress.begin(len(self.keys))
        asking = self.context.wiring.deadline.reserving(KEPT_BY_AUTO)
        found = choices(candidates, self.context.registry(), self.progress.tick, asking)
        for key, error in candidates.failures:
            yield key, failed(error, *key)
            self.progress.tick()
        self._leave_out(candidates)
        known = [one.candidate for one in found]
        errors = {one.target.key: one.unnamed for one in known if one.unnamed}
        if errors:
            self.context.wiring.warn(nameless(errors))
        current = self._current(found, view)
        for choice in found:
            target = choice.candidate.target
            key = target.key
            if key in done:
                continue
            if choice.error is not None:
                yield key, failed(choice.error, *key)
            elif key in current or choice.candidate.nothing:
                explain_nothing(choice.candidate)
                yield key, _unchanged(choice, view)
            else:
                request = replace(
                    self.asked, app=target.app, environment=target.environment, images=choice.images
                )
                yield Work(key, request, (AppRequest(request, target),), choice.warnings)

    def _leave_out(self, candidates: Candidates) -> None:
        """Tell of folders that are probably no apps, in one line; nothing more is said of them."""
        left_out = candidates.left_out
        self.keys = [key for key in self.keys if key not in left_out]
        for _ in left_out:
            self.progress.tick()
        if left_out:
            (app, environment), error = next(iter(left_out.items()))
            others = f" and {len(left_out) - 1} more are" if len(left_out) > 1 else " is"
            self.context.wiring.warn(
                f"{app} in {environment}{others} left out: {error}. List the apps under apps in "
                "promoter.yaml to say which there are"
            )

    def _current(self, found: Iterable[Choice], view: View) -> set[Key]:
        """Return those of which the base has what is wanted, and no branch proposes anything else."""
        current = {one.candidate.target.key: one for one in found if one.is_current}
        branches = {
            key: branch_of(one.candidate.target, view.config)
            for key, one in current.items()
            if one.settings.deliver != "push"
        }
        proposed = self.context.repository.branches(branches.values())
        return {key for key in current if branches.get(key) not in proposed}


def _unchanged(choice: Choice, view: View) -> Outcome:
    target = choice.candidate.target
    pairs = zip(choice.candidate.images, choice.images, strict=True)
    return Outcome(
        app=target.app,
        environment=target.environment,
        action=Action.UNCHANGED,
        images=tuple(
            ImageMove(
                have.name,
                have.ref,
                Ref(str(wanted.tag) if target.settings.pin != "digest" else None, have.digest),
            )
            for have, wanted in pairs
        ),
        base=view.base,
        branch=branch_of(target, view.config),
        warnings=choice.warnings,
        by_policy=True,
    )
