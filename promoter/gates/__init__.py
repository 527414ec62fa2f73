"""Gates: whether a promotion may go. Each is a pure rule over the facts, and one row of `GATES`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from promoter.domain.evidence import GateResult
from promoter.gates.allow import allow
from promoter.gates.branch import human_commits, verified_commits
from promoter.gates.edit import dead_edit, edit, placeholder
from promoter.gates.facts import Facts, ImageFacts, Previous, ProposedHold, Signature
from promoter.gates.freeze import freeze
from promoter.gates.gate import Gate, Result, Severity, Verdict
from promoter.gates.hold import hold
from promoter.gates.images import missing_image, mutable_tag, no_release, platforms, signature
from promoter.gates.order import downgrade
from promoter.gates.path import previous_environment, soak
from promoter.gates.render import render
from promoter.gates.taken import max_age, tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promoter.domain.refusal import Refusal

__all__ = [
    "BRANCH_GATES",
    "GATES",
    "Facts",
    "Gate",
    "ImageFacts",
    "Judgement",
    "Previous",
    "ProposedHold",
    "Signature",
    "allowable",
    "judge",
    "together",
]

# In the order in which a pull shows them.
GATES: tuple[Gate, ...] = (
    Gate("edit", edit),
    Gate(
        "downgrade",
        downgrade,
        "order",
        "an older tag takes the place of a newer one",
        allowable=True,
        override="To go back, add --allow downgrade.",
    ),
    Gate(
        "previous-environment",
        previous_environment,
        help="an image goes on that the previous environment has never had",
        allowable=True,
        override="To go on without it, add --allow previous-environment.",
    ),
    Gate(
        "soak",
        soak,
        help="an image goes on before its time in the previous environment is over",
        allowable=True,
        override="To go on without waiting, add --allow soak.",
    ),
    Gate(
        "freeze",
        freeze,
        help="something changes while it is frozen",
        allowable=True,
        override="To go on without waiting, add --allow freeze.",
    ),
    Gate(
        "hold",
        hold,
        help="an app is changed that is held",
        allowable=True,
        override="For this promotion alone, add --allow hold.",
    ),
    Gate(
        "tags",
        tags,
        help="a tag goes on that the environment does not take",
        allowable=True,
        override="For this promotion alone, add --allow tags.",
    ),
    Gate(
        "max-age",
        max_age,
        help="an image goes on that is too old",
        allowable=True,
        override="For this promotion alone, add --allow max-age.",
    ),
    Gate("render", render, "run time"),
    Gate("dead-edit", dead_edit, help="an image is set that no container uses", allowable=True),
    Gate(
        "placeholder",
        placeholder,
        help="a value such as ${TAG} is replaced",
        allowable=True,
        override="To replace it, add --allow placeholder.",
    ),
    Gate(
        "mutable-tag",
        mutable_tag,
        help="a tag that moves is written without a digest",
        allowable=True,
        override="To write it all the same, add --allow mutable-tag.",
    ),
    Gate("no-release", no_release),
    Gate("missing-image", missing_image, "registry"),
    Gate("platforms", platforms),
    Gate("signature", signature),
    Gate("verified-commits", verified_commits),
    Gate("human-commits", human_commits),
    Gate("allow", allow),
)
# What is asked of a change that sets no image.
BRANCH_GATES = tuple(
    gate for gate in GATES if gate.name in ("edit", "verified-commits", "human-commits")
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all gates say of one promotion."""

    results: tuple[GateResult, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    waits: bool = False
    """Whether all that refuse pass by themselves or by a person, so that a schedule waits."""


def allowable(gates: Iterable[Gate] = GATES) -> dict[str, str]:
    """Return the rules that `--allow` may override, each with what is accepted by that."""
    return {gate.name: gate.help for gate in gates if gate.allowable}


def judge(facts: Facts, gates: Iterable[Gate] = GATES) -> Judgement:
    """Ask every gate; none hides another."""
    found = [(gate, verdict) for gate in gates if (verdict := _asked(gate, facts))]
    failed = [verdict for _, verdict in found if verdict.result is Result.FAILED]
    return Judgement(
        tuple(
            GateResult(gate.name, verdict.result, verdict.detail, verdict.until, gate.title)
            for gate, verdict in found
        ),
        # An image that is not there is told first: what else refuses it may follow from that.
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
    """Return a refusal that names its app."""
    named = re.search(rf"(?<![\w/-]){re.escape(app)}(?![\w/-])", one.reason)
    return one if named else replace(one, reason=f"{app}: {one.reason}")


def _asked(gate: Gate, facts: Facts) -> Verdict | None:
    """Return a gate's verdict after its severity, and after what is allowed."""
    may_be_allowed = gate.allowable and facts.target.settings.lets_allow(gate.name)
    verdict = gate.check(facts)
    if verdict is None or verdict.result is not Result.FAILED:
        return verdict
    if may_be_allowed and gate.name in facts.allow:
        by = facts.proposal.declaration.actor if facts.proposal else None
        asked = f"asked for with --allow {gate.name}{f' by {by}' if by else ''}"
        return Verdict(Result.ALLOWED, f"{gate.help}: {asked}")
    if (verdict.severity or gate.severity) is Severity.WARN:
        reasons = tuple(one.reason for one in verdict.refusals)
        return replace(
            verdict, result=Result.WARNED, refusals=(), warnings=(*verdict.warnings, *reasons)
        )
    return _with_override(verdict, gate) if may_be_allowed and gate.override else verdict


def _with_override(verdict: Verdict, gate: Gate) -> Verdict:
    """Return a verdict whose refusals say how their rule is overridden."""
    refusals = tuple(
        replace(one, hint=f"{one.hint} {gate.override}".strip()) for one in verdict.refusals
    )
    return replace(verdict, refusals=refusals)
