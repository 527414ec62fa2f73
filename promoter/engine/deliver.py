"""Carry out plans: the only writes of the program, each found first and then brought in line.

All commits are published first, many at once; then each pull is brought in line with its branch.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

from promoter import pull_request
from promoter.domain.branch import CommitDraft, Opening, Renewal
from promoter.domain.declaration import Declaration
from promoter.domain.errors import PromoteError, RaceLostError, RemoteError
from promoter.domain.evidence import GateResult
from promoter.domain.pull import Pull, PullDraft, PullState
from promoter.engine.run_context import RunContext
from promoter.engine.run_errors import Stopped
from promoter.engine.selection.work import Key
from promoter.forges import Forge
from promoter.planning.outcome import Outcome, outcome_of
from promoter.planning.plan import (
    Action,
    ClosePull,
    OpenPull,
    Plan,
    Push,
    RenewPull,
    Superseded,
    Unchanged,
    commit_of,
)

# For so many seconds, what was seen of a pull that needs nothing is taken to be so.
_FRESH = 30.0


def publish(plans: Sequence[Plan], context: RunContext) -> list[str | PromoteError | None]:
    """Make the commits of plans and move their branches there, in one go for each transport.

    Returns each plan's commit, or why there is none; None for a plan that makes no commit.
    """
    batch: list[Plan] = [one for one in plans if _is_of_batch(one)]
    groups = [batch, *([one] for one in plans if not _is_of_batch(one) and commit_of(one))]
    results: dict[int, str | PromoteError] = {}
    for transport in dict.fromkeys(one.destination.transport for one in plans):
        mine = [one for one in groups if one and one[0].destination.transport == transport]
        drafts = [_draft_of(group) for group in mine]
        made = context.repository_for(transport).publish(drafts) if drafts else []
        for group, draft, done in zip(mine, drafts, made, strict=True):
            commit = _made_anew(group[0], draft, done, context) or done
            results |= {id(one): commit for one in group}
    return [results.get(id(one)) for one in plans]


def _is_of_batch(plan: Plan) -> bool:
    return isinstance(plan, Push) and plan.batch


def write_pulls(plans: Sequence[Plan], made: Sequence[object], context: RunContext) -> None:
    """Open and renew the pulls of several pushed commits at once, as far as the forge can.

    Through an API, they are written with their commits.
    """
    drafts = [
        _with_pull(commit, plan)
        for plan, done in zip(plans, made, strict=True)
        if isinstance(done, str)
        and isinstance(plan, OpenPull | RenewPull)
        and plan.destination.transport == "git"
        and (commit := commit_of(plan))
    ]
    if len(drafts) > 1:
        context.forge().write_at_once(drafts)


def carry_out(plan: Plan, made: str | PromoteError | None, context: RunContext) -> Outcome:
    """Do what is left of a plan once its commit is published; `RaceLostError` means plan again."""
    if isinstance(made, PromoteError):
        raise made
    if made is not None:
        context.progress.append(f"pushed {made[:9]} to {plan.destination.branch}")
    if isinstance(plan, Push):
        return replace(outcome_of(plan, changed=True), commit=made)
    if isinstance(plan, ClosePull):
        return _close(plan, context)
    if isinstance(plan, OpenPull | RenewPull):
        return _bring_in_line(plan, made, context)
    if isinstance(plan, Unchanged | Superseded) and plan.merged_branch is not None:
        with suppress(RaceLostError):
            _delete(plan, plan.merged_branch, context, "has been merged")
    if isinstance(plan, Superseded) and plan.renewal is not None:
        done = _bring_in_line(plan.renewal, None, context)
        outcome = outcome_of(plan, changed=done.changed)
        return replace(outcome, pull=done.pull, warnings=(*outcome.warnings, *done.warnings))
    if isinstance(plan, Superseded) and plan.closing is not None:
        return replace(outcome_of(plan, changed=True), pull=_close(plan.closing, context).pull)
    return outcome_of(plan)


def ended_pulls(plans: Iterable[tuple[Key, Plan]], context: RunContext) -> list[Key]:
    """Return whose pulls need nothing and were ended by people since a look long ago.

    Several are looked for among all open ones. Without an answer, they are as they were seen.
    """
    seen = {key: one.pull.number for key, one in plans if isinstance(one, Unchanged) and one.pull}
    ended = set(seen.values()) if time.monotonic() - context.looked >= _FRESH else set[int]()
    try:
        if len(ended) > 1:
            listed = context.forge().all()
            ended -= {one.number for one in listed if one.state is PullState.OPEN}
        ended = {n for n in ended if context.forge().read(n).state is not PullState.OPEN}
    except PromoteError:
        return []
    return [key for key, number in seen.items() if number in ended]


def batch_message(group: Sequence[tuple[Declaration, Sequence[GateResult]]]) -> str:
    """Return the message of one commit for several apps: a line and the trailers of each."""
    declared = [one for one, _ in group]
    environments = ", ".join(dict.fromkeys(one.environment for one in declared))
    title = f"Promote {len(declared)} apps to {environments}"
    lines = [f"{one.app}: {', '.join(str(image) for image in one.images)}" for one in declared]
    trailers = [line for one, gates in group for line in one.trailers(pull_request.verdicts(gates))]
    return "\n".join([title, "", *lines, "", *trailers]) + "\n"


def _draft_of(group: Sequence[Plan]) -> CommitDraft:
    """Return the commit of one plan, or one commit in place of those of several."""
    drafts = [draft for one in group if (draft := commit_of(one))]
    if len(drafts) == 1:
        return _with_pull(drafts[0], group[0])
    files = {path: data for one in drafts for path, data in one.files.items()}
    declared = [(one.proposal.declaration, one.gates) for one in group if one.proposal]
    return replace(drafts[0], files=files, message=batch_message(declared))


def _with_pull(commit: CommitDraft, plan: Plan) -> CommitDraft:
    """Return a commit with what its pull is to say, for a repository that can write both at once."""
    if isinstance(plan, OpenPull):
        opens = Opening(plan.draft, plan.destination.base_branch, plan.extras)
        return replace(commit, opens=opens)
    if isinstance(plan, RenewPull) and not pull_request.agrees(plan.pull, plan.draft):
        return replace(commit, renews=Renewal(plan.pull, plan.draft, plan.comment))
    return commit


def _made_anew(
    plan: Plan, draft: CommitDraft, done: str | PromoteError, context: RunContext
) -> str | PromoteError | None:
    """Delete a merged branch that may not be replaced, and make it anew; None where that is not so.

    A rule against force pushes lets it be deleted, as people do with what is merged.
    """
    merged = plan.merged_branch if isinstance(plan, OpenPull) else None
    if merged is None or not isinstance(done, PromoteError) or isinstance(done, RaceLostError):
        return None
    try:
        if not _delete(plan, merged, context, "has been merged"):
            return None
    except RaceLostError as lost:
        return lost
    repository = context.repository_for(plan.destination.transport)
    (commit,) = repository.publish([replace(draft, lease=None)])
    return commit


@contextmanager
def _under_way(what: str, progress: list[str]) -> Iterator[None]:
    """Say, where the run ends during a write, that it is not known whether it was done."""
    try:
        yield
    except Stopped:
        progress.append(f"{what} was under way, and may have been done")
        raise


def _bring_in_line(plan: OpenPull | RenewPull, made: str | None, context: RunContext) -> Outcome:
    """Open or renew a pull, and give it what its environment wants of it."""
    forge, progress = context.forge(), context.progress
    commit = plan.commit if isinstance(plan.commit, str) else made
    try:
        with _under_way("the pull request", progress):
            pull, action, warnings = _converge(plan, commit, forge)
        number = f"pull request {pull.number}"
        is_new = action is Action.CREATED
        progress.append(f"opened {number}" if is_new else f"{number} is up to date")
        if isinstance(plan, OpenPull) and plan.extras.draft and not pull.draft:
            reason = "there are no drafts in this repository; leave draft: true out"
            warnings = (*warnings, f"pull request {pull.number} is ready for review: {reason}")
        pull, done, missing = forge.add_extras(pull, plan.extras.missing_from(pull))
        progress.extend(done)
    except RaceLostError as error:
        error.commit = made
        raise
    if pull.state is PullState.MERGED and commit is not None:
        with suppress(RaceLostError):
            _delete(plan, commit, context, "has been merged")
    # Extras may be missing still, as the forge may not give them.
    if done and action is Action.UNCHANGED:
        action = Action.UPDATED
    found = outcome_of(plan, action=action, changed=action is not Action.UNCHANGED)
    return replace(found, commit=commit, pull=pull, warnings=(*found.warnings, *warnings, *missing))


def _converge(
    plan: OpenPull | RenewPull, commit: str | None, forge: Forge
) -> tuple[Pull, Action, tuple[str, ...]]:
    """See that head and text of the pull agree: the forge has no compare-and-set.

    Returns the pull, what was done, and warnings.
    """
    draft, to = plan.draft, plan.destination
    warnings: tuple[str, ...] = ()
    action = plan.action
    if isinstance(plan, OpenPull):
        opening = forge.open(draft, branch=to.branch, base=to.base_branch, extras=plan.extras)
        pull = opening.pull
        # It may have been there, and the forge had not listed it yet.
        is_so = isinstance(plan.commit, str) and not opening.is_new
    else:
        pull, is_so = plan.pull, not plan.rewrites
    if is_so:
        action = Action.UNCHANGED
    if not pull_request.agrees(pull, draft):
        comment = plan.comment if isinstance(plan, RenewPull) else None
        # On the commit of an earlier run it may have been said already.
        again = isinstance(plan.commit, str)
        pull, warnings = forge.renew(pull, draft, comment, may_be_said=again)
        action = Action.UPDATED if is_so else action
    if pull.head != commit or not pull_request.agrees(pull, draft):
        # What was just pushed may show late. A run that pushes after this writes the text after this.
        pull = forge.read(pull.number)
    if pull.head != commit or not pull_request.agrees(pull, draft):
        raise RaceLostError(
            f"pull request {pull.number} moved on while its text was written", "Run again."
        )
    return pull, action, warnings


def _delete(plan: Plan, commit: str, context: RunContext, reason: str) -> bool:
    """Delete a branch that is done and still at a commit; note why where a rule keeps it.

    Raises `RaceLostError` where it has moved on.
    """
    branch, progress = plan.destination.branch, context.progress
    try:
        context.repository_for(plan.destination.transport).delete(branch, commit)
    except RemoteError as error:
        if isinstance(error, RaceLostError):
            raise
        progress.append(f"{branch} {reason} and is still there: {error.message}")
        return False
    progress.append(f"deleted {branch}, which {reason}")
    return True


def _close(plan: ClosePull, context: RunContext) -> Outcome:
    """End a pull that the base has superseded, marked as ours first, and delete its branch."""
    pull, forge = plan.pull, context.forge()
    if pull is not None:
        with _under_way("closing the pull request", context.progress):
            marked = pull_request.mark_closed(pull.body)
            is_marked = marked == pull.body
            last = None if is_marked else PullDraft(pull.title, marked)
            pull = forge.close(pull, last, None if is_marked else plan.comment)
        context.progress.append(
            f"closed pull request {pull.number}, which {plan.destination.base_branch} overtook"
        )
    if plan.tip is not None:
        _delete(plan, plan.tip, context, "proposes nothing any more")
    return replace(outcome_of(plan, changed=True), pull=pull)
