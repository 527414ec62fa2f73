"""What is known about a promotion beside its edits: values for the pull's text, gathered elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promoter.render import RenderDiff


@dataclass(frozen=True, slots=True)
class Place:
    """What one environment has of the promotion's images, and since when."""

    environment: str
    tags: tuple[str, ...]
    """The distinct tags (or digests) of the images there."""
    since: int | None = None
    """When the file got them (seconds since the epoch); None where history does not say."""
    at_least: bool = False
    """Whether it may have had them even longer: the history that was read ends there."""
    age: int | None = None
    """How long it had had them when the promotion's commit was made, in seconds."""
    target: bool = False


@dataclass(frozen=True, slots=True)
class SourceCommit:
    """A commit of the source repository."""

    sha: str
    title: str
    author: str


@dataclass(frozen=True, slots=True)
class Brings:
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
    taken: tuple[SourceCommit, ...] = ()
    """What runs now and is taken back, newest first."""
    taken_more: int = 0


@dataclass(frozen=True, slots=True)
class Built:
    """What the registry says of one image."""

    digest: str | None = None
    created: datetime | None = None
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GateResult:
    """What one gate said of the promotion."""

    name: str
    """As in refusals and in `--allow`."""
    verdict: str
    """passed, allowed, warned, unknown or failed."""
    detail: str = ""
    until: int | None = None
    """When it would pass, in seconds since the epoch, where time alone decides."""
    title: str = ""
    """What the pull calls it, where that is not its name."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a pull's text can tell beside the edits; every part may be missing."""

    render: RenderDiff | None = None
    render_note: str = ""
    places: tuple[Place, ...] = ()
    brings: Brings | None = None
    built: Mapping[str, Built] = field(default_factory=dict)
    """What the registry says of the new images, by their names."""
    running: Mapping[str, Built] = field(default_factory=dict)
    """What it says of those that they replace."""
    repository: str | None = None
    """The GitOps repository, as `--repo` takes it."""
    more_places: int = 0
    """How many more environments there are than places."""
    gates: tuple[GateResult, ...] = ()

    @property
    def facts(self) -> tuple[str, ...]:
        """The names of the parts that are there."""
        known = {
            "built": bool(self.built),
            "commits": self.brings is not None and self.brings.relation != "unknown",
            "places": bool(self.places),
            "render": self.render is not None,
        }
        return tuple(name for name, there in known.items() if there)


def span(seconds: int) -> str:
    """Return a time as people say it: days, else hours."""
    if seconds < 3600:
        return "less than an hour"
    count, unit = (seconds // 86_400, "day") if seconds >= 2 * 86_400 else (seconds // 3600, "hour")
    return f"{count} {unit}{'s' if count != 1 else ''}"


def day(moment: int) -> str:
    """Return a moment as people read it, in UTC to the minute."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")
