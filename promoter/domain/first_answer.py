"""What a forge's first answer tells a run that reads the repository by other means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class FirstAnswer(NamedTuple):
    """What came with the pulls of a promotion, asked for before anything was known of it."""

    base: str
    """The base branch that it is about."""
    texts: Mapping[str, bytes]
    """Files that the promotion probably reads, by git's ids, which prove them."""
    merged: frozenset[str]
    """The commits of branches of which nothing is left to merge: pulls brought them to the base."""
