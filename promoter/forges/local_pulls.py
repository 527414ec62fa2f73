"""A pull as the local forge keeps it: JSON in a blob, which whoever may push can have written."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from promoter.config.refs import is_branch
from promoter.domain.json import parse_json
from promoter.domain.model import Pull, PullState

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LISTS = ("labels", "reviewers", "assignees", "comments")


def written(pull: Pull, comments: tuple[str, ...]) -> bytes:
    """Return the JSON of a pull and of what was said on it."""
    data = {
        "state": pull.state.value,
        "branch": pull.branch,
        "base": pull.base,
        "head": pull.head,
        "title": pull.title,
        "body": pull.body,
        "draft": pull.draft,
        "labels": list(pull.labels),
        "reviewers": list(pull.reviewers),
        "assignees": list(pull.assignees),
        "milestone": pull.milestone,
        "comments": list(comments),
    }
    return json.dumps(data, indent=1).encode()


def read(
    text: bytes, number: int, url: str, heads: Mapping[str, str]
) -> tuple[Pull, tuple[str, ...]]:
    """Return the pull of a JSON text, and what was said on it; raises `ValueError` for another text.

    The head of an open one is wherever its branch is, by `heads`.
    """
    data = parse_json(text)
    _check(data)
    state, head = PullState(data["state"]), data["head"]
    pull = Pull(
        number,
        url,
        state,
        data["branch"],
        data["base"],
        heads.get(data["branch"], head) if state is PullState.OPEN else head,
        data["title"],
        data["body"],
        draft=bool(data.get("draft")),
        # Nobody reviews here: who merges has looked.
        reviewed=False,
        labels=tuple(data.get("labels", ())),
        reviewers=tuple(data.get("reviewers", ())),
        assignees=tuple(data.get("assignees", ())),
        milestone=data.get("milestone"),
    )
    return pull, tuple(data.get("comments", ()))


def _check(data: Any) -> None:  # noqa: ANN401 - JSON
    """Raise `ValueError` for what `written` does not write: its names go into git's commands."""
    try:
        refs, lists = (data["branch"], data["base"]), [data.get(key, []) for key in _LISTS]
        texts = [data["title"], data["body"], data["head"], data.get("milestone") or "", *refs]
        # What holds another value than texts, or half of a character, fails.
        "".join([*texts, *(one for given in lists for one in given)]).encode()
        is_whole = all(map(is_branch, refs)) and _COMMIT.fullmatch(data["head"])
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from None
    if not is_whole:
        raise ValueError(str(refs))
