"""The GitOps repository through GitHub's API: no clone, commits that GitHub signs.

What it costs does not depend on the repository's size. Files are proved by their object ids.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from promoter.domain.branch import BranchCommit, BranchState
from promoter.domain.declaration import BRANCH_PREFIX
from promoter.domain.errors import PromoteError, RemoteError
from promoter.domain.moment import seconds_of
from promoter.forges.github import overview
from promoter.forges.github.branches import Branches
from promoter.forges.github.client import FAILURES, UNLIKE
from promoter.forges.github.failures import GitHubError
from promoter.forges.github.file_histories import FileHistories
from promoter.forges.github.history import GitHubHistory
from promoter.forges.github.overview import guess
from promoter.forges.github.refs import Refs, Whole
from promoter.forges.github.tree import GitHubTree, Reader
from promoter.forges.github.versions import GitHubVersions
from promoter.git.tree import ROOT, differing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import PurePosixPath

    from promoter.domain.branch import CommitDraft
    from promoter.domain.model import Tree
    from promoter.forges.github.client import Client
    from promoter.forges.github.overview import Guess, Overview
    from promoter.git.history import FileVersion

_BRANCH_LIMIT = 20
# The newest versions of so many files are had by few requests.
_RECENT = 40


class GitHubRepository:
    """One GitOps repository, seen and written through GitHub's API alone."""

    def __init__(self, client: Client, environments: Sequence[str] = (), *, now: int) -> None:
        self._client = client
        self._environments = environments
        self._now = now
        self._guess: Guess | None = None
        self._seen: Overview | None = None
        self._reader = Reader(client)
        self._base_name = ""
        self._refs = Refs(client)
        self._branches = Branches(self._refs, self._reader)
        self._named: dict[str, frozenset[str]] = {}
        """The branches by what they begin with, as of the last look at the base."""

    def base(self, wanted: str | None, apps: Iterable[str] = ()) -> tuple[str, GitHubTree]:
        """Return the base branch's name and files as they are now; asks GitHub anew."""
        apps = tuple(apps)
        self._named = {}
        self._guess = guess(apps[0], self._environments, wanted) if len(apps) == 1 else None
        self._seen = self._look_around(self._guess) if self._guess else None
        if self._seen is not None:
            self._base_name = self._seen.base
            return self._seen.base, GitHubTree(self._reader, self._seen.commit)
        name = wanted if wanted is not None else self._refs.whole().default_branch
        self._base_name = name
        tip = self._refs.tip(name)
        if tip is None:
            raise RemoteError(
                f"{self._client.owner}/{self._client.name} has no branch {name!r}",
                "Name another with --base.",
            )
        return name, GitHubTree(self._reader, tip)

    def _look_around(self, wanted: Guess) -> Overview | None:
        """Return what one query tells, with its files kept for reading; None without GraphQL."""
        client = self._client
        try:
            found = client.graphql(overview.query(wanted), client.names)["repository"]
            seen = overview.read(found, wanted) if found and found["base"] else None
        except UNLIKE as error:
            raise client.failure("read the repository", error) from error
        except FAILURES:
            return None
        if seen is None:
            return None
        self._reader.folders[seen.commit, ROOT] = seen.root
        for (commit, path), shown in seen.folders.items():
            self._reader.keep_folder(commit, path, shown)
        if seen.configuration:
            self._reader.keep_text(seen.configuration)
        self._refs.known = Whole(seen.default_branch, seen.node)
        client.rules[seen.base] = seen.rules
        if seen.branch.rules is not None:
            client.rules[wanted.branch] = seen.branch.rules
        client.pulls[wanted.branch, seen.base] = seen.pulls
        client.histories |= {(seen.commit, path): one for path, one in seen.histories.items()}
        return seen

    def look(self, base: tuple[str, Tree], branch: str) -> BranchState:
        """Return what a branch holds beyond the base."""
        name, tree = base
        if self._guess is not None and branch != self._guess.branch:
            self._look_again(tree.commit, branch)
        tip = self._tip_seen(branch) if branch else None
        commits: tuple[BranchCommit, ...] = ()
        if tip is not None:
            seen = self._seen.branch if self._seen and self._seen.branch.tip == tip else None
            own = seen.commits if seen else None
            commits = (
                self._beyond(tip, tree.commit)
                if seen is None or own is None
                else tuple(self._as_shown(one, seen.changed) for one in own)
            )
        return BranchState(name, tree, branch, tip, commits)

    def _look_again(self, commit: str, branch: str) -> None:
        """Look around where the branch was not guessed, e.g. as its environment is the default."""
        assert self._guess is not None
        environment = branch.removeprefix(BRANCH_PREFIX).partition("/")[0]
        wanted = replace(self._guess, environment=environment)
        seen = self._look_around(wanted) if self._seen and wanted.branch == branch else None
        if seen is not None and seen.commit == commit:
            self._guess, self._seen = wanted, seen

    def _tip_seen(self, branch: str) -> str | None:
        """Return a branch's commit, as of the look at the base where that has told it."""
        if self._seen is not None and self._guess is not None and branch == self._guess.branch:
            return self._seen.branch.tip
        return self._refs.tip(branch)

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

    def branches(self, beginnings: Iterable[str]) -> frozenset[str]:
        """Return the branches that begin so, as of the last look at the base where that tells it."""
        seen = self._seen.branches if self._seen else None
        if seen is not None:
            self._named[overview.BRANCHES] = seen
        found: set[str] = set()
        for one in beginnings:
            listed = overview.BRANCHES if one.startswith(overview.BRANCHES) else one
            if listed not in self._named:
                self._named[listed] = self._matching(listed)
            found |= {name for name in self._named[listed] if name.startswith(one)}
        return frozenset(found)

    def _matching(self, beginning: str) -> frozenset[str]:
        """Return the branches that begin so, as GitHub lists them now."""
        path = f"/git/matching-refs/heads/{beginning}"
        listed = self._client.read("list the branches", lambda: self._client.ask("GET", path))
        return frozenset(str(one["ref"]).removeprefix("refs/heads/") for one in listed)

    def take(self, texts: Callable[[], Mapping[str, bytes]]) -> None:
        """Files come with the look at the base."""

    def bring(self, branches: Iterable[str]) -> None:
        """Nothing is brought before it is looked at."""

    def publish(self, drafts: Sequence[CommitDraft]) -> list[str | PromoteError]:
        """Make commits, one after the other; what one branch fails on stops no other."""
        return _one_by_one(drafts, self._branches.write)

    def has_history(self, base: Tree) -> bool:  # noqa: ARG002 - the protocol's
        """GitHub has the history of all files at hand."""
        return True

    def arrivals(
        self,
        base: Tree,
        paths: list[PurePosixPath],
        *,
        most: int | None = None,
        proved: bool = False,
    ) -> dict[PurePosixPath, GitHubHistory]:
        """Return when files of the base became what they were: their newest versions, read as met."""
        name = self._base_name or None
        one = GitHubHistory(
            self._client, self._reader, base.commit, ROOT, self._now, base=name, proved=proved
        )
        if most is not None:
            # What comes with the look is too little.
            return {path: replace(one, path=path, most=most) for path in paths}
        rows = self._client.histories
        missing = [path for path in paths if (base.commit, path) not in rows]
        if missing:
            rows |= self._histories(FileHistories(base.commit, missing))
        return {path: replace(one, path=path, rows=rows.get((base.commit, path))) for path in paths}

    def versions(
        self, base: Tree, paths: Sequence[PurePosixPath], *, recent: bool = False
    ) -> dict[PurePosixPath, Iterable[FileVersion]]:
        """Return all versions that files of the base have had under all their names, newest first.

        Of many files the `recent` ones would cost too many requests: that is a `RemoteError`.
        """
        if recent and len(paths) > _RECENT:
            raise RemoteError(
                f"{len(paths)} histories are too many for the API", "Use --transport git."
            )
        found = GitHubVersions(
            self._client, self._reader, self._base_name, base.commit, tuple(paths), self._now
        )
        return {path: found.of(path) for path in paths}

    def _histories(
        self, wanted: FileHistories
    ) -> dict[tuple[str, PurePosixPath], list[dict[str, Any]]]:
        """Return the versions of files in one query; no file has any where the server fails.

        Without GraphQL they are left out, and asked for one by one.
        """
        client = self._client
        try:
            return wanted.read(client.graphql(wanted.query, client.names)["repository"])
        except FAILURES as error:
            if isinstance(error, GitHubError) and error.status == 404:
                return {}
            # A server that has no time for it has none for each file alone either.
            return {(wanted.commit, path): [] for path in wanted.paths}

    def has(self, branch: str) -> bool:
        """Say whether there is such a branch."""
        return self._tip_seen(branch) is not None

    def delete(self, branch: str, lease: str) -> None:
        """Delete a branch that must still be at `lease`."""
        self._refs.move(branch, lease, None)

    def _beyond(self, tip: str, base: str) -> tuple[BranchCommit, ...]:
        """Return the branch's commits that the base does not have, newest first."""
        client, path = self._client, f"/compare/{base}...{tip}"
        answer = client.read("compare the branch", lambda: client.ask("GET", path), new=True)
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
            time=seconds_of(commit["committer"]["date"]),
        )


def _one_by_one(
    drafts: Sequence[CommitDraft], write: Callable[[CommitDraft], str]
) -> list[str | PromoteError]:
    """Return each draft's commit, or why there is none; what one branch fails on stops no other.

    Drafts for one branch are made each on the one before; after a failure none of them is.
    """
    done: list[str | PromoteError] = []
    last: dict[str, str | PromoteError] = {}
    for draft in drafts:
        end = last.get(draft.branch)
        if not isinstance(end, PromoteError):
            end = _attempt(replace(draft, onto=end, lease=end) if end else draft, write)
        last[draft.branch] = end
        done.append(end)
    return done


def _attempt(draft: CommitDraft, write: Callable[[CommitDraft], str]) -> str | PromoteError:
    """Return a draft's commit, or why there is none."""
    try:
        return write(draft)
    except PromoteError as error:
        return error
