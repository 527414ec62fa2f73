"""The part of a body that says which source commits a promotion brings, by conventional type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promoter.pull_request.markdown import Section, inert, link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.domain.evidence import Brings, SourceCommit

_SHOWN = 50
# https://www.conventionalcommits.org/en/v1.0.0/
_TYPE = re.compile(r"(?P<type>[a-z]+)(?:\([^()]*\))?(?P<breaking>!)?: ")
_PULL = re.compile(r" ?\(#(?P<number>\d{1,9})\)$")
_GROUPS = {
    "feat": "Features",
    "fix": "Fixes",
    "perf": "Performance",
    "revert": "Reverts",
    "": "Other",
}
_BREAKING = "Breaking changes"
_GOING = "Going out"


def section(brings: Brings | None) -> list[Section]:
    """Return what a promotion brings and takes back, or why nothing can be said."""
    if brings is None:
        return []
    revisions = _revisions(brings)
    come, gone = len(brings.commits) + brings.more, len(brings.taken) + brings.taken_more
    words = _words(brings.relation, come, gone)
    if not words:
        told = f"Not known: {inert(brings.note or 'no source was read')}."
        return [Section("What it brings", "\n\n".join(p for p in (revisions, told) if p), 2)]
    parts = []
    for name, commits in _grouped(brings.commits[:_SHOWN]):
        parts.append(_group(name, commits, brings.repository))
    if hidden := come - min(len(brings.commits), _SHOWN):
        parts.append(f"… and {hidden} more.")
    if brings.taken:
        parts.append(_group(_GOING, brings.taken[:_SHOWN], brings.repository))
    if hidden := gone - min(len(brings.taken), _SHOWN):
        parts.append(f"… and {hidden} more.")
    text = "\n\n".join(part for part in (revisions, words) if part)
    return [Section("What it brings", text, 3, tuple(parts))]


def _words(relation: str, come: int, gone: int) -> str:
    """Return how the two revisions stand, as a sentence; '' where that is not known."""
    if relation == "ahead":
        return f"{_count(come)} that what runs now does not have."
    if relation == "behind":
        return f"**This goes back:** {_count(gone)} that run now are taken out."
    if relation == "diverged":
        return (
            f"**The two revisions have diverged:** {_count(come)} that what runs now does not have, "
            f"and {_count(gone)} that run now are taken out."
        )
    return "Both images were built from the same commit." if relation == "identical" else ""


def _count(number: int) -> str:
    """Return a number of commits in words."""
    return f"{number} commit{'s' if number != 1 else ''}"


def _revisions(brings: Brings) -> str:
    """Return the two revisions as links, with one to their comparison."""
    if not brings.new:
        return ""
    web = _web(brings.repository)
    new = link(brings.new[:12], f"{web}/commit/{brings.new}" if web else None)
    if not brings.old:
        return f"Source revision {new}."
    old = link(brings.old[:12], f"{web}/commit/{brings.old}" if web else None)
    both = link("compare", f"{web}/compare/{brings.old}...{brings.new}") if web else ""
    return f"Source revision {old} → {new}{f' ({both})' if both else ''}."


def _web(repository: str | None) -> str | None:
    """Return a repository's web address, where it has one."""
    if not repository:
        return None
    parts = urlsplit(repository)
    if parts.scheme not in ("https", "http") or not parts.netloc or "@" in parts.netloc:
        return None
    return repository.removesuffix("/").removesuffix(".git")


def _grouped(commits: Sequence[SourceCommit]) -> list[tuple[str, list[SourceCommit]]]:
    """Return commits by type, breaking ones first, each group in the order of history."""
    found: dict[str, list[SourceCommit]] = {name: [] for name in (_BREAKING, *_GROUPS.values())}
    for commit in commits:
        kind = _TYPE.match(commit.title)
        name = _GROUPS.get(kind["type"] if kind else "", _GROUPS[""])
        found[_BREAKING if kind and kind["breaking"] else name].append(commit)
    return [(name, group) for name, group in found.items() if group]


def _group(name: str, commits: Sequence[SourceCommit], repository: str | None) -> str:
    """Return commits below the name of their kind."""
    return "\n".join([f"**{name}**", "", *(_line(one, repository) for one in commits)])


def _line(commit: SourceCommit, repository: str | None) -> str:
    """Return one commit: its id, its title as inert text, its pull, its author."""
    web, title, told = _web(repository), commit.title, ""
    sha = link(commit.sha[:9], f"{web}/commit/{commit.sha}" if web else None)
    pull = _PULL.search(title)
    if pull and web:
        number, title = pull["number"], title[: pull.start()]
        told = f" ({link(f'#{number}', f'{web}/pull/{number}')})"
    return f"- {sha} {inert(title[:150])}{told} — {inert(commit.author[:60])}"
