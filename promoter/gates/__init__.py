"""Gates: whether a promotion may go. Each is a pure rule over the facts, and one row of `GATES`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from promoter.domain.dataclass import dataclass
from promoter.domain.evidence import GateResult
from promoter.domain.refusal import Refusal
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
from promoter.gates.gate import Gate, GateStatus, Verdict
from promoter.gates.images import missing_image, mutable_tag, no_release, platforms, signature
from promoter.gates.path import downgrade, previous_environment, soak

__all__ = [
    "BRANCH_GATES",
    "GATES",
    "Facts",
    "Gate",
    "ImageFacts",
    "Judgement",
    "OtherEnvironment",
    "Previous",
    "ProposedHold",
    "SignatureCheck",
    "allowable",
    "judge",
    "together",
]

_WAITS, _ONCE = "To go on without waiting", "For this promotion alone"
# In the order in which a pull shows them; what may be allowed says what is accepted, and when.
GATES: tuple[Gate, ...] = (
    Gate("edit", edit),
    Gate(
        "downgrade", downgrade, "order", "an older tag takes the place of a newer one", "To go back"
    ),
    Gate(
        "previous-environment",
        previous_environment,
        help="an image goes on that the previous environment has never had",
        override="To go on without it",
    ),
    Gate(
        "soak",
        soak,
        help="an image goes on before its time in the previous environment is over",
        override=_WAITS,
    ),
    Gate("freeze", freeze, help="something changes while it is frozen", override=_WAITS),
    Gate("hold", hold, help="an app is changed that is held", override=_ONCE),
    Gate("tags", tags, help="a tag goes on that the environment does not take", override=_ONCE),
    Gate("max-age", max_age, help="an image goes on that is too old", override=_ONCE),
    Gate("render", render),
    Gate("other-environments", other_environments, "other environments"),
    Gate("dead-edit", dead_edit, help="an image is set that no container uses"),
    Gate(
        "placeholder",
        placeholder,
        help="a value such as ${TAG} is replaced",
        override="To replace it",
    ),
    Gate(
        "mutable-tag",
        mutable_tag,
        help="a tag that moves is written without a digest",
        override="To write it all the same",
    ),
    Gate("no-release", no_release),
    Gate("missing-image", missing_image, "registry"),
    Gate("platforms", platforms),
    Gate("signature", signature),
    Gate("verified-commits", verified_commits),
    Gate("human-commits", human_commits),
    Gate("branch-name", branch_name),
    Gate("allow", allow),
)
# What is asked of a change that sets no image.
BRANCH_GATES = tuple(
    gate
    for gate in GATES
    if gate.name in ("edit", "verified-commits", "human-commits", "branch-name")
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
    return {gate.name: gate.help for gate in gates if gate.help}


def judge(facts: Facts, gates: Iterable[Gate] = GATES) -> Judgement:
    """Ask every gate; none hides another."""
    found = [(gate, verdict) for gate in gates if (verdict := _asked(gate, facts))]
    failed = [verdict for _, verdict in found if verdict.result is GateStatus.FAILED]
    return Judgement(
        tuple(
            GateResult(gate.name, verdict.result, verdict.detail, verdict.until, gate.title)
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
    may_be_allowed = gate.help and facts.target.settings.lets_allow(gate.name)
    verdict = gate.check(facts)
    if verdict is None or verdict.result is not GateStatus.FAILED:
        return verdict
    if may_be_allowed and gate.name in facts.allow:
        by = facts.proposal.declaration.first.actor if facts.proposal else None
        asked = f"asked for with --allow {gate.name}{f' by {by}' if by else ''}"
        return Verdict(GateStatus.ALLOWED, f"{gate.help}: {asked}")
    if verdict.warns:
        reasons = tuple(one.reason for one in verdict.refusals)
        return replace(
            verdict, result=GateStatus.WARNED, refusals=(), warnings=(*verdict.warnings, *reasons)
        )
    if not (may_be_allowed and gate.override):
        return verdict
    override = f"{gate.override}, add --allow {gate.name}"
    refusals = (replace(one, hint=_joined(one.hint, override)) for one in verdict.refusals)
    return replace(verdict, refusals=tuple(refusals))


def _joined(hint: str, override: str) -> str:
    """Return a hint with how its rule is overridden: on a line of its own behind a command."""
    return f"{hint}{' ' if hint.endswith('.') else chr(10)}{override}".strip()
