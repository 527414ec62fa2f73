"""GitHub Actions: outputs, job summary, annotations and masks, in forms that nothing outside can bend.

The runner reads commands out of what a step prints, so that text from outside is defused there:
https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promoter.domain.errors import UsageError
from promoter.environment import variable
from promoter.output.terminal import printable
from promoter.pull_request import code

if TYPE_CHECKING:
    from collections.abc import Mapping

# One step's summary may have 1 MiB; the rest of it belongs to the step's other commands.
_SUMMARY_LIMIT = 500_000
# The runner takes `::command::` at a line's beginning, after any blanks, and `##[command]` anywhere.
_COMMAND = re.compile(r"^(\s*):(?=:)", re.MULTILINE)
_OLD_COMMAND = re.compile(r"##(?=\[)")
_BREAK = "\u2060"  # a word joiner: nothing to the eye, and no command to the runner


def report(result: Mapping[str, Any]) -> None:
    """Write a result's outputs and summary to the files that the runner names."""
    if "action" not in result and "results" not in result:
        return
    if file := variable("GITHUB_OUTPUT"):
        _append(file, "".join(_entry(k, v) for k, v in outputs(result).items()))
    if file := variable("GITHUB_STEP_SUMMARY"):
        _append(file, summary(result))


def outputs(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the step's outputs by name; of several promotions, those of the first that changed."""
    results = result.get("results", [result])
    first = next((one for one in results if one.get("changed")), results[0] if results else {})
    pull = first.get("pull_request") or {}
    found = {
        "action": first.get("action"),
        "changed": "true" if any(one.get("changed") for one in results) else "false",
        "pull-request-number": pull.get("number"),
        "pull-request-url": pull.get("url"),
        "branch": first.get("branch"),
        "commit": first.get("commit"),
        "images": json.dumps(first.get("images", [])),
        "results": json.dumps([_brief(one) for one in _told_of(result)]),
    }
    return {name: "" if value is None else str(value) for name, value in found.items()}


def summary(result: Mapping[str, Any]) -> str:
    """Return the job summary: each promotion with its pull's text, or why there is none."""
    parts = [_told(one) for one in _told_of(result)]
    text = "\n\n".join([*parts, str(result.get("_summary", ""))]).strip() + "\n"
    if len(text) <= _SUMMARY_LIMIT:
        return text
    return text[:_SUMMARY_LIMIT].rpartition("\n")[0] + "\n\n(cut)\n"


def marks(result: Mapping[str, Any]) -> str:
    """Return refusals, errors and warnings as commands that mark them in the run and the files."""
    lines: list[str] = []
    for one in result.get("results", [result]):
        lines += [f"::warning::{_data(text)}" for text in one.get("warnings", ())]
        complaints = one.get("refusals") or ([one["error"]] if one.get("error") else [])
        lines += [_annotation(complaint) for complaint in complaints]
    return "".join(f"{line}\n" for line in lines)


def mask(secret: str) -> str:
    """Return the command that makes the runner hide a secret of ours wherever it is printed."""
    return "".join(f"::add-mask::{_data(line)}\n" for line in secret.splitlines() if line.strip())


def defused(text: str) -> str:
    """Return text for a step's log in which no line is a command, wherever the runner ends lines."""
    return _OLD_COMMAND.sub(f"##{_BREAK}", _COMMAND.sub(rf"\1:{_BREAK}", printable(text)))


def defused_json(text: str) -> str:
    """Return the same JSON in which nothing is a command."""
    return text.replace("##[", "\\u0023\\u0023[")


def _told_of(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the promotions to tell of: of a thousand apps, not those that only stayed as they are."""
    return [one for one in result.get("results", [result]) if one.get("_text") != ""]


def _told(result: Mapping[str, Any]) -> str:
    """Return one promotion for the summary."""
    app, environment = result.get("app"), result.get("environment")
    where = [f" {code(str(app))}"] if app else []
    where += [f" in {code(str(environment))}"] if app and environment else []
    head = f"### promote: {result.get('action')}{''.join(where)}"
    complaints = result.get("refusals") or ([result["error"]] if result.get("error") else [])
    if complaints:
        lines = [
            f"- {code(str(one.get('reason') or one.get('message')))} {code(one.get('hint') or '')}"
            for one in complaints
        ]
        return "\n".join([head, "", *lines])
    pull = result.get("pull_request")
    if not pull:
        return head
    link = f"[Pull {pull['number']}]({pull['url']})\n\n" if _is_web(pull.get("url")) else ""
    return f"{head}\n\n{link}{pull.get('body') or ''}"


def _is_web(url: object) -> bool:
    """Say whether a pull's address can be a link."""
    return isinstance(url, str) and re.fullmatch(r"https?://[^\s()<>]+", url) is not None


def _brief(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return one promotion's outcome without its long texts."""
    kept = ("action", "changed", "app", "environment", "images", "branch", "commit", "exit_code")
    pull = result.get("pull_request") or {}
    return {key: result.get(key) for key in kept} | {
        "pull_request": {key: pull.get(key) for key in ("number", "url", "state")}
    }


def _annotation(complaint: Mapping[str, Any]) -> str:
    """Return one complaint as a command, with its place where it has one."""
    keys = {"file": "file", "line": "line", "col": "column"}
    place = {key: complaint.get(name) for key, name in keys.items()}
    given = ",".join(f"{key}={_property(str(v))}" for key, v in place.items() if v is not None)
    text = complaint.get("reason") or complaint.get("message") or ""
    hint = complaint.get("hint")
    told = f"{text}\n{hint}" if hint else str(text)
    return f"::error {given}::{_data(told)}" if given else f"::error::{_data(told)}"


def _data(text: str) -> str:
    """Return text as the message of a command."""
    text = _OLD_COMMAND.sub(f"##{_BREAK}", printable(text))
    return text.replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return text as a property of a command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _entry(name: str, value: str) -> str:
    """Return one output between delimiters that nobody can have guessed."""
    delimiter = f"promoter-{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _append(path: str, text: str) -> None:
    """Append to one of the runner's files."""
    try:
        with Path(path).open("a", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            f"the runner's file {path} can not be written: {error.strerror}",
            "GITHUB_OUTPUT and GITHUB_STEP_SUMMARY are set by the runner.",
        ) from error
