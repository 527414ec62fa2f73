"""Planning: the kind of promotion, from what a request comes to and what the gates say of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from promoter import pull_request
from promoter.config.sections import Templates
from promoter.domain.branch import CommitDraft
from promoter.domain.dataclass import dataclass
from promoter.domain.evidence import Evidence, GateResult, GateStatus
from promoter.domain.proposal import Proposal
from promoter.domain.pull import Pull, PullDraft, PullExtras
from promoter.gates import Judgement
from promoter.planning.branch import is_merged
from promoter.planning.change import Change
from promoter.planning.intent import End, Intent
from promoter.planning.plan import (
    ClosePull,
    Destination,
    OpenPull,
    Plan,
    Push,
    Refused,
    RenewPull,
    Superseded,
    Unchanged,
)


def decide(change: Change, intent: Intent, judgement: Judgement, evidence: Evidence | None) -> Plan:
    """Return what carries the request out; without evidence, the pull's text is right already."""
    return _Decision(change, intent, judgement, evidence).plan()


class _Common(TypedDict):
    """What every kind of plan has."""

    destination: Destination
    proposal: Proposal | None
    gates: tuple[GateResult, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Decision:
    """One request with all that its plan is made from."""

    change: Change
    intent: Intent
    judgement: Judgement
    evidence: Evidence | None

    def plan(self) -> Plan:
        """Return the plan: one of seven kinds."""
        end, state, pull = self.intent.end, self.change.state, self.change.pull
        merged = state.tip if is_merged(state) else None
        common = self._common
        if self.judgement.refusals and end in (End.INVALID, End.PUSH, End.PULL, End.CLOSE):
            return self._refused(merged)
        if end is End.PUSH:
            draft = self._commit(self._proposal)
            request = self.change.request
            alone = request.hold or request.rollback or request.is_together
            batch = self.change.settings.batch and not alone
            return Push(commit=draft, batch=batch, pull=pull, **common)
        if end is End.PULL:
            return self._pull()
        if end is End.CLOSE:
            comment = pull_request.closing(self._proposal, state.base_branch)
            return ClosePull(comment=comment, tip=state.tip, pull=pull, **common)
        if end is End.SUPERSEDED:
            closing = None
            if (superseded := self.intent.superseded) is not None:
                comment = pull_request.superseded_comment(superseded, state.base_branch)
                closing = ClosePull(comment=comment, tip=state.tip, pull=pull, **common)
            return Superseded(
                by=self.intent.by,
                may_go_back=self.change.may_go_back,
                merged_branch=merged,
                commit=self.intent.kept,
                renewal=self._renewal(pull) if self.intent.proposal and pull else None,
                closing=closing,
                pull=pull,
                **common,
            )
        return Unchanged(merged_branch=merged, commit=self.intent.kept, pull=pull, **common)

    def _refused(self, merged: str | None) -> Refused | Unchanged:
        """Return the plan where gates say no: a schedule waits for what passes without it."""
        refusals, common, pull = self.judgement.refusals, self._common, self.change.pull
        if not (self.change.request.scheduled and self.judgement.waits):
            common["warnings"] = self.judgement.warnings
            return Refused(refusals=refusals, pull=pull, **common)
        failed = [one for one in self.judgement.results if one.verdict == GateStatus.FAILED]
        # Until when it waits is said with the app.
        timed = {one.name for one in failed if one.until is not None}
        common["warnings"] += tuple(one.reason for one in refusals if one.rule not in timed)
        return Unchanged(merged_branch=merged, waiting=tuple(failed), pull=pull, **common)

    def _pull(self) -> Plan:
        proposal, pull = self._proposal, self.change.pull
        if pull is not None:
            unchanged = Unchanged(commit=self.intent.kept, pull=pull, **self._common)
            return self._renewal(pull) or unchanged
        known = self.evidence or Evidence(gates=self.judgement.results)
        return OpenPull(
            draft=pull_request.draft(proposal, self._templates, known),
            commit=self.intent.kept or self._commit(proposal),
            extras=self._extras,
            merged_branch=self._replaceable,
            **self._common,
        )

    def _renewal(self, pull: Pull) -> RenewPull | None:
        """Return what brings the open pull in line with its commit; None where it is."""
        proposal = self._proposal
        if self.evidence is None:
            draft = PullDraft(pull_request.title(proposal, self._templates), pull.body)
        else:
            draft = pull_request.draft(proposal, self._templates, self.evidence)
        others = pull_request.tells_others(pull, proposal) is not False
        common: _Common = {**self._common, "proposal": proposal}
        found = RenewPull(
            pull=pull,
            draft=draft,
            commit=self.intent.kept or self._commit(proposal),
            extras=self._extras,
            comment=pull_request.superseding(proposal, self._lost) if others else None,
            **common,
        )
        return found if found.rewrites or not found.extras.is_empty else None

    def _commit(self, proposal: Proposal) -> CommitDraft:
        state, pushes = self.change.state, self.intent.end is End.PUSH
        onto, edits = state.base.commit, proposal.edits
        if self.intent.on_tip and state.tip:
            onto, edits = state.tip, self.intent.on_tip
        return CommitDraft(
            branch=state.base_branch if pushes else state.branch,
            onto=onto,
            lease=state.base.commit if pushes else state.tip,
            files={edit.path: edit.content for edit in edits},
            message=pull_request.message(proposal, self._templates, self.judgement.results),
            author=self.change.config.author,
            merges_into=state.tip if self.intent.merges_base else None,
        )

    @property
    def _replaceable(self) -> str | None:
        """The commit of a branch that has been merged, and that no rule keeps where it is."""
        state = self.change.state
        return state.tip if is_merged(state) and not self.intent.merges_base else None

    @property
    def _lost(self) -> str:
        """Which commits of others the branch loses, in words; empty where it loses none."""
        lost = (one for one in self.judgement.results if one.name == "human-commits")
        return next((one.detail for one in lost if one.verdict == GateStatus.ALLOWED), "")

    @property
    def _proposal(self) -> Proposal:
        assert self.intent.proposal is not None
        return self.intent.proposal

    @property
    def _templates(self) -> Templates:
        return self.change.config.templates

    @property
    def _extras(self) -> PullExtras:
        settings = self.change.settings
        every = [one.target.settings for one in self.change.apps]
        wanted = PullExtras(
            labels=_once(each for one in every for each in one.labels),
            reviewers=_once(each for one in every for each in one.reviewers),
            assignees=_once(each for one in every for each in one.assignees),
            milestone=next((one.milestone for one in every if one.milestone), None),
            draft=any(one.draft for one in every),
            auto_merge=settings.deliver == "auto-merge",
            merge_method=settings.merge_method,
        )
        return wanted.missing_from(self.change.pull)

    @property
    def _common(self) -> _Common:
        change, state = self.change, self.change.state
        pushes = change.settings.deliver == "push"
        proposal = self.intent.proposal if self.intent.end is End.PULL else change.asked
        is_left = self.intent.end in (End.SUPERSEDED, End.DOUBTED)
        own = proposal.warnings if proposal and not is_left else ()
        return {
            "destination": Destination(
                change.request.app,
                change.apps[0].target.environment,
                state.base_branch,
                state.base.commit,
                state.base_branch if pushes and self.intent.end is End.PUSH else state.branch,
                change.config.transport or change.settings.transport,
            ),
            "proposal": proposal,
            "gates": self.judgement.results,
            "warnings": tuple(
                dict.fromkeys((*own, *self.intent.warnings, *self.judgement.warnings))
            ),
        }


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
