"""When a run must be over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Deadline:
    """The moment at which the run must be over, on a clock that only goes forward."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def is_within_last(self, part: float) -> bool:
        """Return whether less than this part of the whole time is left."""
        return self.remaining() < self.seconds * part

    def reserving(self, part: float) -> Deadline:
        """Return an earlier one, which leaves this part of the time, or half of what is left of it."""
        left = self.remaining()
        return Deadline(max(left - self.seconds * part, left / 2))

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Shorten the deadline to this many seconds within the block."""
        end = self._end
        self._end = min(end, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._end = end
