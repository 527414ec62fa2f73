"""Rollback: a promotion of what an environment ran before, by the history of the app's own files."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath

from promoter import pull_request
from promoter.config.holds import read_hold
from promoter.domain.declaration import HoldChange
from promoter.domain.errors import PromoteError, RefusedError, SelectionError
from promoter.domain.model import RunningImage
from promoter.domain.proposal import Proposal
from promoter.domain.pull import PullState
from promoter.domain.redaction import one_line
from promoter.domain.refusal import Refusal
from promoter.engine.app_run import AppRun
from promoter.engine.app_states import AppStates
from promoter.engine.plan_promotion import plan_promotion
from promoter.planning.change import declare_app
from promoter.planning.plan import AppRequest, Plan, Refused, Request
from promoter.planning.propose import propose_app, pulled_names
from promoter.planning.rollback import RollbackChoice, RollbackHistory
from promoter.planning.states import State, described, request_for
from promoter.registry.failures import AbsentError

# For how many earlier states the registry is asked, to find the newest that is still there.
_STATES = 10


def plan_rollback(request: Request, apps: Sequence[AppRun]) -> Plan:
    """Return the plan of a rollback: a promotion of what each app's history says."""
    ways = [(app, *_choose(app)) for app in apps]
    plan = plan_promotion(request, [replace(one[0], request=_filled(*one)) for one in ways])
    warnings = tuple(warning for *_, choice in ways for warning in choice.warnings)
    plan = replace(plan, warnings=(*warnings, *plan.warnings))
    if isinstance(plan, Refused):
        for one in ways:
            plan = replace(plan, refusals=_with_hints(plan.refusals, *one))
    return plan


def _choose(run: AppRun) -> tuple[RollbackHistory, RollbackChoice]:
    target, base = run.target, run.state.base
    app_history = AppStates(run.context.repository, base, target)
    if not (app_history.now or any(one.images for one in app_history.upto(_STATES))):
        raise SelectionError(
            f"no file of {target.app} has set an image in {target.environment}, and there is nothing "
            "to go back to",
            f"See what runs: promote status {target.flags}",
            file=str(target.first_file),
        )
    if not app_history.upto(1):
        reason = f"{target.first_file} has no history on {run.state.base_branch}"
        raise SelectionError(reason, "", file=str(target.first_file))
    held = read_hold(base, target.app, target.environment)
    is_rollback = held is not None and held.undoes and not held.is_over(run.context.now)
    history = RollbackHistory(app_history, target, held if is_rollback else None)
    assert run.request.rollback is not None
    return history, history.choose(run.request.rollback)


def _filled(run: AppRun, history: RollbackHistory, choice: RollbackChoice) -> Request:
    """Return a rollback with the images to go back to and the hold that comes with them."""
    held, rollback = history.held, run.request.rollback
    assert rollback is not None
    if held is not None and choice.state.key == history.current.key:
        # It has gone back already: the hold stays as it is, whatever reason is given now.
        hold = HoldChange(held.reason, until=held.until, undoes=held.undoes)
        return replace(run.request, tag=None, images=(), hold=hold)
    hold = HoldChange(
        one_line(rollback.reason),
        since=run.context.now,
        undoes=choice.undone.commit,
        undone_pull=_undone_pull(run, choice),
    )
    restoring = _restoring(run, choice, hold)
    try:
        images = history.requests(choice)
        by_tags = replace(run.request, tag=None, images=images, hold=hold)
        if restoring is None or _results(run, by_tags) == _results(run, restoring):
            return by_tags
    except RefusedError:
        if restoring is None:
            raise
    return restoring


def _restoring(run: AppRun, choice: RollbackChoice, hold: HoldChange) -> Request | None:
    """Return the rollback that brings the images back as they were written; None where none can."""
    if choice.stays:
        return None
    whole = replace(hold, restores=choice.state.newest)
    request = replace(run.request, tag=None, images=(), hold=whole)
    made = _proposed(run, request)
    if made is None:
        return None
    wanted = (RunningImage(one.name, one.after.tag, one.after.digest) for one in made.moves)
    images = [request_for(one.name, one) for one in wanted]
    return replace(request, images=tuple(one for one in images if one))


def _results(run: AppRun, request: Request) -> dict[PurePosixPath, bytes] | None:
    """Return what the files of images hold after a request; None where it cannot be carried out."""
    made = _proposed(run, request)
    return {edit.path: edit.after for edit in made.image_edits} if made else None


def _proposed(run: AppRun, request: Request) -> Proposal | None:
    """Return what a request means for the app on the base; None where it cannot be carried out."""
    target, base = run.target, run.state.base
    try:
        declared = declare_app(AppRequest(request, target), base)
        return propose_app(declared, target, base)
    except (RefusedError, SelectionError):
        return None


def _undone_pull(run: AppRun, choice: RollbackChoice) -> int | None:
    """Return the pull request that brought what is taken back, where it is known."""
    undone = {str(request_for(name, image)) for name, image in choice.undone.images.items()}
    for pull in run.state.pulls:
        listed = pull_request.proposed_images(pull)
        if pull.state is PullState.MERGED and listed and listed <= undone:
            return pull.number
    return None


def _with_hints(
    refusals: Sequence[Refusal], run: AppRun, history: RollbackHistory, choice: RollbackChoice
) -> tuple[Refusal, ...]:
    """Return refusals with what to do instead: those of images that are gone, and of a freeze."""
    if not run.request.is_together:
        refusals = [
            _past_freeze(one, run, choice) if one.rule == "freeze" else one for one in refusals
        ]
    own = set(pulled_names(run.target, run.state.base).values())
    gone = [
        one for one in refusals if one.rule == "missing-image" and not own.isdisjoint(one.images)
    ]
    if not gone:
        return tuple(refusals)
    hint = _hint(_newest_available(run, history, choice), run, choice)
    return tuple(replace(one, hint=hint) if one in gone else one for one in refusals)


def _past_freeze(refusal: Refusal, run: AppRun, choice: RollbackChoice) -> Refusal:
    """Return the refusal of a freeze with the command that goes back all the same, or the way by hand."""
    target, rollback = run.target, run.request.rollback
    assert rollback is not None
    flags = ["--app", target.app, "--env", target.environment]
    if target.settings.lets_allow("freeze"):
        flags += ["--to", str(rollback.to)] if rollback.to else []
        flags += ["--steps", str(rollback.steps)] if rollback.steps > 1 else []
        flags += ["--reason", "TEXT"]
        for rule in sorted({*run.request.allow, "freeze"}):
            flags += ["--allow", rule]
        said = f": {shlex.join(['promote', 'rollback', *flags])}"
    else:
        hold = shlex.join(["promote", "hold", *flags, "--reason", "TEXT"])
        said = (
            f" {target.environment} lets nobody allow it. To go back before that, revert the commit "
            f"by hand and have it merged: git revert {choice.undone.commit[:9]} (with -m 1 if it is a "
            f"merge)\nTo keep it there: {hold}"
        )
    return replace(refusal, hint=f"{refusal.hint}{said}")


def _hint(found: State | None, run: AppRun, choice: RollbackChoice) -> str:
    """Return what to do in place of going back to images that are gone."""
    if found is None:
        return (
            "Push that tag again, or promote a newer one: the images of no earlier state are "
            "all still there."
        )
    tags = {one.tag for one in found.images.values()}
    # One tag of all images names the state, as it is the newest with it that is there.
    named = f"--to {tags.pop()}" if len(tags) == 1 and None not in tags else None
    steps = f"--steps {choice.line.index(found)}" if found in choice.line else None
    flags = named or steps
    command = f": promote rollback {run.target.flags} {flags} --reason TEXT" if flags else "."
    return f"The newest earlier state whose images are still there is {described(found.images)}{command}"


def _newest_available(
    run: AppRun, history: RollbackHistory, choice: RollbackChoice
) -> State | None:
    """Return the newest state before the chosen one of which the registry has all images."""
    names = pulled_names(run.target, run.state.base)
    try:
        for state in islice((one for one in choice.earlier if one.images), _STATES):
            with suppress(AbsentError, RefusedError):
                for one in history.requests(replace(choice, state=state)):
                    name = names.get(one.name, one.name)
                    run.context.registry().describe(name, one.reference)
                return state
    except PromoteError:
        return None
    return None
