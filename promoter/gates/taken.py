"""The gates on what an environment takes: tags of a pattern, images of an age."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from promoter.domain.duration import format_duration
from promoter.domain.refusal import Refusal
from promoter.gates.gate import Result, Verdict, gravest, several, unknown
from promoter.gates.images import must_exist
from promoter.policy.creation import creation
from promoter.policy.pattern import compiled

if TYPE_CHECKING:
    from promoter.gates.facts import Facts, ImageFacts


def tags(facts: Facts) -> Verdict | None:
    """Refuse tags that the environment's pattern does not match."""
    wanted, environment = facts.target.settings.tags, facts.target.environment
    if wanted is None or facts.proposal is None:
        return None
    asked = {one.request.name: one.request.tag for one in facts.images}
    # Where a digest is written in place of a tag, the tag is what was asked for.
    images = {str(one): one.tag or asked.get(one.name) for one in facts.proposal.declaration.images}
    others = [
        image for image, tag in images.items() if tag and not compiled(wanted).search(str(tag))
    ]
    if others:
        reason = f"{environment} takes tags that match {wanted}, and not {several(others)}"
        hint = f"Promote another tag, or change environments.{environment}.tags."
        return Verdict(Result.FAILED, reason, (Refusal("tags", reason, hint),))
    if untagged := [image for image, tag in images.items() if tag is None]:
        reason = f"{several(untagged)} names no tag, and {environment} takes those like {wanted}"
        return unknown("tags", reason, "Give its tag as well: --image NAME=TAG@DIGEST.", facts)
    return Verdict(Result.PASSED, f"matches {wanted}")


def max_age(facts: Facts) -> Verdict | None:
    """Refuse an image that was made too long ago."""
    wanted = facts.target.settings.max_age
    if wanted is None or facts.goes_back:
        return None
    # Of an image that is not there its absence is refused, and not its age.
    there = (one for one in facts.images if not (one.absent and must_exist(facts)))
    return gravest(_young(one, wanted, facts) for one in there)


def _young(one: ImageFacts, wanted: timedelta, facts: Facts) -> Verdict:
    """Return whether one image is young enough."""
    most = format_duration(wanted)
    made = creation(one.image.created) if one.image else None
    if made is None:
        why = one.error.message if one.error else "its registry does not say when it was made"
        hint = "Reproducible builds leave the time out; when-unknown: warn lets them pass."
        return unknown("max-age", f"the age of {one.request} is not known: {why}", hint, facts)
    age = timedelta(seconds=max(0, facts.now - int(made.timestamp())))
    ago = f"made {format_duration(age)} ago"
    if age <= wanted:
        return Verdict(Result.PASSED, f"{ago}, and {most} is the most")
    reason = f"{one.request} was {ago}, and {facts.target.environment} takes at most {most}"
    hint = "Build it again."
    return Verdict(Result.FAILED, reason, (Refusal("max-age", reason, hint),))
