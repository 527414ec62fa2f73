"""The policy `alphabetical`: the last tag of the alphabet, or the first."""

from __future__ import annotations

from typing import Literal

from promoter.policy.kinds.kind import PolicyKind


class Alphabetical(PolicyKind):
    """The last tag of the alphabet, or the first."""

    name = "alphabetical"
    argument_type = Literal["asc", "desc"]
    meaning = "The last tag of the alphabet (`asc`), or the first (`desc`)."
    takes_moving = False

    @property
    def descending(self) -> bool:
        """Whether the first tag is wanted."""
        return bool(self.argument == "desc")

    def rank(self, tag: str) -> str:
        """Return the tag."""
        return tag
