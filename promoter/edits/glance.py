"""A kustomization's entries at a glance, where it has the usual form beyond doubt.

A run over a thousand apps reads a thousand kustomizations to find that most have nothing to change.
This reader takes a fiftieth of the parser's time, and says None wherever it could be mistaken: no
edit is ever based on it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A quoted text of several lines, or a flow collection, could hold a line that looks like a key.
_DOUBT = re.compile(r"[{}\[\]&*!%\t\r\\]|^(?:---|\.\.\.)|[^\x00-\x7f]", re.MULTILINE)
_IMAGES = re.compile(r"^[\"']?(?:images|imagetags)[\"']?[ ]*:", re.MULTILINE | re.IGNORECASE)
_SECTION = re.compile(r"^images:[ ]*(?:#[^\n]*)?\n((?:(?:[ -][^\n]*|#[^\n]*)?\n)*)", re.MULTILINE)
_LINE = re.compile(
    r"(?P<lead>[ ]*(?:-[ ]+)?)(?P<key>name|newName|newTag|digest):[ ]+"
    r"(?:\"(?P<double>[\w.:/@+-]+)\"|'(?P<single>[\w.:/@+-]+)'|(?P<plain>[A-Za-z0-9][\w.:/@+-]*))"
    r"[ ]*(?:[ ]#.*)?"
)
_BLANK = re.compile(r"[ ]*(?:#.*)?")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def glance(data: bytes) -> list[dict[str, str]] | None:
    """Return the fields of each entry of `images`, or None where the file has not the usual form."""
    text = data.decode("utf-8", "replace")
    if not text.endswith("\n") or _DOUBT.search(text) or len(_IMAGES.findall(text)) != 1:
        return None
    if any(line.count('"') % 2 or line.count("'") % 2 for line in text.splitlines()):
        return None
    section = _SECTION.search(text)
    return _entries(section[1]) if section else None


def _entries(section: str) -> list[dict[str, str]] | None:
    """Return the entries of the lines below `images:`, or None."""
    found: list[dict[str, str]] = []
    columns: set[int] = set()
    dashes: set[int] = set()
    for lead, key, value in _fields(section):
        if key is None or value is None or value.lower() in _WORDS or value.endswith(":"):
            return None
        columns.add(len(lead))
        if "-" in lead:
            dashes.add(lead.index("-"))
            found.append({})
        if not found or key in found[-1]:
            return None
        found[-1][key] = value
    usual = len(columns) == 1 and len(dashes) == 1 and all("name" in one for one in found)
    return found if usual else None


def _fields(section: str) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield each line's beginning, key and value; None for a line that is no field."""
    for line in section.splitlines():
        if _BLANK.fullmatch(line):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            yield line, None, None
        else:
            yield match["lead"], match["key"], match["double"] or match["single"] or match["plain"]
