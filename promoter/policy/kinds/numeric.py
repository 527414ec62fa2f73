"""The policy `numeric`: the greatest number, or the least."""

from __future__ import annotations

import re
from typing import Literal

from promoter.policy.kinds.kind import PolicyKind

_NUMBER = re.compile(r"v?([0-9]{1,18}(?:\.[0-9]{1,18}){0,7})", re.ASCII)


class Numeric(PolicyKind):
    """The greatest number, or the least."""

    name = "numeric"
    argument_type = Literal["asc", "desc"]
    meaning = (
        "The greatest number (`asc`) or the least (`desc`): "
        "`1042`, `v7`, or parts by dots: `24.10`."
    )

    @property
    def descending(self) -> bool:
        """Whether the least number is wanted."""
        return bool(self.argument == "desc")

    def rank(self, tag: str) -> tuple[int, ...] | None:
        """Return the numbers of a tag that has nothing else; zeros at the end count for nothing."""
        number = _NUMBER.fullmatch(tag)
        if number is None:
            return None
        parts = [int(part) for part in number[1].split(".")]
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
        return tuple(parts)
