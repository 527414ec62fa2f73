"""Commits through GitHub's API: GitHub signs them, each on the branch that it is for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from promoter.domain.declaration import Declaration
from promoter.domain.errors import PromoteError, RaceLostError, RefusedError, RemoteError
from promoter.domain.refusal import Refusal
from promoter.forges.github.client import FAILURES
from promoter.forges.github.commits_at_once import commit_together
from promoter.forges.github.documents import aside_of, new_branch, new_commit, new_pull, opened
from promoter.forges.github.failures import GitHubError, is_of_graphql, message_of
from promoter.forges.github.mutations import carry_out, document
from promoter.forges.github.pull_changes import changes, settle
from promoter.forges.github.pull_shapes import PULL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.domain.branch import CommitDraft
    from promoter.forges.github.mutations import Mutation
    from promoter.forges.github.refs import Refs
    from promoter.forges.github.tree import Reader

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
        together = commit_together(self._refs, drafts)
        for number, draft in enumerate(drafts):
            before = last.get(draft.branch)
            end: str | PromoteError
            if number in together:
                end = together[number]
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
            return self.write(draft)
        except PromoteError as error:
            return error

    def write(self, draft: CommitDraft) -> str:
        """Make a commit on its branch; `RaceLostError` where the branch has moved."""
        if draft.lease == draft.onto:
            return self._add(draft)
        if draft.lease is None and (commit := self._deliver(draft)):
            return commit
        if draft.lease is None:
            self._refs.make(draft.branch, draft.onto)
            try:
                return self._commit(draft, draft.branch)
            except RemoteError:
                self._refs.drop(draft.branch, draft.onto)
                raise
        return self._replace(draft, draft.lease)

    def _add(self, draft: CommitDraft) -> str:
        """Make a commit on a branch's newest one, with what its pull says of it."""
        write = new_commit(self._client, draft, draft.branch)
        done = self._with_pull(draft, "Update", write) if draft.renews is not None else None
        made = (done or {}).get("commit") or {}
        return str(made["oid"]) if "oid" in made else self._commit(draft, draft.branch)

    def _replace(self, draft: CommitDraft, lease: str) -> str:
        """Make a commit aside and move its branch there: one that shows its base closes its pull.

        The place aside is the branch's own, so that a run that was killed leaves it to the next.
        """
        aside = aside_of(draft.branch)
        at = self._commit_aside(draft, aside)
        made = at is not None
        if at is None:
            self._make_aside(aside, draft.onto)
            at = draft.onto
        try:
            if not made:
                at = self._commit(draft, aside)
            moves = self._refs.moves((draft.branch, lease, at), (aside, at, None))
            if self._with_pull(draft, "Replace", moves) is not None:
                return at
            self._refs.move(draft.branch, lease, at)
        except PromoteError:
            self._refs.drop(aside, at)
            raise
        self._refs.drop(aside, at)
        return at

    def _commit_aside(self, draft: CommitDraft, aside: str) -> str | None:
        """Make a commit on a new branch in one request; None where that is to be done in steps."""
        repository = self._refs.node()
        writes = {
            "ref": new_branch(repository, aside, draft.onto),
            "commit": new_commit(self._client, draft, aside),
        }
        try:
            done = carry_out(self._client, "Aside", writes).done
            return str(done["commit"]["commit"]["oid"]) if "ref" in done else None
        except FAILURES:
            return None

    def _make_aside(self, aside: str, onto: str) -> None:
        """Make the place aside, or take over what a killed run has left there."""
        try:
            self._refs.make(aside, onto)
        except RaceLostError:
            if (left := self._refs.tip(aside)) is None:
                raise
            self._refuse_foreign(aside, onto, left)
            self._refs.move(aside, left, onto)

    def _with_pull(self, draft: CommitDraft, name: str, write: Mutation) -> Any:  # noqa: ANN401 - JSON
        """Do a write of a branch with what its pull says of it; returns its answer, None for none.

        Whatever it was: each step is looked at then, and done by itself.
        """
        client, renews = self._client, draft.renews
        writes = {"branch": write, **(changes(renews) if renews else {})}
        try:
            answers = carry_out(client, name, writes, PULL if renews else "")
        except FAILURES:
            return None
        done = answers.done.get("branch")
        if renews is not None:
            settle(client, renews, answers, is_true=done is not None)
        return done

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

    def _deliver(self, draft: CommitDraft) -> str | None:
        """Make a branch, its commit and its pull in one document; None where any of it failed.

        What was done is then looked for, and the rest done step by step.
        """
        opens, client, repository = draft.opens, self._client, self._refs.node()
        if opens is None:
            return None
        writes = {
            "ref": new_branch(repository, draft.branch, draft.onto),
            "commit": new_commit(client, draft, draft.branch),
            "pull": new_pull(repository, draft.branch, opens),
        }
        try:
            done = carry_out(client, "Deliver", writes, PULL).done
            commit = str(done["commit"]["commit"]["oid"])
            pull = opened(client, done["pull"], opens)
        except FAILURES:
            tip = self._refs.tip(draft.branch)
            return tip if tip and tip != draft.onto and self._is_made(draft, tip) else None
        client.opened[draft.branch, opens.base] = pull
        return commit

    def _is_made(self, draft: CommitDraft, tip: str) -> bool:
        """Say whether a commit is the one that a draft describes."""
        made = self._reader.commit(tip)
        parents = [one["sha"] for one in made["parents"]]
        return bool(parents == [draft.onto] and made["message"].strip() == draft.message.strip())

    def _commit(self, draft: CommitDraft, branch: str) -> str:
        """Have GitHub make and sign a commit on a branch that must be at the draft's parent."""
        writes = {"commit": new_commit(self._client, draft, branch)}

        def do() -> str:
            try:
                wanted = {key: one.input for key, one in writes.items()}
                data = self._client.graphql(document("Commit", writes), wanted)
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
            return str(data["commit"]["commit"]["oid"])

        def find() -> str | None:
            tip = self._refs.tip(branch)
            if tip is None or tip == draft.onto:
                return None
            if self._is_made(draft, tip):
                return tip
            raise RaceLostError(f"{branch} moved while it was committed to", "Run again.")

        return self._client.write(f"commit to {branch}", do, find, new=True)
