"""What only a terminal is shown: colours, Markdown as pages, a bar while a long run goes on."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from promoter.environment import variable
from promoter.output.report import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from promoter.domain.progress import Progress
    from promoter.settings import Settings

_BLOCK = re.compile(
    r"^(?P<fence>`{3,})(?P<kind>diff|mermaid)\n(?P<text>.*?)\n(?P=fence)$", re.DOTALL | re.MULTILINE
)


def page(pieces: Sequence[tuple[Kind, str]]) -> str:
    """Return a result for the terminal that stdout is: diffs in colours, Markdown as a page."""
    shown = [(kind, printable(text)) for kind, text in pieces]
    if variable("NO_COLOR") is not None or variable("TERM") == "dumb":  # no-color.org
        return "".join(text for _, text in shown)
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.syntax import Syntax

    console = Console(highlight=False)
    diffs = {text.strip() for kind, text in shown if kind is Kind.DIFF}
    with console.capture() as captured:
        for kind, text in shown:
            if kind is Kind.DIFF:
                lines = text.rstrip("\n")
                console.print(Syntax(lines, "diff", background_color="default", word_wrap=True))
            elif kind is Kind.MARKDOWN:
                console.print(Markdown(_readable(text, diffs)))
            else:
                console.print(text, end="", markup=False, soft_wrap=True)
    return captured.get()


def printable(text: str) -> str:
    """Return text without the characters by which a file could command the terminal or the runner."""
    text = text.replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def _readable(markdown: str, diffs: Collection[str]) -> str:
    """Return Markdown without what a terminal can not show, or shows already."""

    def block(found: re.Match[str]) -> str:
        if found["kind"] == "mermaid":
            return "(A picture, on the pull's page.)"
        return "(The diff is above.)" if found["text"].strip() in diffs else found[0]

    text = _BLOCK.sub(block, markdown)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    # A terminal would drop what HTML folds away.
    text = re.sub(r"<summary>(.*?)</summary>", r"**\1**", text)
    return re.sub(r"</?details>", "", text)


@contextmanager
def progress(settings: Settings) -> Iterator[Progress]:
    """Show on stderr how far a run is, where that is a terminal; elsewhere nothing moves."""
    from promoter.domain.progress import Progress

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
