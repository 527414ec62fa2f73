"""Diffs and the pull request's Markdown as a page for a terminal, or as plain text."""

from __future__ import annotations

import re
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markdown import CodeBlock, Markdown
from rich.syntax import Syntax
from rich.text import Text

from promoter.output.table import Table
from promoter.output.text import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rich.console import ConsoleOptions, RenderResult

    from promoter.output.text import Piece

_BLOCK = re.compile(
    r"^(?P<fence>`{3,})(?P<kind>\w*)\n(?P<text>.*?)\n(?P=fence)$", re.DOTALL | re.MULTILINE
)
# Code comes first, so that what looks like HTML in it stays.
_CODE_OR_HTML = re.compile(
    r"(?P<code>^(?P<fence>`{3,}).*?^(?P=fence)$|(?P<ticks>`+)[^`].*?(?P=ticks)(?!`))"
    r"|<!--.*?-->|<summary>(?P<summary>.*?)</summary>|(?P<line><br\s*/?>)|</?[a-zA-Z][^<>]*>",
    re.DOTALL | re.MULTILINE,
)


class _Unwrapped(CodeBlock):
    """A code block whose lines stay whole, so that a command in it can be copied."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the code as it is."""
        del console, options
        yield Text(str(self.text).rstrip(), no_wrap=True, overflow="ignore")


class _Page(Markdown):
    """Markdown whose code blocks are not wrapped."""

    elements = Markdown.elements | {"fence": _Unwrapped, "code_block": _Unwrapped}


def render(pieces: Sequence[Piece], *, width: int, terminal: bool, colours: bool) -> str:
    """Return pieces as they are shown: in a terminal's shape, and in colours where it has them."""
    file = StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=terminal,
        no_color=not colours,
        color_system="auto" if colours else "standard" if terminal else None,
        highlight=False,
    )
    diffs = {one.text.strip() for one in pieces if one.kind is Kind.DIFF}
    for one in pieces:
        if one.kind is Kind.MARKDOWN:
            console.print(_Page(readable(one.text, diffs), hyperlinks=terminal), crop=False)
        elif one.kind is Kind.TABLE and terminal:
            console.print(Table.parse(one.text).renderable(width))
        elif one.kind is Kind.TABLE:
            file.write(Table.parse(one.text).lines())
        elif one.kind is Kind.DIFF and terminal:
            lines = one.text.rstrip("\n")
            console.print(Syntax(lines, "diff", background_color="default", word_wrap=True))
        elif terminal:
            console.print(one.text, end="", markup=False, soft_wrap=True)
        else:
            file.write(one.text)
    return (
        re.sub(r"[ ]+$", "", file.getvalue(), flags=re.MULTILINE)
        if not terminal
        else file.getvalue()
    )


def readable(markdown: str, diffs: Collection[str] = ()) -> str:
    """Return Markdown without HTML and pictures, and without diffs that are shown already."""

    def block(found: re.Match[str]) -> str:
        if found["kind"] == "mermaid":
            return ""
        return "(The diff is above.)" if found["text"].strip() in diffs else found[0]

    def html(found: re.Match[str]) -> str:
        if found["code"]:
            return found[0]
        if found["summary"]:
            return f"**{re.sub(r'<[^<>]*>', '', found['summary'])}**"
        return "\n" if found["line"] else ""

    return _CODE_OR_HTML.sub(html, _BLOCK.sub(block, markdown))
