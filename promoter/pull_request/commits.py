"""The source commits of a promotion, the most important first; docs, ci and chores are folded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from promoter.domain.evidence import Evidence, SourceCommit, SourceRange
from promoter.domain.page import Line, Listing, Span
from promoter.domain.pull_number import split_number
from promoter.pull_request.links import commit_page, compare_page, pull_page, web_address
from promoter.pull_request.words import counted, day, mono, strong

_SHOWN, _FOLDED, _APPS = 8, 150, 20
# https://www.conventionalcommits.org/en/v1.0.0/
_TYPE = re.compile(r"(?P<type>[A-Za-z]+)(?:\((?P<scope>[^()]*)\))?(?P<breaking>!)?: ")
_BREAKING = "Breaking"
_SHOWN_KINDS = {
    "feat": "Feature",
    "feature": "Feature",
    "fix": "Fix",
    "hotfix": "Fix",
    "security": "Fix",
    "perf": "Performance",
    "revert": "Revert",
}
_CHANGE = "Change"
_ORDER = (_BREAKING, "Feature", "Fix", "Performance", "Revert", _CHANGE)
_FOLDED_KINDS = {
    "docs": "docs",
    "doc": "docs",
    "ci": "ci",
    "build": "build",
    "chore": "chores",
    "style": "style",
    "test": "tests",
    "tests": "tests",
    "refactor": "refactoring",
    "deps": "dependencies",
    "wip": "work in progress",
}
_DEPENDENCIES = re.compile(r"deps(-[a-z]+)?")
_UNFINISHED = re.compile(r"(?:wip\b|fixup! |squash! |amend! )", re.IGNORECASE)
_MERGE = re.compile(r"Merge (?:branch|remote-tracking branch|tag|commit) ")


class _Kind(NamedTuple):
    """What a commit is, and whether it is among those that are shown."""

    name: str
    shown: bool


def is_breaking(commit: SourceCommit) -> bool:
    """Return whether a commit declares a breaking change: by `!`, or in a footer."""
    found = _TYPE.match(commit.title)
    return bool(commit.breaking or (found and found["breaking"]))


def breaking_changes(source: SourceRange | None) -> list[SourceCommit]:
    """Return the commits that come in and declare a breaking change, the newest first."""
    return [one for one in source.commits if is_breaking(one)] if source else []


def commit_listings(evidence: Evidence) -> tuple[Listing, ...]:
    """Return the commits of all apps, else those of each below a heading with its name."""
    source, moment = evidence.source, evidence.moment
    if source is not None:
        return _of_source(source, moment)
    found = [
        replace(listing, heading=f"{app.app}: {listing.heading}")
        for app in evidence.members[:_APPS]
        for listing in _of_source(app.source, moment)
    ]
    limit = max(2, _SHOWN // max(1, len(found)))
    return tuple(_shortened(one, limit) for one in found)


def _of_source(source: SourceRange | None, moment: int | None) -> tuple[Listing, ...]:
    """Return the commits that come in and those that go away, or why neither is known."""
    if source is None:
        return ()
    if source.relation == "unknown":
        note = source.note or "no source was read"
        return (_remark(f"{note[:1].upper()}{note[1:]}."),)
    if source.relation == "identical":
        return (_remark("Both images were built from the same commit."),)
    found = []
    if come := len(source.commits) + source.more:
        verb = f" {'comes' if come == 1 else 'come'} in" if source.removed else ""
        heading = f"{counted(come, 'commit')}{verb}"
        page = compare_page(web_address(source.repository), source.old, source.new)
        found.append(_listing(heading, source, source.commits, (come, page, moment)))
    if gone := len(source.removed) + source.removed_more:
        heading = f"{counted(gone, 'commit')} {'goes' if gone == 1 else 'go'} away"
        page = compare_page(web_address(source.repository), source.new, source.old)
        found.append(_listing(heading, source, source.removed, (gone, page, moment)))
    return tuple(found)


def _shortened(listing: Listing, limit: int) -> Listing:
    """Return a listing of fewer lines; the others are folded away with its rest."""
    if len(listing.lines) <= limit:
        return listing
    rest = (*listing.lines[limit:], *listing.rest)
    return replace(
        listing, lines=listing.lines[:limit], rest=rest, rest_heading=f"{len(rest)} more"
    )


def _remark(text: str) -> Listing:
    line: Line = (Span(text),)
    return Listing("Commits", (line,))


def commit_line(
    commit: SourceCommit, repository: str | None, moment: int | None, kind: str = ""
) -> Line:
    """Return one commit: its kind, id, title, pull request, author and day."""
    web = web_address(repository)
    title, number = split_number(commit.title)
    line = [strong(kind), Span(" ")] if kind else []
    line += [mono(commit.sha[:7], commit_page(web, commit.sha)), Span(f" {title[:120]}")]
    if number:
        line += [Span(" ("), Span(f"#{number}", url=pull_page(web, number)), Span(")")]
    when = f", {day(commit.time, moment)}" if commit.time is not None else ""
    return (*line, Span(f" — {commit.author[:60]}{when}"))


def _listing(
    heading: str,
    source: SourceRange,
    commits: Sequence[SourceCommit],
    behind: tuple[int, str | None, int | None],
) -> Listing:
    """Return commits by importance; `behind`: how many there are, their page, the moment."""
    total, page, moment = behind
    kinds = [(_kind(one), one) for one in commits]
    important = sorted(
        (pair for pair in kinds if pair[0].shown), key=lambda pair: _ORDER.index(pair[0].name)
    )
    folded = [pair for pair in kinds if not pair[0].shown]
    shown, rest = important[:_SHOWN], [*important[_SHOWN:], *folded]
    lines = [commit_line(one, source.repository, moment, kind.name) for kind, one in shown]
    listed = [commit_line(one, source.repository, moment) for _, one in rest[:_FOLDED]]
    if hidden := total - len(lines) - len(listed):
        listed.append((Span(f"and {hidden} more", url=page),))
    return Listing(heading, tuple(lines), _rest(total - len(lines), rest), tuple(listed))


def _rest(number: int, folded: Sequence[tuple[_Kind, SourceCommit]]) -> str:
    """Return what is folded away in words, e.g. `5 more: docs (4), ci`."""
    if not number:
        return ""
    counts = Counter("other changes" if kind.shown else kind.name for kind, _ in folded)
    words = ", ".join(
        f"{name} ({count})" if count > 1 else name for name, count in counts.most_common()
    )
    return f"{number} more: {words}"


def _kind(commit: SourceCommit) -> _Kind:
    if is_breaking(commit):
        return _Kind(_BREAKING, shown=True)
    if commit.merged:
        return _Kind("commits of these pull requests", shown=False)
    if _UNFINISHED.match(commit.title):
        return _Kind("work in progress", shown=False)
    if _MERGE.match(commit.title):
        return _Kind("merges", shown=False)
    found = _TYPE.match(commit.title)
    if not found:
        return _Kind(_CHANGE, shown=True)
    if _DEPENDENCIES.fullmatch(found["scope"] or ""):
        return _Kind("dependencies", shown=False)
    name = found["type"].lower()
    if name in _FOLDED_KINDS:
        return _Kind(_FOLDED_KINDS[name], shown=False)
    return _Kind(_SHOWN_KINDS.get(name, _CHANGE), shown=True)
