"""The gates that an environment sets: freezes, holds, what it takes, and what `--allow` may do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from promoter.config.holds import Hold
from promoter.domain.duration import format_duration
from promoter.domain.evidence import GateStatus
from promoter.domain.moment import shown_end, shown_moment
from promoter.domain.refusal import Refusal
from promoter.gates.facts import Facts, ImageFacts
from promoter.gates.gate import Verdict, all_refused, gravest_verdict, refused, several, unknown
from promoter.gates.images import alike, must_exist, names_of
from promoter.policy.freeze import freeze_at
from promoter.policy.pattern import compiled


def freeze(facts: Facts) -> Verdict | None:
    """Refuse a promotion while a window holds; say when none does any more."""
    windows = facts.target.settings.freeze
    if not windows:
        return None
    found = freeze_at(windows, datetime.fromtimestamp(facts.now, UTC))
    if found is None:
        return Verdict(GateStatus.PASSED, "not frozen now")
    until = int(found.until.timestamp()) if found.until else None
    hint = f"Wait until {shown_end(until)}." if until else "Change the window, which never ends."
    reason = f"{facts.target.environment} is frozen: {'; '.join(map(str, found.windows))}"
    return refused("freeze", reason, hint, until=until, waits=True)


def hold(facts: Facts) -> Verdict | None:
    """Refuse a change of an app that is held in its environment, until the hold is over.

    A hold that an open pull proposes counts as one: what it keeps back shall not go by beside it.
    """
    return gravest_verdict(one for one in (_on_base(facts), _proposed(facts)) if one is not None)


def _on_base(facts: Facts) -> Verdict | None:
    held = facts.hold
    if held is None or held.is_over(facts.now):
        return None
    if facts.goes_back and held.undoes is not None:
        # A rollback goes on from where another one left the app, and holds it there.
        return None
    where = f"{held.app} is held in {held.environment}"
    by = f" by {held.by}" if held.by else ""
    since = f" since {shown_moment(held.since)}" if held.since else ""
    reason = f"{where}{since}{by}: {held.reason}"
    ends = "" if held.until is None else f"It ends by itself at {shown_end(held.until)}. "
    # A file that cannot be read is mended by hand.
    ends += f"{held.broken.hint}\n" if held.broken and held.broken.hint else ""
    hint = f"{ends}To end it: {_unhold(held)}"
    line, column = (held.broken.line, held.broken.column) if held.broken else (None, None)
    refusal = Refusal("hold", reason, hint, str(held.file), line, column)
    return Verdict(
        GateStatus.FAILED, reason, (refusal,), until=held.until, waits=held.broken is None
    )


def _proposed(facts: Facts) -> Verdict | None:
    found = facts.proposed_hold
    if found is None or found.hold.is_over(facts.now):
        return None
    if facts.goes_back and found.is_own:
        # Its own pull goes on with the rollback that is asked for now.
        return None
    held, pull = found.hold, f"pull request {found.pull}"
    kind = "rolled back" if held.undoes else "held"
    reason = f"{held.app} in {held.environment} is {kind} by {pull}, which is open: {held.reason}"
    hint = f"Merge {pull} or close it." if held.undoes else f"To end it: {_unhold(held)}"
    return refused("hold", reason, hint, until=held.until, waits=held.broken is None)


def _unhold(held: Hold) -> str:
    return f"promote unhold --app {held.app} --env {held.environment} --reason TEXT"


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
        return refused("tags", reason, hint)
    if untagged := [image for image, tag in images.items() if tag is None]:
        reason = f"{several(untagged)} names no tag, and {environment} takes those like {wanted}"
        return unknown("tags", reason, "Give its tag as well: --image NAME=TAG@DIGEST.", facts)
    return Verdict(GateStatus.PASSED, f"matches {wanted}")


def max_age(facts: Facts) -> Verdict | None:
    """Refuse an image that was made too long ago."""
    wanted = facts.target.settings.max_age
    if wanted is None or facts.goes_back:
        return None
    # An image that is not there is refused as missing, and not for its age.
    there = [one for one in facts.images if not (one.absent and must_exist(facts))]
    return gravest_verdict(_young(one, wanted, facts) for one in alike(there, _made))


def _made(one: ImageFacts) -> datetime | None:
    return one.image.created if one.image else None


def _young(one: ImageFacts, wanted: timedelta, facts: Facts) -> Verdict:
    most = format_duration(wanted)
    made = _made(one)
    if made is None:
        why = one.error.message if one.error else "the image does not say when it was made"
        hint = "Reproducible builds leave the time out; when-unknown: warn lets them pass."
        return unknown("max-age", f"the age of {names_of(one)} is not known: {why}", hint, facts)
    age = timedelta(seconds=max(0, facts.now - int(made.timestamp())))
    ago = f"made {format_duration(age)} ago"
    if age <= wanted:
        return Verdict(GateStatus.PASSED, f"{ago}, and {most} is the most")
    reason = f"{names_of(one)} was {ago}, and {facts.target.environment} takes at most {most}"
    return refused("max-age", reason, "Build it again.")


def allow(facts: Facts) -> Verdict | None:
    """Refuse `--allow` of a rule that the environment does not list."""
    listed, environment = facts.target.settings.allow, facts.target.environment
    if listed is None or not (extra := sorted(facts.allow - set(listed))):
        return None
    named = ", ".join(listed) or "none"
    return all_refused(
        Refusal(
            "allow",
            f"in {environment}, the rule {rule} may not be overridden"
            if listed
            else f"in {environment}, no rule may be overridden",
            f"environments.{environment}.allow in promoter.yaml lists {named}: "
            f"promote without --allow {rule}, or have it added there by a reviewed change.",
        )
        for rule in extra
    )
