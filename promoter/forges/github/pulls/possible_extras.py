"""What of its extras a pull can be given, as far as that can be asked without doing it."""

from __future__ import annotations

from dataclasses import replace

from promoter.domain.pull import Pull, PullExtras
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.failures import FAILURES, GitHubError
from promoter.forges.github.api.retry import pause
from promoter.forges.github.pulls.extras import milestone
from promoter.forges.github.pulls.node_ids import TEAM

_METHODS = {
    "merge": "allow_merge_commit",
    "squash": "allow_squash_merge",
    "rebase": "allow_rebase_merge",
}
# The states in which a pull cannot be merged now, and will not be without somebody's doing.
_BLOCKED = ("blocked", "behind", "dirty", "draft")


def possible_extras(client: Client, pull: Pull, extras: PullExtras) -> PullExtras:
    """Return what of the extras can be had, as far as that can be asked without doing it."""
    can_merge = extras.auto_merge and _can_merge(client, pull, extras.merge_method)
    title = extras.milestone
    return replace(
        extras,
        auto_merge=can_merge,
        reviewers=tuple(one for one in extras.reviewers if _may_be_asked(client, one)),
        milestone=title if title and milestone(client, title) else None,
    )


def _can_merge(client: Client, pull: Pull, method: str) -> bool:
    """Return whether a pull can be armed, or be merged now; what cannot be read is yes."""
    try:
        settings = client.ask("GET", "")
        if settings.get(_METHODS[method]) is False:
            return False
        # Whoever may not write is not shown the settings.
        return settings.get("allow_auto_merge") is not False or _state(client, pull) not in _BLOCKED
    except FAILURES:
        return True


def _state(client: Client, pull: Pull) -> str:
    """Return GitHub's word for what keeps a pull from being merged, which it may yet work out."""
    for delay in (0.2, 1.0, 2.0):
        state = str(client.ask("GET", f"/pulls/{pull.number}").get("mergeable_state"))
        if state != "unknown":
            break
        pause(delay, client.deadline)
    return state


def _may_be_asked(client: Client, name: str) -> bool:
    """Return whether somebody may be asked for a review; what cannot be read is yes."""
    if name.startswith(TEAM):
        return True
    try:
        client.ask("GET", f"/collaborators/{name}")
    except GitHubError as error:
        return error.status != 404
    return True
