"""Gates: whether a promotion may go. Each is a pure rule over the facts, and one row of `GATES`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from promoter.domain.dataclass import dataclass
from promoter.domain.evidence import GateResult, GateStatus
from promoter.domain.refusal import Refusal
from promoter.domain.rules import RULES
from promoter.gates.change import (
    branch_name,
    dead_edit,
    edit,
    human_commits,
    other_environments,
    placeholder,
    render,
    verified_commits,
)
from promoter.gates.environment import allow, freeze, hold, max_age, tags
from promoter.gates.facts import (
    Facts,
    ImageFacts,
    OtherEnvironment,
    Previous,
    ProposedHold,
    SignatureCheck,
)
from promoter.gates.gate import Gate, Verdict
from promoter.gates.images import missing_image, mutable_tag, no_release, platforms, signature
from promoter.gates.path import downgrade, previous_environment, soak

__all__ = [
    "GATES",
    "Facts",
    "Gate",
    "ImageFacts",
    "Judgement",
    "OtherEnvironment",
    "Previous",
    "ProposedHold",
    "SignatureCheck",
    "judge",
    "together",
]

_CHECKS = (
    allow, branch_name, dead_edit, downgrade, edit, freeze, hold, human_commits, max_age,
    missing_image, mutable_tag, no_release, other_environments, placeholder, platforms,
    previous_environment, render, signature, soak, tags, verified_commits,
)  # fmt: skip
_CHECK_OF = {check.__name__.replace("_", "-"): check for check in _CHECKS}
GATES = tuple(Gate(rule, _CHECK_OF[rule.name]) for rule in RULES.values())
"""A gate for each rule, by the function of its name, in the order in which a pull shows them."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all gates say of one promotion."""

    results: tuple[GateResult, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    waits: bool = False
    """Whether all that refuse pass by themselves or by a person, so that a schedule waits."""


def judge(facts: Facts, gates: Iterable[Gate] = GATES) -> Judgement:
    """Ask every gate; none hides another."""
    found = [(gate, verdict) for gate in gates if (verdict := _asked(gate, facts))]
    failed = [verdict for _, verdict in found if verdict.status is GateStatus.FAILED]
    return Judgement(
        tuple(
            GateResult(gate.name, verdict.status, verdict.detail, verdict.until)
            for gate, verdict in found
        ),
        # An image that is not there comes first: what else refuses it may follow from that.
        tuple(
            sorted(
                (refusal for _, verdict in found for refusal in verdict.refusals),
                key=lambda one: one.rule != "missing-image",
            )
        ),
        tuple(dict.fromkeys(warning for _, verdict in found for warning in verdict.warnings)),
        bool(failed) and all(verdict.waits for verdict in failed),
    )


def together(judged: Sequence[tuple[str, Judgement]]) -> Judgement:
    """Return one judgement of several apps: a refusal of one is a refusal of all."""
    if len(judged) == 1:
        return judged[0][1]
    return Judgement(
        tuple(
            replace(one, detail=f"{app}: {one.detail}")
            for app, verdict in judged
            for one in verdict.results
        ),
        tuple(
            dict.fromkeys(_of_app(one, app) for app, verdict in judged for one in verdict.refusals)
        ),
        tuple(dict.fromkeys(one for _, verdict in judged for one in verdict.warnings)),
        all(verdict.waits for _, verdict in judged if verdict.refusals),
    )


def _of_app(one: Refusal, app: str) -> Refusal:
    named = re.search(rf"(?<![\w/-]){re.escape(app)}(?![\w/-])", one.reason)
    return one if named else replace(one, reason=f"{app}: {one.reason}")


def _asked(gate: Gate, facts: Facts) -> Verdict | None:
    """Return a gate's verdict after what is allowed, and what is a warning alone."""
    rule = gate.rule
    may_be_allowed = rule.accepts and facts.target.settings.lets_allow(rule.name)
    verdict = gate.check(facts)
    if verdict is None or verdict.status is not GateStatus.FAILED:
        return verdict
    if may_be_allowed and rule.name in facts.allow:
        by = facts.proposal.declaration.first.actor if facts.proposal else None
        asked = f"asked for with --allow {rule.name}{f' by {by}' if by else ''}"
        return Verdict(GateStatus.ALLOWED, f"{rule.accepts}: {asked}")
    if verdict.warns:
        reasons = tuple(one.reason for one in verdict.refusals)
        return replace(
            verdict, status=GateStatus.WARNED, refusals=(), warnings=(*verdict.warnings, *reasons)
        )
    if not (may_be_allowed and rule.override):
        return verdict
    override = f"{rule.override}, add --allow {rule.name}"
    refusals = (replace(one, hint=_joined(one.hint, override)) for one in verdict.refusals)
    return replace(verdict, refusals=tuple(refusals))


def _joined(hint: str, override: str) -> str:
    """Return a hint with how its rule is overridden: on a line of its own behind a command."""
    return f"{hint}{' ' if hint.endswith('.') else chr(10)}{override}".strip()
