"""What the gates look at: one promotion, with all that was asked outside before any gate is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import PurePosixPath

from promoter.config.holds import Hold
from promoter.config.layout import Target
from promoter.domain.branch import BranchCommit
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError
from promoter.domain.evidence import BuiltImage
from promoter.domain.model import ImageRequest
from promoter.domain.proposal import Proposal
from promoter.domain.pull import Pull
from promoter.domain.refusal import Refusal
from promoter.domain.render import RenderVerdict
from promoter.domain.running_period import RunningPeriod
from promoter.policy.precedence import Ordering, TagChange


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """What the program that verifies signatures says of an image."""

    verified: bool
    detail: str
    hint: str = "Sign it as the environment wants it, or change checks.signature there."
    """What to do where it is not verified."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What the registry says of one image of a promotion."""

    request: ImageRequest
    repository: str
    """The name under which it is pulled."""
    image: BuiltImage | None = None
    """None where the registry says nothing."""
    error: PromoteError | None = None
    """Why it says nothing."""
    absent: bool = False
    """Whether it says that there is no such image."""
    is_of_tag: bool = True
    """Whether the digest that is asked for beside a tag is what the tag has, as far as is known."""
    platforms: tuple[str, ...] | None = None
    """The platforms of what runs now; None where they could not be read."""
    signature: SignatureCheck | None = None
    """None where nobody asked for it."""
    alike: tuple[ImageRequest, ...] = ()
    """The other images of which the same is said."""


@dataclass(frozen=True, slots=True)
class Previous:
    """What the environment that a promotion comes from has had of its images."""

    environment: str
    periods: Mapping[str, RunningPeriod | None]
    """The latest by image, as it is requested; None for one that it has never had, as was read."""
    unread: str = ""
    """Why not all of its history was read."""
    elsewhere: tuple[str, str] | None = None
    """Its repository of the first image that the target pulls from another one, and that one."""
    partly: Mapping[str, str] = field(default_factory=dict)
    """Of images that it has at some of their places alone now, a place with another tag."""


@dataclass(frozen=True, slots=True)
class ProposedHold:
    """A hold that an open pull would begin or change."""

    hold: Hold
    pull: int
    is_own: bool = False
    """Whether it is the pull that the request itself would change."""


@dataclass(frozen=True, slots=True)
class OtherEnvironment:
    """An environment that a change to another one reaches, too."""

    name: str
    directory: PurePosixPath
    """The folder of its kustomization."""
    file: PurePosixPath
    """An edited file that this is built from."""
    deliver: str
    """How it takes changes of its own."""
    is_certain: bool = False
    """Whether its render is another one; else it is built from the file, and may set it anew."""
    by_target: bool = False
    """Whether one of its own targets is the place that is edited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the gates may look at; a gate that lacks what it needs says nothing."""

    target: Target
    base: str
    """The base branch."""
    branch: str
    now: int
    """When the run began, in seconds since the epoch."""
    allow: frozenset[str] = frozenset()
    proposal: Proposal | None = None
    """The edits; None where they could not be made."""
    edit_refusals: tuple[Refusal, ...] = ()
    """Why they could not."""
    makes_commit: bool = False
    """Whether a commit would be made, or the one that is there is kept."""
    ordering: Ordering = field(default_factory=lambda: Ordering({}, {}))
    tag_changes: tuple[TagChange, ...] = ()
    """Per image, what the base has and what is proposed."""
    images: tuple[ImageFacts, ...] = ()
    """What the registry says; empty where it is not asked."""
    render: RenderVerdict | None = None
    """What the render says; None where nothing was rendered."""
    dead_edits: tuple[Refusal, ...] = ()
    """Images that no container uses, by their names."""
    overridden: tuple[str, ...] = ()
    """Images that Argo CD or Flux sets itself, whatever the files say."""
    unread: tuple[str, ...] = ()
    """What could not be read of all that uses the images."""
    other_environments: tuple[OtherEnvironment, ...] = ()
    """The other environments that the change reaches."""
    foreign: tuple[BranchCommit, ...] = ()
    """The branch's commits that promote did not make and may not replace."""
    dropped: tuple[BranchCommit, ...] = ()
    """Those that are lost, as was asked for."""
    elsewhere: tuple[Pull, ...] = ()
    """The open pulls from the branch to other bases, which would move with it."""
    in_conflict: tuple[str, ...] = ()
    """The branches beside which git cannot have the one that would be made."""
    unverified: bool = False
    """Whether the base takes verified commits alone, and this one would not be."""
    previous: Previous | None = None
    """The environment that it comes from; None where it comes from none."""
    hold: Hold | None = None
    """What keeps the app where it is, on the base."""
    proposed_hold: ProposedHold | None = None
    """The same in an open pull that the change would go against."""
    goes_back: bool = False
    """Whether it is a rollback: what it goes back to has run in the environment before."""
