"""Regular expressions over tags. Tags and patterns are anybody's, so both have limits.

A pattern is measured before it is compiled: compiling copies whatever a repeat demands, and a few
characters can demand more copies than a machine has memory for. Each search has a time limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError

if TYPE_CHECKING:
    import regex

LENGTH_LIMIT = 200
"""The most characters of a pattern."""
COUNT_LIMIT = 1_000
"""The greatest number in a repeat; no tag has more than 128 characters."""
SIZE_LIMIT = 1_000
"""The most characters that a pattern may demand, repeats within repeats multiplied."""
# A search of one tag takes microseconds; a pattern that needs longer than this would never end.
_SECONDS = 0.25

_TOKEN = re.compile(
    r"""
    (?P<escape> \\. )
    | (?P<set> \[ \^? \]? (?: \\. | [^\[\]\\] )* [\[\]]? )
    | (?P<comment> \( \?\# [^)]* \)? )
    | (?P<flags> \( \? (?: [A-Za-z0-9+-]+ [:)] | & | P> ) )
    | (?P<open> \( (?: \? (?: P?<\w+> | <?[=!] | [:>|] ) )? )
    | (?P<close> \) )
    | (?P<repeat> \{ (?P<low> [0-9]* ) (?: , (?P<high> [0-9]* ) )? \} )
    | (?P<sign> [*+?] )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_FLAGS = re.compile(r"\(\?[aims-]+[:)]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern to be looked for anywhere in a tag; `^` and `$` tie it to the tag's ends."""

    source: str
    _compiled: regex.Pattern[str]

    @property
    def groups(self) -> Mapping[str, int]:
        """The named groups, and where each stands."""
        return self._compiled.groupindex

    def search(self, tag: str) -> regex.Match[str] | None:
        """Return the first match, or raise `UsageError` for a pattern that takes too long."""
        try:
            return self._compiled.search(tag, timeout=_SECONDS)
        except TimeoutError:
            raise UsageError(
                f"the pattern {self.source!r} takes too long on the tag {ascii(tag[:60])}",
                "Begin it with '^', and let no repeat hold another.",
            ) from None


@lru_cache(maxsize=1_024)
def compiled(source: str) -> Pattern:
    """Return the pattern, or raise `ValueError` saying what is wrong with it."""
    if not source:
        raise ValueError("is an empty pattern, which matches everything")
    if len(source) > LENGTH_LIMIT:
        raise ValueError(f"has {len(source)} characters, and {LENGTH_LIMIT} is the most")
    _check_size(source)
    import regex  # late, as most runs meet no pattern

    try:
        return Pattern(source, regex.compile(source, regex.ASCII | regex.V0))
    except (regex.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is not a regular expression: {error}") from None


def _check_size(source: str) -> None:
    """Raise `ValueError` for a pattern that demands too many characters, without compiling it.

    Where a pattern can be read in two ways, the greater size counts.
    """
    sizes, last = [0], 0  # of each open group so far, and of what a repeat would repeat
    for token in _TOKEN.finditer(source):
        kind, text = token.lastgroup, token[0]
        if kind == "set" and len(text) > 1 and text.endswith("["):
            raise ValueError("has a [ within [ ]\nWrite \\[")
        if kind == "flags" and not _FLAGS.fullmatch(text):
            raise ValueError(f"has {text}: only the flags a, i, m and s are known, no recursion")
        if kind in ("comment", "sign") or (kind == "flags" and text.endswith(")")):
            continue
        if kind in ("open", "flags"):
            sizes.append(0)
            continue
        if kind == "repeat":
            added = last * (_copies(token) - 1)
        elif kind == "close" and len(sizes) > 1:
            added = last = max(sizes.pop(), 1)
        else:
            added = last = 1
        if kind == "repeat":
            last += added
        sizes[-1] += added
        if sum(sizes) > SIZE_LIMIT:
            raise ValueError(
                f"demands more than {SIZE_LIMIT} characters, and a tag has at most 128"
            )


def _copies(repeat: re.Match[str]) -> int:
    """Return how often a repeat demands its item, or raise `ValueError` for too large a number."""
    counts = [int(text) for text in repeat.group("low", "high") if text]
    if any(count > COUNT_LIMIT for count in counts):
        raise ValueError(f"has the repeat {repeat[0]}, and {COUNT_LIMIT} is the most")
    return max(int(repeat["low"] or 1), 1)
