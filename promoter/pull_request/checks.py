"""What the gates said of several apps, in few rows: what is the same is said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from promoter.domain.evidence import Evidence, GateResult, GateStatus
from promoter.domain.suggest import listed
from promoter.pull_request.words import counted

_NAMED = 3
_ROWS = 4
# Verdicts that ask for no decision, of which not every app is listed.
_QUIET = (GateStatus.PASSED, GateStatus.SKIPPED)


def checks(evidence: Evidence) -> Sequence[GateResult]:
    """Return what the gates said; of several apps, each verdict with the apps that it is about.

    Of a gate that all pass in words of their own, as many are shown as fit.
    """
    if len(evidence.members) < 2:
        return evidence.gates
    gates: dict[str, dict[GateResult, list[str]]] = {}
    for app in evidence.members:
        for one in app.gates:
            gates.setdefault(one.name, {}).setdefault(one, []).append(app.app)
    return [row for found in gates.values() for row in _rows(found, len(evidence.members))]


def _rows(found: Mapping[GateResult, list[str]], number: int) -> list[GateResult]:
    """Return the rows of one gate, what most apps share first."""
    by_size = sorted(found.items(), key=lambda one: -len(one[1]))
    quiet = [one for one in by_size if one[0].verdict in _QUIET]
    shown = quiet if len(quiet) <= _ROWS else quiet[: _ROWS - 1]
    loud = [one for one in by_size if one[0].verdict not in _QUIET]
    rows = [
        replace(one, detail=f"{_whom(apps, number)}: {one.detail}") for one, apps in loud + shown
    ]
    rest = quiet[len(shown) :]
    for verdict in _QUIET:
        alike = [(one, len(apps)) for one, apps in rest if one.verdict == verdict]
        if alike:
            more = counted(sum(count for _, count in alike), "more app")
            rows.append(replace(alike[0][0], detail=f"and {more}, each with values of its own"))
    return rows


def _whom(apps: Sequence[str], number: int) -> str:
    """Return which apps a verdict is about: all of them, or some by name."""
    if len(apps) == number:
        return "both apps" if number == 2 else f"all {number} apps"
    return listed(apps, _NAMED)
