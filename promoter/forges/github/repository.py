"""The GitOps repository through GitHub's API: no clone, commits that GitHub signs.

What it costs does not depend on the repository's size. Files are proved by their object ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from promoter.domain.branch import BranchCommit, BranchState, CommitDraft, in_conflict
from promoter.domain.errors import PromoteError, RemoteError
from promoter.domain.file_versions import FileVersion
from promoter.domain.first_answer import FirstAnswer
from promoter.domain.model import Tree
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.failures import FAILURES, GitHubError
from promoter.forges.github.first_look import overview
from promoter.forges.github.first_look.guess import Guess, guess
from promoter.forges.github.first_look.overview import Overview
from promoter.forges.github.git_data.branch_commits import GitHubBranchCommits
from promoter.forges.github.git_data.branches import BranchAnswer, look
from promoter.forges.github.git_data.commits import Commits
from promoter.forges.github.git_data.file_histories import FileHistories
from promoter.forges.github.git_data.history import GitHubHistory
from promoter.forges.github.git_data.known_branches import KnownBranches
from promoter.forges.github.git_data.objects import Reader
from promoter.forges.github.git_data.refs import Refs
from promoter.forges.github.git_data.tree import GitHubTree
from promoter.forges.github.git_data.versions import GitHubVersions
from promoter.git.refs import RemoteRefs, base_branch
from promoter.git.tree import ROOT

# So many histories come beside those that are asked for.
_HISTORIES = 40
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
        self._commits = Commits(self._refs, self._reader)
        self._held = GitHubBranchCommits(client, self._reader)
        self._branches = KnownBranches(client, self._refs)
        """As of the last look at the base."""
        self._looked: dict[str, BranchAnswer] = {}
        """What many branches hold, as far as it was asked for at once since then."""

    def base(self, wanted: str | None, apps: Iterable[str] = ()) -> tuple[str, GitHubTree]:
        """Return the base branch's name and files as they are now; asks GitHub again."""
        apps = tuple(apps)
        self._branches, self._looked = KnownBranches(self._client, self._refs), {}
        self._guess = guess(apps[0], self._environments, wanted) if len(apps) == 1 else None
        self._seen = self._look_around(wanted, self._guess)
        if self._seen is not None:
            self._base_name = self._seen.base
            return self._seen.base, GitHubTree(self._reader, self._seen.commit)
        self._base_name = name = wanted or self._refs.default_branch()
        tip = self._refs.tip(name)
        if tip is None:
            refs = {f"refs/heads/{one}": oid for one, oid in self._refs.matching("").items()}
            listed = RemoteRefs(self._refs.default_branch(), refs)
            name, tip = base_branch(listed, name, f"{self._client.owner}/{self._client.name}")
        return name, GitHubTree(self._reader, tip)

    def _look_around(self, base: str | None, wanted: Guess | None) -> Overview | None:
        """Return what one query shows, which is kept for reading; None without GraphQL."""
        client = self._client

        def ask() -> Overview | None:
            shown = client.query(overview.query(base, wanted))
            return overview.read(shown, wanted) if shown and shown["base"] else None

        seen = client.attempt("read the repository", ask, is_needed=True)
        if seen is None:
            return None
        if seen.root is not None:
            self._reader.folders[seen.commit, ROOT] = seen.root
        for (commit, path), shown in seen.folders.items():
            self._reader.keep_folder(commit, path, shown)
        if seen.configuration:
            self._reader.keep_text(seen.configuration)
        client.node, client.rules[seen.base] = seen.node, seen.rules
        self._branches = KnownBranches(client, self._refs, seen)
        if wanted is not None:
            if seen.branch.rules is not None:
                client.rules[wanted.branch] = seen.branch.rules
            if seen.branch.pulls is not None:
                client.pulls[wanted.branch, seen.base] = seen.branch.pulls
            client.histories |= {(seen.commit, path): one for path, one in seen.histories.items()}
        return seen

    def look(self, base: tuple[str, Tree], branch: str) -> BranchState:
        """Return what a branch holds beyond the base."""
        name, tree = base
        self._look_again([branch])
        tip = self._branches.tips([branch]).get(branch) if branch else None
        commits: tuple[BranchCommit, ...] = ()
        if tip is not None:
            is_guessed = self._guess is not None and branch == self._guess.branch
            if not is_guessed and branch not in self._looked:
                self.prefetch([branch])
            seen = self._looked.get(branch) or (self._seen.branch if self._seen else None)
            commits = self._held.of(tip, tree.commit, seen)
        # Names that the look at the base has not shown are found when the branch is made.
        beside = in_conflict(branch, dict.fromkeys(self._branches)) if branch and not tip else ()
        return BranchState(name, tree, branch, tip, commits, in_conflict=beside)

    def _look_again(self, branches: Iterable[str]) -> None:
        """Look around where a branch was not guessed, e.g. as its environment is the default."""
        for branch in branches:
            if self._guess is None or self._seen is None or branch in self._guess.own_branches:
                continue
            wanted = replace(self._guess, environment=f"{branch}//".split("/")[1])
            if branch in wanted.own_branches:
                seen = self._look_around(wanted.base, wanted)
                if seen is not None and seen.commit == self._seen.commit:
                    self._guess, self._seen = wanted, seen

    def branches(self, names: Iterable[str], beginnings: Iterable[str] = ()) -> frozenset[str]:
        """Return which of some branches there are, and those of several apps that begin so."""
        names = tuple(names)
        self._look_again(names)
        return frozenset({*self._branches.tips(names), *self._branches.together(beginnings)})

    def take(self, first_answer: Callable[[], FirstAnswer | None]) -> None:
        """All of it comes with the look at the base."""

    def prefetch(self, branches: Iterable[str]) -> None:
        """Look at many branches and their pulls at once, before each of them is looked at."""
        client, wanted = self._client, tuple(branches)
        seen = client.attempt(
            "look at the branches",
            lambda: look(client, self._base_name, wanted, commits=True),
        )
        self._looked |= seen or {}
        self._branches.keep({branch: one.tip for branch, one in (seen or {}).items()})
        for branch, one in (seen or {}).items():
            if one.pulls is not None:
                client.pulls[branch, self._base_name] = one.pulls
        self._reader.read_folders_of(
            (side, path.parent)
            for one in (seen or {}).values()
            if (commit := one.commit) is not None
            for side in (commit["oid"], *(of["oid"] for of in commit["parents"]["nodes"][-1:]))
            for path in one.changed
        )

    def publish(self, drafts: Sequence[CommitDraft]) -> list[str | PromoteError]:
        """Make commits, one after the other; what one branch fails on stops no other."""
        return self._commits.write_each(drafts)

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
            # Those of the files that are asked for next come with them.
            next_ones = (path for path in self._client.expected if (base.commit, path) not in rows)
            wanted = dict.fromkeys((*missing, *islice(next_ones, _HISTORIES)))
            rows |= self._histories(FileHistories(base.commit, tuple(wanted)))
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
            return wanted.read(client.query(wanted.query))
        except FAILURES as error:
            if isinstance(error, GitHubError) and error.status == 404:
                return {}
            # A server that has no time for it has none for each file alone either.
            return {(wanted.commit, path): [] for path in wanted.paths}

    def delete(self, branch: str, lease: str) -> None:
        """Delete a branch that must still be at `lease`."""
        self._refs.move(branch, lease, None)
