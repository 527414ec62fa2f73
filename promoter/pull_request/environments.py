"""The environments side by side: what each runs, since when, by which pull request."""

from __future__ import annotations

from promoter.domain.evidence import AppEvidence, EnvironmentState, Evidence
from promoter.domain.model import ImageMove, RunningImage
from promoter.domain.page import Line, Span, Table
from promoter.domain.proposal import Proposal
from promoter.pull_request.links import pull_page, web_address
from promoter.pull_request.texts import goes_back, tags_in_short
from promoter.pull_request.words import (
    counted,
    day,
    joined,
    mono,
    pull_span,
    short_image,
    span,
    strong,
)

# More do not fit beside each other: then each has a row of its own.
_COLUMNS = 5
_TAGS = 3
_APPS = 20
_UNKNOWN: Line = (Span("?"),)


def environment_table(proposal: Proposal, evidence: Evidence) -> Table | None:
    """Return what environments run: of one app side by side, of several in a row an app."""
    if (app := evidence.alone) is not None:
        return _of_one(app, proposal.moves, evidence)
    return _of_several(proposal, evidence)


def _of_one(app: AppEvidence, moves: tuple[ImageMove, ...], evidence: Evidence) -> Table | None:
    """Return the environments as columns, where there are many as rows; None without any."""
    states = app.environments
    if not states:
        return None
    rows: list[list[Line]] = [
        [(Span("runs"),), *(_runs(one, moves, app) for one in states)],
        [(Span("since"),), *(_since(one, evidence.moment) for one in states)],
    ]
    if any(one.pull for one in states if not one.target):
        rows.append([(Span("pull request"),), *(_pull(one, evidence) for one in states)])
    header: list[Line] = [
        (Span(""),),
        *((Span(f"{s.environment}{' (this pull request)' if s.target else ''}"),) for s in states),
    ]
    table = [header, *rows]
    if len(states) > _COLUMNS:
        table = [list(column) for column in zip(*table, strict=True)]
    if app.more_environments:
        more = f"and {counted(app.more_environments, 'more environment')}"
        blank: list[Line] = [()] * (len(table[0]) - 1)
        table.append([(Span(more),), *blank])
    return Table(tuple(table[0]), tuple(tuple(row) for row in table[1:]))


def _of_several(proposal: Proposal, evidence: Evidence) -> Table | None:
    found = [
        (app, {one.environment: one for one in app.environments})
        for app in evidence.members[:_APPS]
    ]
    names = list(dict.fromkeys(name for _, states in found for name in states))[:_COLUMNS]
    if not names:
        return None
    target = next((s.environment for _, states in found for s in states.values() if s.target), "")
    header = [f"{name}{' (this pull request)' if name == target else ''}" for name in names]
    rows: list[tuple[Line, ...]] = []
    for app, states in found:
        moves = tuple(one for one in proposal.moves if one.app == app.app)
        cells = (_cell(states.get(name), moves, app, evidence.moment) for name in names)
        rows.append(((Span(app.app),), *cells))
    if (more := len(evidence.members) - _APPS) > 0:
        blank: list[Line] = [()] * len(names)
        rows.append(((Span(f"and {counted(more, 'more app')}"),), *blank))
    return Table(((Span(""),), *((Span(one),) for one in header)), tuple(rows))


def _cell(
    state: EnvironmentState | None,
    moves: tuple[ImageMove, ...],
    app: AppEvidence,
    moment: int | None,
) -> Line:
    if state is None:
        return (Span("–"),)
    since, runs = _since(state, moment), _runs(state, moves, app)
    return runs if since == _UNKNOWN else (*runs, Span(" since "), *since)


def has_run_in(proposal: Proposal, evidence: Evidence) -> Line:
    """Return where else an app's new images run and for how long, the nearest environment first."""
    app, moves = evidence.alone, proposal.moves
    if app is None:
        return ()
    others = [one for one in app.environments if not one.target]
    having = [one for one in reversed(others) if has_images(one, moves, app)]
    if having:
        places = ((strong(f"{one.environment}{_age(one)}"),) for one in having[:3])
        return (Span("ran in "), *joined(places))
    if goes_back(proposal):
        return ()
    known = all(has_images(one, moves, app) is False for one in others)
    if others and known and not app.more_environments:
        goal = tags_in_short(moves)
        verb = "are" if goal.endswith(" images") else "is"
        return (strong(f"{goal} {verb} not yet in any other environment"),)
    return ()


def has_images(
    state: EnvironmentState, moves: tuple[ImageMove, ...], app: AppEvidence
) -> bool | None:
    """Return whether an environment runs what is promoted; None where that is not known.

    Digests decide where both sides have one, else the tags do; a digest beside a mere tag is
    compared with the one that the registry has for the tag.
    """
    images = {one.name: one for one in state.images}
    found = [
        _is_same(move, images[move.name], app) if move.name in images else None for move in moves
    ]
    if any(one is False for one in found):
        return False
    return None if None in found or not found else True


def _is_same(move: ImageMove, image: RunningImage, app: AppEvidence) -> bool | None:
    """Return whether an image runs as it is promoted; None where that is not known."""
    same, built = move.after.is_same(image.ref), app.built.get(move.name)
    if same is None and image.digest and built:
        same = built.digest == image.digest
    # What one place has, others may not have.
    return None if image.elsewhere else same


def _age(state: EnvironmentState) -> str:
    if state.age is None:
        return ""
    return f" {'more than ' if state.at_least else ''}{span(state.age)}"


def _runs(state: EnvironmentState, moves: tuple[ImageMove, ...], app: AppEvidence) -> Line:
    """Return what an environment runs; of the target, also what it shall run."""
    shown = _images(state)
    if state.target:
        goals = list(dict.fromkeys(short_image(m.after) for m in moves))
        new = mono(goals[0] or "?") if len(goals) == 1 else Span(f"{len(goals)} tags")
        return (*shown, Span(" → "), new)
    tags = {one.name: one.tag for one in state.images}
    rebuilt = has_images(state, moves, app) is False and all(
        move.after.tag and tags.get(move.name) == move.after.tag for move in moves
    )
    return (*shown, Span(" (another digest)")) if rebuilt else shown


def _images(state: EnvironmentState) -> Line:
    """Return the distinct tags of an environment, or short digests where there is no tag."""
    refs = (ref for one in state.images for ref in (one.ref, *one.elsewhere))
    texts = list(dict.fromkeys(map(short_image, refs)))
    found = joined((mono(one) if one else Span("nothing set"),) for one in texts[:_TAGS])
    if len(texts) > _TAGS:
        return (*found, Span(f" and {len(texts) - _TAGS} more"))
    return found or _UNKNOWN


def _since(state: EnvironmentState, moment: int | None) -> Line:
    if state.since is None:
        return _UNKNOWN
    age = f" ({span(state.age)})" if state.age is not None else ""
    return (Span(f"{'before ' if state.at_least else ''}{day(state.since, moment)}{age}"),)


def _pull(state: EnvironmentState, evidence: Evidence) -> Line:
    if not state.pull:
        return (Span("–"),)
    page = pull_page(web_address(evidence.repository), state.pull)
    return (pull_span(state.pull, page),)
