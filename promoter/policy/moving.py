"""Tags that say nothing of when or from what they were built."""

from __future__ import annotations

import re

_MOVING = re.compile(
    r"latest|main|master|trunk|develop(?:ment)?|dev|edge|nightly|stable|staging|prod(?:uction)?|head",
    re.IGNORECASE,
)
# What cosign and the referrers' fallback keep beside an image, under a tag made of its digest.
_ATTACHED = re.compile(r"sha(?:256-[0-9a-f]{64}|512-[0-9a-f]{128})(?:\.[\w.-]*)?", re.ASCII)


def is_moving(tag: str) -> bool:
    """Say whether a tag is moved along by habit, as `latest` and branches' names are."""
    return _MOVING.fullmatch(tag) is not None


def is_attached(tag: str) -> bool:
    """Say whether a tag holds no image but a signature or another attachment of one."""
    return tag.startswith("sha") and _ATTACHED.fullmatch(tag) is not None
