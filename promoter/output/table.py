"""A table: for a terminal as wide as that is, for a pipe with one line a row, for Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import bounded_message
from promoter.output.printable import JOINER, printable
from promoter.pull_request.markdown import code, inert

if TYPE_CHECKING:
    from rich.console import RenderableType

_GAP = 2  # blanks between two columns
_PULL = re.compile(r"#[0-9]+", re.ASCII)
_GATE = r"[a-z-]+(?: until [A-Za-z0-9:. +-]+)?"
# What blocks an app, among it the hold of a pull that is not merged yet.
_WITH_HOLD = re.compile(
    rf"(?:{_GATE}; )*hold \(#[0-9]{{1,9}}\)(?: until [A-Za-z0-9:. +-]+)?(?:; {_GATE})*"
)


@dataclass(frozen=True, slots=True)
class TextTable:
    """Named columns and rows of cells, each one line of plain text."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    expendable: tuple[str, ...] = ()
    """The columns that a narrow window leaves out, the least important first."""
    copied: frozenset[str] = frozenset()
    """The columns from which tags and commit ids are copied."""

    def without(self, name: str) -> TextTable:
        """Return the table without one of its columns."""
        kept = [index for index, one in enumerate(self.names) if one != name]
        return TextTable(
            tuple(self.names[index] for index in kept),
            tuple(tuple(row[index] for index in kept) for row in self.rows),
            tuple(one for one in self.expendable if one != name),
            self.copied,
        )

    def markdown(self) -> str:
        """Return the table for GitHub-flavoured Markdown, in which no cell can begin markup."""
        lines = [self.names, tuple("---" for _ in self.names)]
        lines += [
            tuple(
                _copied(cell) if name in self.copied else inert_cell(cell)
                for name, cell in zip(self.names, row, strict=True)
            )
            for row in self.rows
        ]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)

    def renderable(self, width: int) -> RenderableType:
        """Return the table for rich, in so many columns.

        What is expendable is left out where it does not fit; then cells are broken at their blanks.
        """
        from rich.table import Table as Grid
        from rich.text import Text

        shown = self._printable()
        while shown.expendable and sum(_widths(shown)) > _room(shown, width):
            shown = shown.without(shown.expendable[0])
        grid = Grid(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
        for name, cells in zip(shown.names, _fitted(shown, width), strict=True):
            grid.add_column(Text(name), overflow="fold", width=cells)
        for row in shown.rows:
            grid.add_row(*(Text(cell) for cell in row))
        return grid

    def lines(self) -> str:
        """Return the table for a pipe: aligned columns, one line a row, nothing cut off."""
        shown, gap = self._printable(), " " * _GAP
        widths = _widths(shown)
        padded = (
            gap.join(_padded(cell, width) for cell, width in zip(row, widths, strict=True))
            for row in (shown.names, *shown.rows)
        )
        return "".join(f"{line.rstrip()}\n" for line in padded)

    def _printable(self) -> TextTable:
        """Return the table in which no cell commands a terminal or has a second line."""
        rows = tuple(
            tuple(" ".join(printable(bounded_message(cell)).split()) for cell in row)
            for row in self.rows
        )
        kept = tuple(name for name in self.expendable if name in self.names)
        return TextTable(self.names, rows, kept, self.copied)


def _widths(table: TextTable) -> list[int]:
    """Return how many cells of the terminal each column has where there is room for all."""
    from rich.cells import cell_len

    return [max(map(cell_len, one)) for one in zip(table.names, *table.rows, strict=True)]


def _room(table: TextTable, width: int) -> int:
    """Return how much of a line is left for the columns themselves."""
    return width - _GAP * (len(table.names) - 1)


def _fitted(table: TextTable, width: int) -> list[int]:
    """Return how wide each column is in a window: the widest give way first, and words last."""
    from rich.cells import cell_len

    columns = zip(table.names, *table.rows, strict=True)
    words = [
        max((cell_len(word) for cell in column for word in cell.split()), default=1)
        for column in columns
    ]
    room = _room(table, width)
    return _shrunk(_shrunk(_widths(table), words, room), [1] * len(words), room)


def _shrunk(widths: list[int], least: list[int], room: int) -> list[int]:
    """Return widths that together fit, as far as none is under its least: the widest give way."""
    widths = list(widths)
    while sum(widths) > room:
        wide = [index for index, one in enumerate(widths) if one > least[index]]
        if not wide:
            break
        widths[max(wide, key=lambda index: widths[index])] -= 1
    return widths


def _padded(cell: str, width: int) -> str:
    from rich.cells import cell_len

    return cell + " " * (width - cell_len(cell))


def inert_cell(cell: str) -> str:
    """Return a cell in which nothing is markup; a pull's number stays a link, alone or of a hold."""
    return (
        cell
        if _PULL.fullmatch(cell) or _WITH_HOLD.fullmatch(cell)
        else inert(bounded_message(cell).replace("->", "\u2192"))
    )


def _copied(cell: str) -> str:
    """Return a cell to copy from: as code where it would otherwise hold a character nobody sees."""
    shown = inert_cell(cell)
    return code(bounded_message(cell).replace("->", "\u2192")) if JOINER in shown else shown
