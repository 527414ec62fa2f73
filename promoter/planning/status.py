"""What an app runs in an environment, how it stands to what is newer, and what keeps it there; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Self

from promoter.config.holds import Hold
from promoter.config.layout import Target
from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import AppDeclaration
from promoter.domain.evidence import GateResult, GateStatus
from promoter.domain.image import Tag
from promoter.domain.model import ImageRequest, RunningImage
from promoter.domain.proposal import Proposal
from promoter.domain.pull import Pull
from promoter.domain.running_period import RunningPeriod
from promoter.gates import GATES, Facts, Previous, ProposedHold, judge
from promoter.planning.history import HistoryEntry
from promoter.planning.running_images import image_named
from promoter.policy.choose import order_of
from promoter.policy.order import Order


class Relation(StrEnum):
    """How what an environment runs stands to what another one runs."""

    SAME = "same"
    BEHIND = "behind"
    AHEAD = "ahead"
    DIFFERENT = "different"
    """Their tags do not say which is newer."""
    UNKNOWN = "unknown"
    """They have no tag of an image in common, or the files of one cannot be read."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """The commit by which what runs came to the base; `at_least`: it may have been there before."""

    time: int
    """In seconds since the epoch."""
    commit: str
    by: str
    pull: int | None = None
    at_least: bool = False

    @classmethod
    def of(cls, entry: HistoryEntry) -> Self:
        """Return the arrival of what a change of the app's files brought."""
        by = entry.actor or entry.author
        return cls(entry.time, entry.commit, by, entry.pull, at_least=entry.is_first)


@dataclass(frozen=True, slots=True)
class PolicyChoice:
    """The tag that the environment's policy would choose now, and how many newer ones there are."""

    tag: str | None
    behind: int | None = None
    """How many of the tags that the policy takes are newer than what runs; None where unknown."""
    note: str = ""
    """Why it is not known."""
    fits: bool = True
    """Whether the policy takes any tag, as far as is known."""


@dataclass(frozen=True, slots=True)
class PreviousEnvironment:
    """What the environment runs from which promotions come, and how this one stands to it."""

    environment: str
    tags: tuple[str, ...]
    relation: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One app in one environment; what is not known is None or empty."""

    app: str
    environment: str
    images: tuple[RunningImage, ...] = ()
    arrival: Arrival | None = None
    newest: PolicyChoice | None = None
    previous: PreviousEnvironment | None = None
    open_pull: Pull | None = None
    refusals: tuple[GateResult, ...] = ()
    """The gates that would refuse a change now, each with when it would pass."""
    hold: Hold | None = None
    proposed_hold: ProposedHold | None = None
    """The hold that an open pull would begin, as its text says."""
    error: str = ""
    """Why it could not be looked at."""

    @property
    def key(self) -> tuple[str, str]:
        """The app and the environment."""
        return self.app, self.environment

    @property
    def tags(self) -> tuple[str, ...]:
        """The distinct tags of its images; of one without a tag, the digest."""
        return tuple(dict.fromkeys(tag for one in self.images for tag in one.tags or ("?",)))


def relation_of(
    target: Target, own: Sequence[RunningImage], other: Sequence[RunningImage]
) -> Relation:
    """Return how an environment stands to another one, by the images that both have."""
    named = ((one, image_named(other, one.name, one.repository)) for one in own)
    pairs = [(a, b) for a, b in named if b and (a.ref or b.ref)]
    if not pairs:
        return Relation.UNKNOWN
    differing = [(a, b) for a, b in pairs if _differ(a, b)]
    if not differing:
        return Relation.SAME
    orders = {
        order_of(target.settings.policy, a.tag, b.tag).order if a.tag and b.tag else None
        for a, b in differing
    }
    if orders == {Order.NEWER}:
        return Relation.BEHIND
    return Relation.AHEAD if orders == {Order.OLDER} else Relation.DIFFERENT


def _differ(own: RunningImage, other: RunningImage) -> bool:
    """Return whether two are not the same image; one of them may write its digest as well."""
    return not own.ref.is_same(other.ref) or own.elsewhere != other.elsewhere


def _offered(
    target: Target, own: Sequence[RunningImage], other: Sequence[RunningImage]
) -> Iterator[RunningImage]:
    """Yield the images of another environment that `--from` would set, by the names they have here."""
    for name in target.images or [one.name for one in own]:
        has = image_named(own, name)
        there = image_named(other, name, has.repository if has else name)
        if there and there.ref and (has is None or _differ(has, there)):
            yield replace(there, name=has.name if has else name)


def with_previous(row: Status, target: Target, other: Status | None, now: int) -> Status:
    """Return a row with how it stands to the environment before, and what would be refused now."""
    name, previous = target.settings.promotes_from, None
    offered: list[RunningImage] = []
    if name is not None and other is not None:
        offered = list(_offered(target, row.images, other.images))
        previous = _previous_of(name, offered, other.arrival, now) if offered else None
        relation = relation_of(target, row.images, other.images)
        row = replace(row, previous=PreviousEnvironment(name, other.tags, relation))
        offered = offered if relation in (Relation.BEHIND, Relation.DIFFERENT) else []
    return replace(row, refusals=_refusals(target, row, previous, offered, now))


def _refusals(
    target: Target,
    row: Status,
    previous: Previous | None,
    offered: Sequence[RunningImage],
    now: int,
) -> tuple[GateResult, ...]:
    """Return the gates that would refuse what the previous environment runs, or any change at all."""
    images = tuple(ImageRequest(one.name, Tag(one.tag)) for one in offered if one.tag)
    declared = AppDeclaration(target.app, target.environment, images).alone
    facts = Facts(
        target=target,
        base="",
        branch="",
        now=now,
        proposal=Proposal(declared, (), ()) if images else None,
        hold=row.hold,
        proposed_hold=row.proposed_hold,
        previous=previous,
    )
    results = judge(facts, [gate for gate in GATES if not gate.rule.needs_request]).results
    return tuple(one for one in results if one.verdict in (GateStatus.FAILED, GateStatus.UNKNOWN))


def _previous_of(
    environment: str, images: Sequence[RunningImage], arrival: Arrival | None, now: int
) -> Previous:
    """Return what the gates have to know of the previous environment, from its own status."""
    start = arrival.time if arrival else now
    period = RunningPeriod(start, at_least=arrival is None or arrival.at_least)
    periods: Mapping[str, RunningPeriod] = {
        f"{one.name}={one.tag or one.digest}": period for one in images if one.tag or one.digest
    }
    # What stands at several tags is nowhere as a whole.
    partly = {
        f"{one.name}={one.tag}": f"{one.places_of_tags.get(one.tags[1])} has {one.tags[1]}"
        for one in images
        if one.tag and len(one.tags) > 1
    }
    known = {image: None if image in partly else one for image, one in periods.items()}
    unread = "" if arrival else "its history was not read"
    return Previous(environment, known, unread, partly=partly)
