"""The texts of a promotion: commit message, title, body and comments; pure functions of what is known."""

from promoter.pull_request.body import draft
from promoter.pull_request.markdown import code
from promoter.pull_request.state import (
    agrees,
    closed_by_us,
    declines,
    facts_of,
    holds_of,
    is_ours,
    mark_closed,
    places_of,
    proposed_images,
    tells_others,
)
from promoter.pull_request.texts import (
    closing,
    goes_back,
    message,
    plain_line,
    superseded_comment,
    superseding,
    tags_in_short,
    title,
    verdicts,
)

__all__ = [
    "agrees",
    "closed_by_us",
    "closing",
    "code",
    "declines",
    "draft",
    "facts_of",
    "goes_back",
    "holds_of",
    "is_ours",
    "mark_closed",
    "message",
    "places_of",
    "plain_line",
    "proposed_images",
    "superseded_comment",
    "superseding",
    "tags_in_short",
    "tells_others",
    "title",
    "verdicts",
]
