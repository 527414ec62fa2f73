"""Plans what a run is about: what many requests need is fetched at once, then each is planned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from promoter.config.layout import Target
from promoter.domain.address import is_repository
from promoter.domain.branch import BranchState
from promoter.domain.errors import RaceLostError
from promoter.domain.moment import clock_as_set
from promoter.domain.trees import edited
from promoter.edits.delivery_overrides import argocd_source_files
from promoter.engine.app_run import AppRun
from promoter.engine.branch_pulls import BranchPulls
from promoter.engine.evidence import shown_environments, shown_files
from promoter.engine.facts.open_holds import OpenHolds
from promoter.engine.facts.other_environments import folders_beside, kustomizations_beside
from promoter.engine.look_ahead import look_ahead
from promoter.engine.plan_promotion import plan_promotion
from promoter.engine.rollback import plan_rollback
from promoter.engine.run_context import RunContext
from promoter.engine.run_errors import error_of
from promoter.engine.selection.explain import explain_plan, explain_target
from promoter.engine.selection.places import Place, prefetch_names
from promoter.engine.selection.work import Key, View, Work
from promoter.graph import prefetch_closures
from promoter.planning.branch import branch_for
from promoter.planning.outcome import Outcome, failed
from promoter.planning.outer_kustomizations import outer_kustomizations
from promoter.planning.plan import AppRequest, Plan, Push, Request, writes


def plan_all(
    view: View, work: Sequence[Work], context: RunContext
) -> Iterator[tuple[Key, Plan | Outcome]]:
    """Yield the plan of each request, or the outcome of one that has none: it stops no other.

    What is pushed to the base is planned on what is pushed before it; batches come first.
    """
    pulls = [one for one in work if not one.pushes]
    pushes = [one for one in work if one.pushes]
    pushes.sort(key=lambda one: not one.targets[0].settings.batch)
    targets = [target for one in work for target in one.targets]
    branches = {_branch(one, view): one.targets for one in pulls}
    _prefetch(view, targets, list(chain.from_iterable(branches.values())), context)
    known = BranchPulls(context, view, branches)
    holds = OpenHolds(context, view, known.of)
    holds.prefetch(targets, list(branches))
    # A branch that is there proposes these images already, as a rule.
    there = context.repository.branches(branches)
    new = [one for one in work if _branch(one, view) not in there]
    look_ahead([app for one in new for app in one.apps], view.tree, context)
    by_pull = [target for one in new if not one.pushes for target in one.targets]
    # Through an API, the histories of many files come together as it is.
    several = by_pull if len(by_pull) > 1 and context.wiring.transport != "api" else ()
    # Without any, too: what is known of files is of the base that was looked at before.
    context.expect_arrivals(
        {p for one in several for p in shown_files(view.config, view.tree, one)}
    )
    for one in (*pulls, *pushes):
        try:
            plan = _plan(context, view, one, known, holds)
        except RaceLostError:
            raise
        except Exception as reason:  # noqa: BLE001 - one app's failure stops no other
            where = one.targets[0].environment
            yield one.key, failed(error_of(reason), one.request.app, where)
            continue
        if isinstance(plan, Push):
            view = replace(view, tree=edited(view.tree, plan.commit.files))
        yield one.key, plan


def _prefetch(
    view: View, targets: Sequence[Target], by_pull: Sequence[Target], context: RunContext
) -> None:
    """Fetch the files that plans read, and those that the texts of pulls tell of."""
    if not targets:
        return
    # The text of a pull tells what other environments have.
    known = view.config.environments
    places = (Place(t.app, n, view.config.environment(n, t.app)) for t in by_pull for n in known)
    prefetch_names(view.config, view.tree, places)
    shown = (shown_environments(view.config, view.tree, one) for one in by_pull)
    beside = [
        file
        for one in chain.from_iterable(shown)
        for file in (*one.files, *argocd_source_files(view.tree, one.directory))
    ]
    if context.wiring.transport != "api":
        # Whether other environments stand on an app's folder, their own files say.
        found = (kustomizations_beside(view.config, view.tree, one) for one in targets)
        beside += chain.from_iterable(found)
    for one in targets:
        beside += outer_kustomizations(view.tree, one.directory, one.environment)
    folders = [one.directory for one in targets]
    for one in targets:
        folders += folders_beside(view.config, view.tree, one)
    prefetch_closures(view.tree, dict.fromkeys(folders), beside)


def _plan(
    context: RunContext, view: View, work: Work, known: BranchPulls, holds: OpenHolds
) -> Plan:
    targets, branch = work.targets, _branch(work, view)
    if work.pushes:
        state = BranchState(view.base, view.tree, branch)
    else:
        state = context.repository.look((view.base, view.tree), branch)
        state = state.with_pulls(known.of(branch, targets, state.tip))
    for one in targets:
        explain_target(one, view.config)
    request = work.request
    # A hold is no promotion: what others propose says nothing of it.
    open_holds = {} if request.holds_only else holds.of(targets, branch)
    apps = [
        AppRun(context, _asked(one, view, context), view.config, one.target, state, open_holds)
        for one in work.apps
    ]
    plan = plan_rollback(request, apps) if request.rollback else plan_promotion(request, apps)
    explain_plan(plan)
    if request.begins_hold:
        beside = holds.promotions_beside(targets, branch)
    else:
        beside = holds.holds_beside(targets, branch) if request.holds_only else ()
    clock = context.wiring.clock
    set_clock = (clock_as_set(clock),) if clock is not None and writes(plan) else ()
    return replace(plan, warnings=(*work.warnings, *plan.warnings, *beside, *set_clock))


def _asked(asked: AppRequest, view: View, context: RunContext) -> Request:
    """Return what is asked of an app, whose hold begins now, with the clock that the caller has set.

    A workflow of another repository than the configured source has not built the app's image.
    """
    request, hold = asked.request, asked.request.hold
    app = view.config.apps.get(asked.target.app)
    source = app.source if app else None
    # A folder has no name on GitHub.
    has_name = source is not None and ":" in source and not source.startswith("file:")
    if source and has_name and request.built_by and not is_repository(source, request.built_by):
        request = replace(request, source_revision=None)
    if hold is not None and not hold.ends:
        hold = replace(hold, since=context.now)
    return replace(request, hold=hold, clock=context.wiring.clock)


def _branch(work: Work, view: View) -> str:
    return branch_for(work.request, work.targets[0].environment, view.config)
