"""argv to command: the only print and the only exit code, and no end that is not told in our words."""

from __future__ import annotations

import sys

from promoter.cli import options
from promoter.cli.process import emit, open_streams
from promoter.cli.signals import held, stoppable
from promoter.domain.errors import Exit, PromoteError, UsageError
from promoter.engine.stopped import Stopped, error_of
from promoter.environment import secret_values, variable

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def run(argv: Sequence[str]) -> int:
    """Run a command line to its end and return the exit code; nothing escapes as a traceback."""
    open_streams()
    as_json = _wants_json(argv)
    try:
        with stoppable():
            result = _result(argv)
        return _print(_without_secrets(result), as_json=as_json)
    except SystemExit as done:  # --help and --version print and leave through argparse
        emit(sys.stdout, "")
        return int(done.code or 0)
    except (Stopped, Exception) as reason:  # noqa: BLE001 - the last resort: it could not be shown
        return _write(_without_secrets(_failed(error_of(reason))), as_json=as_json)


def _result(argv: Sequence[str]) -> dict[str, Any]:
    """Return what a command line comes to, whatever ends it."""
    try:
        name, rest = _choose(argv)
        parsed = options.COMMANDS[name].parser(name).parse_args(rest)
        with held():
            from promoter.cli.running import run_command
        return run_command(name, parsed)
    except SystemExit:
        raise
    except BaseException as reason:  # noqa: BLE001 - a compiled module's panic is told as well
        return _failed(error_of(reason))


def _choose(argv: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the command that the first word names, and its arguments."""
    if argv and argv[0] in options.WORDS:
        return argv[0], argv[1:]
    if argv and not argv[0].startswith("-"):
        from promoter.domain.suggest import nearest

        raise UsageError(f"there is no command {argv[0]!r}", nearest(argv[0], options.WORDS))
    if (variable("PROMOTER_AUTO") or "").lower() in ("1", "true"):
        return "auto", argv
    return "promote", argv


def _failed(error: PromoteError) -> dict[str, Any]:
    """Return the envelope of a failed run."""
    from promoter.output import report

    return report.failure(error)


def _without_secrets(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result as it may be shown and stored; `_masks` are for the runner of Actions alone."""
    from promoter.domain.redaction import add_secret, redacted_values

    add_secret(*secret_values())
    masks = result.get("_masks", ())
    rest = {key: value for key, value in result.items() if key != "_masks"}
    return {**redacted_values(rest), "_masks": masks}


def _print(result: dict[str, Any], *, as_json: bool) -> int:
    """Print a result as whoever reads it can take it: a runner of Actions, a terminal, a pipe."""
    if variable("GITHUB_ACTIONS") == "true":
        return _write_step(result, as_json=as_json)
    if as_json or not sys.stdout.isatty():
        return _write(result, as_json=as_json)
    from promoter.output import report, terminal

    return _write(result, terminal.page(report.pieces(result)))


def _write_step(result: dict[str, Any], *, as_json: bool) -> int:
    """Serve GitHub Actions: outputs, summary, annotations; and no text that the runner obeys."""
    from promoter.output import actions, report

    try:
        actions.report(result)
    except UsageError as error:
        result = report.lacking(result, error)
    commands = "".join(actions.mask(one) for one in result.get("_masks", ()))
    # The runner shows an annotation in the log, too: nothing is told a second time.
    told = commands + actions.marks(result) + actions.defused(_progress(result))
    if as_json:
        return _write(result, actions.defused_json(report.as_json(result)), told)
    return _write(result, actions.defused(report.text(result)), told)


def _write(
    result: dict[str, Any],
    shown: str | None = None,
    told: str | None = None,
    *,
    as_json: bool = False,
) -> int:
    """Write a result: stdout has the result alone, stderr the complaints."""
    from promoter.output import report, terminal

    if shown is None:
        shown = report.as_json(result) if as_json else terminal.printable(report.text(result))
    emit(sys.stderr, _told(result) if told is None else told)
    code = int(result["exit_code"])
    if (failed := emit(sys.stdout, shown)) is None:
        return code
    reason = (failed.strerror or type(failed).__name__).lower()
    emit(sys.stderr, f"promote: error: the result can not be written to stdout: {reason}\n")
    return code or int(Exit.REMOTE)


def _told(result: dict[str, Any]) -> str:
    """Return what is said on stderr, of which nothing commands a terminal."""
    from promoter.output import report, terminal

    told = "" if result.get("_quiet") else _progress(result) + report.complaints(result)
    return terminal.printable(told)


def _progress(result: dict[str, Any]) -> str:
    """Return what was done on the way, where that is asked for."""
    if result.get("_quiet"):
        return ""
    return "".join(f"promote: {line}\n" for line in result.get("_progress", ()))


def _wants_json(argv: Sequence[str]) -> bool:
    """Say whether stdout shall be JSON, even if the command line turns out to be malformed."""
    chosen = variable("PROMOTER_OUTPUT")
    for index, word in enumerate(argv):
        if word == "--":
            break
        if word.startswith("--output="):
            chosen = word.partition("=")[2]
        elif word == "--output" and index + 1 < len(argv):
            chosen = argv[index + 1]
    return chosen == "json"
