"""The policy `timestamp`: the latest time in a tag, read by a format or by a pattern.

A format has `strftime`'s letters. It stands anywhere in a tag, with no digit before or behind it:
`%Y%m%d%H%M%S` reads `main-20260109081500-3f2c1ab`. The first place that makes a date is taken; 30
February makes none.

A pattern's one named group is read as ISO 8601 (`20260109`, `20260109T081500Z`, `2026-01-09`), as
12 or 14 digits from the year on, or as Unix time of 10 digits (13: milliseconds). All is UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from promoter.domain.section import Text, held_to
from promoter.policy import pattern
from promoter.policy.kinds.kind import PolicyKind

Reader = Callable[[str], datetime | None]

_LETTERS = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "m": "0[1-9]|1[0-2]",
    "d": "0[1-9]|[12][0-9]|3[01]",
    "H": "[01][0-9]|2[0-3]",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
    "f": "[0-9]{1,6}",
    "s": "[0-9]{9,11}",
}
# Longer texts are not looked at for what they may mean.
_LONGEST_FORM = 60
_COARSE_TO_FINE = "YmdHMSf"


@lru_cache(maxsize=1_024)
def reader(text: str) -> Reader:
    """Return what reads a tag's time, or raise `ValueError` where the text says no time."""
    if "(?P<" in text:
        found = pattern.compiled(text)
        if len(found.groups) != 1:
            raise ValueError("must have one named group that holds the time, and no second")
        return lambda tag: _by_group(found, tag)
    if "%" not in text:
        msg = "is neither a format such as '%Y%m%d%H%M%S' nor a pattern with a named group"
        meant = _in_our_letters(text)
        raise ValueError(f"{msg}\nDid you mean '{meant}'?" if meant else msg)
    form = _form(text)
    return lambda tag: _by_format(form, tag)


def _in_our_letters(text: str) -> str:
    """Return a format such as `YYYY-MM-DD` with our letters; '' where it is none."""
    letters = {
        "YYYY": "%Y",
        "yyyy": "%Y",
        "YY": "%y",
        "DD": "%d",
        "dd": "%d",
        "HH": "%H",
        "hh": "%H",
    }
    letters |= {"MM": "%m", "mm": "%M", "SS": "%S", "ss": "%S"}
    form = re.sub("|".join(letters), lambda one: letters[one[0]], text[:_LONGEST_FORM])
    # Behind the hours, MM are minutes.
    date, hours, time = form.partition("%H")
    return date + hours + time.replace("%m", "%M") if "%Y" in date or "%y" in date else ""


def _form(text: str) -> re.Pattern[str]:
    if len(text) > pattern.LENGTH_LIMIT:
        raise ValueError(f"has {len(text)} characters, and {pattern.LENGTH_LIMIT} is the most")
    parts, letters = [], []
    for literal, letter in re.findall(r"([^%]+)|%(.?)", text, re.DOTALL):
        if literal:
            parts.append(re.escape(literal))
            continue
        if letter not in _LETTERS:
            known = ", ".join(f"%{one}" for one in _LETTERS)
            raise ValueError(f"knows {known}, not {'%' + letter!r}")
        if letter in letters:
            raise ValueError(f"has %{letter} twice")
        letters.append(letter)
        parts.append(f"(?P<{letter}>{_LETTERS[letter]})")
    _check(letters)
    return re.compile(rf"(?<![0-9]){''.join(parts)}(?![0-9])", re.ASCII)


def _check(letters: list[str]) -> None:
    """Raise `ValueError` where letters leave out what is coarser than another, e.g. the month."""
    if letters == ["s"]:
        return
    known = {"Y" if letter == "y" else letter for letter in letters}
    if len(known) != len(letters) or "s" in known:
        raise ValueError("says the same time twice: take %Y or %y, or %s alone")
    if known != set(_COARSE_TO_FINE[: len(known)]):
        missing = next(one for one in _COARSE_TO_FINE if one not in known)
        raise ValueError(f"lacks %{missing}, without which the others say no time")


def _by_format(form: re.Pattern[str], tag: str) -> datetime | None:
    for found in form.finditer(tag):
        said = found.groupdict()
        try:
            if "s" in said:
                return datetime.fromtimestamp(int(said["s"]), UTC)
            year = int(said["Y"]) if "Y" in said else 2000 + int(said["y"])
            rest = [
                int(said.get(letter, low)) for letter, low in zip("mdHMS", "11000", strict=True)
            ]
            part = int(said.get("f", "0").ljust(6, "0"))
            return datetime(year, *rest, part, tzinfo=UTC)  # type: ignore[misc,arg-type]
        except (ValueError, OverflowError, OSError):
            continue
    return None


def _by_group(form: pattern.Pattern, tag: str) -> datetime | None:
    found = form.search(tag)
    text = found[next(iter(form.groups))] if found else None
    if not text:
        return None
    try:
        if text.isdecimal() and len(text) in (10, 13):
            return datetime.fromtimestamp(int(text) / 10 ** (len(text) - 10), UTC)
        if text.isdecimal() and len(text) in (12, 14):
            text = f"{text[:8]}T{text[8:]}"
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


class TimestampPolicy(PolicyKind):
    """The latest time in the tag."""

    name = "timestamp"
    argument_type = Annotated[Text, held_to(reader)]
    meaning = (
        'The latest time in the tag: a format (`"%Y%m%d%H%M%S"`), which stands anywhere in the tag, '
        "or a pattern whose one named group holds ISO 8601 or Unix time."
    )

    def rank(self, tag: str) -> datetime | None:
        """Return the time in a tag."""
        return reader(self.argument)(tag)
