"""The GitOps repository through GitHub's API: no clone, commits that GitHub signs.

What it costs does not depend on the repository's size. Files are proved by their object ids.
"""

from __future__ import annotations

import base64
import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from github import GithubException

from promoter.domain.errors import PromoteError, RaceLostError, RemoteError
from promoter.domain.model import BranchCommit, BranchState
from promoter.forges.github.client import SETTLING
from promoter.forges.github.failures import is_of_graphql, is_passing
from promoter.forges.github.history import GitHubHistory
from promoter.forges.github.tree import GitHubTree, Reader
from promoter.git.one_by_one import one_by_one
from promoter.git.program import NOTHING
from promoter.git.tree import differing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import PurePosixPath

    from promoter.domain.model import CommitDraft, Tree
    from promoter.forges.github.client import Client

_BRANCH_LIMIT = 20
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


@dataclass(frozen=True, slots=True)
class _Whole:
    """What is to be known of the repository itself."""

    default_branch: str
    node: str


class GitHubRepository:
    """One GitOps repository, seen and written through GitHub's API alone."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._reader = Reader(client)
        self._known: _Whole | None = None

    def base(self, wanted: str | None, apps: Iterable[str] = ()) -> tuple[str, GitHubTree]:
        """Return the base branch's name and files as they are now; asks GitHub anew."""
        del apps
        name = wanted if wanted is not None else self._whole().default_branch
        tip = self._tip(name)
        if tip is None:
            raise RemoteError(
                f"{self._client.owner}/{self._client.name} has no branch {name!r}",
                "Name another with --base.",
            )
        return name, GitHubTree(self._reader, tip)

    def look(self, base: tuple[str, Tree], branch: str) -> BranchState:
        """Return what a branch holds beyond the base."""
        name, tree = base
        tip = self._tip(branch) if branch else None
        commits = self._beyond(tip, tree.commit) if tip else ()
        return BranchState(name, tree, branch, tip, commits)

    def bring(self, branches: Iterable[str]) -> None:
        """Nothing is brought before it is looked at."""

    def publish(self, drafts: Sequence[CommitDraft]) -> list[str | PromoteError]:
        """Make commits, one after the other; what one branch fails on stops no other."""
        return one_by_one(drafts, self.write)

    def write(self, draft: CommitDraft) -> str:
        """Make a commit on its branch; `RaceLostError` where the branch has moved."""
        if draft.lease == draft.onto:
            return self._commit(draft, draft.branch)
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
            if (left := self._tip(aside)) is None:
                raise
            self._move(aside, left, draft.onto)
        at = draft.onto
        try:
            at = self._commit(draft, aside)
            self._move(draft.branch, lease, at)
        finally:
            self._drop(aside, at)
        return at

    def history(self, base: Tree, paths: list[PurePosixPath]) -> dict[PurePosixPath, GitHubHistory]:
        """Return the versions that files of the base have had, newest first; read as they are met."""
        return {
            path: GitHubHistory(self._client, self._reader, base.commit, path) for path in paths
        }

    def has(self, branch: str) -> bool:
        """Say whether there is such a branch."""
        return self._tip(branch) is not None

    def delete(self, branch: str, lease: str) -> None:
        """Delete a branch that must still be at `lease`."""
        self._move(branch, lease, None)

    def _tip(self, branch: str) -> str | None:
        """Return a branch's commit, or None where there is no such branch."""

        def ask() -> str | None:
            try:
                found = self._client.ask("GET", f"/git/ref/heads/{branch}")
            except GithubException as error:
                # In a repository that can be read, it is just the branch that is missing.
                if error.status == 404 and branch and self._whole().default_branch:
                    return None
                raise
            return str(found["object"]["sha"])

        return self._client.read(f"read branch {branch}", ask)

    def _whole(self) -> _Whole:
        """Return what the repository is, which is asked for once."""

        def ask() -> _Whole:
            shown = self._client.ask("GET", "")
            return _Whole(str(shown["default_branch"]), str(shown.get("node_id") or ""))

        if self._known is None:
            self._known = self._client.read("read the default branch", ask)
        return self._known

    def _beyond(self, tip: str, base: str) -> tuple[BranchCommit, ...]:
        """Return the branch's commits that the base does not have, newest first."""
        answer = self._client.read(
            "compare the branch",
            lambda: self._client.ask("GET", f"/compare/{base}...{tip}"),
            new=True,
        )
        ahead = {one["sha"] for one in answer["commits"]}
        found: list[BranchCommit] = []
        current = tip
        while current in ahead and len(found) < _BRANCH_LIMIT:
            commit = self._branch_commit(current)
            found.append(commit)
            if not commit.parents:
                break
            current = commit.parents[0]
        return tuple(found)

    def _branch_commit(self, sha: str) -> BranchCommit:
        """Return one commit with its tree and the tree that it was made on."""
        commit = self._reader.commit(sha)
        parents = tuple(str(one["sha"]) for one in commit["parents"])
        tree = GitHubTree(self._reader, sha)
        onto = GitHubTree(self._reader, parents[-1] if parents else sha)
        return BranchCommit(
            sha=sha,
            parents=parents,
            message=commit["message"],
            author=commit["author"]["name"],
            tree=tree,
            onto=onto,
            changed=tuple(differing(onto, tree)),
            time=int(datetime.fromisoformat(commit["committer"]["date"]).timestamp()),
        )

    def _commit(self, draft: CommitDraft, branch: str) -> str:
        """Have GitHub make and sign a commit on a branch that must be at the draft's parent."""
        title, _, body = draft.message.partition("\n")
        wanted = {
            "branch": {
                "repositoryNameWithOwner": f"{self._client.owner}/{self._client.name}",
                "branchName": branch,
            },
            "message": {"headline": title, "body": body.strip("\n")},
            "fileChanges": {
                "additions": [
                    {"path": str(path), "contents": base64.b64encode(data).decode()}
                    for path, data in draft.files.items()
                ]
            },
            "expectedHeadOid": draft.onto,
        }

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
                raise
            return str(data["createCommitOnBranch"]["commit"]["oid"])

        def find() -> str | None:
            tip = self._tip(branch)
            if tip is None or tip == draft.onto:
                return None
            made = self._reader.commit(tip)
            parents = [one["sha"] for one in made["parents"]]
            if parents == [draft.onto] and made["message"].strip() == draft.message.strip():
                return tip
            raise RaceLostError(f"{branch} moved while it was committed to", "Run again.")

        return self._client.write(f"commit to {branch}", do, find, new=True)

    def _make(self, branch: str, commit: str) -> None:
        """Make a branch that is not there yet; else `RaceLostError`."""

        def do() -> bool:
            made = {"ref": f"refs/heads/{branch}", "sha": commit}
            self._client.ask("POST", "/git/refs", input=made)
            return True

        def find() -> bool | None:
            tip = self._tip(branch)
            if tip not in (None, commit):
                raise RaceLostError(f"{branch} appeared meanwhile", "Run again.")
            return tip == commit or None

        self._client.write(f"make branch {branch}", do, find)

    def _move(
        self, branch: str, before: str, after: str | None, *, within: float = math.inf
    ) -> None:
        """Move or delete a branch only from what was seen; else `RaceLostError`."""

        def find() -> bool | None:
            now = self._tip(branch)
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
        update = {
            "name": f"refs/heads/{branch}",
            "beforeOid": before,
            "afterOid": after or NOTHING,
            "force": True,
        }
        wanted = {"repositoryId": self._whole().node, "refUpdates": [update]}
        self._client.graphql(_MOVE, {"input": wanted})

    def _set(self, branch: str, after: str | None) -> None:
        """Move a branch on a server without compare-and-set, just after it was looked at."""
        method, body = ("PATCH", {"sha": after, "force": True}) if after else ("DELETE", None)
        self._client.ask(method, f"/git/refs/heads/{branch}", input=body)

    def _drop(self, branch: str, at: str) -> None:
        """Remove a branch of this run's, unless another has taken it over; the next run tries again."""
        with suppress(RemoteError):
            self._move(branch, at, None, within=SETTLING)
