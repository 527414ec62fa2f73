"""What only a terminal is shown: a bar while a run over many apps goes on."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from promoter.auto import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promoter.settings import Settings


@contextmanager
def progress(settings: Settings) -> Iterator[Progress]:
    """Show on stderr how far a run is, where that is a terminal; elsewhere nothing moves."""
    if settings.quiet or not sys.stderr.isatty():
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
