"""Commits to several branches with what their pulls say of them, some in each request.

What is not done in full is left to be done branch by branch, which finds what was done of it.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from promoter.domain.errors import RemoteError
from promoter.forges.github.client import FAILURES, UNLIKE
from promoter.forges.github.documents import aside_of, new_branch, new_commit, new_pull, opened
from promoter.forges.github.mutations import Mutation, carry_out
from promoter.forges.github.pull_changes import changes, settle
from promoter.forges.github.pull_shapes import PULL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from promoter.domain.branch import CommitDraft
    from promoter.forges.github.refs import Refs

# A pull takes GitHub a second or two to make, and a request may take ten.
_AT_ONCE = 4


def commit_together(refs: Refs, drafts: Sequence[CommitDraft]) -> dict[int, str]:
    """Return the commits that were made, by their place among the drafts."""
    often = Counter(one.branch for one in drafts)
    numbered = [(n, one) for n, one in enumerate(drafts) if often[one.branch] == 1]
    fresh = [(n, one) for n, one in numbered if one.lease is None and one.opens is not None]
    moved = [(n, one) for n, one in numbered if one.lease not in (None, one.onto)]
    found: dict[int, str] = {}
    for several, write in ((fresh, _deliver), (moved, _replace)):
        # One alone is written as it always is.
        for start in range(0, len(several) if len(several) > 1 else 0, _AT_ONCE):
            with suppress(*FAILURES):
                found |= write(refs, dict(several[start : start + _AT_ONCE]))
    return found


def _deliver(refs: Refs, drafts: Mapping[int, CommitDraft]) -> Iterator[tuple[int, str]]:
    """Make branches, each with its commit and its pull."""
    client, repository = refs.client, refs.node()
    writes: dict[str, Mutation] = {}
    for n, draft in drafts.items():
        assert draft.opens is not None
        writes[f"ref{n}"] = new_branch(repository, draft.branch, draft.onto)
        writes[f"commit{n}"] = new_commit(client, draft, draft.branch)
        writes[f"pull{n}"] = new_pull(repository, draft.branch, draft.opens)
    done = carry_out(client, "Deliver", writes, PULL).done
    for n, draft in drafts.items():
        with suppress(*UNLIKE):
            assert draft.opens is not None
            commit = str(done[f"commit{n}"]["commit"]["oid"])
            pull = opened(client, done[f"pull{n}"], draft.opens)
            client.opened[draft.branch, draft.opens.base] = pull
            yield n, commit


def _replace(refs: Refs, drafts: Mapping[int, CommitDraft]) -> Iterator[tuple[int, str]]:
    """Make commits aside, and move their branches there."""
    client, repository = refs.client, refs.node()
    writes: dict[str, Mutation] = {}
    for n, draft in drafts.items():
        aside = aside_of(draft.branch)
        writes[f"ref{n}"] = new_branch(repository, aside, draft.onto)
        writes[f"commit{n}"] = new_commit(client, draft, aside)
    done = carry_out(client, "Aside", writes).done
    made = {
        n: str(done[f"commit{n}"]["commit"]["oid"])
        for n in drafts
        if f"ref{n}" in done and f"commit{n}" in done
    }
    try:
        answers = carry_out(client, "Replace", _moves(refs, drafts, made), PULL)
    except FAILURES:
        yield from _moved(refs, drafts, made)
        return
    for n, commit in made.items():
        own, renews = answers.of(str(n)), drafts[n].renews
        if renews is not None:
            settle(client, renews, own, is_true="branch" in own.done)
        if "branch" in own.done:
            yield n, commit


def _moved(
    refs: Refs, drafts: Mapping[int, CommitDraft], made: Mapping[int, str]
) -> Iterator[tuple[int, str]]:
    """Yield the commits to which the branches were moved though no answer says so."""
    for n, commit in made.items():
        with suppress(RemoteError):
            if refs.tip(drafts[n].branch) == commit:
                yield n, commit


def _moves(
    refs: Refs, drafts: Mapping[int, CommitDraft], made: Mapping[int, str]
) -> dict[str, Mutation]:
    """Return the writes that move branches to their commits, with what their pulls say of it."""
    writes: dict[str, Mutation] = {}
    for n, commit in made.items():
        draft = drafts[n]
        assert draft.lease is not None
        aside = aside_of(draft.branch)
        writes[f"branch{n}"] = refs.moves(
            (draft.branch, draft.lease, commit), (aside, commit, None)
        )
        if draft.renews is not None:
            writes |= {f"{name}{n}": one for name, one in changes(draft.renews).items()}
    return writes
