"""Carry out a plan: the only writes of the program, each found first and then brought in line."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from promoter import pull_request
from promoter.domain.errors import RaceLostError, RemoteError
from promoter.domain.model import PullDraft, PullState
from promoter.engine.stopped import Stopped
from promoter.planning.plan import Action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promoter.domain.model import CommitDraft, Pull
    from promoter.forges import Forge
    from promoter.planning.plan import Promotion


class Writer(Protocol):
    """The writing side of a GitOps repository."""

    def write(self, draft: CommitDraft) -> str:
        """Make a commit and move its branch there; `RaceLostError` where the branch has moved."""

    def delete(self, branch: str, lease: str) -> None:
        """Delete a branch that must still be at `lease`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done for one promotion."""

    promotion: Promotion
    action: Action
    changed: bool
    commit: str | None = None
    pull: Pull | None = None
    warnings: tuple[str, ...] = ()


def apply(
    promotion: Promotion, repository: Writer, forge: Forge | None, progress: list[str]
) -> Outcome:
    """Do what the plan says, telling each write in `progress`; `RaceLostError` means plan anew."""
    if promotion.spent is not None and not promotion.refusals:
        _tidy(promotion, repository, progress)
    if promotion.refusals or not promotion.writes:
        return Outcome(promotion, promotion.action, False, promotion.kept, promotion.pull)
    if promotion.closing is not None:
        return _close(promotion, repository, forge)
    commit = promotion.kept
    if promotion.message is not None:
        with _under_way(f"the push to {promotion.branch}", progress):
            commit = repository.write(promotion.commit_draft())
        progress.append(f"pushed {commit[:9]} to {promotion.branch}")
    if forge is None or promotion.draft is None:
        return Outcome(promotion, promotion.action, True, commit)
    try:
        with _under_way("the pull", progress):
            pull, warnings = _converge(promotion, promotion.draft, forge, commit)
        progress.append(f"pull {pull.number} is in line with it")
        pull, done, missing = forge.finish(pull, promotion.finish.lacking(pull))
        progress.extend(done)
    except RaceLostError as error:
        error.commit = commit if promotion.message is not None else None
        raise
    if pull.state is PullState.MERGED and commit is not None:
        _clear(promotion.branch, commit, repository, progress)
    changed = bool(promotion.rewrites or done)
    action = promotion.action
    if not changed and action is Action.UPDATED:
        # What its environment wants of the pull is lacking, and could not be had.
        action = Action.UNCHANGED
    return Outcome(promotion, action, changed, commit, pull, (*warnings, *missing))


@contextmanager
def _under_way(what: str, progress: list[str]) -> Iterator[None]:
    """Tell, where the run ends in the midst of a write, that nobody knows whether it was done."""
    try:
        yield
    except Stopped:
        progress.append(f"{what} was under way, and may have been done")
        raise


def _said(text: str, pull: Pull, forge: Forge, *, once: bool) -> tuple[str, ...]:
    """Comment on a pull; the promotion stands without it, so that a failure is a warning."""
    try:
        forge.comment(pull, text, once=once)
    except RaceLostError:
        raise
    except RemoteError as error:
        return (error.message,)
    return ()


def _tidy(promotion: Promotion, repository: Writer, progress: list[str]) -> None:
    """Delete the branch of a merged pull where nothing else is about to use it."""
    if promotion.message is None and promotion.spent is not None:
        _clear(promotion.branch, promotion.spent, repository, progress)


def _clear(branch: str, commit: str, repository: Writer, progress: list[str]) -> None:
    """Delete a branch that has been merged, unless it is gone or moved on."""
    try:
        repository.delete(branch, commit)
        progress.append(f"deleted {branch}, which has been merged")
    except RaceLostError:
        return
    except RemoteError as error:
        progress.append(f"{branch} has been merged and is still there: {error.message}")


def _converge(
    promotion: Promotion, draft: PullDraft, forge: Forge, commit: str | None
) -> tuple[Pull, tuple[str, ...]]:
    """Open or renew the pull, and see that head and text agree: the forge has no compare-and-set."""
    pull = promotion.pull
    warnings: tuple[str, ...] = ()
    if pull is None:
        pull = forge.open(
            draft,
            branch=promotion.branch,
            base=promotion.base_branch,
            as_draft=promotion.finish.draft,
        )
    if not pull_request.agrees(pull, draft):
        if promotion.comment is not None:
            # Before the text is renewed, for the old text is what a next run would know it from;
            # only a commit of this run's own has surely not been commented on yet.
            warnings = _said(promotion.comment, pull, forge, once=promotion.message is None)
        pull = forge.renew(pull, draft)
    if pull.head != commit or not pull_request.agrees(pull, draft):
        # What was just pushed may show late. Whoever pushes after this writes the text after this.
        pull = forge.read(pull.number)
    if pull.head != commit or not pull_request.agrees(pull, draft):
        raise RaceLostError(f"pull {pull.number} moved on while its text was written", "Run again.")
    return pull, warnings


def _close(promotion: Promotion, repository: Writer, forge: Forge | None) -> Outcome:
    """End a pull that the base has overtaken, marked as ours first, and delete its branch."""
    pull = promotion.pull
    assert pull is not None
    assert forge is not None
    assert promotion.closing is not None
    marked = pull_request.mark_closed(pull.body)
    if marked != pull.body:
        forge.comment(pull, promotion.closing, once=True)
        pull = forge.renew(pull, PullDraft(pull.title, marked))
    closed = forge.close(pull)
    if promotion.lease is not None:
        repository.delete(promotion.branch, promotion.lease)
    return Outcome(promotion, promotion.action, True, None, closed)
