"""What the fields of GraphQL's answers hold, by their names: an answer is checked before it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from promoter.domain.moment import seconds_of


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_null(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def _is_moment(value: object) -> bool:
    try:
        return isinstance(value, str) and seconds_of(value) >= 0
    except ValueError:
        return False


def _is_moment_or_null(value: object) -> bool:
    return value is None or _is_moment(value)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_flag_or_null(value: object) -> bool:
    return value is None or isinstance(value, bool)


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _is_list_of_texts_or_null(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(map(_is_text, value)))


def _is_list_or_null(value: object) -> bool:
    return value is None or _is_list(value)


_TEXTS = (
    "id oid message login path changeType state url title body headRefName baseRefName headRefOid "
    "nameWithOwner type __typename prefix mergeStateStatus"
)
_TEXTS_OR_NULL = "name endCursor clientMutationId reviewDecision"
_FLAGS = (
    "isDraft hasNextPage requiresCommitSignatures requiresStrictStatusChecks requiresSignatures "
    "allowsForcePushes allowsDeletions requiresCodeOwnerReviews requiresStatusChecks"
)
TYPES: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(_TEXTS.split(), _is_text),
    **dict.fromkeys(_TEXTS_OR_NULL.split(), _is_text_or_null),
    **dict.fromkeys(("number", "mode", "totalCount", "position"), _is_count),
    **dict.fromkeys(_FLAGS.split(), _is_flag),
    **dict.fromkeys(("isTruncated", "strictRequiredStatusChecksPolicy"), _is_flag_or_null),
    "committedDate": _is_moment,
    **dict.fromkeys(("mergedAt", "enabledAt"), _is_moment_or_null),
    # A write of ours is named so as well.
    "text": lambda value: _is_text_or_null(value) or isinstance(value, dict),
    "requiredApprovingReviewCount": lambda value: value is None or _is_count(value),
    "requiredStatusCheckContexts": _is_list_of_texts_or_null,
    "nodes": _is_list,
    "entries": _is_list_or_null,
}
"""What says of each field that is no object whether a value is one of its own."""


def check_types(shown: dict[str, Any]) -> None:
    """Raise `TypeError` for a field of an answer that does not hold what its name says.

    A field of another name, as those that documents number, holds an object or null.
    """
    left: list[Any] = [shown]
    while left:
        for name, value in left.pop().items():
            is_right = TYPES.get(name, _is_other)
            if not is_right(value):
                msg = f"the answer's {name} is not what GitHub's is"
                raise TypeError(msg)
            if isinstance(value, list):
                left += filter(_is_other, value)
            elif isinstance(value, dict):
                left.append(value)


def _is_other(value: object) -> bool:
    return value is None or isinstance(value, dict)
