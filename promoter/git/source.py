"""The source repository: which commits lie between two revisions; read through git, never written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promoter.domain.errors import PromoteError
from promoter.domain.evidence import Brings, SourceCommit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promoter.git.clone import Clone

# Most promotions bring fewer commits; where these do not tell all, the whole history is brought.
_DEPTHS = (400, 2**31 - 1)
_COMMITS = 100
_SHA = re.compile(r"[0-9a-f]{7,64}")
_WHOLE = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_PULL = re.compile(r"Merge pull request (#[0-9]{1,9}) from ")


def read_brings(clone: Clone, repository: str, old: str | None, new: str | None) -> Brings:
    """Return the commits from one revision to another; what can not be read is said, not raised."""
    try:
        found = _commits(clone, old, new)
        for asked, commit in zip((old, new), found, strict=True):
            if asked and commit is None:
                return Brings(repository, old, new, note=f"{asked} is not in the source")
        old, new = found
        if not (old and new):
            missing = "what runs now" if new else "the new image"
            note = f"the source revision of {missing} is not known"
            return Brings(repository, old, new, note=note)
        if old == new:
            return Brings(repository, old, new, "identical")
        for depth in _DEPTHS:
            clone.fetch_history(depth, old, new)
            if _is_exact(clone, old, new):
                return _between(clone, repository, old, new)
        return Brings(repository, old, new, note="the two revisions share no history")
    except PromoteError as error:
        return Brings(repository, old, new, note=f"the source could not be read: {error.message}")


def _is_exact(clone: Clone, old: str, new: str) -> bool:
    """Say whether what lies between two commits is known in spite of where the history was cut.

    What seems to be on one side alone could be on both, by a way that leads behind a cut. It is not
    where all that lies between the two is younger than every cut.
    """
    if clone.git.attempt("merge-base", old, new).status != 0:
        return False
    cuts = clone.shallow_commits()
    if not cuts:
        return True
    listed = clone.git("log", "--format=%H %ct", f"{old}...{new}").split("\n")
    times = {sha: int(time) for sha, _, time in (one.partition(" ") for one in listed if one)}
    ends = clone.git("log", "--no-walk=unsorted", "--format=%ct", "--stdin",
                     stdin="\n".join(cuts).encode()).split()  # fmt: skip
    return not cuts & set(times) and min(times.values()) > max(map(int, ends))


def _between(clone: Clone, repository: str, old: str, new: str) -> Brings:
    """Return how two commits stand to each other, and those that make the difference."""
    counted = clone.git("rev-list", "--left-right", "--count", f"{old}...{new}")
    gone, come = (int(number) for number in counted.split())
    relation = "diverged" if gone and come else "behind" if gone else "ahead"
    commits, taken = _listed(clone, f"{old}..{new}"), _listed(clone, f"{new}..{old}")
    return Brings(
        repository,
        old,
        new,
        relation,
        commits,
        come - len(commits),
        taken=taken,
        taken_more=gone - len(taken),
    )


def _listed(clone: Clone, span: str) -> tuple[SourceCommit, ...]:
    """Return the newest commits of a span; the merge of a pull has the pull's own title."""
    # No text of a commit can hold a NUL, so that none is taken for the next field or commit.
    text = clone.git("log", "-z", f"--max-count={_COMMITS}", "--format=%H%x00%s%x00%an%x00%b", span)
    fields = text.split("\0")
    commits = zip(fields[::4], fields[1::4], fields[2::4], fields[3::4], strict=False)
    return tuple(SourceCommit(sha, _title(title, body), who) for sha, title, who, body in commits)


def _title(subject: str, body: str) -> str:
    """Return a commit's title; GitHub writes that of a merged pull into the merge's body."""
    pull, own = _PULL.match(subject), body.strip().partition("\n")[0].strip()
    return f"{own} ({pull[1]})" if pull and own else subject


def _commits(clone: Clone, *revisions: str | None) -> list[str | None]:
    """Return the commits that revisions or refs name at the source, None for each that is unknown."""
    if all(one is None or _WHOLE.fullmatch(one) for one in revisions):
        return list(revisions)
    refs = clone.remote_refs("refs/heads/*", "refs/tags/*").refs
    return [one and _commit(one, refs) for one in revisions]


def _commit(text: str, refs: Mapping[str, str]) -> str | None:
    """Return the commit that a revision or a ref names among the refs of the source, or None."""
    if _WHOLE.fullmatch(text):
        return text
    for ref in (text, f"refs/tags/{text}", f"refs/heads/{text}"):
        if ref in refs:
            return refs[ref]
    if _SHA.fullmatch(text):
        return next((commit for commit in refs.values() if commit.startswith(text)), None)
    return None
