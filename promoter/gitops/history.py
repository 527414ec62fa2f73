"""A file's own first-parent history: which versions of it the base has had, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promoter.gitops.clone import Clone

# So many commits of the base are brought, and so many versions of a file are looked at.
_DEPTH = 200
_VERSIONS = 15


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A file as one commit left it; `first` where what came before was not read."""

    commit: str
    time: int
    message: str
    """Of a merge, what the commit that it brought says: there stand the trailers."""
    data: bytes
    first: bool = False


def file_versions(
    clone: Clone, commit: str, paths: list[PurePosixPath]
) -> dict[PurePosixPath, tuple[FileVersion, ...]]:
    """Return the versions of files up to a commit, newest first; two round trips for them all."""
    clone.fetch(commit, depth=_DEPTH)
    cut = clone.shallow_commits()
    listed = {path: _listed(clone, commit, path) for path in paths}
    clone.objects.bring(oid for found in listed.values() for _, _, _, oid in found)
    return {
        path: tuple(
            FileVersion(sha, time, message, clone.objects.read(oid), sha in cut)
            for sha, time, message, oid in found
        )
        for path, found in listed.items()
    }


def _listed(clone: Clone, commit: str, path: PurePosixPath) -> list[tuple[str, int, str, str]]:
    """Return the commits that changed a file: id, time, message, and the file's object id."""
    text = clone.git(
        "log", "--first-parent", "-m", f"--max-count={_VERSIONS}", "--no-renames", "--raw",
        "--no-abbrev", "--format=%x01%H %ct %P%n%B%x02", commit, "--", f":(literal){path}",
    )  # fmt: skip
    found = []
    for part in text.split("\x01")[1:]:
        header, _, rest = part.partition("\n")
        message, _, raw = rest.partition("\x02")
        sha, time, *parents = header.split()
        fields = raw.strip().partition("\t")[0].split()
        if len(fields) == 5 and set(fields[3]) != {"0"}:
            message = _merged(clone, parents[1]) if len(parents) == 2 else message
            found.append((sha, int(time), message, fields[3]))
    return found


def _merged(clone: Clone, commit: str) -> str:
    """Return the message of a commit that a merge brought; '' where the history ends before it."""
    try:
        return clone.objects.read(commit).decode("utf-8", "replace").partition("\n\n")[2]
    except KeyError:
        return ""
