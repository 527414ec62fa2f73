"""The alerts above the checks: what makes a promotion dangerous."""

from __future__ import annotations

from collections.abc import Sequence

from promoter.domain.evidence import Evidence, GateStatus
from promoter.domain.image import split
from promoter.domain.moment import clock_as_set
from promoter.domain.page import Alert, Level, Line, Span
from promoter.domain.proposal import Proposal
from promoter.domain.render import ObjectDiff
from promoter.pull_request.commits import breaking_changes, commit_line
from promoter.pull_request.texts import goes_back
from promoter.pull_request.words import counted, joined, mono, short_digest, strong

_OBJECTS, _FIELDS, _BREAKING = 5, 5, 5


def alerts(proposal: Proposal, evidence: Evidence) -> tuple[Alert, ...]:
    """Return the alerts of a promotion, the gravest first."""
    back, immutable, more = _back(proposal, evidence), _immutable(evidence), _more(evidence)
    same = _same(proposal, evidence)
    caution = Alert(Level.CAUTION, tuple(one for one in (back, immutable, more) if one))
    warned: list[Line] = [same] if same else []
    warned += [(Span(one),) for one in proposal.warnings]
    if (clock := proposal.declaration.first.clock) is not None:
        warned.append((Span(f"{clock_as_set(clock)}."),))
    warned += [others] if (others := _others(evidence)) else []
    warned += [unknown] if (unknown := _not_judged(evidence)) else []
    found = (caution, _breaking(evidence), Alert(Level.WARNING, tuple(warned)))
    return tuple(one for one in found if one.lines)


def _back(proposal: Proposal, evidence: Evidence) -> Line:
    """Return that the promotion goes back, or takes commits away."""
    sources = evidence.sources
    removed = sum(len(one.removed) + one.removed_more for one in sources)
    relations = {one.relation for one in sources}
    lost = f"{counted(removed, 'commit')} that run{'s' if removed == 1 else ''} now"
    lost += " goes away" if removed == 1 else " go away"
    if goes_back(proposal) or "behind" in relations:
        where = proposal.declaration.environment
        words = f" {lost}." if removed else f" What {where} runs now is newer."
        return (strong("This goes back."), Span(words))
    if "diverged" in relations:
        words = f" {lost}: the two images were built from different lines of history."
        return (strong("This takes commits away."), Span(words))
    return ()


def _same(proposal: Proposal, evidence: Evidence) -> Line:
    """Return the images that another tag names, and that are the same by their digests."""
    parts: list[Line] = []
    running, built = evidence.running, evidence.built
    for move in proposal.moves:
        old, new = running.get(move.name), built.get(move.name)
        digest = move.after.digest or (new.digest if new else None)
        before = move.before.digest or (old.digest if old else None)
        tags = {move.before.tag, move.after.tag}
        if digest and digest == before and None not in tags and len(tags) == 2:
            name = f"{split(move.name)[0].rpartition('/')[2]} " if len(proposal.moves) > 1 else ""
            said = f"{name}{move.after.tag} is {move.before.tag} ("
            parts.append((Span(said), mono(short_digest(digest)), Span(")")))
    if not parts:
        return ()
    title = strong("The same image under another tag:")
    return (title, Span(" "), *_sentence(parts[:_OBJECTS], len(parts) - _OBJECTS, "image"))


def _immutable(evidence: Evidence) -> Line:
    diff = evidence.render
    objects = [one for one in diff.objects if one.immutable] if diff else []
    if not objects:
        return ()
    parts = [(*_fields(one.immutable), Span(f" of {one.title}")) for one in objects[:_OBJECTS]]
    title = strong("Kubernetes refuses this change of immutable fields:")
    return (title, Span(" "), *_sentence(parts, len(objects) - _OBJECTS))


def _more(evidence: Evidence) -> Line:
    broken = diff.broken if (diff := evidence.render) else ()
    if not broken:
        return ()
    parts = [(*_beside(one), Span(f" of {one.title}")) for one in broken[:_OBJECTS]]
    title = strong("More than images changes:")
    return (title, Span(" "), *_sentence(parts, len(broken) - _OBJECTS))


def _breaking(evidence: Evidence) -> Alert:
    commits = [(one, source) for source in evidence.sources for one in breaking_changes(source)]
    if not commits:
        return Alert(Level.IMPORTANT, ())
    title = strong(f"{counted(len(commits), 'breaking change')}:")
    lines = [
        (
            *commit_line(one, source.repository, evidence.moment),
            *((Span(f": {one.breaking}"),) if one.breaking else ()),
        )
        for one, source in commits[:_BREAKING]
    ]
    if len(commits) == 1:
        return Alert(Level.IMPORTANT, ((title, Span(" "), *lines[0]),))
    if len(commits) > _BREAKING:
        lines.append((Span(f"and {len(commits) - _BREAKING} more"),))
    return Alert(Level.IMPORTANT, tuple(lines), (title,))


def _others(evidence: Evidence) -> Line:
    found = [one.detail for one in evidence.gates if one.name == "other-environments"]
    if not found:
        return ()
    return (strong("Other environments:"), Span(f" this {'; '.join(found)}."))


def _not_judged(evidence: Evidence) -> Line:
    """Return what could not be judged though it was to be, and why."""
    unknown = [one for one in evidence.gates if one.verdict is GateStatus.UNKNOWN]
    if not unknown:
        return ()
    words = "; ".join(f"{one.name} ({one.detail})" for one in unknown)
    return (strong("Not judged:"), Span(f" {words}."))


def _sentence(parts: Sequence[Line], hidden: int, noun: str = "object") -> Line:
    more = f"; and {counted(hidden, f'more {noun}')}" if hidden > 0 else ""
    return (*joined(parts, "; "), Span(f"{more}."))


def _beside(one: ObjectDiff) -> Line:
    return _fields(one.other) if one.state == "changed" else (Span(f"the whole ({one.state})"),)


def _fields(paths: tuple[str, ...]) -> Line:
    found = joined((mono(path),) for path in paths[:_FIELDS])
    return (*found, Span(" …")) if len(paths) > _FIELDS else found
