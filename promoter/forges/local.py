"""The local forge: pulls as refs in a bare repository, for demos, tests and air-gapped users.

A pull is a JSON blob at `refs/promoter/pulls/<n>`; every write replaces exactly what was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from promoter.domain.branch import CommitDraft
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import RaceLostError, RefusedError, RemoteError, SelectionError
from promoter.domain.first_answer import FirstAnswer
from promoter.domain.model import Tree
from promoter.domain.pull import BranchRules, Pull, PullDraft, PullExtras, PullState
from promoter.domain.redaction import redacted
from promoter.domain.refusal import Refusal
from promoter.forges import Opened
from promoter.forges.local_pulls import read_pull, written_pull
from promoter.git.failures import git_error
from promoter.git.program import Git, version_of
from promoter.git.refs import NOTHING

_PREFIX = "refs/promoter/pulls/"
_BRANCHES = "refs/heads/"
_MERGES_TREES = (2, 38)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A pull with the blob it was read from and the comments beside it."""

    pull: Pull
    blob: str
    comments: tuple[str, ...]


class LocalForge:
    """Pulls of one repository on this machine; needs neither network nor token."""

    def __init__(self, git: Git, committer: str) -> None:
        self._git, self._committer = git, committer
        self._known: dict[tuple[str, str], _Stored] = {}
        """The pulls that were read, by their ref and their blob."""

    def pulls(
        self,
        branches: Sequence[str],
        base: str,
        history: tuple[Tree, Sequence[PurePosixPath]] | None = None,  # noqa: ARG002 - git has it
    ) -> dict[str, tuple[Pull, ...]]:
        """Return the pulls from branches to a base in every state, newest first, by their branch.

        Those that are open to other bases are among them.
        """
        found: dict[str, tuple[Pull, ...]] = dict.fromkeys(branches, ())
        for one in self.all():
            if one.branch in found and (one.base == base or one.state is PullState.OPEN):
                found[one.branch] = (*found[one.branch], one)
        return found

    def first_answer(self, seconds: float) -> FirstAnswer | None:
        """Git itself has all of it at hand."""

    def all(self) -> tuple[Pull, ...]:
        """Return every pull, newest first."""
        return tuple(stored.pull for stored in self._read()[0])

    def pulls_of_commits(self, commits: Sequence[str], base: str) -> Mapping[str, int]:  # noqa: ARG002 - the protocol's
        """Its merges name their pulls."""
        return {}

    def open(
        self, draft: PullDraft, *, branch: str, base: str, extras: PullExtras | None = None
    ) -> Opened:
        """Return the one open pull of a branch, opened now unless another run just did."""
        stored, heads = self._read()
        for one in stored:
            ends = (one.pull.branch, one.pull.base)
            if ends == (branch, base) and one.pull.state is PullState.OPEN:
                return Opened(self.renew(one.pull, draft)[0], is_new=False)
        number = max((one.pull.number for one in stored), default=0) + 1
        pull = Pull(
            number, self._url(number), PullState.OPEN, branch, base,
            heads.get(branch) or self._head(branch), draft.title, draft.body,
            draft=bool(extras and extras.draft),
        )  # fmt: skip
        return Opened(self._write(_Stored(pull, NOTHING, ())), is_new=True)

    def write_at_once(self, drafts: Sequence[CommitDraft]) -> None:
        """Each pull is a file here: many at once are no faster."""

    def renew(
        self,
        pull: Pull,
        draft: PullDraft,
        comment: str | None = None,
        *,
        may_be_said: bool = False,  # noqa: ARG002 - that is seen at once
    ) -> tuple[Pull, tuple[str, ...]]:
        """Give an open pull a title and a body, and say on it, a single time, what that changes."""
        stored = self._find_open(pull.number)
        said, new = stored.comments, redacted(comment or "")
        said = said if new in ("", *said) else (*said, new)
        renewed = replace(stored.pull, title=draft.title, body=draft.body)
        return self._write(replace(stored, pull=renewed, comments=said)), ()

    def close(self, pull: Pull, draft: PullDraft | None = None, comment: str | None = None) -> Pull:
        """End a pull unmerged, where given with a last text and a comment that says why."""
        if draft is not None and comment is not None:
            self.renew(pull, draft, comment)
        stored = self._find(pull.number)
        if stored.pull.state is not PullState.OPEN:
            return stored.pull
        return self._write(replace(stored, pull=replace(stored.pull, state=PullState.CLOSED)))

    def read(self, number: int) -> Pull:
        """Return a pull as it is now."""
        return self._find(number).pull

    def comments(self, number: int) -> tuple[str, ...]:
        """Return what was said on a pull, oldest first."""
        return self._find(number).comments

    def has_reviews(self, pull: Pull) -> bool:
        """Nobody reviews here: who merges has looked."""
        return bool(self._find(pull.number).pull.has_reviewers)

    def add_extras(
        self, pull: Pull, extras: PullExtras
    ) -> tuple[Pull, tuple[str, ...], tuple[str, ...]]:
        """Note what a pull shall have, and merge at once what shall merge itself."""
        if extras.is_empty:
            return pull, (), ()
        stored = self._find(pull.number)
        changed = replace(
            stored.pull,
            labels=(*stored.pull.labels, *extras.labels),
            reviewers=(*stored.pull.reviewers, *extras.reviewers),
            assignees=(*stored.pull.assignees, *extras.assignees),
            milestone=extras.milestone or stored.pull.milestone,
        )
        if changed != stored.pull:
            self._write(replace(stored, pull=changed))
        if not extras.auto_merge:
            return changed, (), ()
        return self.merge(pull.number), ("merged at once (merge)",), ()

    def possible_extras(self, pull: Pull, extras: PullExtras) -> PullExtras:  # noqa: ARG002 - as above
        """Nothing keeps a pull from anything here."""
        return extras

    def rules(self, branch: str) -> BranchRules:  # noqa: ARG002 - the protocol's
        """No rule of a server protects a branch here."""
        return BranchRules()

    def requests_made(self) -> str:
        """Nothing is asked over a network, and nothing said of it."""
        return ""

    def disconnect(self) -> None:
        """End git's processes."""
        self._git.close()

    def merge(self, number: int) -> Pull:
        """Merge an open pull into its base by a merge commit, and delete its branch."""
        stored = self._find(number)
        pull = stored.pull
        if pull.state is not PullState.OPEN:
            hint = "A new promotion opens a new one."
            raise _refused(f"pull request {number} is {pull.state} already", hint)
        self._check_not_checked_out(pull.base)
        base = self._head(pull.base)
        commit = self._merge_commit(pull, base)
        merged = replace(pull, state=PullState.MERGED)
        blob = self._blob(replace(stored, pull=merged))
        self._transaction(
            f"update refs/heads/{pull.base} {commit} {base}",
            f"delete refs/heads/{pull.branch} {pull.head}",
            f"update {_PREFIX}{number} {blob} {stored.blob}",
        )
        return merged

    def _merge_commit(self, pull: Pull, base: str) -> str:
        """Store the merge of a pull's head into its base and return the commit's id."""
        if self._git.attempt("merge-base", "--is-ancestor", base, pull.head).status == 0:
            tree = self._git.data(pull.head).split(maxsplit=2)[1].decode("ascii")
        else:
            merged = self._git.attempt("merge-tree", "--write-tree", base, pull.head)
            if merged.status > 1 and version_of(self._git) < _MERGES_TREES:
                reason = f"this git is too old to merge beside {pull.base}, which has moved"
                raise RemoteError(reason, "Install git 2.38 or newer.")
            if merged.status > 1:
                raise git_error("merge-tree", merged)
            if merged.status != 0:
                raise _refused(
                    f"pull request {pull.number} does not merge cleanly into {pull.base}",
                    "Run the promotion again: it makes the change again on the newest base.",
                )
            tree = merged.stdout.decode().splitlines()[0]
        message = f"Merge pull {pull.number}: {pull.title}\n"
        header = f"tree {tree}\nparent {base}\nparent {pull.head}\n"
        people = f"author {self._committer}\ncommitter {self._committer}\n"
        data = f"{header}{people}\n{message}".encode()
        return self._git("hash-object", "-w", "-t", "commit", "--stdin", stdin=data)

    def _check_not_checked_out(self, base: str) -> None:
        """Refuse to move a branch under somebody's work tree."""
        if f"branch refs/heads/{base}" in self._git("worktree", "list", "--porcelain").split("\n"):
            raise _refused(
                f"{base} is checked out there, and its work tree would fall behind",
                f"Check out another branch first, or run: git merge BRANCH while on {base}.",
            )

    def _read(self) -> tuple[list[_Stored], dict[str, str]]:
        """Read every pull, newest first, and the commit of every branch."""
        text = self._git("for-each-ref", "--format=%(objectname) %(refname)", _PREFIX, _BRANCHES)
        refs = [line.partition(" ") for line in text.splitlines()]
        heads = {
            ref.removeprefix(_BRANCHES): oid for oid, _, ref in refs if ref.startswith(_BRANCHES)
        }
        found = [self._parse(oid, ref, heads) for oid, _, ref in refs if ref.startswith(_PREFIX)]
        return sorted(found, key=lambda one: one.pull.number, reverse=True), heads

    def _parse(self, blob: str, ref: str, heads: dict[str, str]) -> _Stored:
        """Read one pull, or raise `RemoteError` where a ref holds something else.

        The head of an open one is wherever its branch is.
        """
        stored = self._known.get((ref, blob))
        if stored is None:
            try:
                number = _number(ref)
                pull, said = read_pull(self._git.data(blob), number, self._url(number))
            except ValueError as error:
                hint = f"Delete it: git update-ref -d {ref}"
                raise RemoteError(f"{ref} is not a pull request of ours", hint) from error
            stored = self._known[ref, blob] = _Stored(pull, blob, said)
        if stored.pull.state is not PullState.OPEN or stored.pull.branch not in heads:
            return stored
        return replace(stored, pull=replace(stored.pull, head=heads[stored.pull.branch]))

    def _find(self, number: int) -> _Stored:
        """Return one pull, or raise `SelectionError` naming those that are there."""
        stored = self._read()[0]
        for one in stored:
            if one.pull.number == number:
                return one
        known = ", ".join(str(one.pull.number) for one in stored)
        hint = f"The only one is {known}." if len(stored) == 1 else f"Known: {known}."
        hint = hint if stored else "The repository has no pull requests yet."
        raise SelectionError(f"there is no pull request {number}", hint)

    def _find_open(self, number: int) -> _Stored:
        """Return an open pull; what a person has merged or closed is written to no more."""
        stored = self._find(number)
        if stored.pull.state is not PullState.OPEN:
            raise RaceLostError(f"PR {number} was {stored.pull.state} meanwhile", "Run again.")
        return stored

    def _write(self, stored: _Stored) -> Pull:
        """Store a pull over exactly what was read and return it; else `RaceLostError`."""
        ref = f"{_PREFIX}{stored.pull.number}"
        self._transaction(f"update {ref} {self._blob(stored)} {stored.blob}")
        return stored.pull

    def _blob(self, stored: _Stored) -> str:
        text = written_pull(stored.pull, stored.comments)
        return self._git("hash-object", "-w", "--stdin", stdin=text)

    def _transaction(self, *commands: str) -> None:
        """Change refs together, each only from what was seen; else `RaceLostError`."""
        done = self._git.attempt(
            "update-ref", "--stdin", stdin="".join(f"{c}\n" for c in commands).encode()
        )
        if done.status != 0:
            raise RaceLostError(
                f"the pull requests changed meanwhile: {done.stderr.strip()[:300]}", "Run again."
            )

    def _head(self, branch: str) -> str:
        return self._git("rev-parse", "--verify", f"refs/heads/{branch}")

    def _url(self, number: int) -> str:
        """Return an address for a pull that says which repository and which ref."""
        return f"{Path(self._git.directory).as_uri()}#{_PREFIX}{number}"


def _number(ref: str) -> int:
    """Return the number that a pull's ref ends in, or raise `ValueError`."""
    text = ref.removeprefix(_PREFIX)
    if str(number := int(text)) != text or number < 1:
        raise ValueError(text)
    return number


def _refused(reason: str, hint: str) -> RefusedError:
    return RefusedError([Refusal("pull", reason, hint)])
