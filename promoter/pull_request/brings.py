"""The part of a body that says which source commits a promotion brings, by conventional type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from promoter.pull_request.markdown import Section, inert, link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.evidence import Brings, SourceCommit

_SHOWN = 50
# https://www.conventionalcommits.org/en/v1.0.0/
_TYPE = re.compile(r"(?P<type>[a-z]+)(?:\([^()]*\))?(?P<breaking>!)?: ")
_PULL = re.compile(r"\(#(?P<squashed>\d{1,9})\)$|^Merge pull request #(?P<merged>\d{1,9}) from ")
_GROUPS = {
    "feat": "Features",
    "fix": "Fixes",
    "perf": "Performance",
    "revert": "Reverts",
    "": "Other",
}
_BREAKING = "Breaking changes"
_WORDS = {
    "ahead": "{count} that what runs now does not have",
    "behind": "**This goes back:** {count} that run now are taken out",
    "diverged": "**The two revisions have diverged**; {count} come in, and others that run now go out",
    "identical": "Both images were built from the same commit",
}


def section(brings: Brings | None) -> list[Section]:
    """Return what a promotion brings, or why nothing can be said."""
    if brings is None:
        return []
    revisions = _revisions(brings)
    if brings.relation not in _WORDS:
        told = f"Not known: {inert(brings.note or 'no source was read')}."
        return [Section("What it brings", "\n\n".join(p for p in (revisions, told) if p), 2)]
    total = len(brings.commits) + brings.more
    count = f"{total} commit{'s' if total != 1 else ''}"
    parts = [revisions, f"{_WORDS[brings.relation].format(count=count)}."]
    for name, commits in _grouped(brings.commits[:_SHOWN]):
        lines = [_line(one, brings.repository) for one in commits]
        parts.append("\n".join([f"**{name}**", "", *lines]))
    hidden = total - min(len(brings.commits), _SHOWN)
    if hidden:
        parts.append(f"… and {hidden} more.")
    return [Section("What it brings", "\n\n".join(part for part in parts if part), 3)]


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


def _line(commit: SourceCommit, repository: str | None) -> str:
    """Return one commit: its id, its title as inert text, its pull, its author."""
    web = _web(repository)
    sha = link(commit.sha[:9], f"{web}/commit/{commit.sha}" if web else None)
    pull = _PULL.search(commit.title)
    number = (pull["squashed"] or pull["merged"]) if pull else None
    told = f" ({link(f'pull {number}', f'{web}/pull/{number}')})" if number and web else ""
    return f"- {sha} {inert(commit.title[:150])}{told} — {inert(commit.author[:60])}"
