"""The policy `digest`: whatever image a tag stands for now."""

from __future__ import annotations

from typing import Annotated

from promoter.domain.image import Tag
from promoter.domain.section import Text, held_to
from promoter.policy.kinds.kind import PolicyKind


class Digest(PolicyKind):
    """Whatever image a tag stands for now."""

    name = "digest"
    argument_type = Annotated[Text, held_to(Tag.parse)]
    meaning = (
        "Whatever image this tag stands for now, by its digest; wants `pin: digest` or `both`."
    )
    by_digest = True

    def rank(self, tag: str) -> bool | None:
        """Return that this tag has a place in the order, and no other."""
        return True if tag == self.argument else None
