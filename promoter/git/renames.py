"""What a file was called before a commit gave it its name."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promoter.git.clone import Clone

# A commit that moves more files than this is a reorganisation: those most alike by name are read.
_LIMIT = 40


def previous_path(
    clone: Clone, parent: str, commit: str, path: PurePosixPath
) -> PurePosixPath | None:
    """Return the name that a file had in a commit's parent; None where the commit made it.

    A file was renamed where the commit removed one that is mostly the same, as git sees it. A copy
    of a file that stays has a history of its own.
    """
    changes = _changes(clone, parent, commit, "--no-renames", "--diff-filter=AD")
    own = next((new for status, _, new, name in changes if (status, name) == ("A", str(path))), "")
    gone = {name: old for status, old, _, name in changes if status == "D"}
    if not gone or not own:
        return None
    likely = sorted(gone, key=lambda name: (gone[name] != own, -_alikeness(name, str(path))))
    names = likely[:_LIMIT]
    clone.objects.bring([own, *(gone[name] for name in names)])
    found = clone.git(
        "diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", parent, commit,
        "--", *(f":(literal){name}" for name in (str(path), *names)),
    ).split("\0")  # fmt: skip
    renamed = zip(found[1::3], found[2::3], strict=False)
    return next((PurePosixPath(old) for old, new in renamed if new == str(path)), None)


def _changes(
    clone: Clone, parent: str, commit: str, *options: str
) -> list[tuple[str, str, str, str]]:
    """Return what a commit changed: status, object id before and after, name."""
    fields = clone.git(
        "diff-tree", "-r", "-z", "--raw", "--no-abbrev", *options, parent, commit
    ).split("\0")
    rows = zip(fields[0::2], fields[1::2], strict=False)
    return [(raw.split()[4], raw.split()[2], raw.split()[3], name) for raw, name in rows if raw]


def _alikeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
