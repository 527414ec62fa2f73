"""The commits that a branch has and the base has not, as the API tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promoter.domain.branch import COMMITS_LIMIT, BranchCommit
from promoter.domain.moment import seconds_of
from promoter.forges.github.tree import GitHubTree
from promoter.git.tree import differing

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from promoter.forges.github.branches import Branch
    from promoter.forges.github.client import Client
    from promoter.forges.github.tree import Reader


class BranchCommits:
    """Reads what branches hold; what a query has told of one already is not asked for again."""

    def __init__(self, client: Client, reader: Reader) -> None:
        self._client, self._reader = client, reader

    def of(self, tip: str, base: str, seen: Branch | None) -> tuple[BranchCommit, ...]:
        """Return the commits up to a tip that a base commit does not have, newest first."""
        if seen is None or seen.tip != tip or seen.commit is None:
            return self._beyond(tip, base)
        return (self._as_shown(seen.commit, seen.changed),)

    def _as_shown(self, shown: dict[str, Any], changed: tuple[PurePosixPath, ...]) -> BranchCommit:
        """Return a branch's commit from GraphQL."""
        sha, parents = shown["oid"], tuple(one["oid"] for one in shown["parents"]["nodes"])
        return BranchCommit(
            sha=sha,
            parents=parents,
            message=shown["message"],
            author=shown["author"]["name"] or "",
            tree=GitHubTree(self._reader, sha),
            onto=GitHubTree(self._reader, parents[-1] if parents else sha),
            changed=changed,
            time=seconds_of(shown["committedDate"]),
        )

    def _beyond(self, tip: str, base: str) -> tuple[BranchCommit, ...]:
        answer = self._client.read(
            "compare the branch",
            lambda: self._client.ask("GET", f"/compare/{base}...{tip}"),
            new=True,
        )
        ahead = {one["sha"] for one in answer["commits"]}
        found: list[BranchCommit] = []
        current = tip
        while current in ahead and len(found) < COMMITS_LIMIT:
            commit = self._by_rest(current)
            found.append(commit)
            if not commit.parents:
                break
            current = commit.parents[0]
        return tuple(found)

    def _by_rest(self, sha: str) -> BranchCommit:
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
            time=seconds_of(commit["committer"]["date"]),
        )
