"""A branch: what it holds beyond the base, and the commit to make on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from promoter.domain.branch_name import HOLD_BRANCH_PREFIX
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import RefusedError
from promoter.domain.model import Tree
from promoter.domain.pull import Pull, PullDraft, PullExtras, PullState
from promoter.domain.redaction import holds_secret, redacted
from promoter.domain.refusal import Refusal

AUTHOR = "promoter <promoter@users.noreply.github.com>"
"""Who makes the commits where no configuration says so: `Name <address>`."""
COMMITS_LIMIT = 20
"""How many commits of a branch are read; a promotion's branch holds one or a few."""
_TRAILER = "Promoter-"


@dataclass(frozen=True, slots=True)
class Opening:
    """A pull to open from a branch that is about to be made."""

    draft: PullDraft
    base: str
    extras: PullExtras
    """What the pull is to get once it is open; whether it is opened as a draft."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """An open pull whose text changes with its branch, and the comment that says so."""

    pull: Pull
    draft: PullDraft
    comment: str | None


@dataclass(frozen=True, slots=True)
class CommitDraft:
    """A commit to make and the branch to move to it, which must still be at `lease` (None: absent)."""

    branch: str
    onto: str
    lease: str | None
    files: Mapping[PurePosixPath, bytes | None]
    """What the files hold then; None where a file goes."""
    message: str
    author: str
    opens: Opening | None = None
    """The pull that is opened with it, where a repository can do both at once."""
    renews: Renewal | None = None
    """The pull that is renewed with it, likewise."""
    merges_into: str | None = None
    """The branch's commit, where it may not be replaced: `onto` is merged into it, as it stands there."""

    def __post_init__(self) -> None:
        """Hold no secret of the run: nothing takes it out of a history again.

        Raises `RefusedError` where a name would be one: with other names in it, the commit would
        not be known again as ours.
        """
        names = [line for line in self.message.splitlines() if line.startswith(_TRAILER)]
        if any(map(holds_secret, (self.branch, *names))):
            reason = "a name in the commit, or its branch's, holds a token or password of this run"
            hint = "Use another token or password: nothing takes it out of a history again."
            raise RefusedError([Refusal("secret", reason, hint)])
        object.__setattr__(self, "message", redacted(self.message))


@dataclass(frozen=True, slots=True)
class BranchCommit:
    """A commit that a branch has and the base has not, with what it changed and in which trees."""

    sha: str
    parents: tuple[str, ...]
    message: str
    author: str
    tree: Tree
    onto: Tree
    changed: tuple[PurePosixPath, ...]
    time: int = 0
    """When it was made, in seconds since the epoch."""

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class BranchState:
    """What the repository and the forge say about one branch, at one moment."""

    base_branch: str
    base: Tree
    branch: str
    tip: str | None = None
    commits: tuple[BranchCommit, ...] = ()
    pulls: tuple[Pull, ...] = ()
    in_conflict: tuple[str, ...] = ()
    """The branches beside which git cannot have this one, which is not there."""
    elsewhere: tuple[Pull, ...] = ()
    """The open pulls from the branch to other bases, which move with it."""

    def with_pulls(self, pulls: Iterable[Pull]) -> BranchState:
        """Return the state with what the forge says of the branch's pulls."""
        all_of = tuple(pulls)
        return replace(
            self,
            pulls=tuple(one for one in all_of if one.base == self.base_branch),
            elsewhere=tuple(
                one
                for one in all_of
                if one.base != self.base_branch and one.state is PullState.OPEN
            ),
        )

    @property
    def open_pull(self) -> Pull | None:
        """The pull that waits for a merge; there is one at most."""
        return next((pull for pull in self.pulls if pull.state is PullState.OPEN), None)


def merge_message(branch: str) -> str:
    """Return the message of the merge that gives a branch the base's files, as it may not be replaced."""
    return f"Merge the base into {branch}\n\nIts files are those of the base; what it proposes follows.\n"


def counted_commits(commits: Sequence[BranchCommit]) -> str:
    """Return how many commits of a branch there are, of which no more than the newest are read."""
    if len(commits) == 1:
        return "a commit"
    return f"{len(commits)}{' or more' if len(commits) >= COMMITS_LIMIT else ''} commits"


def in_conflict(branch: str, others: Iterable[str]) -> tuple[str, ...]:
    """Return the branches beside which git cannot have another: it has no `a/b` where there is `a`."""
    return tuple(
        one for one in others if one.startswith(f"{branch}/") or branch.startswith(f"{one}/")
    )


def shared_branch(branch: str, base: str, pull: Pull) -> Refusal:
    """Return why a branch cannot deliver to a base while a pull to another one is open from it."""
    return Refusal(
        "branch-name",
        f"the branch {branch} is that of pull request {pull.number} to {pull.base}, which is open "
        f"and would get what is promoted to {base}",
        f"Merge or close it, or set another templates.branch in promoter.yaml on {base}.",
    )


def name_conflict(branch: str, others: Iterable[str]) -> Refusal:
    """Return why a branch cannot be made beside others, or beside some whose names are not known."""
    named = " and ".join(list(others)[:5])
    there = named or "a branch that its name begins with, or whose name begins with its own,"
    named_by = "" if branch.startswith(HOLD_BRANCH_PREFIX) else ", or set templates.branch"
    return Refusal(
        "branch-name",
        f"the branch {branch} cannot be made, as there is {there}: git cannot have both",
        f"Delete or rename {named or 'that branch'}{named_by}.",
    )
