"""The GitOps repository through git: look at a branch, write a commit to it, delete it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from promoter.gitops.clone import Clone, Update, base_branch
from promoter.gitops.commits import Signature, write_commit
from promoter.gitops.history import file_versions
from promoter.model import BranchCommit, Sight
from promoter.promotion import BRANCH_PREFIX, Declaration

if TYPE_CHECKING:
    from promoter.gitops.clone import RemoteRefs
    from promoter.gitops.commits import Signing
    from promoter.gitops.history import FileVersion
    from promoter.gitops.tree import GitTree
    from promoter.model import CommitDraft, Tree

# So many commits of a branch are looked at; a promotion's branch holds one or a few.
_BRANCH_LIMIT = 20


class GitRepository:
    """One GitOps repository, seen and written through a clone that lives as long as the run."""

    def __init__(self, clone: Clone, time: int, signing: Signing | None = None) -> None:
        self._clone = clone
        self._time = time
        self._signing = signing
        self._refs: RemoteRefs | None = None

    def base(self, wanted: str | None) -> tuple[str, GitTree]:
        """Return the base branch's name and files as they are now; asks the remote anew."""
        heads = f"refs/heads/{wanted}" if wanted else "refs/heads/*"
        patterns = [f"refs/heads/{BRANCH_PREFIX}*", *([heads] if wanted else [])]
        self._refs = self._clone.remote_refs(*patterns)
        name, commit = base_branch(self._refs, wanted, self._clone.url)
        self._clone.fetch(commit)
        return name, self._clone.tree(commit)

    def look(self, base: tuple[str, Tree], branch: str) -> Sight:
        """Return what a branch holds beyond the base, as of the last look at the base."""
        name, tree = base
        assert self._refs is not None
        ref = f"refs/heads/{branch}"
        refs = self._refs.refs
        if branch and not branch.startswith(BRANCH_PREFIX) and ref not in refs:
            refs = self._clone.remote_refs(ref).refs  # a name of the user's own
        tip = refs.get(ref)
        commits = self._beyond(tip, tree.commit) if tip else ()
        return Sight(name, tree, branch, tip, commits)

    def write(self, draft: CommitDraft) -> str:
        """Make a commit and push it to its branch; `RaceLostError` where the branch has moved."""
        name, _, address = draft.author.rpartition("<")
        by = Signature(name.strip(), address.rstrip(">"), self._time, self._signing)
        commit = write_commit(self._clone, draft.onto, draft.files, message=draft.message, by=by)
        changed = self._changed(draft.onto, commit)
        if set(changed) != set(draft.files):
            msg = f"the commit would change {sorted(map(str, changed))}, not what was planned"
            raise AssertionError(msg)
        self._clone.push(Update(f"refs/heads/{draft.branch}", commit, draft.lease))
        return commit

    def history(
        self, base: Tree, paths: list[PurePosixPath]
    ) -> dict[PurePosixPath, tuple[FileVersion, ...]]:
        """Return the versions that files of the base have had, newest first."""
        return file_versions(self._clone, base.commit, paths)

    def delete(self, branch: str, lease: str) -> None:
        """Delete a branch that must still be at `lease`."""
        self._clone.push(Update(f"refs/heads/{branch}", None, lease))

    def _beyond(self, tip: str, base: str) -> tuple[BranchCommit, ...]:
        """Return the branch's commits that the base does not have, newest first."""
        found: list[BranchCommit] = []
        self._clone.fetch(tip, depth=_BRANCH_LIMIT)
        current = tip
        while current != base and len(found) < _BRANCH_LIMIT:
            commit = self._commit(current)
            ours = Declaration.parse(commit.message) or len(commit.parents) > 1
            if not ours and self._clone.is_ancestor(current, of=base):
                break
            found.append(commit)
            if not commit.parents:
                break
            current = commit.parents[0]
        return tuple(found)

    def _commit(self, sha: str) -> BranchCommit:
        """Return one commit with its tree and the tree that it was made on."""
        _, data = self._clone.git.data(sha)
        header, _, message = data.decode("utf-8", "replace").partition("\n\n")
        fields = [line.partition(" ")[::2] for line in header.splitlines()]
        parents = tuple(value for key, value in fields if key == "parent")
        author = next((value for key, value in fields if key == "author"), "")
        onto = parents[-1] if parents else sha
        return BranchCommit(
            sha=sha,
            parents=parents,
            message=message,
            author=author.partition(" <")[0],
            tree=self._clone.tree(sha),
            onto=self._clone.tree(onto),
            changed=self._changed(onto, sha),
        )

    def _changed(self, before: str, after: str) -> tuple[PurePosixPath, ...]:
        """Return the paths in which two commits differ."""
        listed = self._clone.git(
            "diff-tree", "-r", "-z", "--name-only", "--no-renames", before, after
        )
        return tuple(PurePosixPath(path) for path in listed.split("\0") if path)
