"""From argv to the exit code: picks the command, and tells every end in our own words."""

from __future__ import annotations

import sys

from promoter.cli.command_table import COMMANDS, OPTIONS_OF, WORDS
from promoter.cli.early_look import early_look
from promoter.cli.signals import finishing, signals_deferred, stoppable
from promoter.cli.streams import emit, open_streams
from promoter.cli.writer import Writer
from promoter.engine.run_errors import Stopped, error_of
from promoter.system.environment import secret_values

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.domain.errors import PromoteError
    from promoter.output.result import CommandResult


def run(argv: Sequence[str]) -> int:
    """Run a command line to its end and return the exit code; nothing escapes as a traceback."""
    open_streams()
    writer = Writer(argv)
    try:
        with finishing():
            result = _ended(argv, writer)
            return writer.write(_without_secrets(_for_repository(result, writer.repo)))
    except SystemExit as done:  # --help and --version print and leave through argparse
        emit(sys.stdout, "")
        emit(sys.stderr, "")
        return int(done.code or 0)
    except (Stopped, Exception) as reason:  # noqa: BLE001 - the last resort: it could not be shown
        return writer.write(_without_secrets(_failed(error_of(reason))))


def _ended(argv: Sequence[str], writer: Writer) -> CommandResult:
    """Return what a command line comes to, also where a signal comes once all is done."""
    result: CommandResult | None = None
    try:
        with stoppable():
            result = _result(argv, writer)
    except Stopped:
        if result is None:
            raise
    return result


def _result(argv: Sequence[str], writer: Writer) -> CommandResult:
    """Return what a command line comes to; what ends it before its time says what was done."""
    progress: list[str] = []
    try:
        name, rest = _choose(argv)
        parsed = COMMANDS[name].parser(name).parse_args(rest)
        with early_look(name, parsed):
            with signals_deferred():
                from promoter.cli.running import run_command
            return run_command(name, parsed, writer, progress)
    except SystemExit:
        raise
    except Stopped as stop:
        return _failed(stop.after(progress))
    except BaseException as reason:  # noqa: BLE001 - a compiled module's panic is reported as well
        if Stopped.latest is not None:
            return _failed(Stopped.latest.after(progress))
        return _failed(error_of(reason))


def _choose(argv: Sequence[str]) -> tuple[str, Sequence[str]]:
    if argv and argv[0] in WORDS:
        if [*argv[1:]] == ["help"]:
            return argv[0], ["--help"]
        return argv[0], argv[1:]
    if argv and argv[0] in ("help", "--help", "-h"):
        return (argv[1] if argv[1:2] and argv[1] in WORDS else "promote"), ["--help"]
    if argv and not argv[0].startswith("-"):
        from promoter.cli.hints.words import unknown_command

        raise unknown_command(argv[0], argv[1:], OPTIONS_OF)
    return "promote", argv


def _failed(error: PromoteError) -> CommandResult:
    from promoter.output.result import of_failure

    return of_failure(error)


def _for_repository(result: CommandResult, repo: str) -> CommandResult:
    """Return a result whose hints name the repository, where the command line does."""
    if not (repo and result.complaints):
        return result
    from dataclasses import replace

    from promoter.cli.hints.repository import hints_with_repository, with_repository

    complaints = (replace(one, hint=with_repository(one.hint, repo)) for one in result.complaints)
    document = hints_with_repository(result.document, repo)
    return replace(result, complaints=tuple(complaints), document=document)


def _without_secrets(result: CommandResult) -> CommandResult:
    from promoter.domain.redaction import add_secret

    add_secret(*secret_values(ours=True))
    return result.redacted()
