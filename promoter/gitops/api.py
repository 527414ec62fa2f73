"""The GitOps repository through GitHub's API: no clone, commits that GitHub signs.

What it costs does not depend on the repository's size. Files are proved by their object ids.
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from github import GithubException

from promoter.errors import RaceLostError, RemoteError
from promoter.forges.github.client import FAILURES
from promoter.forges.github.failures import message_of
from promoter.gitops.api_tree import ApiTree, Reader
from promoter.gitops.history import FileVersion
from promoter.gitops.tree import differing
from promoter.model import BranchCommit, Sight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promoter.forges.github.client import Client
    from promoter.model import CommitDraft, Tree

_BRANCH_LIMIT = 20
_VERSIONS = 4
_ZERO = "0" * 40
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


class ApiRepository:
    """One GitOps repository, seen and written through GitHub's API alone."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._reader = Reader(client)

    def base(self, wanted: str | None) -> tuple[str, ApiTree]:
        """Return the base branch's name and files as they are now; asks GitHub anew."""
        name = wanted
        if name is None:
            whole = self._client.read("read", self._client.repository.complete)
            name = whole.default_branch
        tip = self._tip(name)
        if tip is None:
            raise RemoteError(
                f"{self._client.owner}/{self._client.name} has no branch {name!r}",
                "Name another with --base.",
            )
        return name, ApiTree(self._reader, tip)

    def look(self, base: tuple[str, Tree], branch: str) -> Sight:
        """Return what a branch holds beyond the base."""
        name, tree = base
        tip = self._tip(branch) if branch else None
        commits = self._beyond(tip, tree.commit) if tip else ()
        return Sight(name, tree, branch, tip, commits)

    def write(self, draft: CommitDraft) -> str:
        """Make a commit on its branch; `RaceLostError` where the branch has moved."""
        if draft.lease == draft.onto:
            return self._commit(draft, draft.branch)
        if draft.lease is None:
            self._make(draft.branch, draft.onto)
            return self._commit(draft, draft.branch)
        # A pull whose branch were moved to its base, even for a moment, would be closed.
        aside = f"promote-commit/{secrets.token_hex(8)}"
        self._make(aside, draft.onto)
        try:
            commit = self._commit(draft, aside)
            self._move(draft.branch, draft.lease, commit)
        finally:
            self._drop(aside)
        return commit

    def history(
        self, base: Tree, paths: list[PurePosixPath]
    ) -> dict[PurePosixPath, tuple[FileVersion, ...]]:
        """Return the versions that files of the base have had, newest first."""
        return {path: tuple(self._versions(base.commit, path)) for path in paths}

    def _versions(self, commit: str, path: PurePosixPath) -> Iterator[FileVersion]:
        """Yield a file's versions; few are asked for, since each costs some requests."""
        wanted = {"sha": commit, "path": str(path), "per_page": str(_VERSIONS)}
        listed = self._client.read(
            "read the history", lambda: self._client.ask("GET", "/commits", parameters=wanted)
        )
        for number, one in enumerate(listed):
            moment = datetime.fromisoformat(one["commit"]["committer"]["date"])
            last = number == _VERSIONS - 1
            try:
                data = ApiTree(self._reader, one["sha"]).read(path)
            except KeyError:
                return
            message = one["commit"]["message"]
            yield FileVersion(one["sha"], int(moment.timestamp()), message, data, last)

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
                if error.status == 404 and branch and self._exists():
                    return None
                raise
            return str(found["object"]["sha"])

        return self._client.read(f"read branch {branch}", ask)

    def _exists(self) -> bool:
        """Say whether the repository is there and readable, so that a missing branch is just that."""
        self._client.repository.complete()
        return True

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
        tree = ApiTree(self._reader, sha)
        onto = ApiTree(self._reader, parents[-1] if parents else sha)
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
        try:
            data = self._client.graphql(_COMMIT, {"input": wanted})
            return str(data["createCommitOnBranch"]["commit"]["oid"])
        except FAILURES as error:
            said = message_of(error)
            stale = "STALE_DATA" in str(getattr(error, "data", "")) or "expected" in said.lower()
            if stale or self._tip(branch) != draft.onto:
                # Somebody moved the branch, or our own commit's answer was lost: look again.
                raise RaceLostError(f"{branch} moved while it was committed to", "") from error
            raise self._client.failure(f"commit to {branch}", error) from error

    def _make(self, branch: str, commit: str) -> None:
        """Make a branch that is not there yet; else `RaceLostError`."""
        try:
            self._client.repository.create_git_ref(f"refs/heads/{branch}", commit)
        except FAILURES as error:
            if self._tip(branch) == commit:
                return
            if getattr(error, "status", 0) == 422:
                raise RaceLostError(f"{branch} appeared meanwhile", "Run again.") from error
            raise self._client.failure(f"make branch {branch}", error) from error

    def _move(self, branch: str, before: str, after: str | None) -> None:
        """Move or delete a branch only from what was seen; else `RaceLostError`."""
        update = {
            "name": f"refs/heads/{branch}",
            "beforeOid": before,
            "afterOid": after or _ZERO,
            "force": True,
        }
        try:
            wanted = {"repositoryId": self._client.repository.node_id, "refUpdates": [update]}
            self._client.graphql(_MOVE, {"input": wanted})
        except FAILURES as error:
            now = self._tip(branch)
            if now not in (before, after):
                raise RaceLostError(f"{branch} moved meanwhile", "Run again.") from error
            if now == before:
                self._move_by_rest(branch, after)

    def _move_by_rest(self, branch: str, after: str | None) -> None:
        """Move a branch on a server without compare-and-set, just after it was looked at."""
        path = f"/git/refs/heads/{branch}"
        try:
            if after is None:
                self._client.ask("DELETE", path)
            else:
                self._client.ask("PATCH", path, input={"sha": after, "force": True})
        except FAILURES as error:
            if self._tip(branch) != after:
                raise self._client.failure(f"move branch {branch}", error) from error

    def _drop(self, branch: str) -> None:
        """Remove a branch that only this run knows."""
        try:
            self._client.ask("DELETE", f"/git/refs/heads/{branch}")
        except FAILURES:
            return
