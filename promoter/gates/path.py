"""The gates on the promotion path: the previous environment has had the images, for long enough."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from promoter.domain.duration import format_duration
from promoter.domain.moment import shown_end
from promoter.domain.refusal import Refusal
from promoter.gates.gate import Result, Verdict, several, unknown

if TYPE_CHECKING:
    from promoter.gates.facts import Facts

_UNREAD = "Run it again; --transport git reads a longer history."


def previous_environment(facts: Facts) -> Verdict | None:
    """Refuse images that the previous environment has never had on the base."""
    previous = facts.previous
    if previous is None or not previous.stays:
        return None
    name = previous.environment
    never = [image for image, stay in previous.stays.items() if stay is None]
    if not never:
        gone = any(stay.end is not None for stay in previous.stays.values() if stay)
        return Verdict(Result.PASSED, f"{name} {'has had' if gone else 'runs'} what is promoted")
    if previous.unread:
        reason = f"whether {name} has had {several(never)} is not known: {previous.unread}"
        return unknown("previous-environment", reason, _UNREAD, facts)
    reason = f"{name} has never had {several(never)}"
    hint = f"Promote it to {name} first."
    refusal = Refusal("previous-environment", reason, hint)
    return Verdict(Result.FAILED, reason, (refusal,), waits=True)


def soak(facts: Facts) -> Verdict | None:
    """Refuse images that were not in the previous environment for long enough without a break."""
    previous, wanted = facts.previous, facts.target.settings.soak
    if previous is None or wanted is None or not previous.stays:
        return None
    lengths = {
        image: stay.length(facts.now) if stay else 0 for image, stay in previous.stays.items()
    }
    least, seconds = min(lengths.values()), int(wanted.total_seconds())
    if least >= seconds and None not in previous.stays.values():
        detail = f"{_span(least)} in {previous.environment}, and {_span(seconds)} is wanted"
        return Verdict(Result.PASSED, detail)
    short = [image for image, length in lengths.items() if length < seconds]
    return _too_short(short, least, seconds, facts)


def _too_short(short: list[str], least: int, wanted: int, facts: Facts) -> Verdict:
    """Return the verdict on images whose time in the previous environment is not over."""
    assert facts.previous is not None
    name, unread = facts.previous.environment, facts.previous.unread
    stays = [facts.previous.stays[image] for image in short]
    starts = [stay.start for stay in stays if stay and stay.end is None]
    # Where one is there no longer, its time does not go on.
    until = max(starts) + wanted if starts and len(starts) == len(stays) else None
    images, had, whole = several(short), _span(least), _span(wanted)
    if unread and any(stay is None or stay.at_least for stay in stays):
        reason = f"how long {images} was in {name} is not known: {unread}; {had} of {whole} is"
        return unknown("soak", reason, _UNREAD, facts, until)
    if until is not None:
        reason = f"{images} has been in {name} for {had} of {whole}"
        hint = f"It passes at {shown_end(until)}, if {name} keeps it."
    elif None in stays:
        reason = f"{images} has not been in {name}, where it has to be for {whole}"
        hint = f"Promote it to {name} first."
    else:
        reason = f"{images} was in {name} for {had} of {whole}, and is there no longer"
        hint = f"Promote what {name} runs (--from {name})."
    refusal = Refusal("soak", reason, hint)
    return Verdict(Result.FAILED, reason, (refusal,), until=until, waits=True)


def _span(seconds: int) -> str:
    """Return a number of seconds as a duration is written."""
    return format_duration(timedelta(seconds=seconds))
