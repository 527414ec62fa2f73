"""What is known about a promotion beside its edits: values for the pull's text, gathered elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from promoter.domain.dataclass import dataclass
from promoter.domain.model import RunningImage
from promoter.domain.render import RenderDiff, joined_differences

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class EnvironmentState:
    """What one environment runs of the promotion's images, and since when."""

    environment: str
    images: tuple[RunningImage, ...]
    since: int | None = None
    """When the file got them (seconds since the epoch); None where history does not say."""
    at_least: bool = False
    """Whether it may have had them even longer: the history that was read ends there."""
    age: int | None = None
    """How long it had had them when the promotion's commit was made, in seconds."""
    target: bool = False
    pull: int | None = None
    """The pull request that brought them, where history says it."""


@dataclass(frozen=True, slots=True)
class SourceCommit:
    """A commit of the source repository; the merge of a pull request has that one's title."""

    sha: str
    title: str
    author: str
    time: int | None = None
    """When it was committed, in seconds since the epoch."""
    breaking: str = ""
    """What its message's `BREAKING CHANGE` footer says."""
    merged: bool = False
    """Whether it came with the merge of a branch, which is listed as well."""


@dataclass(frozen=True, slots=True)
class SourceRange:
    """The source commits between what runs and what is promoted."""

    repository: str | None = None
    """The source repository's address."""
    old: str | None = None
    new: str | None = None
    relation: str = "unknown"
    """ahead, behind, diverged, identical, or unknown."""
    commits: tuple[SourceCommit, ...] = ()
    """What comes in, newest first."""
    more: int = 0
    """How many more come in than are listed."""
    note: str = ""
    """Why nothing can be said, where nothing can."""
    removed: tuple[SourceCommit, ...] = ()
    """What runs now and goes away, newest first."""
    removed_more: int = 0

    @property
    def key(self) -> tuple[str | None, str | None, str | None]:
        """What makes it differ from another one."""
        return self.repository, self.old, self.new


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """What a registry says of one image."""

    digest: str
    created: datetime | None = None
    platforms: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


class GateStatus(StrEnum):
    """What a gate comes to, the gravest first."""

    FAILED = "failed"
    UNKNOWN = "unknown"
    WARNED = "warned"
    ALLOWED = "allowed"
    PASSED = "passed"
    SKIPPED = "skipped"
    """The environment does not ask for it."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """What one gate said of the promotion."""

    name: str
    """As in refusals and in `--allow`."""
    verdict: GateStatus
    detail: str = ""
    until: int | None = None
    """When it would pass, in seconds since the epoch, where time alone decides."""


@dataclass(frozen=True, slots=True)
class AppEvidence:
    """What is known of the promotion of one app beside its edits; every part may be missing."""

    app: str
    render: RenderDiff | None = None
    environments: tuple[EnvironmentState, ...] = ()
    more_environments: int = 0
    """How many more environments there are than are listed."""
    source: SourceRange | None = None
    built: Mapping[str, BuiltImage] = field(default_factory=dict)
    """What the registry says of the new images, by their names."""
    running: Mapping[str, BuiltImage] = field(default_factory=dict)
    """What it says of those that they replace."""
    gates: tuple[GateResult, ...] = ()
    argocd: str | None = None
    """The page of the Argo CD application, where it is configured."""
    is_scheduled: bool = True
    """Whether `promote auto` chooses tags for the environment."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a pull's text can say beside the edits; every part may be missing."""

    members: tuple[AppEvidence, ...] = ()
    """What is known of each app."""
    gates: tuple[GateResult, ...] = ()
    repository: str | None = None
    """The GitOps repository, as `--repo` takes it."""
    base: str | None = None
    """The commit that the promotion's edits were made on."""
    moment: int | None = None
    """When the promotion's commit was made, in seconds since the epoch."""
    merges_itself: bool = False
    """Whether the pull request merges by itself once its checks pass."""

    @property
    def alone(self) -> AppEvidence | None:
        """What is known of the app that is promoted alone; None of several."""
        return self.members[0] if len(self.members) == 1 else None

    @property
    def render(self) -> RenderDiff | None:
        """The difference that is rendered of all apps; None where that of one is not known."""
        diffs = [one.render for one in self.members if one.render is not None]
        return joined_differences(diffs) if diffs and len(diffs) == len(self.members) else None

    @property
    def built(self) -> dict[str, BuiltImage]:
        """What the registry says of the new images of all apps, by their names."""
        return {name: image for one in self.members for name, image in one.built.items()}

    @property
    def running(self) -> dict[str, BuiltImage]:
        """What it says of those that they replace."""
        return {name: image for one in self.members for name, image in one.running.items()}

    @property
    def source(self) -> SourceRange | None:
        """The source commits, where they are the same for all apps."""
        found = {one.source and one.source.key: one.source for one in self.members}
        return next(iter(found.values())) if len(found) == 1 else None

    @property
    def sources(self) -> tuple[SourceRange, ...]:
        """The source commits of each app, once each."""
        return tuple({s.key: s for one in self.members if (s := one.source)}.values())

    @property
    def facts(self) -> tuple[str, ...]:
        """The names of the parts that are there."""
        known = {
            "built": any(one.built for one in self.members),
            "commits": any(one.relation != "unknown" for one in self.sources),
            "places": any(one.environments for one in self.members),
            "render": self.render is not None,
        }
        return tuple(name for name, there in known.items() if there)
