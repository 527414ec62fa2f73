"""What a gate is: a named rule that says of one promotion whether it may go."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from promoter.domain.dataclass import dataclass
from promoter.domain.evidence import GateStatus
from promoter.domain.refusal import Refusal
from promoter.domain.rules import Rule
from promoter.domain.suggest import listed
from promoter.gates.facts import Facts


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one gate says of one promotion."""

    status: GateStatus
    detail: str = ""
    refusals: tuple[Refusal, ...] = ()
    """Why the promotion may not go, where the gate failed."""
    warnings: tuple[str, ...] = ()
    until: int | None = None
    """When the gate would pass, in seconds since the epoch, where time alone decides."""
    warns: bool = False
    """Whether a failure is a warning alone."""
    waits: bool = False
    """Whether a schedule waits where the gate failed: time, or another promotion, lets it pass."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A rule and what it looks at; `check` is pure and says nothing (None) of what it is not about."""

    rule: Rule
    check: Callable[[Facts], Verdict | None]

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.rule.name


def gravest_verdict(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return one verdict for several: the gravest speaks, the refusals and warnings of all stay."""
    found = list(verdicts)
    if not found:
        return None
    order = list(GateStatus)
    worst = min(found, key=lambda one: order.index(one.status))
    failed = [one for one in found if one.status is worst.status]
    never = any(one.until is None for one in failed)
    return Verdict(
        worst.status,
        worst.detail,
        tuple(refusal for one in found for refusal in one.refusals),
        tuple(dict.fromkeys(warning for one in found for warning in one.warnings)),
        None if never else max(one.until for one in failed if one.until is not None),
        worst.warns,
        all(one.waits for one in failed),
    )


def refused(
    rule: str, reason: str, hint: str, *, until: int | None = None, waits: bool = False
) -> Verdict:
    """Return the verdict of a gate that says no for one reason."""
    return Verdict(
        GateStatus.FAILED, reason, (Refusal(rule, reason, hint),), until=until, waits=waits
    )


def all_refused(refusals: Iterable[Refusal]) -> Verdict | None:
    """Return the verdict of a gate that says no for several reasons; None without any."""
    found = tuple(refusals)
    return Verdict(GateStatus.FAILED, found[0].reason, found) if found else None


def unknown(rule: str, reason: str, hint: str, facts: Facts, until: int | None = None) -> Verdict:
    """Return the verdict of a gate that cannot be evaluated: a no, unless it is to be a warning."""
    if facts.target.settings.when_unknown == "warn":
        return Verdict(GateStatus.UNKNOWN, reason, warnings=(f"{rule}: {reason}",))
    return refused(rule, reason, hint, until=until)


def several(images: Sequence[str]) -> str:
    """Return images for a sentence: their one tag, else the first and how many more there are."""
    references = {re.split("[=@]", one, maxsplit=1)[-1] for one in images}
    if len(images) == 1:
        return images[0]
    if len(references) == 1:
        return f"{references.pop()} ({len(images)} images)"
    return listed(images, 1)
