"""When a plain YAML scalar is not surely a string, by the rules of every reader that matters.

go-yaml v2 (kustomize), ruamel.yaml (YAML 1.2) and PyYAML (YAML 1.1) disagree on what a plain scalar
is; a value is written plain only where all of them read the same string.
"""

from __future__ import annotations

import re

_WORDS = frozenset(
    spelling
    for word in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
    for spelling in (word, word.capitalize(), word.upper())
)
_SPECIAL = re.compile(r"~|=|<<|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|")
# Any of: binary, octal and hexadecimal with either case of the prefix; decimal integers; floats with
# an exponent; base 60 of YAML 1.1. Underscores may stand between digits.
_NUMBER = re.compile(
    r"[-+]?(?:"
    r"0[bB][01_]+|0[oO][0-7_]+|0[xX][0-9a-fA-F_]+"
    r"|[0-9][0-9_]*"
    r"|(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*)(?:[eE][-+]?[0-9_]+)?"
    r"|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r")"
)
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[Tt \t].*")
_SAFE_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./:@+-]*", re.ASCII)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

# What go-yaml v2, and so kustomize, takes for something other than a string.
_GO_NUMBER = re.compile(
    r"[-+]?(?:0[bB][01_]+|0[oO][0-7_]+|0[xX][0-9a-fA-F_]+|[0-9][0-9_]*"
    r"|(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9_]+)?)"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)


def is_safe_plain(text: str) -> bool:
    """Return whether every reader takes the plain scalar for exactly this string."""
    if not _SAFE_PLAIN.fullmatch(text) or text.endswith(":"):
        return False
    return not (
        text in _WORDS
        or _SPECIAL.fullmatch(text)
        or _NUMBER.fullmatch(text)
        or _TIMESTAMP.fullmatch(text)
    )


def is_null(text: str, style: str | None) -> bool:
    """Return whether a scalar's text, plain, stands for no value at all."""
    return style is None and text in _NULLS


def is_string_for_kustomize(text: str) -> bool:
    """Return whether kustomize takes a plain scalar for a string; it refuses the whole file otherwise."""
    if text in _WORDS - _NULLS:
        return False
    if not _GO_NUMBER.fullmatch(text):
        return True
    # Decimal floats whose exponent does not fit are strings to go-yaml, and infinity to others.
    if re.search(r"[eE]", text) and not text.lower().startswith(("0x", "-0x", "+0x")):
        try:
            return float(text.replace("_", "")) in (float("inf"), float("-inf"))
        except ValueError:
            return True
    return False


def written_scalar(text: str, style: str | None) -> str:
    """Return a value as it stands in the file: existing quotes stay, doubtful values get double ones."""
    if style == "'":
        return "'" + text.replace("'", "''") + "'"
    if style == '"' or not is_safe_plain(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text
