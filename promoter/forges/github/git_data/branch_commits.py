"""The commits that a branch has and the base has not, as the API shows them."""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath
from typing import Any

from promoter.domain.branch import COMMITS_LIMIT, BranchCommit
from promoter.domain.declaration import Declaration
from promoter.domain.moment import seconds_of
from promoter.forges.github.api.client import Client
from promoter.forges.github.git_data.branches import BranchAnswer
from promoter.forges.github.git_data.objects import Reader
from promoter.forges.github.git_data.tree import GitHubTree
from promoter.git.tree import differing

# GitHub shows so many files of a comparison, and leaves the others out.
_FILES_LIMIT = 300
# Of so many changed files, the folders are asked for at once.
_FEW = 20


class GitHubBranchCommits:
    """Reads what branches hold; what a query has shown of one already is not asked for again."""

    def __init__(self, client: Client, reader: Reader) -> None:
        self._client, self._reader = client, reader

    def of(self, tip: str, base: str, seen: BranchAnswer | None) -> tuple[BranchCommit, ...]:
        """Return the commits up to a tip that a base commit does not have, newest first."""
        if seen is None or seen.tip != tip or seen.commit is None:
            return self._client.read("read the branch", lambda: self._beyond(tip, base))
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
        whole = self._compared(base, tip)
        ahead = {str(one["sha"]): one for one in whole["commits"]}
        if tip not in ahead and whole["total_commits"]:
            # Of very many commits GitHub shows some: the newest are asked for.
            ahead = {str(one["sha"]): one for one in self._newest(tip)}
        elif len(ahead) == whole["total_commits"]:
            # A parent that is not ahead of the base is in its history.
            of_base = (str(one["sha"]) for shown in ahead.values() for one in shown["parents"])
            self._reader.keep_ancestors(base, (one for one in of_base if one not in ahead))
        shown: list[dict[str, Any]] = []
        while tip in ahead and len(shown) < COMMITS_LIMIT:
            shown.append(ahead[tip])
            if not (parents := shown[-1]["parents"]):
                break
            tip = str(parents[0]["sha"])
        found = tuple(self._of_comparison(one, whole) for one in shown)
        sides = ((one, side) for one in found for side in (one.sha, one.onto.commit))
        # Those of promote alone are made again to be compared, and they change a file or a few.
        self._reader.read_folders_of(
            (side, path.parent)
            for one, side in sides
            if Declaration.parse(one.message) is not None or len(one.parents) > 1
            for path in one.changed[:_FEW]
        )
        return found

    def _newest(self, tip: str) -> list[dict[str, Any]]:
        """Return the newest commits up to a tip, as REST shows them."""
        path = f"/commits?sha={tip}&per_page={COMMITS_LIMIT}"
        ask = partial(self._client.ask, "GET", path)
        found: list[dict[str, Any]] = self._client.read("list the branch's commits", ask)
        return found

    def _of_comparison(self, shown: dict[str, Any], whole: dict[str, Any]) -> BranchCommit:
        """Return one commit as REST shows it, with its tree and the tree that it was made on."""
        sha, commit = str(shown["sha"]), shown["commit"]
        parents = tuple(str(one["sha"]) for one in shown["parents"])
        onto = GitHubTree(self._reader, parents[-1] if parents else sha)
        tree = GitHubTree(self._reader, sha)
        return BranchCommit(
            sha=sha,
            parents=parents,
            message=commit["message"],
            author=commit["author"]["name"],
            tree=tree,
            onto=onto,
            changed=self._changed(onto, tree, whole),
            time=seconds_of(commit["committer"]["date"]),
        )

    def _changed(
        self, onto: GitHubTree, tree: GitHubTree, whole: dict[str, Any]
    ) -> tuple[PurePosixPath, ...]:
        """Return the files in which a commit differs from its parent."""
        is_all = (whole["total_commits"], whole["merge_base_commit"]["sha"]) == (1, onto.commit)
        files = (whole if is_all else self._compared(onto.commit, tree.commit)).get("files") or ()
        if len(files) >= _FILES_LIMIT:
            return tuple(differing(onto, tree))
        names = [one["filename"] for one in files]
        names += [one["previous_filename"] for one in files if one["status"] == "renamed"]
        return tuple(sorted({PurePosixPath(name) for name in names}))

    def _compared(self, base: str, tip: str) -> dict[str, Any]:
        """Return the commits up to a tip that a base does not have, and the files that they change."""
        path = f"/compare/{base}...{tip}"
        ask = partial(self._client.ask, "GET", path)
        found: dict[str, Any] = self._client.read("compare the branch", ask, new=True)
        return found
