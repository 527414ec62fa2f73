"""The first line of every end: what happened, in the reader's words."""

from __future__ import annotations

from promoter.domain.declaration import HoldChange
from promoter.domain.model import ImageMove
from promoter.domain.moment import shown_end
from promoter.domain.pull import PullState
from promoter.domain.suggest import listed
from promoter.planning.outcome import Outcome
from promoter.planning.plan import Action


def headline(outcome: Outcome) -> str:
    """Return what happened to one promotion, or would happen, in one line."""
    if outcome.error is not None:
        return outcome.error.message
    if outcome.refusals:
        return outcome.refusals[0].reason
    if outcome.preview is not None:
        return f"dry run: {_preview(outcome, outcome.preview)}"
    return _done(outcome, outcome.action)


def where_lines(outcome: Outcome) -> tuple[str, ...]:
    """Return the lines below: the branch and the base of a pull, who is asked, what is held."""
    lines = []
    action = outcome.preview or outcome.action
    if action in (Action.CREATED, Action.UPDATED) and outcome.extras and outcome.changed:
        found, own = outcome.extras, [f"{outcome.branch} -> {outcome.base}"]
        for name, values in (("review", found.reviewers), ("labels", found.labels)):
            own += [f"{name}: {', '.join(values)}"] if values else []
        lines.append("; ".join(own))
    hold = outcome.hold
    is_made = outcome.changed and outcome.preview is None  # A dry run shows the pull's own text.
    if is_made and outcome.declaration and hold is not None and hold.undoes is not None:
        apps = [one.app for one in outcome.declaration.members]
        flags = " ".join(f"--app {app}" for app in apps)
        end = f"promote unhold {flags} --env {outcome.environment} --reason TEXT"
        verb = "is" if len(apps) == 1 else "are"
        lines.append(f"{listed(apps, 3)} {verb} held from then on; to end that: {end}")
    return tuple(lines)


def _done(outcome: Outcome, action: Action) -> str:
    subject, number = _subject(outcome), _number(outcome)
    if action is Action.PUSHED:
        return f"pushed {(outcome.commit or '')[:9]} to {outcome.base}: {subject}"
    if action is Action.CREATED:
        is_merged = outcome.pull is not None and outcome.pull.state is PullState.MERGED
        verb = "opened and merged" if is_merged else "opened"
        return f"{verb} {number}: {subject}{_merging(outcome)}"
    if action is Action.UPDATED:
        return f"updated {number}: {subject}{_merging(outcome)}"
    return _nothing(outcome, action)


def _merging(outcome: Outcome) -> str:
    pull = outcome.pull
    merges_itself = pull is not None and pull.state is PullState.OPEN and pull.auto_merge
    return "; it merges by itself once its checks and reviews allow it" if merges_itself else ""


def _preview(outcome: Outcome, action: Action) -> str:
    subject = _subject(outcome)
    if action is Action.PUSHED:
        return f"would push to {outcome.base}: {subject}"
    if action is Action.CREATED:
        return f"would open a pull request: {subject}"
    if action is Action.UPDATED and outcome.changed:
        return f"would update {_number(outcome)}: {subject}"
    return _nothing(outcome, action)


def _nothing(outcome: Outcome, action: Action) -> str:
    """Return why there was nothing to write, or only something to end."""
    where = f"{outcome.app} in {outcome.environment}" if outcome.environment else str(outcome.app)
    if outcome.hold is not None and not outcome.images:
        return _hold_is_so(outcome, outcome.hold)
    if action is Action.SUPERSEDED:
        return _superseded(outcome, where)
    if outcome.waiting:
        return f"waiting {_until(outcome)}: {where} stays at {_values(outcome, after=False)}"
    if outcome.images and all(one.before == one.after for one in outcome.images):
        return (
            f"nothing to do: {where} already has {_values(outcome, after=True)} on {outcome.base}"
        )
    if outcome.pull is not None and outcome.pull.state is PullState.OPEN:
        return f"already proposed in {_number(outcome)}: {_subject(outcome)}"
    return f"nothing done: {where} stays at {_values(outcome, after=False)}"


def _superseded(outcome: Outcome, where: str) -> str:
    newer, asked = outcome.superseded_by, _values(outcome, after=True)
    verb = "would close" if outcome.preview else "closed"
    if newer is None:
        what = _number(outcome) if outcome.pull else f"branch {outcome.branch}"
        has = f"{where} already has {asked} on {outcome.base}"
        return f"{verb} {what}: {has}" if outcome.changed else f"nothing to do: {has}"
    on_base = any(one.before.tag == newer for one in outcome.images)
    if not on_base and outcome.pull is not None:
        known = f"{_number(outcome)} already proposes {newer} for {where}"
    else:
        known = f"{where} already has {newer} on {outcome.base}"
    back = "; to go back, add --allow downgrade" if outcome.may_go_back else ""
    closes = f"{verb} {_number(outcome)}" if on_base and outcome.changed else "nothing done"
    return f"{closes}: {known}, which is newer than {asked}{back}"


def _until(outcome: Outcome) -> str:
    """Return what a schedule waits for: when the last gate passes, else which gates."""
    times = [one.until for one in outcome.waiting if one.until is not None]
    gates = ", ".join(one.name for one in outcome.waiting)
    if len(times) < len(outcome.waiting):
        return f"for {gates}"
    return f"until {shown_end(max(times))} ({gates})"


def _number(outcome: Outcome) -> str:
    return f"pull request {outcome.pull.number}" if outcome.pull else "the pull request"


def _subject(outcome: Outcome) -> str:
    if outcome.hold is not None and not outcome.images:
        return _hold(outcome, outcome.hold)
    before, after = _values(outcome, after=False), _values(outcome, after=True)
    if outcome.goes_back:
        return f"roll back {outcome.app} in {outcome.environment}, {before} -> {after}"
    return f"{outcome.app} to {outcome.environment}, {before} -> {after}"


def _hold(outcome: Outcome, hold: HoldChange) -> str:
    where = f"{outcome.app} in {outcome.environment}"
    if hold.ends:
        return f"end the hold of {where} ({hold.reason})"
    until = f" until {shown_end(hold.until)}" if hold.until is not None else ""
    return f"hold {where}{until} ({hold.reason})"


def _hold_is_so(outcome: Outcome, hold: HoldChange) -> str:
    """Return that a hold is as it was asked for already, and what of it was still open."""
    state = f"{outcome.app} is {'not' if hold.ends else 'already'} held in {outcome.environment}"
    if hold.undoes is not None:
        state = f"{outcome.app} in {outcome.environment} has gone back already, and is held"
    if outcome.action is Action.SUPERSEDED and outcome.changed:
        verb = "would close" if outcome.preview else "closed"
        return f"{verb} {_number(outcome)}, which is no longer needed: {state}"
    if outcome.pull is not None and outcome.pull.state is PullState.OPEN:
        return f"already proposed in {_number(outcome)}: {_hold(outcome, hold)}"
    return f"nothing to do: {state}"


def _values(outcome: Outcome, *, after: bool) -> str:
    """Return the one tag or digest of all images, else how many different ones there are."""
    values = {_value(one, after=after) for one in outcome.images}
    if not after:
        values |= {str(ref.tag_or_digest) for one in outcome.images for ref in one.elsewhere}
    return values.pop() if len(values) == 1 else f"{len(values)} tags"


def _value(move: ImageMove, *, after: bool) -> str:
    ref = move.after if after else move.before
    return ref.tag or ref.known_as or (f"{ref.digest[:19]}…" if ref.digest else "no tag")
