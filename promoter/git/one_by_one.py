"""Publishing commits one by one, where a transport takes no more at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promoter.domain.errors import PromoteError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promoter.domain.model import CommitDraft


def one_by_one(
    drafts: Sequence[CommitDraft], write: Callable[[CommitDraft], str]
) -> list[str | PromoteError]:
    """Return each draft's commit, or why there is none; what one branch fails on stops no other.

    Drafts for one branch are made each on the one before; after a failure none of them is.
    """
    done: list[str | PromoteError] = []
    last: dict[str, str | PromoteError] = {}
    for draft in drafts:
        end = last.get(draft.branch)
        if not isinstance(end, PromoteError):
            end = _attempt(replace(draft, onto=end, lease=end) if end else draft, write)
        last[draft.branch] = end
        done.append(end)
    return done


def _attempt(draft: CommitDraft, write: Callable[[CommitDraft], str]) -> str | PromoteError:
    """Return a draft's commit, or why there is none."""
    try:
        return write(draft)
    except PromoteError as error:
        return error
