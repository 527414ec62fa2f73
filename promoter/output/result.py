"""What a command comes to: a document for JSON, text for people, complaints, and the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from promoter.config import FILE
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import Exit, PromoteError
from promoter.domain.redaction import redacted_values
from promoter.output.envelope import SCHEMA, Envelope, failed_envelope, failure_of
from promoter.output.text import AnyPiece, Complaint, Piece, PieceKind, complaints_of, pieces_of
from promoter.planning.plan import Action

# From the gravest: a failure before a pending change before 0.
_GRAVEST = (
    Exit.INTERRUPTED, Exit.TERMINATED,
    Exit.BUG, Exit.USAGE, Exit.REMOTE, Exit.REFUSED, Exit.SELECTION, Exit.PENDING,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """What a command comes to, however it is then shown."""

    exit_code: int = 0
    document: dict[str, Any]
    """What `--output json` prints."""
    pieces: tuple[AnyPiece, ...] = ()
    """What a person reads on stdout."""
    markdown: str = ""
    """What `--output markdown` prints, of commands that have it."""
    complaints: tuple[Complaint, ...] = ()
    """What a person reads on stderr: warnings, refusals, errors."""
    promotions: tuple[Envelope, ...] = ()
    """What the outputs and the summary of GitHub Actions tell of."""
    summary: str = ""
    """The line that sums up a run over many apps."""
    masks: tuple[str, ...] = ()
    """Secrets that were made for this run, which the runner of GitHub Actions shall hide."""

    def redacted(self) -> CommandResult:
        """Return the result as it may be shown and stored; `masks` are for the runner alone."""
        shown: CommandResult = redacted_values(self)
        return replace(shown, masks=self.masks)

    def shortened(self) -> CommandResult:
        """Return the result of a quiet run: a line for each change that was made or not taken.

        Of what is so already nothing is said; of many apps, of which any was changed or failed, a
        summary. What is refused or failed is shown as ever: it is of no use without what to do.
        """
        serious = [one for one in self.complaints if one.is_serious]
        notable = [one for one in self.promotions if one.changed or one.action == Action.SUPERSEDED]
        failed = any(one.error or one.refusals for one in self.promotions)
        line = self.summary if notable or failed else ""
        line = line or "".join(
            f"{one.headline}\n" for one in notable if not (one.error or one.refusals)
        )
        pieces = (Piece(PieceKind.PLAIN, line),) if line and self.promotions else ()
        shown = pieces if self.promotions else self.pieces
        return replace(self, pieces=shown, complaints=tuple(serious))

    def also(self, error: PromoteError) -> CommandResult:
        """Return the result with an error that was met while it was written."""
        failed, document = failure_of(error), dict(self.document)
        if "error" in document:
            document["error"] = document["error"] or failed_envelope(error).as_json()["error"]
        document["exit_code"] = int(error.exit)
        complaint = Complaint.of("error", failed)
        return replace(
            self,
            document=document,
            complaints=(*self.complaints, complaint),
            exit_code=int(error.exit),
        )


def of_promotion(promotion: Envelope, tried: Collection[str] = ()) -> CommandResult:
    """Return the result of one promotion; `tried` as for `of_promotions`."""
    return CommandResult(
        exit_code=promotion.exit_code,
        document=promotion.as_json(),
        pieces=(*pieces_of(promotion), *_how_to_go_ahead([promotion], tried)),
        complaints=complaints_of(promotion),
        promotions=(promotion,),
    )


def of_promotions(
    promotions: Sequence[Envelope],
    pieces: Sequence[AnyPiece] | None = None,
    *,
    counted: bool = False,
    tried: Collection[str] = (),
) -> CommandResult:
    """Return the result of several promotions; the gravest exit code stands for all.

    `pieces` replaces their text; `counted` adds the line that sums them up. `tried` is the file that
    was tried in place of the repository's own configuration.
    """
    code, many = gravest_exit(one.exit_code for one in promotions), len(promotions) > 1
    summary = count(promotions) if counted else ""
    if pieces is None:
        shown = [one for one in promotions if not one.by_policy]
        pieces = [
            *(piece for one in shown for piece in pieces_of(one)),
            Piece(PieceKind.PLAIN, summary),
            *_how_to_go_ahead(shown, tried),
        ]
    return CommandResult(
        exit_code=code,
        document={
            "schema": SCHEMA,
            "results": [one.as_json() for one in promotions],
            "exit_code": code,
        },
        pieces=tuple(pieces),
        complaints=tuple(
            complaint
            for one in promotions
            for complaint in complaints_of(one, about=one.subject if many else "")
        ),
        promotions=tuple(promotions),
        summary=summary,
    )


def _how_to_go_ahead(promotions: Sequence[Envelope], tried: Collection[str]) -> list[Piece]:
    """Return the last line of a dry run that shows changes: how to make them."""
    changes = [one for one in promotions if one.action == Action.PLANNED and one.changed]
    if not changes:
        return []
    flag = "--check" if any(one.exit_code == Exit.PENDING for one in changes) else "--dry-run"
    how = f"run it without {flag}"
    for file in tried:
        how = f"commit {file} to the base as {FILE}, and run it without {flag} and --config"
    return [Piece(PieceKind.PLAIN, f"\nNothing is changed yet: to go ahead, {how}.\n")]


def of_failure(error: PromoteError) -> CommandResult:
    """Return the result of a run that could not go on."""
    return of_promotion(failed_envelope(error))


def count(promotions: Sequence[Envelope]) -> str:
    """Return the line that sums up a run over many apps, e.g. `3 apps: 1 pushed, 2 unchanged`."""
    numbers = Counter("waiting" if one.waits else one.action for one in promotions)
    words = {Action.CREATED: "opened"}
    counts = ", ".join(
        f"{numbers[one]} {words.get(one, one)}" for one in (*Action, "waiting") if one in numbers
    )
    apps = len({one.app for one in promotions})
    environments = len({one.environment for one in promotions})
    total = f"{apps} app{'s' if apps != 1 else ''}"
    total += f" in {environments} environments" if environments > 1 else ""
    return f"{total}{': ' if counts else ''}{counts}\n"


def gravest_exit(codes: Iterable[int]) -> int:
    """Return the exit code that stands for several."""
    known = set(codes)
    return next((int(code) for code in _GRAVEST if code in known), 0)
