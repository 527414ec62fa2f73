"""What became of one promotion: the typed result behind text, JSON and Actions."""

from __future__ import annotations

from dataclasses import replace

from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import Declaration, HoldChange
from promoter.domain.errors import Exit, PromoteError, RefusedError, SelectionError
from promoter.domain.evidence import GateResult
from promoter.domain.model import FileEdit, ImageMove
from promoter.domain.pull import Pull, PullDraft, PullExtras
from promoter.domain.refusal import Refusal
from promoter.planning.plan import (
    Action,
    OpenPull,
    Plan,
    Refused,
    RenewPull,
    Superseded,
    Unchanged,
    writes,
)
from promoter.pull_request import goes_back


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was done, or would be done, for one app in one environment."""

    app: str | None
    environment: str | None
    action: Action
    changed: bool = False
    images: tuple[ImageMove, ...] = ()
    goes_back: bool = False
    """Whether it goes back to something older."""
    declaration: Declaration | None = None
    """What its commit declares, or would: who asked, from which run, with which rules allowed."""
    edits: tuple[FileEdit, ...] = ()
    base: str | None = None
    branch: str | None = None
    commit: str | None = None
    pull: Pull | None = None
    draft: PullDraft | None = None
    """What the pull says, or would say."""
    extras: PullExtras | None = None
    """What a pull gets beside its text, where it is opened or renewed."""
    refusals: tuple[Refusal, ...] = ()
    gates: tuple[GateResult, ...] = ()
    warnings: tuple[str, ...] = ()
    error: PromoteError | None = None
    pending: bool = False
    """Whether it was only looked at (`--check`), and there is something to write."""
    preview: Action | None = None
    """What a run that writes would have done, where this one only looked."""
    superseded_by: str | None = None
    """The newer tag for which nothing was done."""
    may_go_back: bool = True
    """Whether the environment lets an older tag be allowed."""
    waiting: tuple[GateResult, ...] = ()
    """The gates that a schedule waits for."""
    by_policy: bool = False
    """Whether the base has what a policy wants, so that there is nothing to say of it."""

    @property
    def hold(self) -> HoldChange | None:
        """The hold that it begins or ends."""
        return self.declaration.first.hold if self.declaration else None

    @property
    def exit_code(self) -> Exit:
        """The exit code of this outcome alone."""
        if self.error is not None:
            return self.error.exit
        if self.refusals:
            return Exit.REFUSED
        return Exit.PENDING if self.pending else Exit.DONE


def outcome_of(plan: Plan, *, action: Action | None = None, changed: bool = False) -> Outcome:
    """Return what a plan comes to where nothing has been written yet."""
    proposal, renewal = plan.proposal, plan.renewal if isinstance(plan, Superseded) else None
    shown = renewal or plan
    refusals = plan.refusals if isinstance(plan, Refused) else ()
    kept = plan.commit if isinstance(plan, Unchanged | Superseded) else None
    return Outcome(
        app=plan.destination.app,
        environment=plan.destination.environment,
        action=action or plan.action,
        changed=changed,
        images=proposal.moves if proposal else (),
        goes_back=goes_back(proposal) if proposal else False,
        declaration=proposal.declaration if proposal else None,
        edits=proposal.edits if proposal else (),
        base=plan.destination.base_branch,
        branch=plan.destination.branch,
        commit=kept,
        pull=plan.pull,
        draft=shown.draft if isinstance(shown, OpenPull | RenewPull) else None,
        extras=shown.extras if isinstance(shown, OpenPull | RenewPull) else None,
        refusals=refusals,
        gates=plan.gates,
        warnings=plan.warnings,
        error=_error(refusals),
        waiting=plan.waiting if isinstance(plan, Unchanged) else (),
        superseded_by=plan.by if isinstance(plan, Superseded) else None,
        may_go_back=plan.may_go_back if isinstance(plan, Superseded) else True,
    )


def planned(plan: Plan, *, check: bool) -> Outcome:
    """Return what a run that writes nothing says of a plan."""
    action, changes = plan.action, writes(plan)
    if action not in (Action.REFUSED, Action.SUPERSEDED):
        action = Action.PLANNED
    found = outcome_of(plan, action=action, changed=changes)
    preview = None if isinstance(plan, Refused) else plan.action
    return replace(found, pending=check and changes, preview=preview)


def failed(error: PromoteError, app: str | None = None, environment: str | None = None) -> Outcome:
    """Return the outcome of what could not go on."""
    refusals = error.refusals if isinstance(error, RefusedError) else ()
    return Outcome(
        app=app,
        environment=environment,
        action=Action.REFUSED if refusals else Action.FAILED,
        refusals=refusals,
        error=error,
    )


def _error(refusals: tuple[Refusal, ...]) -> PromoteError | None:
    """Return the error of images that are not there, where nothing else is refused: exit 4."""
    if not refusals or any(one.rule != "missing-image" for one in refusals):
        return None
    first = refusals[0]
    return SelectionError(first.reason, first.hint)
