"""Commits through GitHub's API: GitHub signs them, each on the branch that it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from promoter.domain.branch import CommitDraft, merge_message
from promoter.domain.declaration import Declaration
from promoter.domain.errors import PromoteError, RaceLostError, RefusedError, RemoteError
from promoter.domain.refusal import Refusal
from promoter.forges.github.api.client import shows
from promoter.forges.github.api.failures import GitHubError, is_of_graphql, message_of
from promoter.forges.github.api.mutations import aside_of, carry_out_one, new_commit
from promoter.forges.github.git_data.objects import Reader
from promoter.forges.github.git_data.refs import Refs
from promoter.forges.github.git_data.writes_at_once import commit_at_once, move_from_aside

# What GitHub says where a commit's parent is not the branch's newest commit.
_STALE = "expected branch to point to"


class Commits:
    """Commits to branches; each write is looked for before it is done again."""

    def __init__(self, refs: Refs, reader: Reader) -> None:
        self._client, self._refs, self._reader = refs.client, refs, reader

    def write_each(self, drafts: Sequence[CommitDraft]) -> list[str | PromoteError]:
        """Return each draft's commit, or why there is none; what one branch fails on stops no other.

        Drafts for one branch are made each on the one before; after a failure none of them is.
        """
        done: list[str | PromoteError] = []
        last: dict[str, str | PromoteError] = {}
        at_once = commit_at_once(self._refs, drafts)
        for number, draft in enumerate(drafts):
            before = last.get(draft.branch)
            end: str | PromoteError
            if number in at_once:
                end = at_once[number]
            elif isinstance(before, PromoteError):
                end = before
            else:
                onto = replace(draft, onto=before, lease=before) if before else draft
                end = self._attempt(onto)
            last[draft.branch] = end
            done.append(end)
        return done

    def _attempt(self, draft: CommitDraft) -> str | PromoteError:
        try:
            return self._write(draft)
        except PromoteError as error:
            return error

    def _write(self, draft: CommitDraft) -> str:
        """Make a commit on its branch step by step; `RaceLostError` where the branch has moved."""
        if draft.merges_into is not None:
            return self._go_on(draft, draft.merges_into)
        if draft.lease == draft.onto:
            return self._commit(draft, draft.branch)
        if draft.opens is not None:
            # What was done of it at once, without an answer that says so.
            tip = self._refs.tip(draft.branch)
            if tip not in (None, draft.onto, draft.lease) and self._is_made(draft, tip):
                return tip
        if draft.lease is not None:
            return self._replace(draft)
        self._refs.make(draft.branch, draft.onto)
        try:
            return self._commit(draft, draft.branch)
        except RemoteError:
            self._refs.drop(draft.branch, draft.onto)
            raise

    def _go_on(self, draft: CommitDraft, tip: str) -> str:
        """Make a commit on a branch that keeps its tip, with the base's files below it."""
        onto = draft.onto
        if not self._reader.is_ancestor(tip, onto):
            onto = self._merge(draft.branch, (tip, onto))
        self._refs.move(draft.branch, tip, onto)
        return self._commit(replace(draft, onto=onto, lease=onto), draft.branch)

    def _merge(self, branch: str, parents: tuple[str, str]) -> str:
        """Make a commit on two others with the files of the second, to which no branch leads yet.

        GitHub signs it for an App, as it says nothing of author and committer.
        """
        tree = self._reader.commit(parents[1]).tree
        wanted = {"message": merge_message(branch), "tree": tree, "parents": list(parents)}
        path = "/git/commits"

        def do() -> str:
            return str(self._client.change("POST", path, wanted, shows("sha"))["sha"])

        # A second one would be on no branch.
        return self._client.write(f"merge the base into {branch}", do, lambda: None)

    def _replace(self, draft: CommitDraft) -> str:
        """Make a commit aside and move its branch there."""
        aside = aside_of(draft.branch)
        self._make_aside(aside, draft.onto)
        try:
            made = self._commit(draft, aside)
        except PromoteError:
            self._refs.drop(aside, draft.onto)
            raise
        move_from_aside(self._refs, draft, made)
        return made

    def _make_aside(self, aside: str, onto: str) -> None:
        """Make the place aside, or take over what a killed run has left there."""
        try:
            self._refs.make(aside, onto)
        except RaceLostError:
            if (left := self._refs.tip(aside)) is None:
                raise
            self._refuse_foreign(aside, onto, left)
            self._refs.move(aside, left, onto)

    def _refuse_foreign(self, aside: str, onto: str, left: str) -> None:
        """Raise `RefusedError` where a branch has commits that are neither ours nor of the base."""

        def is_ours() -> bool:
            try:
                shown = self._client.ask("GET", f"/compare/{onto}...{left}")
            except GitHubError as error:
                # The two have no commit in common.
                if error.status == 404:
                    return False
                raise
            messages = [str(one["commit"]["message"]) for one in shown["commits"]]
            # GitHub shows some of very many.
            return len(messages) == shown["total_commits"] and all(map(Declaration.parse, messages))

        if self._client.read(f"compare branch {aside}", is_ours):
            return
        reason = (
            f"branch {aside} holds {left[:9]}, which promote did not make; "
            "through the API, promote makes its commits on that branch"
        )
        hint = f"Rename or delete {aside}, or use --transport git."
        raise RefusedError([Refusal("human-commits", reason, hint)])

    def _is_made(self, draft: CommitDraft, tip: str) -> bool:
        """Return whether a commit is the one that a draft describes."""
        made = self._reader.commit(tip)
        return made.parents == (draft.onto,) and made.message.strip() == draft.message.strip()

    def _commit(self, draft: CommitDraft, branch: str) -> str:
        """Make a commit by GitHub, which signs it, on a branch that must be at the draft's parent."""
        write = new_commit(self._client, draft, branch)

        def do() -> str:
            try:
                made = carry_out_one(self._client, "Commit", write)
            except GitHubError as error:
                if error.status == 404 and not is_of_graphql(error):
                    raise RemoteError(
                        f"the API of {self._client.owner}/{self._client.name} has no GraphQL, "
                        "through which transport api commits",
                        "Use --transport git.",
                    ) from error
                if _STALE in message_of(error).lower():
                    # Another run is at work in the same place.
                    raise RaceLostError(
                        f"{branch} moved while it was committed to", "Run again."
                    ) from error
                raise
            return str(made["commit"]["oid"])

        def find() -> str | None:
            tip = self._refs.tip(branch)
            if tip is None or tip == draft.onto:
                return None
            if self._is_made(draft, tip):
                return tip
            raise RaceLostError(f"{branch} moved while it was committed to", "Run again.")

        return self._client.write(f"commit to {branch}", do, find, new=True)
