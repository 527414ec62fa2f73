"""What a file was called before a commit gave it its name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from heapq import nlargest
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from promoter.git.clone import Clone

# A commit that moves more files than this is a reorganisation: those most alike by name are read.
_MOVED = 40
# Of more files that went at once, not all names are compared letter by letter.
_COMPARED = 1_000
# Of a long name so many letters, as the time grows with their square: its end tells most.
_COMPARED_END = 200


class _Changes(NamedTuple):
    """The files that a commit added, and those that it removed: name → object id."""

    added: dict[str, str]
    removed: dict[str, str]


class Renames:
    """The renames of one clone's commits, of which each is asked a single time what it changed."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone
        self._known: dict[tuple[str, str], _Changes] = {}

    def previous_path(self, parent: str, commit: str, path: PurePosixPath) -> PurePosixPath | None:
        """Return the name that a file had in a commit's parent; None where the commit made it.

        A file was renamed where the commit removed one that is mostly the same, as git sees it. A
        copy of a file that stays has a history of its own.
        """
        changes = self._changes(parent, commit)
        own, gone = changes.added.get(str(path)), changes.removed
        if not gone or not own:
            return None

        def unlike(name: str) -> tuple[bool, float]:
            ends = (name[-_COMPARED_END:], str(path)[-_COMPARED_END:])
            ratio = SequenceMatcher(None, *ends, autojunk=False).ratio()
            return gone[name] != own, -ratio

        names = sorted(_likely(gone, own, path), key=unlike)[:_MOVED]
        self._clone.objects.fetch([own, *(gone[name] for name in names)])
        found = self._clone.git(
            "diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", parent, commit,
            "--", *(f":(literal){name}" for name in (str(path), *names)),
        ).split("\0")  # fmt: skip
        renamed = zip(found[1::3], found[2::3], strict=False)
        return next((PurePosixPath(old) for old, new in renamed if new == str(path)), None)

    def _changes(self, parent: str, commit: str) -> _Changes:
        if (parent, commit) not in self._known:
            fields = self._clone.git(
                "diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames",
                "--diff-filter=AD", parent, commit,
            ).split("\0")  # fmt: skip
            found = _Changes({}, {})
            for raw, name in zip(fields[0::2], fields[1::2], strict=False):
                old, new, kind = raw.split()[2:5]
                if kind == "A":
                    found.added[name] = new
                else:
                    found.removed[name] = old
            self._known[parent, commit] = found
        return self._known[parent, commit]


def _likely(gone: Mapping[str, str], own: str, path: PurePosixPath) -> list[str]:
    """Return the removed files that one may have been: of its content, or with its folders."""
    parts = frozenset(path.parts)

    def rank(name: str) -> tuple[bool, int]:
        return gone[name] == own, len(parts.intersection(name.split("/")))

    return nlargest(_COMPARED, gone, key=rank)
