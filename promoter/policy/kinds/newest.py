"""The policy `newest`: the image that was created last."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StrictInt

from promoter.policy.kinds.kind import PolicyKind
from promoter.policy.natural import natural

LIMIT = 100


class Newest(PolicyKind):
    """The image that was created last."""

    name = "newest"
    argument_type = Annotated[StrictInt, Field(ge=1, le=LIMIT)]
    meaning = (
        "The image that was created last, of at most so many tags: the registry is asked about "
        "each. Where more match, the last ones in natural order are."
    )
    by_creation = True
    takes_moving = False

    @property
    def limit(self) -> int:
        """How many tags are worth asking the registry about."""
        return int(self.argument)

    def rank(self, tag: str) -> list[Any]:
        """Return natural order: build numbers and times count up; of bare commits nobody knows."""
        return natural(tag)
