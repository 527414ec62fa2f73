"""What a promotion declares about itself, in the trailers of its commit: asked by whom, for what.

A declaration has a list of apps: one, or several that are promoted by one commit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Self, TypeAlias

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError
from promoter.domain.image_argument import parse_image, with_tags
from promoter.domain.model import ImageRequest
from promoter.domain.moment import rfc3339, seconds_of
from promoter.domain.redaction import one_line, printable_line

_TRAILER = re.compile(r"Promoter-(?P<key>[A-Z][A-Za-z]*(?:-[A-Z][a-z]*)*): (?P<value>\S.*)")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_RULE = re.compile(r"[a-z]+(?:-[a-z]+)*")
Trailers: TypeAlias = dict[str, list[str]]
"""What a commit's trailers of ours say, by their keys."""


@dataclass(frozen=True, slots=True)
class HoldChange:
    """A hold that a commit begins or ends; of a rollback's, what it undoes. Times in seconds."""

    reason: str
    ends: bool = False
    since: int | None = None
    until: int | None = None
    undoes: str | None = None
    """The commit of the base that a rollback takes back."""
    undone_pull: int | None = None
    """The pull request that brought that commit, where it is known."""
    restores: str | None = None
    """The commit of the base whose images come back as that has them written."""

    def trailers(self) -> tuple[str, ...]:
        """Return the lines by which a commit declares it."""
        return _lines(
            {
                "Hold": "end" if self.ends else "begin",
                "Reason": self.reason,
                "Hold-Since": self.since if self.since is None else rfc3339(self.since),
                "Hold-Until": self.until if self.until is None else rfc3339(self.until),
                "Rollback": self.undoes,
                "Undone-Pull": self.undone_pull,
                "Restores": self.restores,
            }
        )

    @classmethod
    def parse(cls, found: Trailers) -> Self | None:
        """Return what trailers declare by their keys, or None where there is no hold among them."""
        kind, reason = _text(found, "Hold"), _text(found, "Reason")
        if kind not in ("begin", "end") or not reason:
            return None
        since, until = _moment(found, "Hold-Since"), _moment(found, "Hold-Until")
        undoes, pull = _text(found, "Rollback"), _number(found, "Undone-Pull")
        restores = _text(found, "Restores")
        if restores is not None and not _COMMIT.fullmatch(restores):
            restores = None
        return cls(reason, kind == "end", since, until, undoes, pull, restores)

    def same_wish(self, other: HoldChange | None) -> bool:
        """Return whether another asks for the same, whenever it was asked."""
        return other is not None and replace(self, since=None) == replace(other, since=None)


@dataclass(frozen=True, slots=True)
class AppDeclaration:
    """What a promotion declares for one app: its images, its hold, and who asked from which run."""

    app: str
    environment: str
    images: tuple[ImageRequest, ...]
    actor: str | None = None
    run: str | None = None
    source_revision: str | None = None
    allow: tuple[str, ...] = ()
    """The rules in spite of which it was made, in order."""
    hold: HoldChange | None = None
    clock: int | None = None
    """The time to which the caller had set the clock, in seconds since the epoch; else None."""

    @property
    def alone(self) -> Declaration:
        """The declaration of a promotion of this app alone."""
        return Declaration(self.app, (self,))

    @property
    def goes_back(self) -> bool:
        """Whether it is a rollback."""
        return self.hold is not None and self.hold.undoes is not None

    @property
    def restores(self) -> str | None:
        """The commit whose images come back as that has them written."""
        return self.hold.restores if self.hold else None

    def trailers(self, links: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the lines by which a commit declares it; `links` are those on what came before."""
        asked = {
            "Actor": self.actor,
            "Run": self.run,
            "Source-Revision": self.source_revision,
            "Clock": self.clock if self.clock is None else rfc3339(self.clock),
        }
        return (
            f"Promoter-App: {self.app}",
            f"Promoter-Environment: {self.environment}",
            *(f"Promoter-Image: {image}" for image in self.images),
            *(f"Promoter-Tag: {one.name}={one.known_as}" for one in self.images if one.known_as),
            *_lines(asked),
            *links,
            *(f"Promoter-Allow: {rule}" for rule in self.allow),
            *(self.hold.trailers() if self.hold else ()),
        )

    @classmethod
    def parse(cls, found: Trailers) -> Self | None:
        """Return what the trailers of one app declare, or None where they are not ours.

        Raises `PromoteError` for an image that is none.
        """
        images = with_tags(map(parse_image, found.get("Image", ())), found.get("Tag", ()))
        app, environment = _text(found, "App"), _text(found, "Environment")
        hold = HoldChange.parse(found)
        if not (app and environment and (images or hold)):
            return None
        return cls(
            app,
            environment,
            images,
            actor=_text(found, "Actor"),
            run=_text(found, "Run"),
            source_revision=_text(found, "Source-Revision"),
            allow=tuple(rule for rule in found.get("Allow", []) if _RULE.fullmatch(rule)),
            hold=hold,
            clock=_moment(found, "Clock"),
        )

    @classmethod
    def among(cls, message: str, app: str, environment: str) -> Self | None:
        """Return what a commit message declares for one app, alone or among others, or None."""
        for part in _parts(message):
            if (part.get("App"), part.get("Environment")) == ([app], [environment]):
                with suppress(PromoteError):
                    return cls.parse(part)
        return None

    def same_wish(self, other: AppDeclaration) -> bool:
        """Return whether another declaration asks for the same, by any actor and from any run."""
        mine, theirs = ((one.app, one.environment, one.images) for one in (self, other))
        same_hold = self.hold.same_wish(other.hold) if self.hold else other.hold is None
        return mine == theirs and same_hold


@dataclass(frozen=True, slots=True)
class Declaration:
    """Everything that a promotion's commit and its pull are made from, beside the files."""

    app: str
    """The app; of several, the name that they have together."""
    members: tuple[AppDeclaration, ...]
    """What it declares for each app: one at least."""
    previous_pull: int | None = None
    supersedes: str | None = None
    """What the same pull proposed before."""
    is_together: bool = False
    """Whether it is for several apps or a group, and says so."""

    @property
    def first(self) -> AppDeclaration:
        """What it declares for its first app; who asked, and from which run, is the same for all."""
        return self.members[0]

    @property
    def environment(self) -> str:
        """The environment of all its apps."""
        return self.first.environment

    @property
    def images(self) -> tuple[ImageRequest, ...]:
        """The images of all its apps."""
        return tuple(image for one in self.members for image in one.images)

    @property
    def goes_back(self) -> bool:
        """Whether it is a rollback."""
        return all(one.goes_back for one in self.members)

    def of(self, app: str) -> AppDeclaration | None:
        """Return what it declares for an app, or None where it is not about it."""
        return next((one for one in self.members if one.app == app), None)

    def trailers(self, gates: str = "") -> tuple[str, ...]:
        """Return the lines by which a commit is known as ours, with what its gates said."""
        links = _lines(
            {"Previous-Pull": self.previous_pull, "Supersedes": self.supersedes, "Gates": gates}
        )
        if not self.is_together:
            return self.first.trailers(links)
        apps = (line for one in self.members for line in one.trailers())
        return (f"Promoter-Together: {self.app}", *links, *apps)

    def message(self, text: str, gates: str = "") -> str:
        """Return a commit message: a text whose first line is its title, then the trailers."""
        lines = [one_line(line) for line in text.strip().splitlines()]
        return "\n".join([*lines, "", *self.trailers(gates)]) + "\n"

    @classmethod
    def parse(cls, message: str) -> Self | None:
        """Return what a commit message declares, or None where it is not one of ours.

        Of several apps that were pushed at once, it is named by the first.
        """
        parts = _parts(message)
        whole, is_together = parts[0], "Together" in parts[0]
        try:
            members = [AppDeclaration.parse(one) for one in (parts[1:] if is_together else parts)]
        except PromoteError:
            return None
        known = tuple(one for one in members if one is not None)
        if not known or len(known) < len(members):
            return None
        name = whole["Together"][0] if is_together else known[0].app
        pull, before = _number(whole, "Previous-Pull"), _text(whole, "Supersedes")
        return cls(name, known, pull, before, is_together)

    def same_wish(self, other: Declaration) -> bool:
        """Return whether another declaration asks for the same, by any actor and from any run."""
        if (self.app, self.previous_pull) != (other.app, other.previous_pull):
            return False
        pairs = zip(self.members, other.members, strict=False)
        same = all(mine.same_wish(theirs) for mine, theirs in pairs)
        return same and len(self.members) == len(other.members)


def _lines(declared: Mapping[str, str | int | None]) -> tuple[str, ...]:
    """Return the trailers of what there is, by their keys."""
    return tuple(
        f"Promoter-{key}: {printable_line(str(one))}" for key, one in declared.items() if one
    )


def _parts(message: str) -> list[Trailers]:
    """Return a message's trailers app by app, those of several together first."""
    parts: list[Trailers] = [{}]
    for line in message.rstrip().rpartition("\n\n")[2].splitlines():
        match = _TRAILER.fullmatch(line.rstrip())
        if match and match["key"] == "App" and parts[-1].keys() & {"App", "Together"}:
            parts.append({})
        if match:
            parts[-1].setdefault(match["key"], []).append(match["value"])
    return parts


def _text(found: Trailers, key: str) -> str | None:
    return found[key][0] if key in found else None


def _number(found: Trailers, key: str) -> int | None:
    text = _text(found, key) or ""
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _moment(found: Trailers, key: str) -> int | None:
    try:
        return seconds_of(_text(found, key) or "")
    except (ValueError, OverflowError, OSError):
        return None
