"""argv to command: wires the real things; the only print and the only exit code."""

from __future__ import annotations

import sys

from promoter import environment, flags
from promoter.errors import Exit, PromoteError, UsageError

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def run(argv: Sequence[str]) -> int:
    """Run a command line to its end and return the exit code; nothing escapes as a traceback."""
    json_wanted = _wants_json(argv)
    try:
        command, parser, rest = _choose(argv)
        parsed = parser.parse_args(rest)
        from promoter.running import run_command

        result = run_command(command, parsed)
    except SystemExit as done:  # --help and --version print and leave through argparse
        return int(done.code or 0)
    except PromoteError as error:
        result = _failed(error)
    except BrokenPipeError:
        return int(Exit.DONE)
    except Exception as error:  # noqa: BLE001 - the last resort: a bug of ours, told as one
        result = _failed(_bug(error))
    return _print(result, as_json=json_wanted)


def _choose(argv: Sequence[str]) -> tuple[str, flags.Parser, Sequence[str]]:
    """Return the command that the first word names, its grammar and its arguments."""
    parsers = {
        "auto": flags.auto_parser,
        "demo": flags.demo_parser,
        "pulls": flags.pulls_parser,
        "set-image": flags.set_image_parser,
    }
    if argv and argv[0] in parsers:
        return argv[0], parsers[argv[0]](), argv[1:]
    if argv and not argv[0].startswith("-"):
        from promoter.suggest import nearest

        raise UsageError(f"there is no command {argv[0]!r}", nearest(argv[0], flags.COMMANDS))
    if (environment.variable("PROMOTER_AUTO") or "").lower() in ("1", "true"):
        return "auto", flags.auto_parser(), argv
    return "promote", flags.main_parser(), argv


def _failed(error: PromoteError) -> dict[str, Any]:
    """Return the envelope of a failed run."""
    from promoter import report

    return report.failure(error)


def _bug(error: Exception) -> PromoteError:
    """Return an unexpected exception as an error that asks for a report, not for the user's help."""
    if environment.variable("PROMOTER_TRACEBACK"):
        raise error
    where = error.__traceback__
    while where and where.tb_next:
        where = where.tb_next
    place = f" in {where.tb_frame.f_code.co_name}:{where.tb_lineno}" if where else ""
    return PromoteError(
        f"a bug of promote: {type(error).__name__}{place}",
        "Please report it with the command. PROMOTER_TRACEBACK=1 shows the whole trace.",
    )


def _print(result: dict[str, Any], *, as_json: bool) -> int:
    """Print a result: stdout has the result alone, stderr the complaints."""
    from promoter import report

    told = "".join(f"promote: {line}\n" for line in result.get("_progress", ()))
    told = "" if result.get("_quiet") else told + report.complaints(result)
    shown = report.as_json(result) if as_json else report.text(result)
    if environment.variable("GITHUB_ACTIONS") == "true":
        told, shown = _as_step(result, told, shown, as_json=as_json)
    sys.stderr.write(told)
    sys.stderr.flush()
    if not as_json and sys.stdout.isatty():
        from promoter import terminal

        if terminal.is_rich():
            terminal.show(report.pieces(result))
            return int(result["exit_code"])
        shown = terminal.printable(shown)
    sys.stdout.write(shown)
    sys.stdout.flush()
    return int(result["exit_code"])


def _as_step(result: dict[str, Any], told: str, shown: str, *, as_json: bool) -> tuple[str, str]:
    """Serve GitHub Actions: outputs, summary, annotations; and no text that the runner obeys."""
    from promoter import actions

    actions.report(result)
    commands = "".join(actions.mask(one) for one in result.get("_masks", ()))
    commands += actions.marks(result)
    return (
        commands + actions.defused(told),
        actions.defused_json(shown) if as_json else actions.defused(shown),
    )


def _wants_json(argv: Sequence[str]) -> bool:
    """Say whether stdout shall be JSON, even if the command line turns out to be malformed."""
    chosen = environment.variable("PROMOTER_OUTPUT")
    for index, word in enumerate(argv):
        if word == "--":
            break
        if word.startswith("--output="):
            chosen = word.partition("=")[2]
        elif word == "--output" and index + 1 < len(argv):
            chosen = argv[index + 1]
    return chosen == "json"
