"""GitHub Actions: outputs, job summary, annotations and masks, in forms that nothing outside can bend.

The runner reads commands out of what a step prints, so that text from outside is defused there:
https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import json
import os
import re
import secrets
from typing import Any

from promoter.domain.errors import UsageError
from promoter.output.envelope import Envelope
from promoter.output.printable import JOINER, printable
from promoter.output.result import CommandResult
from promoter.output.text import Complaint, complaints_of
from promoter.pull_request import code
from promoter.pull_request.markdown import inert, is_page
from promoter.system.environment import variable

# One step's summary may have 1 MiB; the rest of it belongs to the step's other commands.
_SUMMARY_LIMIT = 500_000
# The runner takes `::command::` at a line's beginning, after any blanks, and `##[command]` anywhere.
_COMMAND = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)
_OLD_COMMAND = re.compile(r"##(?=\[)")


def report(result: CommandResult) -> None:
    """Write a result's outputs and summary to the files that the runner names."""
    if not (result.promotions or result.summary or result.markdown):
        return
    if file := variable("GITHUB_OUTPUT"):
        _append(file, "".join(_entry(k, v) for k, v in outputs(result).items()))
    if file := variable("GITHUB_STEP_SUMMARY"):
        _append(file, summary(result))


def outputs(result: CommandResult) -> dict[str, str]:
    """Return the step's outputs by name; of several promotions, those of the first that changed."""
    promotions = result.promotions
    changed = [one for one in promotions if one.changed]
    first = next(iter((*changed, *promotions)), None)
    pull = first.pull_request if first else None
    found = {
        "action": first.action if first else None,
        "changed": "true" if changed else "false",
        "pull-request-number": pull.number if pull else None,
        "pull-request-url": pull.url if pull else None,
        "branch": first.branch if first else None,
        "commit": first.commit if first else None,
        "images": json.dumps(first.as_json()["images"] if first else []),
        "results": json.dumps([_brief(one) for one in promotions if not one.by_policy]),
    }
    return {name: "" if value is None else str(value) for name, value in found.items()}


def summary(result: CommandResult) -> str:
    """Return the job summary: each promotion with its pull's text, or why there is none; or a table."""
    parts = [_section(one) for one in result.promotions if not one.by_policy]
    text = "\n\n".join(filter(None, [*parts, result.summary or result.markdown])).strip() + "\n"
    if len(text) <= _SUMMARY_LIMIT:
        return text
    return text[:_SUMMARY_LIMIT].rpartition("\n")[0] + "\n\n(cut)\n"


def marks(result: CommandResult) -> str:
    """Return refusals, errors and warnings as commands that mark them in the run and the files."""
    return "".join(f"{_annotation(one)}\n" for one in result.complaints)


def warning(text: str) -> str:
    """Return the command that marks a run with a warning."""
    return f"::warning::{_data(text)}\n"


def mask(secret: str) -> str:
    """Return the command that makes the runner hide a secret of ours wherever it is printed."""
    return "".join(f"::add-mask::{_data(line)}\n" for line in secret.splitlines() if line.strip())


def defused(text: str) -> str:
    """Return text for a step's log in which no line is a command, wherever the runner ends lines."""
    return _OLD_COMMAND.sub(f"##{JOINER}", _COMMAND.sub(rf"\1:{JOINER}", printable(text)))


def defused_json(text: str) -> str:
    """Return the same JSON in which nothing is a command."""
    return text.replace("##[", "\\u0023\\u0023[")


def _section(promotion: Envelope) -> str:
    where = f"{code(promotion.subject)}: " if promotion.subject else ""
    complaints = [one for one in complaints_of(promotion) if one.is_serious]
    if complaints:
        lines = [f"- {code(one.reason)} {code(one.hint) if one.hint else ''}" for one in complaints]
        head = f"{where}{promotion.action}"
        return "\n".join([head, "", *(line.rstrip() for line in lines)])
    pull, head = promotion.pull_request, inert(promotion.headline.replace("->", "→"))
    if pull is not None and is_page(pull.url):
        named = f"pull request {pull.number}"
        head = head.replace(named, f"[{named}]({pull.url})", 1)
    written = pull is not None and promotion.page is not None
    return f"{head}\n\n{pull.body or ''}" if pull and written else head


def _brief(promotion: Envelope) -> dict[str, Any]:
    kept = ("action", "changed", "app", "environment", "images", "branch", "commit", "exit_code")
    whole, pull = promotion.as_json(), promotion.pull_request
    return {key: whole[key] for key in kept} | {
        "pull_request": {
            key: getattr(pull, key) if pull else None for key in ("number", "url", "state")
        }
    }


def _annotation(complaint: Complaint) -> str:
    command = "error" if complaint.is_serious else "warning"
    place = {"file": complaint.file, "line": complaint.line, "col": complaint.column}
    given = ",".join(f"{key}={_property(str(v))}" for key, v in place.items() if v is not None)
    about = f"{complaint.about}: " if complaint.about else ""
    text = f"{about}{complaint.reason}" + (f"\n{complaint.hint}" if complaint.hint else "")
    return f"::{command}{' ' if given else ''}{given}::{_data(text)}"


def _data(text: str) -> str:
    text = _OLD_COMMAND.sub(f"##{JOINER}", printable(text))
    return text.replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _entry(name: str, value: str) -> str:
    """Return one output between delimiters that nobody can have guessed."""
    delimiter = f"promoter-{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _append(path: str, text: str) -> None:
    # A pipe that nobody reads is reported, and not waited for.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        number = os.open(path, flags, 0o666)
        with open(number, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - it is open
            file.write(text)
    except OSError as error:
        raise UsageError(
            f"the runner's file {path} cannot be written: {error.strerror}",
            "GITHUB_OUTPUT and GITHUB_STEP_SUMMARY are set by the runner.",
        ) from error
