"""The gates on an image's way: it is not older, and was in the previous environment for long enough."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from promoter.domain.duration import format_seconds
from promoter.domain.evidence import GateStatus
from promoter.domain.moment import shown_end
from promoter.domain.running_period import RunningPeriod
from promoter.gates.facts import Facts
from promoter.gates.gate import Verdict, refused, several, unknown
from promoter.gates.images import must_exist
from promoter.policy.order import Order
from promoter.policy.precedence import TagChange

_UNREAD = "Through the API, --transport git reads a longer history; after a failure, run it again."


def downgrade(facts: Facts) -> Verdict | None:
    """Refuse an older tag in place of a newer one; say where it is not known which is newer."""
    if facts.proposal is None:
        return None
    if facts.goes_back:
        return Verdict(GateStatus.ALLOWED, "a rollback goes back to what ran before")
    pairs = [pair for pair in facts.tag_changes if pair.old and pair.new]
    if newer := facts.ordering.newer(pairs):
        reason = f"{facts.base} already has {newer}, which is newer"
        if older := next((one.old for one in pairs if facts.ordering.of(one) is Order.NEWER), None):
            reason = f"{facts.base} already has {newer}, which is newer, beside {older}"
        rollback = f"promote rollback {facts.target.flags} --reason TEXT"
        hint = f"What ran before comes back with {rollback}"
        return refused("downgrade", reason, hint)
    if not pairs:
        return Verdict(GateStatus.PASSED, "there was no earlier tag")
    if doubted := [pair for pair in pairs if facts.ordering.of(pair) is None]:
        old, new = _short(doubted[0].old), _short(doubted[0].new)
        return Verdict(GateStatus.UNKNOWN, f"whether {new} is newer than {old} is not known")
    return Verdict(GateStatus.PASSED, _passed(facts, pairs))


def _passed(facts: Facts, pairs: Sequence[TagChange]) -> str:
    """Return in words that nothing goes back, and how that is known."""
    orders = {(_short(one.old), _short(one.new)): facts.ordering.of(one) for one in pairs}
    if len(orders) > 1:
        return f"none of {len(orders)} tags is older than the one that it replaces"
    ((old, new), order), *_ = orders.items()
    if order is not Order.NEWER:
        return f"{new} is not older than {old}"
    if any(pair in facts.ordering.known for pair in pairs):
        return f"{new} was made after {old}, or from a later commit"
    return f"{new} is newer than {old}"


def _short(version: str | None) -> str:
    text = version or ""
    return f"{text[:14]}…" if text.startswith("sha256:") else text


def previous_environment(facts: Facts) -> Verdict | None:
    """Refuse images that the previous environment has never had on the base."""
    previous, periods = facts.previous, _judged(facts)
    if previous is None or not periods:
        return None
    name = previous.environment
    never = [image for image, period in periods.items() if period is None]
    if not never:
        gone = any(period.end is not None for period in periods.values() if period)
        verb = "has had" if gone else "runs"
        if previous.elsewhere is None:
            return Verdict(GateStatus.PASSED, f"{name} {verb} what is promoted")
        other, own = previous.elsewhere
        pulls = f"{facts.target.environment} pulls it from {own}"
        said = f"{name} {verb} this tag of {other}; {pulls}"
        # Registries differ by environment, and an image is called alike in them.
        if other.rpartition("/")[2] == own.rpartition("/")[2]:
            return Verdict(GateStatus.PASSED, said)
        return Verdict(GateStatus.WARNED, said, warnings=(f"it may be another image: {said}",))
    if previous.unread:
        reason = f"whether {name} has had {several(never)} is not known: {previous.unread}"
        return unknown("previous-environment", reason, _UNREAD, facts)
    if partly := [image for image in never if image in previous.partly]:
        return _lagging(partly, never, facts)
    wanted = facts.target.settings.soak
    for_long = (
        f", where it has to be for {format_seconds(int(wanted.total_seconds()))}" if wanted else ""
    )
    reason = f"{name} has never had {several(never)}{for_long}"
    first = _first(never, facts)
    return refused("previous-environment", reason, first, waits=True)


def _lagging(partly: Sequence[str], never: Sequence[str], facts: Facts) -> Verdict:
    """Return the verdict on images that the previous environment has at some of their places."""
    assert facts.previous is not None
    name, place = facts.previous.environment, facts.previous.partly[partly[0]]
    reason = f"{name} does not have {several(partly)} everywhere: {place}"
    if facts.target.settings.promotes_from is None and len(partly) == len(never):
        # Where no rule asks for it, what another environment runs gets a warning alone.
        return Verdict(GateStatus.WARNED, reason)
    first = _first(never, facts)
    return refused("previous-environment", reason, first, waits=True)


def soak(facts: Facts) -> Verdict | None:
    """Refuse images that were not in the previous environment for long enough without a break.

    Of one that was never there the gate before says so, unless that is allowed.
    """
    wanted, is_asked = facts.target.settings.soak, "previous-environment" in facts.allow
    periods = {image: period for image, period in _judged(facts).items() if period or is_asked}
    if facts.previous is None or wanted is None or not periods:
        return None
    lengths = {
        image: period.length(facts.now) if period else 0 for image, period in periods.items()
    }
    least, seconds = min(lengths.values()), int(wanted.total_seconds())
    if least >= seconds and None not in periods.values():
        had, where = format_seconds(least), facts.previous.environment
        detail = f"{had} in {where}, and {format_seconds(seconds)} is wanted"
        return Verdict(GateStatus.PASSED, detail)
    short = [image for image, length in lengths.items() if length < seconds]
    return _too_short(short, least, seconds, facts)


def _judged(facts: Facts) -> Mapping[str, RunningPeriod | None]:
    """Return the periods of the images that there are, and that a container uses.

    What else is refused of the others only follows from that.
    """
    if facts.previous is None:
        return {}
    absent = {str(one.request) for one in facts.images if one.absent and must_exist(facts)}
    dead = {name for one in facts.dead_edits for name in one.images}
    if "dead-edit" in facts.allow:
        dead.clear()
    return {
        image: period
        for image, period in facts.previous.periods.items()
        if image not in absent and re.split("[=@]", image, maxsplit=1)[0] not in dead
    }


def _first(images: Sequence[str], facts: Facts) -> str:
    """Return what to do where the previous environment lacks images: it may have gone on already."""
    assert facts.previous is not None
    name = facts.previous.environment
    runs = f"promote {facts.target.flags} --from {name}"
    command = _command(images, name, facts)
    return f"Promote it to {name} first: {command}\nOr promote what {name} runs: {runs}"


def _command(images: Sequence[str], environment: str, facts: Facts) -> str:
    tags = {image.partition("=")[2] for image in images}
    asked = [f"--image {image}" for image in images]
    if len(tags) == 1 and (tag := tags.pop()) and "@" not in tag:
        asked = [f"--tag {tag}"]
    return f"promote --app {facts.target.app} --env {environment} {' '.join(asked)}"


def _too_short(short: list[str], least: int, wanted: int, facts: Facts) -> Verdict:
    assert facts.previous is not None
    name, unread = facts.previous.environment, facts.previous.unread
    periods = [facts.previous.periods[image] for image in short]
    starts = [period.start for period in periods if period and period.end is None]
    # The time of an image that is gone does not grow: no end can be given.
    until = max(starts) + wanted if starts and len(starts) == len(periods) else None
    images, had, whole = several(short), format_seconds(least), format_seconds(wanted)
    if unread and any(period is None or period.at_least for period in periods):
        reason = f"how long {images} was in {name} is not known: {unread}; {had} of {whole} is"
        return unknown("soak", reason, _UNREAD, facts, until)
    if until is not None:
        reason = f"{images} has been in {name} for {had} of {whole}"
        hint = f"It passes at {shown_end(until)}, if {name} keeps it."
    elif None in periods:
        reason = f"{images} has not been in {name}, where it has to be for {whole}"
        hint = _first(short, facts)
    else:
        reason = f"{images} was in {name} for {had} of {whole}, and is there no longer"
        hint = f"To promote what {name} runs now: promote {facts.target.flags} --from {name}"
    return refused("soak", reason, hint, until=until, waits=True)
