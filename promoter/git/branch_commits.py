"""The commits that a branch has and the base has not, as a clone has them."""

from __future__ import annotations

from collections.abc import Iterable

from promoter.domain.branch import COMMITS_LIMIT, BranchCommit
from promoter.domain.declaration import Declaration
from promoter.domain.moment import bounded_seconds
from promoter.git.clone import Clone
from promoter.git.tree import differing


class BranchCommits:
    """Reads what branches hold, each a single time; what is missing of them is fetched."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._known: dict[tuple[str, str], tuple[BranchCommit, ...]] = {}

    def of(self, tip: str, base: str) -> tuple[BranchCommit, ...]:
        """Return the commits up to a tip that a base commit does not have, newest first.

        What is below a merge that has just the base's files is left out.
        """
        if (tip, base) in self._known:
            return self._known[tip, base]
        found: list[BranchCommit] = []
        if not self._clone.has(tip):
            self._clone.fetch(tip, depth=COMMITS_LIMIT)
        current = tip
        while current != base and len(found) < COMMITS_LIMIT:
            # Of ours as the tip this is not asked: a no may fetch the whole history, and a branch
            # that the base has in full is known by its merged pull.
            is_asked = current != tip or not self._is_ours(tip)
            if is_asked and self._clone.is_ancestor(current, of=base):
                break
            if current in self._clone.shallow_commits():
                self._clone.fetch(tip, depth=COMMITS_LIMIT)
            commit = self.commit(current)
            found.append(commit)
            if not commit.parents or (len(commit.parents) > 1 and not commit.changed):
                break
            current = commit.parents[0]
        return self._known.setdefault((tip, base), tuple(found))

    def _is_ours(self, sha: str) -> bool:
        """Return whether a commit's message declares a promotion."""
        message = self._clone.objects.read(sha).decode("utf-8", "replace").partition("\n\n")[2]
        return Declaration.parse(message) is not None

    def fetch_changed(self, commits: Iterable[BranchCommit]) -> None:
        """Fetch what the files that commits changed were before and after, in one round trip."""
        sides = ((one.changed, side) for one in commits for side in (one.onto.commit, one.sha))
        self._clone.objects.fetch(
            oid for paths, side in sides for oid in self._clone.tree(side).files(paths)
        )

    def commit(self, sha: str) -> BranchCommit:
        """Return one commit with its tree and the tree that it was made on."""
        data = self._clone.objects.read(sha)
        header, _, message = data.decode("utf-8", "replace").partition("\n\n")
        fields = [line.partition(" ")[::2] for line in header.splitlines()]
        parents = tuple(value for key, value in fields if key == "parent")
        author = next((value for key, value in fields if key == "author"), "")
        committer = next((value for key, value in fields if key == "committer"), "")
        time = committer.rpartition("> ")[2].partition(" ")[0]
        onto = parents[-1] if parents else sha
        return BranchCommit(
            sha=sha,
            parents=parents,
            message=message,
            author=author.partition(" <")[0],
            tree=self._clone.tree(sha),
            onto=self._clone.tree(onto),
            changed=tuple(differing(self._clone.tree(onto), self._clone.tree(sha))),
            time=bounded_seconds(int(time)) if time.isdecimal() else 0,
        )
