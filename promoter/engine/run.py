"""The run: look, plan, publish, bring pulls in line, for one app or many; lost races look again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import field, replace

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, RaceLostError, UsageError
from promoter.engine.configuration import configuration
from promoter.engine.deliver import carry_out, ended_pulls, publish, write_pulls
from promoter.engine.plan_all import plan_all
from promoter.engine.races import races
from promoter.engine.run_context import RunContext
from promoter.engine.run_errors import Stopped, error_after
from promoter.engine.selection.work import Key, Requests, Selection, View, Work
from promoter.planning.outcome import Outcome, failed, outcome_of, planned
from promoter.planning.plan import Action, OpenPull, Plan, Push, RenewPull, Request, commit_of


@dataclass(slots=True)
class Run:
    """One run over what a selection is about."""

    context: RunContext
    selection: Selection
    outcomes: dict[Key, Outcome] = field(default_factory=dict)
    _done: dict[Key, list[str]] = field(default_factory=dict)
    """What was done for those that are not at their end."""
    _written: dict[Key, tuple[str, Action]] = field(default_factory=dict)
    """Commits that an attempt pushed before it lost a race."""
    _unconfirmed: dict[Key, Outcome] = field(default_factory=dict)
    """What an attempt did, or may have done, as long as the next look shows nothing else."""

    def results(self) -> list[Outcome]:
        """Carry the run out and return one outcome for each app and environment, in order.

        Where a signal or the deadline ends it early, the outcomes say what was done and what was not.
        """
        try:
            for attempt in races(self.context.wiring.deadline):
                with attempt:
                    self._attempt()
        except (Stopped, Exception) as reason:
            if not self.selection.keys:
                raise
            self._end(reason)
        return [self.outcomes[key] for key in self.selection.keys if key in self.outcomes]

    def _attempt(self) -> None:
        """Look, plan, publish, bring pulls in line; `RaceLostError` means that some must look again."""
        view = self._look()
        self._confirm_pushes(view)
        plans: list[tuple[Key, Plan]] = []
        for key, found in plan_all(view, self._select(view), self.context):
            if isinstance(found, Outcome):
                self.keep(key, found)
            else:
                plans.append((key, found))
        if self._is_preview:
            for key, plan in plans:
                self.keep(key, self._preview(plan))
            return
        lost = []
        published = self._publish(plans)
        self._write_pulls(plans, published)
        for (key, plan), made in zip(plans, published, strict=True):
            try:
                self._finish(key, plan, made)
            except RaceLostError as error:
                lost.append(error)
        for key in ended_pulls(plans, self.context):
            del self.outcomes[key]
            lost.append(RaceLostError("its pull request was ended meanwhile", "Run again."))
        if lost:
            raise lost[0]

    def keep(self, key: Key, outcome: Outcome) -> None:
        """Keep what became of one app."""
        self.outcomes[key] = outcome

    def _look(self) -> View:
        self.context.looked = time.monotonic()
        wanted, apps = self.context.wiring.base, self.selection.apps
        base, tree = self.context.repository.base(wanted, apps)
        wiring = self.context.wiring
        return View(base, tree, configuration(wiring, tree), wiring.settings.repo)

    def _confirm_pushes(self, view: View) -> None:
        """Keep the outcomes of pushes that lost a race to themselves: their answer was lost."""
        for key, outcome in self._unconfirmed.items():
            if outcome.action is Action.PUSHED and outcome.commit == view.tree.commit:
                self.keep(key, outcome)

    def _select(self, view: View) -> list[Work]:
        work = []
        for one in self.selection.select(view, self.outcomes):
            if isinstance(one, Work):
                work.append(one)
            else:
                self.keep(*one)
        return work

    @property
    def _is_preview(self) -> bool:
        settings = self.context.wiring.settings
        return settings.dry_run or settings.check

    def _preview(self, plan: Plan) -> Outcome:
        if isinstance(plan, RenewPull) and not plan.extras.is_empty:
            possible = self.context.forge().possible_extras(plan.pull, plan.extras)
            if possible.is_empty and not plan.rewrites:
                return replace(planned(plan, check=False), changed=False)
        return planned(plan, check=self.context.wiring.settings.check)

    def _publish(self, plans: Sequence[tuple[Key, Plan]]) -> list[str | PromoteError | None]:
        """Make all commits and push them; a run that ends meanwhile says that they were under way."""
        commits = [(key, plan) for key, plan in plans if commit_of(plan)]
        for key, plan in commits:
            what = f"the push to {plan.destination.branch} was under way, and may have been done"
            self._done[key] = [what]
        try:
            made = publish([plan for _, plan in plans], self.context)
        except UsageError:  # a commit that cannot be made, such as one that cannot be signed
            self._done.clear()
            raise
        self._done.clear()
        for (key, plan), commit in zip(plans, made, strict=True):
            if isinstance(commit, str):
                self._done[key] = [f"pushed {commit[:9]} to {plan.destination.branch}"]
                if not isinstance(plan, Push):
                    self._done[key].append("its pull request was not updated")
        return made

    def _write_pulls(
        self, plans: Sequence[tuple[Key, Plan]], made: Sequence[str | PromoteError | None]
    ) -> None:
        """Write several pulls at once; a run that ends meanwhile says that they were under way."""
        try:
            write_pulls([plan for _, plan in plans], made, self.context)
        except Stopped:
            for key, plan in plans:
                if key in self._done and not isinstance(plan, Push):
                    self._done[key][-1] = "its pull request was under way, and may have been done"
            raise

    def _finish(self, key: Key, plan: Plan, made: str | PromoteError | None) -> None:
        """Carry out what is left of one plan and keep its outcome; a failure is its app's alone."""
        before = len(self.context.progress)
        try:
            outcome = carry_out(plan, made, self.context)
        except RaceLostError as error:
            if error.commit:
                self._written[key] = (error.commit, plan.action)
                if isinstance(plan, Push):
                    done = outcome_of(plan, changed=True)
                    self._unconfirmed[key] = replace(done, commit=error.commit)
            self._done[key] = self.context.progress[before:]
            raise
        except PromoteError as reason:
            failure = error_after(reason, self.context.progress[before:])
            self.keep(key, failed(failure, plan.destination.app, plan.destination.environment))
        except BaseException:
            self._done[key] = self.context.progress[before:]
            raise
        else:
            outcome = self._summed(key, outcome)
            if _has_moved(plan, outcome):
                self._unconfirmed[key] = outcome
                self._done[key] = self.context.progress[before:]
                raise RaceLostError(f"{outcome.base} moved on meanwhile", "Run again.")
            self.keep(key, outcome)

    def _summed(self, key: Key, outcome: Outcome) -> Outcome:
        """Return an outcome in which what an attempt wrote before it lost a race counts as well."""
        earlier = self._unconfirmed.get(key)
        known = (earlier.commit, earlier.action) if earlier else (None, outcome.action)
        commit, action = self._written.get(key, known)
        is_other = commit is None or outcome.commit != commit
        # A pull that is opened now is new, though the commit was to renew another.
        if is_other or outcome.action in (Action.SUPERSEDED, Action.CREATED):
            return outcome
        return replace(
            outcome, action=action, changed=outcome.changed or action is not Action.UNCHANGED
        )

    def _end(self, reason: BaseException) -> None:
        """Keep, for all apps that are not done, why the run ended before."""
        for key in self.selection.keys:
            if key in self.outcomes:
                continue
            known = self._unconfirmed.get(key)
            if known is not None and known.pull is not None and not isinstance(reason, Stopped):
                # It is done: only a second look, at what has moved meanwhile, is not.
                self.keep(key, known)
                continue
            error = error_after(reason, self._done.get(key, ()))
            self.keep(key, failed(error, key[0], key[1] or None))


def _has_moved(plan: Plan, outcome: Outcome) -> bool:
    """Return whether the base has moved since it was looked at, by what a pull was answered with."""
    if outcome.pull is None or not isinstance(plan, OpenPull | RenewPull):
        return False
    return outcome.pull.base_head not in (None, plan.destination.base)


def promote(requests: Sequence[Request], context: RunContext) -> list[Outcome]:
    """Carry requests out and return what became of each, whatever ends the run."""
    return Run(context, Requests(requests)).results()
