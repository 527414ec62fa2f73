"""The policy `regex`: the tag whose named groups come last."""

from __future__ import annotations

from typing import Annotated, Any

from promoter.domain.section import Text, must
from promoter.policy import pattern
from promoter.policy.kinds.kind import PolicyKind
from promoter.policy.natural import natural

_UNORDERED = "must have a named group to order by, as in '^main-(?P<order>[0-9]+)-[0-9a-f]{7,40}$'"


class Regex(PolicyKind):
    """The tag whose named groups come last."""

    name = "regex"
    argument_type = Annotated[Text, must(lambda text: pattern.compiled(text).groups, _UNORDERED)]
    meaning = "The tag whose named groups come last in natural order, the first group first."

    def rank(self, tag: str) -> list[Any] | None:
        """Return the named groups, in the order in which they stand in the pattern."""
        form = pattern.compiled(self.argument)
        match = form.search(tag)
        return (
            [natural(match[place] or "") for place in sorted(form.groups.values())]
            if match
            else None
        )
