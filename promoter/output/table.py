"""A table: for a terminal as wide as that is, for a pipe with one line a row, for Markdown."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from promoter.pull_request.markdown import inert

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

_GAP = 2  # blanks between two columns
_PULL = re.compile(r"#[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and rows of cells, each one line of plain text."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """Return the table as tab-separated lines, from which `parse` has it again."""
        out = StringIO()
        writer = csv.writer(out, "excel-tab", lineterminator="\n")
        writer.writerows([self.names, *self.rows])
        return out.getvalue()

    @classmethod
    def parse(cls, text: str) -> Table:
        """Return the table of tab-separated lines."""
        names, *rows = csv.reader(StringIO(text), "excel-tab")
        return cls(tuple(names), tuple(tuple(row) for row in rows))

    @staticmethod
    def cells(texts: Iterable[str]) -> list[str]:
        """Return outside texts as Markdown in which nothing is markup."""
        return [_inert(text) for text in texts]

    def markdown(self) -> str:
        """Return the table for GitHub-flavoured Markdown, in which no cell can begin markup."""
        lines = [self.names, tuple("---" for _ in self.names)]
        lines += [tuple(_inert(cell) for cell in row) for row in self.rows]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)

    def renderable(self, width: int) -> RenderableType:
        """Return the table for rich, in so many columns: cells that are too long end in `…`."""
        from rich.table import Table as Grid
        from rich.text import Text

        grid = Grid(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
        for name, cells in zip(self.names, self._widths(width), strict=True):
            grid.add_column(Text(name), no_wrap=True, overflow="ellipsis", width=cells)
        for row in self.rows:
            grid.add_row(*(Text(cell) for cell in row))
        return grid

    def _widths(self, width: int) -> list[int]:
        """Return how wide each column is: those that are widest give way first."""
        from rich.cells import cell_len

        columns = zip(self.names, *self.rows, strict=True)
        widths = [max(map(cell_len, column)) for column in columns]
        room = width - _GAP * (len(widths) - 1)
        while sum(widths) > room and max(widths) > 1:
            widest = max(widths)
            second = max((one for one in widths if one < widest), default=1)
            places = [number for number, one in enumerate(widths) if one == widest]
            step = min(widest - second, max(1, (sum(widths) - room) // len(places))) or 1
            for number in places:
                widths[number] -= step
        return widths

    def lines(self) -> str:
        """Return the table for a pipe: aligned columns, one line a row, nothing cut off."""
        widths = [max(map(len, column)) for column in zip(self.names, *self.rows, strict=True)]
        padded = (
            (" " * _GAP)
            .join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            .rstrip()
            for row in (self.names, *self.rows)
        )
        return "".join(f"{line}\n" for line in padded)


def _inert(cell: str) -> str:
    """Return a cell in which nothing is markup; the number of a pull alone stays a link."""
    return cell if _PULL.fullmatch(cell) else inert(cell.replace("->", "\u2192"))
