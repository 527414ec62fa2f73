"""What a gate is: a named rule that says of one promotion whether it may go."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from promoter.domain.refusal import Refusal
    from promoter.gates.facts import Facts


class Result(StrEnum):
    """What a gate comes to, the gravest first."""

    FAILED = "failed"
    UNKNOWN = "unknown"
    WARNED = "warned"
    ALLOWED = "allowed"
    PASSED = "passed"


class Severity(StrEnum):
    """What follows where a gate fails."""

    REFUSE = "refuse"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one gate says of one promotion."""

    result: Result
    detail: str = ""
    refusals: tuple[Refusal, ...] = ()
    """Why the promotion may not go, where the gate failed."""
    warnings: tuple[str, ...] = ()
    until: int | None = None
    """When the gate would pass, in seconds since the epoch, where time alone decides."""
    severity: Severity | None = None
    """What follows a failure, where the environment sets it; else the gate's own."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A rule; `check` is pure and says nothing (None) of what it is not about."""

    name: str
    """As in refusals, in JSON, and in `--allow`."""
    check: Callable[[Facts], Verdict | None]
    title: str = ""
    """What the pull calls it, where that is not its name."""
    help: str = ""
    """What whoever allows it accepts, e.g. `an older tag takes the place of a newer one`."""
    allowable: bool = False
    """Whether `--allow` may override it."""
    waits: bool = False
    """Whether time or a person ends its refusal, so that a schedule waits and does not fail."""
    severity: Severity = Severity.REFUSE


def gravest(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return one verdict for several: the gravest speaks, the refusals and warnings of all stay."""
    found = list(verdicts)
    if not found:
        return None
    order = list(Result)
    worst = min(found, key=lambda one: order.index(one.result))
    return Verdict(
        worst.result,
        worst.detail,
        tuple(refusal for one in found for refusal in one.refusals),
        tuple(dict.fromkeys(warning for one in found for warning in one.warnings)),
        max((one.until for one in found if one.until is not None), default=None),
        worst.severity,
    )
