"""Why a text is no YAML, in plain words, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Sequence

# So much of a line is looked at.
_LINE = 500
# A key whose value follows without a blank; what holds '//' is an address.
_JOINED = re.compile(r"\s*(?:- )?([A-Za-z][\w-]*):((?!//)[^\s#:]+)\s*$", re.ASCII)
_PARTED = re.compile(r"\s*([A-Za-z][\w-]*)[= ]+([\w./{}-]+)\s*$", re.ASCII)
_WORD = re.compile(r"\s*([A-Za-z][\w-]*)\s*", re.ASCII)
# What to do, by what libyaml says.
_WHY = {
    "the quote": "Close it with the same quote.",
    "begins here is not closed": "Close it, or add the comma that is missing.",
    "no ':' after this key": "Write KEY: VALUE, with a blank after the ':'.",
    "mapping values are not allowed": "Is the ':' of the line before missing, or are quotes around "
    "a value that holds ': '? Check the indentation, too.",
    "expected ',' or": "A [ or { is not closed, or a comma is missing.",
    "cannot start any token": "Put a value that begins with this sign in quotes.",
    "expected alphabetic or numeric": "Put a value that begins with * or & in quotes.",
    "comment or line break": "Put a value that begins with > or | in quotes.",
    "did not find expected key": "Indent the line as its neighbours of the same level.",
    "expected '-' indicator": "Begin all lines of this level with '- ' (a list), or none of them "
    "(keys with values).",
    "unknown escape character": "Write / in place of \\ in a path; put a pattern with \\ in "
    "single quotes.",
    "holds a second document": "Remove the line '---' and what follows it.",
    "block sequence entries": "Begin a list on a line of its own, or write it in [ ].",
    "a constructor for the tag": "Put a value that begins with ! in quotes.",
    "unhashable key": "Put a value that begins with { in quotes.",
}
CONFLICT = "it holds the marks of a merge conflict"
"""Why a file is no YAML that git has left with both sides."""
_INDENTATION = "Check the indentation and the quotes of this line and the one before."


def explain_yaml_error(reason: str, text: str, line: int | None) -> tuple[str, str]:
    """Return why YAML gave up at a line, in plain words where they are known, and what to write."""
    lines = text.split("\n")
    own = lines[line - 1] if line and line <= len(lines) else ""
    near = lines[max((line or 1) - 2, 0) : line]
    if value := _bare_template(near):
        return reason, f'Put the value in quotes: "{value.replace(chr(92), "/")}"'
    if any(re.match(r"[^\"'#]*\{\{", one[:_LINE]) for one in near):
        return "it holds {{ }}", "No template is filled in here: write what it stands for."
    if re.search(r"[\u201c\u201d\u2018\u2019]", own):
        return reason, 'Write plain quotes: " in place of \u201c and \u201d.'
    if "\t" in own[: len(own) - len(own.lstrip())]:
        return "a tab indents this line", "Indent it with spaces."
    if re.match(r"<{7}|={7}|>{7}", own) or re.match(r"<{7}", lines[max((line or 1) - 2, 0)]):
        return CONFLICT, "Resolve the conflict, then run again."
    if found := re.match(r'found duplicate key "(.*?)" with value', reason):
        first = _first_line_of(found[1], lines[: (line or 1) - 1], own)
        there = f", the first time in line {first}" if first else ""
        return f"the key {found[1]!r} is there twice{there}", "Remove one of the two."
    known = next((hint for part, hint in _WHY.items() if part in reason), _INDENTATION)
    return reason, _joined_or_parted(reason, near, own) or known


def first_mark_of_conflict(text: str) -> int | None:
    """Return the line of the first mark of a merge conflict."""
    found = re.search(r"^(?:<{7}|={7}|>{7})", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else None


def _joined_or_parted(reason: str, near: Sequence[str], own: str) -> str:
    """Return what to write for `key:value` and for `key value`; '' where it is neither."""
    joined = next(filter(None, (_JOINED.match(one[:_LINE]) for one in near)), None)
    if joined is not None and ("no ':' after" in reason or "mapping values" in reason):
        return f"Write a blank after the ':': {joined[1]}: {joined[2]}"
    entry = re.match(r"\s*- ([A-Za-z][\w-]*):?\s*$", own[:_LINE], re.ASCII)
    is_alone = not any(one.lstrip().startswith("- ") for one in near[:-1])
    if entry is not None and is_alone and "expected key" in reason:
        return f"Keys with values are wanted here, and no list: write {entry[1]}: {{}}"
    word = next(filter(None, (_WORD.fullmatch(one) for one in near)), None)
    if word is not None and "no ':' after" in reason:
        return f"Write {word[1]}:"
    parted = _PARTED.match(own[:_LINE]) if "no ':' after" in reason else None
    return f"Write {parted[1]}: {parted[2]}" if parted else ""


def _first_line_of(key: str, before: Sequence[str], own: str) -> int | None:
    """Return the line that has a key at the indentation of another, the nearest above; None for none."""
    indent = len(own) - len(own.lstrip())
    for number in range(len(before), 0, -1):
        line = before[number - 1]
        if re.match(rf"[ ]{{{indent}}}[\"']?{re.escape(key)}[\"']?\s*:", line):
            return number
    return None


def _bare_template(lines: Sequence[str]) -> str | None:
    """Return a value such as `{app}/overlays` that stands without quotes where YAML takes none."""
    for line in lines:
        for found in re.finditer(r":[ ]+(?=([^\s\"',\u2018-\u201d]*))", line[:_LINE]):
            value = found[1]
            while value.count("}") > value.count("{") and value.endswith("}"):
                value = value.removesuffix("}")
            within = value.startswith("{") or "{" in line[: found.start()]
            if within and re.search(r"\{(app|environment)\}", value):
                return value
    return None
