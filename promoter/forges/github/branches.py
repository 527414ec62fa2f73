"""Branches through GitHub's API: commits that GitHub signs, and moves only from what was seen."""

from __future__ import annotations

import base64
import math
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from github import GithubException

from promoter.domain.errors import PromoteError, RaceLostError, RemoteError
from promoter.forges.github.client import FAILURES, SETTLING, shows
from promoter.forges.github.failures import is_of_graphql, is_passing, message_of
from promoter.forges.github.pull_shapes import PULL, graph_pull
from promoter.git.refs import NOTHING

if TYPE_CHECKING:
    from promoter.domain.branch import CommitDraft
    from promoter.forges.github.client import Client
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
_MOVE = """
mutation Move($input: UpdateRefsInput!) {
  updateRefs(input: $input) { clientMutationId }
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


@dataclass(frozen=True, slots=True)
class Whole:
    """What is to be known of the repository itself."""

    default_branch: str
    node: str


class Branches:
    """Makes, moves and deletes branches; each write is looked for before it is done again."""

    def __init__(self, client: Client, reader: Reader) -> None:
        self._client, self._reader = client, reader
        self.known: Whole | None = None
        """The repository itself, where something has told of it already."""

    def write(self, draft: CommitDraft) -> str:
        """Make a commit on its branch; `RaceLostError` where the branch has moved."""
        if draft.lease == draft.onto:
            return self._commit(draft, draft.branch)
        if draft.lease is None and (commit := self._deliver(draft)):
            return commit
        if draft.lease is None:
            self._make(draft.branch, draft.onto)
            try:
                return self._commit(draft, draft.branch)
            except RemoteError:
                self._drop(draft.branch, draft.onto)
                raise
        return self._replace(draft, draft.lease)

    def _replace(self, draft: CommitDraft, lease: str) -> str:
        """Make a commit aside and move its branch there: one that shows its base closes its pull.

        The place aside is the branch's own, so that a run that was killed leaves it to the next.
        """
        aside = f"{_ASIDE}/{draft.branch}"
        try:
            self._make(aside, draft.onto)
        except RaceLostError:
            if (left := self.tip(aside)) is None:
                raise
            self.move(aside, left, draft.onto)
        at = draft.onto
        try:
            at = self._commit(draft, aside)
            if self._change_places(draft.branch, lease, aside, at):
                return at
            self.move(draft.branch, lease, at)
        except PromoteError:
            self._drop(aside, at)
            raise
        self._drop(aside, at)
        return at

    def _change_places(self, branch: str, lease: str, aside: str, at: str) -> bool:
        """Move a branch and remove the place aside in one step, so that no end comes between them."""
        moves = [_update(branch, lease, at), _update(aside, at, None)]
        wanted = {"repositoryId": self.whole().node, "refUpdates": moves}
        try:
            self._client.graphql(_MOVE, {"input": wanted})
        except FAILURES:
            # Whatever it was: each step is looked at, and done by itself.
            return False
        return True

    def _deliver(self, draft: CommitDraft) -> str | None:
        """Make a branch, its commit and its pull in one document; None where any of it failed.

        What was done is then looked for, and the rest done step by step.
        """
        opens = draft.opens
        if opens is None:
            return None
        pull = {
            "repositoryId": self.whole().node,
            "headRefName": draft.branch,
            "baseRefName": opens.base,
            "title": opens.draft.title,
            "body": opens.draft.body,
            "draft": opens.as_draft,
        }
        ref = {"name": f"refs/heads/{draft.branch}", "oid": draft.onto}
        variables = {
            "ref": {"repositoryId": self.whole().node, **ref},
            "commit": self._input(draft, draft.branch),
            "pull": pull,
        }
        try:
            done = self._client.graphql(_DELIVER, variables)
            commit = str(done["createCommitOnBranch"]["commit"]["oid"])
            opened = graph_pull(done["createPullRequest"]["pullRequest"])
        except FAILURES:
            tip = self.tip(draft.branch)
            return tip if tip and tip != draft.onto and self._is_made(draft, tip) else None
        self._client.opened[draft.branch, opens.base] = opened
        return commit

    def _is_made(self, draft: CommitDraft, tip: str) -> bool:
        """Say whether a commit is the one that a draft describes."""
        made = self._reader.commit(tip)
        parents = [one["sha"] for one in made["parents"]]
        return bool(parents == [draft.onto] and made["message"].strip() == draft.message.strip())

    def tip(self, branch: str) -> str | None:
        """Return a branch's commit, or None where there is no such branch."""

        def ask() -> str | None:
            try:
                found = self._client.ask("GET", f"/git/ref/heads/{branch}")
            except GithubException as error:
                # In a repository that can be read, it is just the branch that is missing.
                if error.status == 404 and branch and self.whole().default_branch:
                    return None
                raise
            return str(found["object"]["sha"])

        return self._client.read(f"read branch {branch}", ask)

    def whole(self) -> Whole:
        """Return what the repository is, which is asked for once."""

        def ask() -> Whole:
            shown = self._client.ask("GET", "")
            return Whole(str(shown["default_branch"]), str(shown.get("node_id") or ""))

        if self.known is None:
            self.known = self._client.read("read the default branch", ask)
        return self.known

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
            except GithubException as error:
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
            tip = self.tip(branch)
            if tip is None or tip == draft.onto:
                return None
            if self._is_made(draft, tip):
                return tip
            raise RaceLostError(f"{branch} moved while it was committed to", "Run again.")

        return self._client.write(f"commit to {branch}", do, find, new=True)

    def _make(self, branch: str, commit: str) -> None:
        """Make a branch that is not there yet; else `RaceLostError`."""

        def do() -> bool:
            made = {"ref": f"refs/heads/{branch}", "sha": commit}
            self._client.change("POST", "/git/refs", made, shows("ref"))
            return True

        def find() -> bool | None:
            tip = self.tip(branch)
            if tip not in (None, commit):
                raise RaceLostError(f"{branch} appeared meanwhile", "Run again.")
            return tip == commit or None

        self._client.write(f"make branch {branch}", do, find)

    def move(
        self, branch: str, before: str, after: str | None, *, within: float = math.inf
    ) -> None:
        """Move or delete a branch only from what was seen; else `RaceLostError`."""

        def find() -> bool | None:
            now = self.tip(branch)
            if now not in (before, after):
                raise RaceLostError(f"{branch} moved meanwhile", "Run again.")
            return now == after or None

        def do() -> bool:
            try:
                self._compare_and_set(branch, before, after)
            except GithubException as error:
                if is_passing(error) or find():
                    raise
                self._set(branch, after)
            return True

        self._client.write(f"move branch {branch}", do, find, within=within)

    def _compare_and_set(self, branch: str, before: str, after: str | None) -> None:
        """Move a branch as GitHub can, from what it must be at."""
        wanted = {
            "repositoryId": self.whole().node,
            "refUpdates": [_update(branch, before, after)],
        }
        self._client.graphql(_MOVE, {"input": wanted})

    def _set(self, branch: str, after: str | None) -> None:
        """Move a branch on a server without compare-and-set, just after it was looked at."""
        method, body = ("PATCH", {"sha": after, "force": True}) if after else ("DELETE", None)
        self._client.ask(method, f"/git/refs/heads/{branch}", input=body)

    def _drop(self, branch: str, at: str) -> None:
        """Remove a branch of this run's, unless another has taken it over; the next run tries again."""
        with suppress(RemoteError):
            self.move(branch, at, None, within=SETTLING)


def _update(branch: str, before: str, after: str | None) -> dict[str, Any]:
    """Return a move of a branch as GraphQL takes it."""
    return {
        "name": f"refs/heads/{branch}",
        "beforeOid": before,
        "afterOid": after or NOTHING,
        "force": True,
    }
