"""The policy `digest`: whatever image a tag stands for now."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from promoter.domain.errors import UsageError
from promoter.domain.image import Tag
from promoter.domain.section import Text
from promoter.policy.kinds.kind import PolicyKind


def _check(text: str) -> str:
    try:
        return str(Tag.parse(text))
    except UsageError as error:
        raise ValueError(error.message) from None


class Digest(PolicyKind):
    """Whatever image a tag stands for now."""

    name = "digest"
    argument_type = Annotated[Text, AfterValidator(_check)]
    meaning = (
        "Whatever image this tag stands for now, by its digest; wants `pin: digest` or `both`."
    )
    by_digest = True

    def rank(self, tag: str) -> bool | None:
        """Return that this tag has a place in the order, and no other."""
        return True if tag == self.argument else None
