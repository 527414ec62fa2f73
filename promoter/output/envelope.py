"""One promotion as it is shown: plain values, which JSON, text and Actions all show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import AppDeclaration
from promoter.domain.diff import unified
from promoter.domain.errors import PromoteError, bounded_message
from promoter.domain.evidence import GateResult
from promoter.domain.model import ImageMove
from promoter.domain.page import Page
from promoter.domain.pull import Pull, PullDraft
from promoter.domain.refusal import Refusal
from promoter.output.headline import headline, where_lines
from promoter.planning.outcome import Outcome, failed

SCHEMA = 1
# A kustomization may have thousands of entries, each of which may be warned of.
_WARNINGS = 50


@dataclass(frozen=True, slots=True)
class PullRequest:
    """The pull request as it is, or as it would be; `number` is None for one that would be."""

    number: int | None
    url: str | None
    state: str | None
    title: str | None
    body: str | None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run could not go on, what to do, and the place; `code` is the kind of error."""

    code: str
    message: str
    hint: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What was done, or would be done, for one app in one environment."""

    headline: str
    """What happened, in one line."""
    where: tuple[str, ...] = ()
    """Which branch goes into which base, who is asked, and what is held from then on."""
    action: str
    exit_code: int
    changed: bool = False
    app: str | None = None
    environment: str | None = None
    images: tuple[ImageMove, ...] = ()
    files: tuple[str, ...] = ()
    base: str | None = None
    branch: str | None = None
    commit: str | None = None
    pull_request: PullRequest | None = None
    page: Page | None = None
    """What the pull request says, in parts, where it was written or would be."""
    diff: str = ""
    refusals: tuple[Refusal, ...] = ()
    gates: tuple[GateResult, ...] = ()
    asked: AppDeclaration | None = None
    """Who asked, from which run, with which rules allowed."""
    warnings: tuple[str, ...] = ()
    error: Failure | None = None
    by_policy: bool = False
    """Whether a policy has what it wants already, so that text need not tell of it."""
    waits: bool = False
    """Whether a schedule comes again for it, as a gate will pass."""

    @property
    def subject(self) -> str:
        """The app and environment that it is about, e.g. `aurora in prod`; empty where unknown."""
        where = f" in {self.environment}" if self.environment else ""
        return f"{self.app}{where}" if self.app else ""

    def as_json(self) -> dict[str, Any]:
        """Return the keys that the contract fixes, in its order."""
        return {
            "schema": SCHEMA,
            "action": self.action,
            "changed": self.changed,
            "app": self.app,
            "environment": self.environment,
            "images": [
                {
                    "name": one.name,
                    "from": one.before.tag_or_digest,
                    "to": one.after.tag or one.after.known_as,
                    "digest": one.after.digest,
                }
                for one in self.images
            ],
            "files": list(self.files),
            "base": self.base,
            "branch": self.branch,
            "commit": self.commit,
            "pull_request": asdict(self.pull_request) if self.pull_request else None,
            "diff": self.diff,
            "refusals": [refusal_as_json(one) for one in self.refusals],
            "gates": [gate_as_json(one) for one in self.gates],
            "asked": (one := self.asked)
            and {"by": one.actor, "run": one.run, "allow": list(one.allow)},
            "warnings": list(self.warnings),
            "error": asdict(self.error) if self.error else None,
            "exit_code": self.exit_code,
        }


def envelope(outcome: Outcome) -> Envelope:
    """Return what is shown of one promotion's outcome."""
    return Envelope(
        headline=headline(outcome),
        where=tuple(map(bounded_message, where_lines(outcome))),
        action=outcome.action.value,
        exit_code=int(outcome.exit_code),
        changed=outcome.changed,
        app=outcome.app,
        environment=outcome.environment,
        images=outcome.images,
        files=tuple(str(edit.path) for edit in outcome.edits),
        base=outcome.base,
        branch=outcome.branch,
        commit=outcome.commit,
        pull_request=_pull(outcome.pull, outcome.draft),
        page=outcome.draft.page if outcome.draft else None,
        diff=unified(outcome.edits),
        refusals=outcome.refusals,
        gates=outcome.gates,
        asked=outcome.declaration.first if outcome.declaration else None,
        warnings=_bounded(outcome.warnings),
        error=failure_of(outcome.error) if outcome.error else None,
        by_policy=outcome.by_policy,
        waits=bool(outcome.waiting),
    )


def _bounded(warnings: Sequence[str]) -> tuple[str, ...]:
    """Return the first warnings of a promotion, and how many more there are."""
    more = len(warnings) - _WARNINGS
    told = (f"{more} more warnings are not shown",) if more > 0 else ()
    return (*map(bounded_message, warnings[:_WARNINGS]), *told)


def failed_envelope(error: PromoteError) -> Envelope:
    """Return what is shown of a run that could not go on."""
    return envelope(failed(error))


def failure_of(error: PromoteError) -> Failure:
    """Return what is shown of an error."""
    return Failure(error.code, error.message, error.hint, error.file, error.line, error.column)


def refusal_as_json(one: Refusal) -> dict[str, Any]:
    """Return a refusal as the contract shows it: the source line is for text alone."""
    shown = asdict(one)
    return {key: shown[key] for key in shown if key not in ("source_line", "images")}


def gate_as_json(one: GateResult) -> dict[str, Any]:
    """Return what a gate said; `until` is when it would pass, where it refuses by time."""
    until = moment_as_json(one.until) if one.until is not None else None
    return {"gate": one.name, "verdict": str(one.verdict), "detail": one.detail, "until": until}


def moment_as_json(seconds: int) -> str:
    """Return seconds since the epoch as RFC 3339 has them, with the offset of UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def json_text(document: Mapping[str, Any]) -> str:
    """Return JSON for stdout, in plain ASCII."""
    return json.dumps(document, indent=2) + "\n"


def _pull(pull: Pull | None, draft: PullDraft | None) -> PullRequest | None:
    if pull is None and draft is None:
        return None
    return PullRequest(
        number=pull.number if pull else None,
        url=pull.url if pull else None,
        state=pull.state.value if pull else None,
        title=draft.title if draft else pull.title if pull else None,
        body=draft.body if draft else pull.body if pull else None,
    )
