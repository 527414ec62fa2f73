"""The source repository: which commits lie between two revisions; read through git, never written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promoter.errors import PromoteError
from promoter.evidence import Brings, SourceCommit

if TYPE_CHECKING:
    from promoter.gitops.clone import Clone

_DEPTH = 400
_COMMITS = 100
_SHA = re.compile(r"[0-9a-f]{7,64}")
_WHOLE = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def read_brings(clone: Clone, repository: str, old: str | None, new: str | None) -> Brings:
    """Return the commits from one revision to another; what can not be read is said, not raised."""
    try:
        resolved = [_revision(clone, one) if one else None for one in (old, new)]
        old, new = resolved
        if not (old and new):
            missing = "what runs now" if new else "the new image"
            note = f"the source revision of {missing} is not known"
            return Brings(repository, old, new, note=note)
        clone.fetch_history(_DEPTH, old, new)
        return _between(clone, repository, old, new)
    except PromoteError as error:
        return Brings(repository, old, new, note=f"the source could not be read: {error.message}")


def _between(clone: Clone, repository: str, old: str, new: str) -> Brings:
    """Return how two commits stand to each other, and those that make the difference."""
    if old == new:
        return Brings(repository, old, new, "identical")
    joined = clone.git.attempt("merge-base", old, new)
    if joined.status != 0:
        return Brings(repository, old, new, note="the two revisions share no history that was read")
    gone, come = (
        int(n) for n in clone.git("rev-list", "--left-right", "--count", f"{old}...{new}").split()
    )
    relation = "diverged" if gone and come else "behind" if gone else "ahead"
    span = f"{new}..{old}" if relation == "behind" else f"{old}..{new}"
    count = gone if relation == "behind" else come
    listed = clone.git(
        "log", f"--max-count={_COMMITS}", "--format=%H%x00%s%x00%an", span
    ).splitlines()
    commits = tuple(SourceCommit(*line.split("\0", 2)) for line in listed if line.count("\0") == 2)
    return Brings(repository, old, new, relation, commits, max(0, count - len(commits)))


def _revision(clone: Clone, text: str) -> str | None:
    """Return the commit that a revision or a ref names at the source, or None."""
    if _WHOLE.fullmatch(text):
        return text
    found = clone.remote_refs("refs/heads/*", "refs/tags/*").refs
    for ref in (text, f"refs/tags/{text}", f"refs/heads/{text}"):
        if ref in found:
            return found[ref]
    if _SHA.fullmatch(text):
        return next((commit for commit in found.values() if commit.startswith(text)), None)
    return None
