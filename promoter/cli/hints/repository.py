"""The repository of the command line in each command that a hint shows, so that it can be copied."""

from __future__ import annotations

import re
import shlex
from typing import Any

from promoter.cli.options import OPTIONS

# A command without a flag that is to be copied, and not only spoken of.
_BARE = re.compile(
    r"(?:(?<=: )|(?<=by )|(?<=mean )|(?<=Write ))promote (?:auto|status|history|pulls)(?=[;?]|\.?$)",
    re.MULTILINE,
)
_WITH_REPOSITORY = "auto|rollback|hold|unhold|status|history|pulls(?: \\w+ \\d+)?"


def with_repository(hint: str, repo: str) -> str:
    """Return a hint whose commands name the repository, so that they work when they are copied.

    A command that names one is left as it is.
    """
    valued = "|".join(name for name, one in OPTIONS.items() if not one.switch)
    switches = "|".join(name for name, one in OPTIONS.items() if one.switch)
    value = r"""(?:"[^"]*"|'[^']*'|[^\s;,"']*[^\s;,.?:"'])"""
    flags = rf"(?: --(?:{valued})[ =]{value}| --(?:{switches})\b| -[qv]\b)+"
    command = re.compile(rf"\bpromote(?: (?:{_WITH_REPOSITORY}))?{flags}")
    given = f" --repo {shlex.quote(repo)}"
    hint = _BARE.sub(lambda one: one[0] + given, hint)
    return command.sub(lambda one: one[0] + ("" if " --repo" in one[0] else given), hint)


def hints_with_repository(document: Any, repo: str) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return a result's document with the same done to each `hint` in it."""
    if isinstance(document, list):
        return [hints_with_repository(one, repo) for one in document]
    if not isinstance(document, dict):
        return document
    return {
        key: with_repository(value, repo)
        if key == "hint" and isinstance(value, str)
        else hints_with_repository(value, repo)
        for key, value in document.items()
    }
