"""The log of a run's choices, which -v shows: which file, which tag and why, what each check said."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from promoter.config import FILE
from promoter.config.config import Config
from promoter.config.layout import Target
from promoter.planning.plan import (
    ClosePull,
    OpenPull,
    Plan,
    Push,
    Refused,
    RenewPull,
    Superseded,
    Unchanged,
)
from promoter.policy.choose import RankedTags

if TYPE_CHECKING:
    from promoter.engine.selection.candidates import Candidate

_LOG = logging.getLogger(__name__)


def explain_target(target: Target, config: Config) -> None:
    """Log which files a promotion edits, and what says so."""
    kinds = dict.fromkeys(one.kind for one in target.targets)
    names = ("the kustomization" if one == "kustomize" else f"{one} targets" for one in kinds)
    _LOG.debug(
        "%s in %s: edits %s in %s (%s: %s); delivers by %s",
        target.app,
        target.environment,
        " and ".join(names),
        target.directory,
        f"path in {FILE}" if config.environments else "known layout",
        target.settings.path,
        target.settings.deliver,
    )


def explain_choice(candidate: Candidate, ranked: RankedTags, tag: str) -> None:
    """Log what a policy saw, which tag it chose and why, and what would have been next."""
    target, policy = candidate.target, candidate.policy
    assert policy is not None
    why = "made last" if policy.needs_creation else "as the policy orders tags"
    considered = len(ranked.ordered) + ranked.unasked
    others = [one for one in ranked.ordered if one != tag][:3]
    _LOG.debug(
        "%s in %s: policy %s: %s takes %d of %d tags; chose %s, %s; next best: %s",
        target.app,
        target.environment,
        policy.name,
        policy.argument,
        considered,
        considered + ranked.passed_over,
        tag,
        why,
        ", ".join(others) or "none",
    )


def explain_nothing(candidate: Candidate) -> None:
    """Log why nothing is chosen for an app yet, where that is so."""
    target = candidate.target
    if candidate.nothing:
        _LOG.debug(
            "%s in %s: nothing to promote: %s", target.app, target.environment, candidate.nothing
        )


def explain_plan(plan: Plan) -> None:
    """Log what each check said of a promotion, by the names that a pull request has, and the plan."""
    where = f"{plan.destination.app} in {plan.destination.environment}"
    is_so = isinstance(plan, Unchanged) and not plan.waiting
    for gate in () if is_so else plan.gates:
        _LOG.debug("%s: check %s: %s: %s", where, gate.name, gate.verdict, gate.detail)
    _LOG.debug("%s: plan: %s", where, _words(plan))


def _words(plan: Plan) -> str:
    match plan:
        case OpenPull():
            return "open a pull request"
        case RenewPull():
            return f"{'update' if plan.rewrites else 'leave'} pull request {plan.pull.number}"
        case Push():
            return f"push a commit to {plan.destination.base_branch}"
        case ClosePull():
            return f"close pull request {plan.pull.number}" if plan.pull else "delete the branch"
        case Refused():
            return "refuse it"
        case Superseded():
            return f"write nothing, as {plan.by} is newer"
        case Unchanged():
            if plan.waiting:
                return "wait"
            base = plan.destination.base_branch
            proposed = (
                f"pull request {plan.pull.number} proposes it" if plan.pull else "the branch has it"
            )
            return f"write nothing: {proposed if plan.commit else f'{base} has it'} already"
