"""Lines on stderr while a run goes on: what it does, what it waits for, why it chose as it did."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from promoter.cli.streams import emit
from promoter.domain.errors import bounded_message
from promoter.domain.redaction import redacted_message
from promoter.output.printable import printable
from promoter.settings import Settings

if TYPE_CHECKING:
    from promoter.cli.writer import Writer
    from promoter.output.envelope import Envelope
    from promoter.output.text import Complaint

_LOGGER = "promoter"
_LEVELS = {"warning": "warning", "refused": "error", "error": "error"}


class LogHandler(logging.Handler):
    """Writes each line to stderr at once, without secrets and without what commands a terminal."""

    def __init__(self, writer: Writer) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        message = bounded_message(" ".join(redacted_message(record.getMessage()).split()))
        is_warning = record.levelno >= logging.WARNING
        if self._writer.logs_json:
            line = json_line(self._writer.run, record.levelname.lower(), message)
        elif is_warning and self._writer.in_actions:
            from promoter.output import actions  # late: it takes what is read after git has begun

            emit(sys.stderr, actions.warning(message))
            return
        else:
            line = f"promote: {'warning: ' if is_warning else ''}{printable(message)}\n"
        emit(sys.stderr, self._writer.harmless(line))


@contextmanager
def logging_to_stderr(settings: Settings, writer: Writer) -> Iterator[None]:
    """Run with the project's own log lines on stderr: more of them with -v, none with -q."""
    logger, handler = logging.getLogger(_LOGGER), LogHandler(writer)
    before = logger.level, logger.propagate
    level = logging.DEBUG if settings.verbose else logging.INFO
    logger.setLevel(logging.CRITICAL + 1 if settings.quiet else level)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before


def new_run() -> str:
    """Return the id that all lines of one run share."""
    return os.urandom(6).hex()


def json_line(run: str, level: str, message: str, **more: Any) -> str:  # noqa: ANN401 - JSON
    """Return one log line as JSON in plain ASCII; its time is that of RFC 3339."""
    known = {"time": datetime.now(UTC).isoformat(), "level": level, "run": run, "message": message}
    return json.dumps(known | {key: value for key, value in more.items() if value}) + "\n"


def json_lines(run: str, promotions: Sequence[Envelope], complaints: Sequence[Complaint]) -> str:
    """Return how a run ended as log lines: one for each promotion that did something or failed.

    The complaint that is a failed promotion's end stands in that line, with its hint and place.
    """
    left = list(complaints)
    lines = []
    for one in promotions:
        if one.by_policy:
            continue
        end = ("" if len(promotions) == 1 else one.subject, one.headline)
        its = next((n for n in left if n.is_serious and (n.about, n.reason) == end), None)
        if its is not None:
            left.remove(its)
        level, more = "error" if one.exit_code else "info", _parts(its) if its else {}
        line = json_line(
            run, level, one.headline, app=one.app, environment=one.environment,
            action=one.action, exit_code=one.exit_code, **more,
        )  # fmt: skip
        lines.append(line)
    lines += [json_line(run, _LEVELS[one.word], one.reason, **_parts(one)) for one in left]
    return "".join(lines)


def _parts(complaint: Complaint) -> dict[str, Any]:
    """Return what a log line tells of a complaint beside its reason."""
    return {
        "hint": complaint.hint,
        "about": complaint.about,
        "file": complaint.file,
        "line": complaint.line,
        "column": complaint.column,
    }
