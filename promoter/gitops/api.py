"""The GitOps repository through GitHub's API: no clone, commits that GitHub signs.

What it costs does not depend on the repository's size. Files are proved by their object ids.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import stat
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from github import GithubException

from promoter.errors import RaceLostError, RemoteError
from promoter.forges.github.client import FAILURES
from promoter.forges.github.failures import message_of
from promoter.gitops.history import FileVersion
from promoter.gitops.tree import ROOT, differing, kind_of
from promoter.model import BranchCommit, Sight

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promoter.forges.github.client import Client
    from promoter.model import CommitDraft, Kind, Tree

_BRANCH_LIMIT = 20
_BLOBS_AT_ONCE = 50
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


class ApiTree:
    """A `promoter.model.Tree` over one commit, read object by object as it is needed."""

    def __init__(self, reader: Reader, commit: str) -> None:
        self._reader = reader
        self._commit = commit
        self._listings: dict[PurePosixPath, dict[str, tuple[str, int]]] = {}
        self._unfolded: set[PurePosixPath] = set()

    @property
    def commit(self) -> str:
        """The commit's id."""
        return self._commit

    def entries(self, directory: PurePosixPath) -> Mapping[str, Kind]:
        """Return the names in a directory with their kinds; empty where there is no directory."""
        return {name: kind_of(mode) for name, (_, mode) in self.listing(directory).items()}

    def read(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes; for a symlink its target. Raises `KeyError` where there is none."""
        oid, mode = self.listing(path.parent)[path.name]
        if stat.S_ISDIR(mode) or not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise KeyError(str(path))
        return self._reader.blob(oid)

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        """Bring many files in few requests; names that are no file are passed over."""
        found = (self.listing(path.parent).get(path.name) for path in paths)
        self._reader.blobs([entry[0] for entry in found if entry and stat.S_ISREG(entry[1])])

    def unfold(self, directory: PurePosixPath) -> None:
        """Read all names below a directory in one request, where GitHub does not cut the answer."""
        place = self.listing(directory.parent).get(directory.name) if directory.name else None
        oid = place[0] if place else self._reader.commit(self._commit)["tree"]["sha"]
        if directory in self._unfolded or (directory.name and place is None):
            return
        for below, entries in self._reader.below(oid).items():
            self._listings[directory / below] = entries
        self._unfolded.add(directory)

    def listing(self, directory: PurePosixPath) -> dict[str, tuple[str, int]]:
        """Return name → (object id, mode) of a directory; empty where there is none."""
        if directory not in self._listings:
            self._listings[directory] = self._list(directory)
        return self._listings[directory]

    def _list(self, directory: PurePosixPath) -> dict[str, tuple[str, int]]:
        if directory == ROOT:
            return self._reader.tree(self._reader.commit(self._commit)["tree"]["sha"])
        entry = self.listing(directory.parent).get(directory.name)
        if entry is None or not stat.S_ISDIR(entry[1]):
            return {}
        return self._reader.tree(entry[0])


class Reader:
    """Git objects through the API, each asked for once in a run."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._objects: dict[str, dict[str, Any]] = {}
        self._blobs: dict[str, bytes] = {}

    def commit(self, sha: str) -> dict[str, Any]:
        """Return a commit: tree, parents, message, author."""
        return self._object("commits", sha)

    def tree(self, sha: str) -> dict[str, tuple[str, int]]:
        """Return one directory: name → (object id, mode)."""
        entries = self._object("trees", sha)["tree"]
        return {one["path"]: (one["sha"], int(one["mode"], 8)) for one in entries}

    def below(self, sha: str) -> dict[str, dict[str, tuple[str, int]]]:
        """Return every directory below one by its path; nothing where GitHub cuts the answer."""
        answer = self._client.read(
            f"read tree {sha[:9]}",
            lambda: self._client.ask("GET", f"/git/trees/{sha}", parameters={"recursive": "1"}),
            new=True,
        )
        found: dict[str, dict[str, tuple[str, int]]] = {}
        for one in () if answer.get("truncated") else answer["tree"]:
            parent, _, name = one["path"].rpartition("/")
            found.setdefault(parent, {})[name] = (one["sha"], int(one["mode"], 8))
        return found

    def blob(self, sha: str) -> bytes:
        """Return a file's bytes, proved by their id."""
        if sha not in self._blobs:
            answer = self._object("blobs", sha)
            self._keep(sha, base64.b64decode(answer.get("content") or ""))
        return self._blobs[sha]

    def blobs(self, shas: list[str]) -> None:
        """Bring many files in few requests; what does not come as text is read one by one later."""
        missing = [sha for sha in dict.fromkeys(shas) if sha not in self._blobs]
        for start in range(0, len(missing), _BLOBS_AT_ONCE):
            part = missing[start : start + _BLOBS_AT_ONCE]
            fields = " ".join(
                f'b{n}: object(oid: "{sha}") {{ ... on Blob {{ text }} }}'
                for n, sha in enumerate(part)
            )
            query = "query Blobs($owner: String!, $name: String!) { repository(owner: $owner, "
            query += f"name: $name) {{ {fields} }} }}"
            names = {"owner": self._client.owner, "name": self._client.name}
            try:
                found = self._client.graphql(query, names).get("repository") or {}
            except FAILURES:
                return
            for n, sha in enumerate(part):
                text = (found.get(f"b{n}") or {}).get("text")
                if isinstance(text, str) and _oid(text.encode()) == sha:
                    self._blobs[sha] = text.encode()

    def _keep(self, sha: str, data: bytes) -> None:
        if _oid(data) != sha:
            raise RemoteError(f"the API gave other bytes than those of {sha[:9]}", "Run again.")
        self._blobs[sha] = data

    def _object(self, kind: str, sha: str) -> dict[str, Any]:
        if sha not in self._objects:
            self._objects[sha] = self._client.read(
                f"read {kind} {sha[:9]}",
                lambda: self._client.ask("GET", f"/git/{kind}/{sha}"),
                new=True,
            )
        return self._objects[sha]


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


def _oid(data: bytes) -> str:
    """Return the id that git gives to a file's bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
