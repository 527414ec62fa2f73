"""What only a terminal is shown: colours, Markdown as pages, a bar while a long run goes on."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from promoter.environment import variable
from promoter.report import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promoter.auto import Progress
    from promoter.settings import Settings


def is_rich() -> bool:
    """Say whether stdout is a terminal whose user has not declined colours (no-color.org)."""
    declined = variable("NO_COLOR") is not None or variable("TERM") == "dumb"
    return sys.stdout.isatty() and not declined


def show(pieces: Iterable[tuple[Kind, str]]) -> None:
    """Print a result to a terminal: diffs in colours, the pull's Markdown as a page."""
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.syntax import Syntax

    console = Console(highlight=False)
    for kind, raw in pieces:
        text = printable(raw)
        if kind is Kind.DIFF:
            console.print(Syntax(text.rstrip("\n"), "diff", background_color="default"))
        elif kind is Kind.MARKDOWN:
            console.print(Markdown(_unfolded(text)))
        else:
            console.print(text, end="", markup=False, soft_wrap=True)


def printable(text: str) -> str:
    """Return text without the characters by which a file could command the terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def _unfolded(markdown: str) -> str:
    """Return Markdown without the HTML that folds parts of it away, which a terminal would drop."""
    text = re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL)
    text = re.sub(r"<summary>(.*?)</summary>", r"**\1**", text)
    return re.sub(r"</?details>", "", text)


@contextmanager
def progress(settings: Settings) -> Iterator[Progress]:
    """Show on stderr how far a run is, where that is a terminal; elsewhere nothing moves."""
    from promoter.auto import Progress

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
