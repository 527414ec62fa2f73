"""Commits with their branches and pulls, or pulls alone: those of some drafts in a request.

What is not done in full is left to be done step by step, which finds what was done of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from promoter.domain.branch import CommitDraft
from promoter.domain.errors import PromoteError, RemoteError
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.failures import FAILURES, UNLIKE
from promoter.forges.github.api.mutations import (
    Answers,
    Mutation,
    aside_of,
    new_branch,
    new_commit,
    new_pull,
    opened,
    send_mutations,
)
from promoter.forges.github.git_data.refs import Refs
from promoter.forges.github.pulls.changes import changes, close_untrue, settle

# A pull takes GitHub a second or two to make, and a request may take ten.
_AT_ONCE = 4


def commit_at_once(refs: Refs, drafts: Sequence[CommitDraft]) -> dict[int, str | PromoteError]:
    """Return the commits that were made, or why a branch did not move, by the drafts' places."""
    often = Counter(one.branch for one in drafts)
    alone = {
        n: one for n, one in enumerate(drafts) if often[one.branch] == 1 and one.merges_into is None
    }
    fresh = [n for n, one in alone.items() if one.lease != one.onto and one.opens is not None]
    added = [n for n, one in alone.items() if one.lease == one.onto and one.renews is not None]
    moved = [n for n, one in alone.items() if one.lease not in (None, one.onto) and not one.opens]
    found: dict[int, str | PromoteError] = {}
    for several, write in ((fresh, _deliver), (added, _update), (moved, _replace)):
        for start in range(0, len(several), _AT_ONCE):
            with suppress(*FAILURES, RemoteError):
                found |= write(refs, {n: drafts[n] for n in several[start : start + _AT_ONCE]})
    return found


def pulls_at_once(client: Client, drafts: Sequence[CommitDraft]) -> None:
    """Open or renew the pulls of commits that were pushed; the client keeps those that were.

    A single one is left to be written alone.
    """
    fresh = [one for one in drafts if one.opens is not None] if client.node else []
    known = [one for one in drafts if one.renews is not None]
    for several, write in ((fresh, _open_pulls), (known, _renew_pulls)):
        for start in range(0, len(several) if len(several) > 1 else 0, _AT_ONCE):
            with suppress(*FAILURES, RemoteError):
                write(client, several[start : start + _AT_ONCE])


def _open_pulls(client: Client, drafts: Sequence[CommitDraft]) -> None:
    """Open pulls, whose answers tell the ids of their extras."""
    asked = [(one.branch, one.opens) for one in drafts if one.opens is not None]
    writes = {f"pull{n}": new_pull(client, *one) for n, one in enumerate(asked)}
    done = send_mutations(client, "Open", writes).done
    for n, (branch, opens) in enumerate(asked):
        with suppress(*UNLIKE):
            client.opened[branch, opens.base] = opened(client, done[f"pull{n}"], opens)


def _renew_pulls(client: Client, drafts: Sequence[CommitDraft]) -> None:
    """Renew pulls, and say on each what that changes."""
    asked = [one.renews for one in drafts if one.renews is not None]
    writes = {
        f"{name}{n}": write for n, one in enumerate(asked) for name, write in changes(one).items()
    }
    answers = send_mutations(client, "Renew", writes)
    for n, one in enumerate(asked):
        settle(client, one, answers.of(str(n)), is_true=True)


def _deliver(
    refs: Refs, drafts: Mapping[int, CommitDraft]
) -> Iterator[tuple[int, str | PromoteError]]:
    """Make branches, each with its commit and its pull.

    One that is left of an earlier pull begins again at the base: no open pull can close by that.
    """
    client = refs.client
    writes: dict[str, Mutation] = {}
    for n, draft in drafts.items():
        assert draft.opens is not None
        writes[f"ref{n}"] = _begin(refs, draft.branch, draft.lease, draft.onto)
        writes[f"commit{n}"] = new_commit(client, draft, draft.branch)
        writes[f"pull{n}"] = new_pull(client, draft.branch, draft.opens)
    done = send_mutations(client, "Deliver", writes).done
    for n, draft in drafts.items():
        with suppress(*UNLIKE):
            assert draft.opens is not None
            pull = opened(client, done[f"pull{n}"], draft.opens)
            if f"commit{n}" not in done:
                # A pull of what is left was opened, though its branch may not be replaced.
                if draft.lease is not None and refs.tip(draft.branch) == draft.lease:
                    close_untrue(client, pull)
                continue
            commit = str(done[f"commit{n}"]["commit"]["oid"])
            client.opened[draft.branch, draft.opens.base] = pull
            yield n, commit


def _begin(refs: Refs, branch: str, lease: str | None, onto: str) -> Mutation:
    """Return the write by which a branch begins at a commit, from where it was seen."""
    return refs.moves((branch, lease, onto)) if lease else new_branch(refs.node(), branch, onto)


def _update(
    refs: Refs, drafts: Mapping[int, CommitDraft]
) -> Iterator[tuple[int, str | PromoteError]]:
    """Make commits on their branches' newest ones."""
    client = refs.client
    writes = {n: new_commit(client, one, one.branch) for n, one in drafts.items()}
    answers = send_mutations(client, "Update", _with_pulls(drafts, writes))
    for n, made in _settled(client, drafts, answers):
        with suppress(*UNLIKE):
            yield n, str(made["commit"]["oid"])


def _replace(
    refs: Refs, drafts: Mapping[int, CommitDraft]
) -> Iterator[tuple[int, str | PromoteError]]:
    """Make commits aside and move their branches there: one that shows its base closes its pull.

    The place aside is the branch's own, so that a run that was killed leaves it to the next.
    """
    client, repository = refs.client, refs.node()
    writes: dict[str, Mutation] = {}
    for n, draft in drafts.items():
        aside = aside_of(draft.branch)
        writes[f"ref{n}"] = new_branch(repository, aside, draft.onto)
        writes[f"commit{n}"] = new_commit(client, draft, aside)
    done = send_mutations(client, "Aside", writes).done
    made = {
        n: str(done[f"commit{n}"]["commit"]["oid"])
        for n in drafts
        if f"ref{n}" in done and f"commit{n}" in done
    }
    moves = {n: _move(refs, drafts[n], commit) for n, commit in made.items()}
    moved: dict[int, Any] = {}
    with suppress(*FAILURES):
        answers = send_mutations(client, "Replace", _with_pulls(drafts, moves))
        moved = dict(_settled(client, drafts, answers))
    for n, commit in made.items():
        try:
            if n not in moved:
                move_from_aside(refs, drafts[n], commit)
        except PromoteError as error:
            yield n, error
        else:
            yield n, commit


def move_from_aside(refs: Refs, draft: CommitDraft, commit: str) -> None:
    """Move a draft's branch to the commit that was made aside; the place aside goes, whatever happens.

    Raises `RaceLostError` where the branch has moved.
    """
    assert draft.lease is not None
    try:
        refs.move(draft.branch, draft.lease, commit)
    except PromoteError:
        refs.drop(aside_of(draft.branch), commit)
        raise
    refs.drop(aside_of(draft.branch), commit)


def _move(refs: Refs, draft: CommitDraft, commit: str) -> Mutation:
    assert draft.lease is not None
    aside = aside_of(draft.branch)
    return refs.moves((draft.branch, draft.lease, commit), (aside, commit, None))


def _with_pulls(
    drafts: Mapping[int, CommitDraft], writes: Mapping[int, Mutation]
) -> dict[str, Mutation]:
    """Return writes of branches, each with what its pull says of it."""
    found: dict[str, Mutation] = {}
    for n, write in writes.items():
        found[f"branch{n}"] = write
        if (renews := drafts[n].renews) is not None:
            found |= {f"{name}{n}": one for name, one in changes(renews).items()}
    return found


def _settled(
    client: Client, drafts: Mapping[int, CommitDraft], answers: Answers
) -> Iterator[tuple[int, Any]]:
    """Yield what GitHub answers to each write of a branch that it did; settles what their pulls say."""
    for n, draft in drafts.items():
        own = answers.of(str(n))
        if draft.renews is not None:
            settle(client, draft.renews, own, is_true="branch" in own.done)
        if "branch" in own.done:
            yield n, own.done["branch"]
