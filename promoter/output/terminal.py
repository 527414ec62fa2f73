"""What stdout and stderr are: a terminal, its width and colours, or a pipe that gets plain text."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from promoter.output.printable import printable
from promoter.output.text import AnyPiece, Piece
from promoter.system.environment import variable

if TYPE_CHECKING:
    from promoter.domain.progress import Progress


def shown(pieces: Sequence[AnyPiece]) -> str:
    """Return a result for what stdout is: a terminal, with or without colours, or plain text.

    Diffs stay as they are where no terminal is, so that `patch` takes them.
    """
    texts = [one for one in pieces if isinstance(one, Piece)]
    if len(texts) == len(pieces) and not _is_terminal():
        return printable("".join(one.text for one in texts))
    from promoter.output.terminal_page import render

    safe = [
        replace(one, text=printable(one.text)) if isinstance(one, Piece) else one for one in pieces
    ]
    width = max(40, get_terminal_size((80, 24)).columns)
    return render(safe, width=width, terminal=_is_terminal(), colours=_has_colours())


def _is_terminal() -> bool:
    return sys.stdout.isatty() and variable("TERM") != "dumb"


def _has_colours() -> bool:
    return _is_terminal() and variable("NO_COLOR") is None  # https://no-color.org


@contextmanager
def progress(*, quiet: bool) -> Iterator[Progress]:
    """Show on stderr how far a run is, where that is a terminal; elsewhere nothing moves."""
    from promoter.domain.progress import Progress

    if quiet or not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("asking registries"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("apps", total=None)

        def begin(total: int) -> None:
            bar.reset(task, total=total)

        yield Progress(begin, lambda: bar.advance(task))
