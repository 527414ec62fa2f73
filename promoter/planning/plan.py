"""The plan: what a promotion will do, as a value of one of seven kinds; a dry run ends with it."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from promoter.domain.branch import CommitDraft
from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import HoldChange
from promoter.domain.image import Tag
from promoter.domain.model import ImageRequest
from promoter.domain.proposal import Proposal
from promoter.domain.pull import Pull, PullDraft, PullExtras
from promoter.domain.refusal import Refusal

if TYPE_CHECKING:
    from promoter.config.layout import Target
    from promoter.domain.evidence import GateResult


class Action(StrEnum):
    """What a run did, or would do."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    PUSHED = "pushed"
    SUPERSEDED = "superseded"
    PLANNED = "planned"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Rollback:
    """What a rollback goes back to: a tag, or a number of distinct states of the file."""

    reason: str
    to: Tag | None = None
    steps: int = 1


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for: one app, one environment, a tag or some images, or a hold."""

    app: str
    environment: str | None = None
    tag: Tag | None = None
    images: tuple[ImageRequest, ...] = ()
    allow: frozenset[str] = frozenset()
    actor: str | None = None
    run: str | None = None
    source_revision: str | None = None
    built_by: str | None = None
    """The repository, OWNER/NAME, whose workflow runs at `source_revision`; None where it is given."""
    take_over: bool = False
    from_environment: str | None = None
    """What runs in this environment is asked for; '' stands for the one that `promotes-from` names."""
    scheduled: bool = False
    """Whether a policy asks, and not a person: it respects that a person has closed a pull."""
    rollback: Rollback | None = None
    """Asks for what the history of the file says; the images are filled in from there."""
    hold: HoldChange | None = None
    """A hold to begin or to end, with the images or alone."""
    clock: int | None = None
    """The time to which the caller has set the clock, in seconds since the epoch; else None."""
    together: tuple[str, ...] = ()
    """The apps that are asked for by one commit and one pull; `app` is the name they then have."""
    group: bool = False
    """Whether `app` names a group of the configuration, which says the apps."""

    @property
    def apps(self) -> tuple[str, ...]:
        """The apps that it names; a group, whose apps the configuration names, by its own name."""
        return self.together or (self.app,)

    @property
    def is_together(self) -> bool:
        """Whether several apps are asked for by one commit and one pull."""
        return self.group or bool(self.together)

    @property
    def image_flags(self) -> tuple[str, ...]:
        """The images that somebody has named by `--image`."""
        is_filled = self.scheduled or self.from_environment is not None or self.rollback is not None
        return () if is_filled else tuple(one.name for one in self.images)

    @property
    def goes_back(self) -> bool:
        """Whether an older tag may take the place of a newer one."""
        return self.rollback is not None or "downgrade" in self.allow

    @property
    def begins_hold(self) -> bool:
        """Whether it would hold its apps: a rollback does."""
        return self.rollback is not None or (self.hold is not None and not self.hold.ends)

    @property
    def holds_only(self) -> bool:
        """Whether it is about a hold alone, and no image."""
        return self.hold is not None and self.rollback is None


@dataclass(frozen=True, slots=True)
class AppRequest:
    """What is asked of one app, alone or among several, and where the app is."""

    request: Request
    target: Target


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a promotion goes: one app in one environment, one branch, one base."""

    app: str
    environment: str
    base_branch: str
    base: str
    """The base's commit."""
    branch: str
    transport: str = "git"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Promotion:
    """What every kind of plan has."""

    action: ClassVar[Action]
    """What carrying it out is called."""
    destination: Destination
    proposal: Proposal | None = None
    """The edits, as far as there are any."""
    pull: Pull | None = None
    """The pull that is open."""
    gates: tuple[GateResult, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged(_Promotion):
    """All is as it was asked for, or shall stay as it is."""

    action: ClassVar[Action] = Action.UNCHANGED
    commit: str | None = None
    """The branch's commit that proposes it already."""
    merged_branch: str | None = None
    """The commit of a branch that has been merged and can be deleted."""
    waiting: tuple[GateResult, ...] = ()
    """The gates that a schedule waits for; what they keep is not made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(_Promotion):
    """At least one gate says no."""

    action: ClassVar[Action] = Action.REFUSED
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Push(_Promotion):
    """A commit on the base itself."""

    action: ClassVar[Action] = Action.PUSHED
    commit: CommitDraft
    batch: bool = False
    """Whether it is one commit with those of other apps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPull(_Promotion):
    """A pull to open, and the commit to make for it where its branch has none."""

    action: ClassVar[Action] = Action.CREATED
    draft: PullDraft
    commit: CommitDraft | str
    """The commit to make, or the one that the branch has."""
    extras: PullExtras = field(default_factory=PullExtras)
    merged_branch: str | None = None
    """The commit of a branch that has been merged, which makes room where it may not be replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewPull(_Promotion):
    """An open pull to bring in line: with a commit, its text, or what its environment wants of it."""

    action: ClassVar[Action] = Action.UPDATED
    pull: Pull
    draft: PullDraft
    commit: CommitDraft | str
    extras: PullExtras = field(default_factory=PullExtras)
    """What the pull does not have yet."""
    comment: str | None = None

    @property
    def rewrites(self) -> bool:
        """Whether the branch or the pull's text changes."""
        # Late: requests are made before git begins, and the texts of pulls take longest to import.
        from promoter.pull_request import agrees

        return not isinstance(self.commit, str) or not agrees(self.pull, self.draft)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePull(_Promotion):
    """An open pull that the base has superseded, or the branch that one left."""

    action: ClassVar[Action] = Action.SUPERSEDED
    comment: str
    tip: str | None = None
    """The branch's commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded(_Promotion):
    """A newer tag is on the base, or proposed already.

    The pull's text may have to be renewed, and a pull that the base has superseded is closed.
    """

    action: ClassVar[Action] = Action.SUPERSEDED
    by: str
    """The newer tag."""
    may_go_back: bool = True
    """Whether the environment lets an older tag be allowed."""
    merged_branch: str | None = None
    commit: str | None = None
    renewal: RenewPull | None = None
    closing: ClosePull | None = None


Plan = Unchanged | Refused | Superseded | Push | OpenPull | RenewPull | ClosePull


def commit_of(plan: Plan) -> CommitDraft | None:
    """Return the commit that a plan makes, or None where it makes none."""
    if isinstance(plan, Push | OpenPull | RenewPull) and not isinstance(plan.commit, str):
        return plan.commit
    return None


def writes(plan: Plan) -> bool:
    """Return whether carrying a plan out changes anything anywhere."""
    return isinstance(plan, Push | OpenPull | RenewPull | ClosePull) or (
        isinstance(plan, Superseded) and bool(plan.renewal or plan.closing)
    )
