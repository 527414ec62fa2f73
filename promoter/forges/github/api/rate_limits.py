"""GitHub's limits: which answer tells of one, how long it lasts, and which requests it is about."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from promoter.system.http import Answer

# A secondary limit without a time lasts for a minute, and none is waited for longer, in seconds.
SECONDARY, _LONGEST = 60.0, 600.0
# By GraphQL, a limit is an error inside of an answer.
_LIMITED = '"RATE_LIMITED"'


class Limit(NamedTuple):
    """For how many seconds GitHub wants to be asked nothing, of its whole API or of a part."""

    seconds: float
    is_whole: bool
    """Whether it is about GraphQL and REST alike, which have a primary limit each."""


def limit_of(answer: Answer) -> Limit | None:
    """Return the limit that an answer tells of; None for any other answer."""
    headers = answer.headers
    if answer.status == 200 and _is_spent(headers):
        # Most answers are not the last one, and need not be read for it.
        if _LIMITED not in answer.text:
            return None
    elif answer.status not in (403, 429):
        return None
    text = answer.text.lower()
    seconds = seconds_to_wait(headers, text)
    if seconds is None:
        return Limit(SECONDARY, is_whole=True) if "secondary rate limit" in text else None
    return Limit(seconds, is_whole="retry-after" in headers)


def seconds_to_wait(headers: Mapping[str, str], said: str) -> float | None:
    """Return the seconds that an answer asks to wait before the next request; None for none."""
    seconds, end = (str(headers.get(one, "")) for one in ("retry-after", "x-ratelimit-reset"))
    if seconds.isdecimal():
        return min(float(seconds), _LONGEST)
    if _is_spent(headers) and end.isdecimal() and "rate limit" in said.lower():
        # By a clock that is ahead the limit has ended: it is not asked about without a pause.
        return max(1.0, min(float(end) - time.time(), _LONGEST))
    return None


def _is_spent(headers: Mapping[str, str]) -> bool:
    return str(headers.get("x-ratelimit-remaining", "")) == "0"
