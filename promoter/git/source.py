"""The source repository: which commits lie between two revisions; read through git, never written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from promoter.domain.errors import PromoteError
from promoter.domain.evidence import SourceCommit, SourceRange
from promoter.domain.moment import bounded_seconds
from promoter.domain.pull_number import merged_pull
from promoter.domain.redaction import one_line

if TYPE_CHECKING:
    from promoter.git.clone import Clone

# Most promotions bring fewer commits; where these do not tell all, the whole history is fetched.
_DEPTHS = (400, 2**31 - 1)
_COMMITS = 1_000
_SHA = re.compile(r"[0-9a-f]{7,64}")
_WHOLE = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# https://www.conventionalcommits.org/en/v1.0.0/
_BREAKING = re.compile(r"^BREAKING[ -]CHANGE: +", re.MULTILINE)
_NEXT = re.compile(r"\n\s*\n|\n(?=[A-Za-z-]+(?:: | #))")
_BREAKING_LIMIT = 300


def read_range(clone: Clone, repository: str, old: str | None, new: str | None) -> SourceRange:
    """Return the commits from one revision to another; what cannot be read is said, not raised."""
    try:
        found = _commits(clone, old, new)
        for asked, commit in zip((old, new), found, strict=True):
            if asked and commit is None:
                return SourceRange(
                    repository, old, new, note=f"the source has no commit or tag {asked}"
                )
        old, new = found
        if not (old and new):
            missing = "what runs now" if new else "the new image"
            note = f"the source revision of {missing} is not known"
            return SourceRange(repository, old, new, note=note)
        if old == new:
            return SourceRange(repository, old, new, "identical")
        for depth in _DEPTHS:
            clone.fetch_history(depth, old, new)
            if _is_exact(clone, old, new):
                return _between(clone, repository, old, new)
        return SourceRange(repository, old, new, note="the two revisions share no history")
    except PromoteError as error:
        return SourceRange(
            repository, old, new, note=f"the source could not be read: {error.message}"
        )


def _is_exact(clone: Clone, old: str, new: str) -> bool:
    """Return whether what lies between two commits is known in spite of where the history was cut.

    What seems to be on one side alone could be on both, by a way that leads behind a cut. It is not
    where all that lies between the two is younger than every cut.
    """
    if clone.git.attempt("merge-base", old, new).status != 0:
        return False
    cuts = clone.shallow_commits()
    if not cuts:
        return True
    listed = clone.git("log", "--format=%H %ct", f"{old}...{new}").split("\n")
    dated = (one.partition(" ") for one in listed if one)
    times = {sha: bounded_seconds(int(time)) for sha, _, time in dated}
    ends = clone.git("log", "--no-walk=unsorted", "--format=%ct", "--stdin",
                     stdin="\n".join(cuts).encode()).split()  # fmt: skip
    return not cuts & set(times) and min(times.values()) > max(map(int, ends))


def _between(clone: Clone, repository: str, old: str, new: str) -> SourceRange:
    """Return how two commits stand to each other, and those that make the difference."""
    counted = clone.git("rev-list", "--left-right", "--count", f"{old}...{new}")
    gone, come = (int(number) for number in counted.split())
    relation = "diverged" if gone and come else "behind" if gone else "ahead"
    relation = relation if gone or come else "identical"
    commits = _listed(clone, f"{old}..{new}") if come else ()
    removed = _listed(clone, f"{new}..{old}") if gone else ()
    return SourceRange(
        repository,
        old,
        new,
        relation,
        commits,
        come - len(commits),
        removed=removed,
        removed_more=gone - len(removed),
    )


def _listed(clone: Clone, span: str) -> tuple[SourceCommit, ...]:
    # No text of a commit can hold a NUL, so that none is taken for the next field or commit.
    text = clone.git(
        "log", "-z", f"--max-count={_COMMITS}", "--format=%H%x00%P%x00%s%x00%an%x00%ct%x00%b", span
    )
    fields = text.split("\0")
    rows = list(zip(*(fields[place::6] for place in range(6)), strict=False))
    merged = _merged({sha: parents.split() for sha, parents, *_ in rows},
                     {sha for sha, _, subject, *_ in rows if merged_pull(subject)})  # fmt: skip
    return tuple(
        SourceCommit(
            sha,
            _title(title, body),
            author,
            bounded_seconds(int(time)),
            _breaking(body),
            sha in merged,
        )
        for sha, _, title, author, time, body in rows
    )


def _breaking(body: str) -> str:
    """Return what a message's footer says that a commit breaks; '' where none does."""
    found = _BREAKING.search(body)
    if found is None:
        return ""
    return one_line(_NEXT.split(body[found.end() : found.end() + _BREAKING_LIMIT], 1)[0]) or "…"


def _merged(parents: Mapping[str, list[str]], merges: set[str]) -> set[str]:
    """Return the commits that came with the merge of a pull request, which is listed itself."""
    mainline: list[str] = []
    sha = next(iter(parents), "")
    while sha in parents:
        mainline.append(sha)
        sha = next(iter(parents[sha]), "")
    known, found = set(mainline), set[str]()
    for merge in reversed(mainline):
        waiting = parents[merge][1:]
        while waiting:
            sha = waiting.pop()
            if sha in parents and sha not in known:
                known.add(sha)
                waiting += parents[sha]
                if merge in merges:
                    found.add(sha)
    return found


def _title(subject: str, body: str) -> str:
    """Return a commit's title; GitHub writes that of a merged pull request into the merge's body."""
    number, own = merged_pull(subject), body.strip().partition("\n")[0].strip()
    if not number:
        return subject
    return f"{own or subject.partition(' from ')[2]} (#{number})"


def _commits(clone: Clone, *revisions: str | None) -> list[str | None]:
    """Return the commits that revisions or refs name at the source, None for each that is unknown."""
    if all(one is None or _WHOLE.fullmatch(one) for one in revisions):
        return list(revisions)
    refs = clone.remote_refs("refs/heads/*", "refs/tags/*").refs
    return [one and _commit(one, refs) for one in revisions]


def _commit(text: str, refs: Mapping[str, str]) -> str | None:
    if _WHOLE.fullmatch(text):
        return text
    for ref in (text, f"refs/tags/{text}", f"refs/heads/{text}"):
        if ref in refs:
            return refs[ref]
    if _SHA.fullmatch(text):
        return next((commit for commit in refs.values() if commit.startswith(text)), None)
    return None
