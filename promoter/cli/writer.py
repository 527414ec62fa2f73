"""The one writer: a result for whoever reads it, a pipe, a terminal, a program, or GitHub Actions."""

from __future__ import annotations

import sys

from promoter.cli.given_options import value_in_words
from promoter.cli.streams import emit
from promoter.domain.errors import Exit, UsageError
from promoter.system.environment import variable

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.output.result import CommandResult


class Writer:
    """Writes to stdout and stderr, in the forms that the command line asks for.

    The forms are known before the command line is parsed, so that a mistake in it has them too.
    """

    def __init__(self, argv: Sequence[str]) -> None:
        output = value_in_words(argv, "output")
        self.as_json = output == "json"
        """Whether stdout is JSON."""
        self.as_markdown = output == "markdown"
        """Whether stdout is Markdown, where the command has it."""
        self.logs_json = value_in_words(argv, "log-format") == "json"
        """Whether stderr is JSON, one object a line."""
        self.repo = value_in_words(argv, "repo", or_variable=False) or ""
        """The repository that the command line names; else empty."""
        self.in_actions = variable("GITHUB_ACTIONS") == "true"
        self.run = ""
        """The id that all log lines of the run share."""

    def harmless(self, text: str) -> str:
        """Return text for stderr that the runner of GitHub Actions takes for no command of its own."""
        if not self.in_actions:
            return text
        from promoter.output import actions

        return actions.defused_json(text) if self.logs_json else actions.defused(text)

    def write(self, result: CommandResult) -> int:
        """Write a result, and return the exit code: stdout has the result, stderr the complaints."""
        commands = ""
        if self.in_actions:
            from promoter.output import actions

            try:
                actions.report(result)
            except UsageError as error:
                result = result.also(error)
            commands = "".join(actions.mask(one) for one in result.masks) + actions.marks(result)
        emit(sys.stderr, commands + self._complaints(result))
        if (failed := emit(sys.stdout, self._shown(result))) is None:
            return result.exit_code
        reason = (failed.strerror or type(failed).__name__).lower()
        emit(sys.stderr, f"promote: error: the result cannot be written to stdout: {reason}\n")
        return result.exit_code or int(Exit.REMOTE)

    def _complaints(self, result: CommandResult) -> str:
        """Return what is said on stderr; the runner shows an annotation in its log already."""
        if self.logs_json:
            from promoter.cli.log import json_lines

            return self.harmless(json_lines(self.run, result.promotions, result.complaints))
        from promoter.output.printable import printable
        from promoter.output.text import complaints_text

        return "" if self.in_actions else printable(complaints_text(result.complaints))

    def _shown(self, result: CommandResult) -> str:
        if self.as_json:
            from promoter.output.envelope import json_text

            text = json_text(result.document)
        elif self.as_markdown and result.markdown:
            text = result.markdown
        else:
            from promoter.output import terminal

            text = terminal.shown(result.pieces)
        if not self.in_actions:
            return text
        from promoter.output import actions

        return actions.defused_json(text) if self.as_json else actions.defused(text)
