"""A result as a terminal shows it, or as plain text: a pull request's page, tables and diffs."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.style import Style as Look
from rich.text import Text

from promoter.domain.evidence import GateResult, GateStatus
from promoter.domain.page import Alert, CodeBlock, Fold, Line, Listing, Page, Style, Undo
from promoter.domain.page import Table as PageTable
from promoter.output.printable import printable
from promoter.output.table import TextTable
from promoter.output.text import AnyPiece, PagePiece, PieceKind
from promoter.pull_request.markdown import is_page

_GAP = 2  # blanks between two columns
_STYLES = {Style.STRONG: "bold", Style.CODE: "cyan"}
_LEVELS = {"caution": "bold red", "important": "bold magenta", "warning": "bold yellow"}
_VERDICTS = {GateStatus.PASSED: "green", GateStatus.FAILED: "red", GateStatus.SKIPPED: "dim"}
_DIFF = {"+++": "bold", "---": "bold", "@@": "cyan", "+": "green", "-": "red"}


def render(pieces: Sequence[AnyPiece], *, width: int, terminal: bool, colours: bool) -> str:
    """Return pieces as they are shown: in a terminal's shape, and in colours where it has them."""
    sheet = _Sheet(width, terminal=terminal, colours=colours)
    for one in pieces:
        if isinstance(one, PagePiece):
            sheet.page(one)
        elif isinstance(one, TextTable) and terminal:
            sheet.console.print(one.renderable(width))
        elif isinstance(one, TextTable):
            sheet.write(one.lines())
        elif one.kind is PieceKind.DIFF and terminal:
            sheet.diff(one.text.rstrip("\n"))
        else:
            sheet.write(one.text)
    return sheet.text


class _Sheet:
    """Writes lines that are no wider than the window, but for what has to be copied whole."""

    def __init__(self, width: int, *, terminal: bool, colours: bool) -> None:
        self._width, self._links, self._file = width, terminal, StringIO()
        self.console = Console(
            file=self._file,
            width=width,
            force_terminal=terminal,
            no_color=not colours,
            color_system="auto" if colours else "standard" if terminal else None,
            highlight=False,
        )

    @property
    def text(self) -> str:
        """All that was written."""
        return self._file.getvalue()

    def write(self, text: str) -> None:
        """Write text as it is."""
        self._file.write(text)

    def page(self, piece: PagePiece) -> None:
        """Write a pull request's page below its title, which says what the headline says."""
        page = piece.page
        self._line(_plain(piece.title, "bold"))
        self._around(page.before)
        self._facts(page)
        for alert in page.alerts:
            self._alert(alert)
        if page.hold:
            self._listing(page.hold)
        if page.images:
            self._heading("Images")
            self._table(page.images)
        if page.checks:
            self._heading("Checks")
            self._checks(page.checks)
        for listing in page.commits:
            self._listing(listing)
        if page.environments:
            self._heading("Environments")
            self._table(page.environments)
        for fold in page.folds:
            self._fold(fold)
        self.write("\n")
        if page.undo:
            self._undo(page.undo)
        if page.footer:
            self._line(self._spans(page.footer))
        self._around(page.after)

    def diff(self, text: str, indent: int = 0) -> None:
        """Write a diff as it is, so that `git apply` takes it."""
        for line in text.splitlines():
            look = next((look for begin, look in _DIFF.items() if line.startswith(begin)), "")
            self._whole(Text(line, look), indent)

    def _around(self, text: str) -> None:
        """Write what the repository's template says around the page, without its blank ends."""
        for line in text.strip().splitlines():
            self._line(_plain(line, ""))

    def _facts(self, page: Page) -> None:
        """Write what stands beside the headline; a pipe gets the addresses behind links."""
        links = [one for one in page.facts if not self._links and is_page(one[0].url)]
        joined = Text(" · ").join(self._spans(one) for one in page.facts if one not in links)
        if joined:
            self._line(joined)
        for one in links:
            self._whole(self._spans(one).append(f": {one[0].url}"))

    def _alert(self, alert: Alert) -> None:
        level = Text(f"{alert.level.capitalize()}: ", _LEVELS[alert.level])
        lines = [self._spans(one) for one in alert.lines]
        self.write("\n")
        if not alert.title and len(lines) == 1:
            self._line(Text.assemble(level, lines[0]), hanging=2)
            return
        self._line(Text.assemble(level, self._spans(alert.title)))
        for line in lines:
            self._line(Text.assemble("- ", line), 2, hanging=2)

    def _listing(self, listing: Listing) -> None:
        self._heading(listing.heading)
        for line in listing.lines:
            self._line(self._spans(line), 2, hanging=2)
        if listing.rest_heading:
            self._line(_plain(listing.rest_heading, "dim"), 2)

    def _checks(self, checks: Sequence[GateResult]) -> None:
        verdicts = max(len(one.verdict) for one in checks) + _GAP
        names = max(len(one.name) for one in checks) + _GAP
        for one in checks:
            look = _VERDICTS.get(one.verdict, "yellow")
            head = (_plain(f"{one.verdict:<{verdicts}}", look), _plain(f"{one.name:<{names}}"))
            line = Text.assemble(*head, _plain(one.detail))
            self._line(line, 2, hanging=verdicts + names)

    def _table(self, table: PageTable) -> None:
        """Write a table; where it is too wide, a list of what it compares, e.g. of environments."""
        rows = [[self._spans(cell) for cell in row] for row in (table.header, *table.rows)]
        widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
        if sum(widths) + _GAP * len(widths) <= self._width:
            for number, row in enumerate(rows):
                line = Text(style="bold" if number == 0 else "")
                for cell, width in zip(row, widths, strict=True):
                    line.append(cell).append(" " * (width - cell.cell_len + _GAP))
                line.rstrip()
                self._whole(line, 2)
            return
        notes = [row for row in rows[1:] if not any(row[1:])]
        listed = [row for row in rows if row not in notes]
        if not rows[0][0]:
            # What is compared stands in the header: each column is one of it.
            listed = [list(column) for column in zip(*listed, strict=True)]
        names = listed[0]
        for row in listed[1:]:
            self._line(row[0], 2, hanging=2)
            for name, cell in zip(names[1:], row[1:], strict=True):
                if cell:
                    self._line(Text.assemble(name, ": ", cell), 4, hanging=2)
        for row in notes:
            self._line(row[0], 2, hanging=2)

    def _fold(self, fold: Fold) -> None:
        """Write details below their heading; a block only where its heading does not say all."""
        self._heading(fold.heading)
        for block in fold.blocks:
            if isinstance(block, PageTable):
                self._table(block)
            elif isinstance(block, CodeBlock):
                self._line(self._spans(block.heading), 2, hanging=2)
                if not block.is_said_by_heading:
                    self.diff(printable(block.text), 4)
            else:
                self._line(self._spans(block), 2, hanging=2)

    def _undo(self, undo: Undo) -> None:
        """Write how to undo it; the command is a line of its own, to be copied."""
        before = f" {undo.before}" if undo.before else ""
        after = f"close this pull request; after it:{before}"
        self._line(
            Text.assemble(("Undo", "bold"), _plain(f" before the merge: {after}")), hanging=2
        )
        self._whole(_plain(undo.command or "revert the merge", "cyan" if undo.command else ""), 2)

    def _heading(self, text: str) -> None:
        self.write("\n")
        self._line(_plain(text, "bold"))

    def _line(self, text: Text, indent: int = 0, *, hanging: int = 0) -> None:
        """Write text in lines as wide as the window; all but the first are indented more."""
        room = self._width - indent
        hanging = max(0, min(hanging, room - 20))
        first = next(iter(text.wrap(self.console, room)), Text())
        self._whole(first, indent)
        rest = text[len(first) :]
        rest = rest[len(rest) - len(rest.plain.lstrip()) :]
        for line in rest.wrap(self.console, room - hanging) if rest else ():
            self._whole(line, indent + hanging)

    def _whole(self, text: Text, indent: int = 0) -> None:
        text.rstrip()
        self.console.print(Text.assemble(" " * indent, text), soft_wrap=True)

    def _spans(self, spans: Line) -> Text:
        found = Text()
        for one in spans:
            look = Look.parse(_STYLES.get(one.style, ""))
            if self._links and is_page(one.url):
                look += Look(link=one.url)
            found.append(_plain(one.text).plain, look)
        return found


def _plain(text: str, look: str = "") -> Text:
    return Text(printable(text).replace("\n", " ").replace("\t", " "), look)
