"""What a promotion declares about itself, in the trailers of its commit: asked by whom, for what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from promoter.domain.errors import PromoteError, UsageError
from promoter.domain.image import Digest, Tag, split
from promoter.domain.model import ImageRequest
from promoter.domain.redaction import redacted

BRANCH = "promote/{environment}/{app}"
BRANCH_PREFIX = "promote/"
_TRAILER = re.compile(r"Promoter-(?P<key>[A-Z][A-Za-z]*(?:-[A-Z][a-z]*)*): (?P<value>\S.*)")
_RULE = re.compile(r"[a-z]+(?:-[a-z]+)*")
_VALUE_LIMIT = 500


def branch_name(environment: str, app: str, template: str = BRANCH) -> str:
    """Return the one branch on which an app is promoted to an environment."""
    return template.replace("{environment}", environment).replace("{app}", app)


@dataclass(frozen=True, slots=True)
class Declaration:
    """Everything that a promotion's commit and its pull are made from, beside the files."""

    app: str
    environment: str
    images: tuple[ImageRequest, ...]
    actor: str | None = None
    run: str | None = None
    source_revision: str | None = None
    previous_pull: int | None = None
    supersedes: str | None = None
    """What the same pull proposed before."""
    allow: tuple[str, ...] = ()
    """The rules in spite of which it was made, in order."""

    def trailers(self) -> tuple[str, ...]:
        """Return the lines by which a commit is known as ours."""
        optional = {
            "Actor": self.actor,
            "Run": self.run,
            "Source-Revision": self.source_revision,
            "Previous-Pull": str(self.previous_pull) if self.previous_pull else None,
            "Supersedes": self.supersedes,
        }
        return (
            f"Promoter-App: {self.app}",
            f"Promoter-Environment: {self.environment}",
            *(f"Promoter-Image: {image}" for image in self.images),
            *(f"Promoter-{key}: {one_line(text)}" for key, text in optional.items() if text),
            *(f"Promoter-Allow: {rule}" for rule in self.allow),
        )

    def message(self, text: str) -> str:
        """Return a commit message: a text whose first line is its title, then the trailers."""
        lines = [one_line(line) for line in text.strip().splitlines()]
        return "\n".join([*lines, "", *self.trailers()]) + "\n"

    @classmethod
    def parse(cls, message: str) -> Self | None:
        """Return what a commit message declares, or None where it is not one of ours."""
        found: dict[str, list[str]] = {}
        for line in message.rstrip().rpartition("\n\n")[2].splitlines():
            match = _TRAILER.fullmatch(line.rstrip())
            if match:
                found.setdefault(match["key"], []).append(match["value"])
        try:
            images = tuple(parse_image(text) for text in found.get("Image", []))
        except PromoteError:
            return None
        app, environment = found.get("App"), found.get("Environment")
        if not (app and environment and images):
            return None
        previous = found.get("Previous-Pull", [""])[0]
        return cls(
            app[0],
            environment[0],
            images,
            actor=found.get("Actor", [None])[0],
            run=found.get("Run", [None])[0],
            source_revision=found.get("Source-Revision", [None])[0],
            previous_pull=int(previous) if previous.isdecimal() else None,
            supersedes=found.get("Supersedes", [None])[0],
            allow=tuple(rule for rule in found.get("Allow", []) if _RULE.fullmatch(rule)),
        )

    def same_wish(self, other: Declaration) -> bool:
        """Say whether another declaration asks for the same, whoever asked and from wherever."""
        mine = (self.app, self.environment, self.images, self.previous_pull)
        return mine == (other.app, other.environment, other.images, other.previous_pull)


def parse_image(text: str) -> ImageRequest:
    """Return `NAME=TAG`, `NAME@DIGEST` or `NAME=TAG@DIGEST` parsed, or raise `UsageError`."""
    name, equals, value = text.partition("=")
    if equals:
        tag, at, digest = value.partition("@")
    else:
        (name, at, digest), tag = text.partition("@"), ""
    if not name or not (tag or digest) or (at and not digest):
        raise UsageError(
            f"--image {text!r} is none of NAME=TAG, NAME@DIGEST, NAME=TAG@DIGEST",
            "For example --image ghcr.io/owner/app=1.4.2",
        )
    plain = split(name)[0]
    if not plain or not plain.isprintable() or any(c.isspace() for c in name):
        raise UsageError(f"--image {text!r} has no image name before its tag", "")
    return ImageRequest(
        name, Tag.parse(tag) if tag else None, Digest.parse(digest) if digest else None
    )


def one_line(text: str) -> str:
    """Return outside text as one printable line of bounded length."""
    kept = "".join(c if c.isprintable() else " " for c in redacted(text))
    return " ".join(kept.split())[:_VALUE_LIMIT]
