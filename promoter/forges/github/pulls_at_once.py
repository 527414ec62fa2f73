"""Pulls of many branches, opened and renewed some in a request, where their branches are there.

What is not done in full is left to be done pull by pull, which finds what was done of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from promoter.domain.branch import CommitDraft
from promoter.domain.errors import RemoteError
from promoter.forges.github.client import FAILURES, Client
from promoter.forges.github.documents import new_pull, opened
from promoter.forges.github.failures import UNLIKE
from promoter.forges.github.mutations import carry_out
from promoter.forges.github.pull_changes import changes, settle

# A pull takes GitHub a second or two to make, and a request may take ten.
_AT_ONCE = 4


def write_at_once(client: Client, drafts: Sequence[CommitDraft]) -> None:
    """Open or renew the pulls of commits that were pushed; the client keeps those that were.

    A single one is left to be written alone.
    """
    fresh = [one for one in drafts if one.opens is not None] if client.node else []
    known = [one for one in drafts if one.renews is not None]
    for several, write in ((fresh, _open), (known, _renew)):
        for start in range(0, len(several) if len(several) > 1 else 0, _AT_ONCE):
            with suppress(*FAILURES, RemoteError):
                write(client, several[start : start + _AT_ONCE])


def _open(client: Client, drafts: Sequence[CommitDraft]) -> None:
    """Open pulls, whose answers tell the ids of their extras."""
    asked = [(one.branch, one.opens) for one in drafts if one.opens is not None]
    writes = {f"pull{n}": new_pull(client, *one) for n, one in enumerate(asked)}
    done = carry_out(client, "Open", writes).done
    for n, (branch, opens) in enumerate(asked):
        with suppress(*UNLIKE):
            client.opened[branch, opens.base] = opened(client, done[f"pull{n}"], opens)


def _renew(client: Client, drafts: Sequence[CommitDraft]) -> None:
    """Renew pulls, and say on each what that changes."""
    asked = [one.renews for one in drafts if one.renews is not None]
    writes = {
        f"{name}{n}": write for n, one in enumerate(asked) for name, write in changes(one).items()
    }
    answers = carry_out(client, "Renew", writes)
    for n, one in enumerate(asked):
        settle(client, one, answers.of(str(n)), is_true=True)
