"""Commits through GitHub's API: GitHub signs them, each on the branch that it is for."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from promoter.domain.declaration import Declaration
from promoter.domain.errors import PromoteError, RaceLostError, RefusedError, RemoteError
from promoter.domain.refusal import Refusal
from promoter.forges.github.client import FAILURES
from promoter.forges.github.failures import GitHubError, is_of_graphql, message_of
from promoter.forges.github.pull_shapes import PULL, graph_pull

if TYPE_CHECKING:
    from promoter.domain.branch import CommitDraft
    from promoter.forges.github.refs import Refs
    from promoter.forges.github.tree import Reader

# What GitHub says where a commit's parent is not the branch's newest commit.
_STALE = "expected branch to point to"
# Where a commit is made before its branch is moved there.
_ASIDE = "promote-commit"
_COMMIT = """
mutation Commit($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}
"""


_DELIVER = f"""
mutation Deliver(
  $ref: CreateRefInput!, $commit: CreateCommitOnBranchInput!, $pull: CreatePullRequestInput!
) {{
  createRef(input: $ref) {{ ref {{ name }} }}
  createCommitOnBranch(input: $commit) {{ commit {{ oid }} }}
  createPullRequest(input: $pull) {{ pullRequest {{ ...Pull }} }}
}}
{PULL}"""


class Branches:
    """Commits to branches; each write is looked for before it is done again."""

    def __init__(self, refs: Refs, reader: Reader) -> None:
        self._client, self._refs, self._reader = refs.client, refs, reader

    def write(self, draft: CommitDraft) -> str:
        """Make a commit on its branch; `RaceLostError` where the branch has moved."""
        if draft.lease == draft.onto:
            return self._commit(draft, draft.branch)
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

    def _replace(self, draft: CommitDraft, lease: str) -> str:
        """Make a commit aside and move its branch there: one that shows its base closes its pull.

        The place aside is the branch's own, so that a run that was killed leaves it to the next.
        """
        aside = f"{_ASIDE}/{draft.branch}"
        try:
            self._refs.make(aside, draft.onto)
        except RaceLostError:
            if (left := self._refs.tip(aside)) is None:
                raise
            self._refuse_foreign(aside, draft.onto, left)
            self._refs.move(aside, left, draft.onto)
        at = draft.onto
        try:
            at = self._commit(draft, aside)
            if self._refs.move_and_drop((draft.branch, lease, at), aside):
                return at
            self._refs.move(draft.branch, lease, at)
        except PromoteError:
            self._refs.drop(aside, at)
            raise
        self._refs.drop(aside, at)
        return at

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
        opens = draft.opens
        if opens is None:
            return None
        pull = {
            "repositoryId": self._refs.whole().node,
            "headRefName": draft.branch,
            "baseRefName": opens.base,
            "title": opens.draft.title,
            "body": opens.draft.body,
            "draft": opens.as_draft,
        }
        ref = {"name": f"refs/heads/{draft.branch}", "oid": draft.onto}
        variables = {
            "ref": {"repositoryId": self._refs.whole().node, **ref},
            "commit": self._input(draft, draft.branch),
            "pull": pull,
        }
        try:
            done = self._client.graphql(_DELIVER, variables)
            commit = str(done["createCommitOnBranch"]["commit"]["oid"])
            opened = graph_pull(done["createPullRequest"]["pullRequest"])
        except FAILURES:
            tip = self._refs.tip(draft.branch)
            return tip if tip and tip != draft.onto and self._is_made(draft, tip) else None
        self._client.opened[draft.branch, opens.base] = opened
        return commit

    def _is_made(self, draft: CommitDraft, tip: str) -> bool:
        """Say whether a commit is the one that a draft describes."""
        made = self._reader.commit(tip)
        parents = [one["sha"] for one in made["parents"]]
        return bool(parents == [draft.onto] and made["message"].strip() == draft.message.strip())

    def _input(self, draft: CommitDraft, branch: str) -> dict[str, Any]:
        """Return a commit as GraphQL takes it."""
        title, _, body = draft.message.partition("\n")
        return {
            "branch": {
                "repositoryNameWithOwner": f"{self._client.owner}/{self._client.name}",
                "branchName": branch,
            },
            "message": {"headline": title, "body": body.strip("\n")},
            "fileChanges": {
                "additions": [
                    {"path": str(path), "contents": base64.b64encode(data).decode()}
                    for path, data in draft.files.items()
                    if data is not None
                ],
                "deletions": [
                    {"path": str(path)} for path, data in draft.files.items() if data is None
                ],
            },
            "expectedHeadOid": draft.onto,
        }

    def _commit(self, draft: CommitDraft, branch: str) -> str:
        """Have GitHub make and sign a commit on a branch that must be at the draft's parent."""
        wanted = self._input(draft, branch)

        def do() -> str:
            try:
                data = self._client.graphql(_COMMIT, {"input": wanted})
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
            return str(data["createCommitOnBranch"]["commit"]["oid"])

        def find() -> str | None:
            tip = self._refs.tip(branch)
            if tip is None or tip == draft.onto:
                return None
            if self._is_made(draft, tip):
                return tip
            raise RaceLostError(f"{branch} moved while it was committed to", "Run again.")

        return self._client.write(f"commit to {branch}", do, find, new=True)
