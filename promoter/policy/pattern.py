"""Regular expressions over tags, each search of which has a time limit: tags are anybody's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import regex

from promoter.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

LENGTH_LIMIT = 200
# A search of one tag takes microseconds; a pattern that needs longer than this would never end.
_SECONDS = 0.25


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
        """Return the first match, or raise `UsageError` for a pattern that runs away."""
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
    try:
        return Pattern(source, regex.compile(source, regex.ASCII | regex.V0))
    except (regex.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression: {error}") from None
