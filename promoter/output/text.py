"""What a person reads: the pieces of text on stdout, the complaints on stderr."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from promoter.domain.dataclass import dataclass
from promoter.domain.model import ImageMove
from promoter.domain.page import Page
from promoter.domain.refusal import Refusal
from promoter.output.envelope import Envelope, Failure
from promoter.planning.plan import Action

if TYPE_CHECKING:
    from promoter.output.table import TextTable


class PieceKind(StrEnum):
    """What a piece of a result's text is written in."""

    PLAIN = "plain"
    DIFF = "diff"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a result's text, which a terminal shows in the shape of its kind."""

    kind: PieceKind
    text: str


@dataclass(frozen=True, slots=True)
class PagePiece:
    """What a pull request says, or would say, below its title."""

    title: str
    page: Page


AnyPiece: TypeAlias = "Piece | PagePiece | TextTable"
"""What a result's text is made of."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A warning, a refusal or an error: what, where, why, and what to do."""

    word: Literal["warning", "refused", "error"]
    reason: str
    hint: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    source_line: str | None = None
    about: str = ""
    """The app and environment, where there are several."""

    @classmethod
    def of(cls, word: Literal["refused", "error"], met: Refusal | Failure, about: str = "") -> Self:
        """Return the complaint that shows a refusal or an error."""
        if isinstance(met, Failure):
            reason, source = met.message, None
        else:
            reason, source = met.reason, met.source_line
        return cls(word, reason, met.hint, met.file, met.line, met.column, source, about)

    @property
    def is_serious(self) -> bool:
        """Whether it is the reason for an exit code."""
        return self.word != "warning"

    @property
    def place(self) -> str:
        """The place as `file:line:column`, as far as it is known."""
        return ":".join(str(one) for one in (self.file, self.line, self.column) if one is not None)

    @property
    def text(self) -> str:
        """The reason in one line, with the app it is about and the place."""
        return ": ".join(one for one in (self.about, self.place, self.reason) if one)

    def lines(self) -> list[str]:
        """Return the complaint for stderr: the reason, the source line with a caret, the hint."""
        lines = [f"promote: {self.word}: {self.text}"]
        if self.source_line is not None:
            shown = self.source_line.expandtabs(1)
            lines += [f"  | {shown}", f"  | {' ' * ((self.column or 1) - 1)}^"]
        lines += [f"  {line}" for line in self.hint.splitlines()]
        return lines


def complaints_of(promotion: Envelope, about: str = "") -> tuple[Complaint, ...]:
    """Return what one promotion complains of."""
    found = [
        Complaint("warning", one, about=about)
        for one in promotion.warnings
        # The headline has said so already.
        if promotion.action != Action.SUPERSEDED or not one.startswith("superseded: ")
    ]
    found += [Complaint.of("refused", one, about) for one in promotion.refusals]
    if promotion.error and not promotion.refusals:
        found.append(Complaint.of("error", promotion.error, about))
    return tuple(found)


def pieces_of(promotion: Envelope) -> tuple[AnyPiece, ...]:
    """Return one promotion for stdout: the headline first; nothing where it failed."""
    if promotion.error or promotion.refusals:
        return ()
    is_planned, pull = promotion.action == Action.PLANNED, promotion.pull_request
    shows_page = is_planned and promotion.diff and promotion.page is not None
    lines = [promotion.headline, *(f"  {one}" for one in promotion.where)]
    if promotion.action != Action.SUPERSEDED and not shows_page:
        lines += [
            f"  {one.name}: {_before(one)} -> {str(one.after) or '(not set)'}"
            + (f" ({one.after.known_as})" if one.after.known_as else "")
            for one in promotion.images
            if one.before.tag_or_digest != one.after.tag_or_digest
        ]
    if pull and pull.number is not None:
        lines.append(f"  {pull.url}")
    pieces: list[AnyPiece] = [Piece(PieceKind.PLAIN, "\n".join(lines) + "\n")]
    if is_planned and promotion.diff:
        diff = promotion.diff.rstrip("\n") + "\n"
        pieces += [Piece(PieceKind.PLAIN, "\n"), Piece(PieceKind.DIFF, diff)]
        if promotion.page and pull:
            pieces += [Piece(PieceKind.PLAIN, "\n"), PagePiece(pull.title or "", promotion.page)]
    return tuple(pieces)


def _before(move: ImageMove) -> str:
    """Return each tag that an image has had at one of its places."""
    return ", ".join(one.tag_or_digest or "(not set)" for one in (move.before, *move.elsewhere))


def complaints_text(complaints: Iterable[Complaint]) -> str:
    """Return complaints as a person reads them on stderr."""
    return "".join(f"{line}\n" for one in complaints for line in one.lines())


def plain_text(pieces: Iterable[AnyPiece]) -> str:
    """Return the text as it is, without any shape, pages and tables."""
    return "".join(one.text for one in pieces if isinstance(one, Piece))
