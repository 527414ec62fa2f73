"""Which files of a commit a promotion probably reads, known before any of them has been read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError
from promoter.domain.model import PathKind
from promoter.git.tree import ROOT, GitTree, kind_of_mode

# So many files in all make a small repository, of which everything is fetched.
_SMALL = 200
_OWN = 40
# So many folders are looked into.
_FOLDERS = 300
# A folder with more folders in it than this has one for each app: only the wanted ones are entered.
_BREADTH = 40
_TEXTS = frozenset({".yaml", ".yml", ".json", ".env", ".properties", ".toml", ""})


@dataclass(frozen=True, slots=True)
class ProbableFiles:
    """The object ids of the files that a promotion of some apps probably reads."""

    oids: Sequence[str]
    """Those of the apps' own folders come first; at most `_SMALL`."""
    own: Sequence[PurePosixPath]
    """The files in the apps' own folders; at most `_OWN`."""
    is_small: bool
    """Whether the commit has so few files that all of them may be fetched."""


def probable_files(tree: GitTree, apps: Collection[str]) -> ProbableFiles:
    """Return the files below folders that are called like an app, then those of shared folders.

    Without apps, only whether the commit is small is of use.
    """
    own: dict[PurePosixPath, str] = {}
    shared: dict[PurePosixPath, str] = {}
    folders, looked_into, files, is_small = [ROOT], 0, 0, True
    while folders and looked_into < _FOLDERS and (apps or files <= _SMALL):
        folder = folders.pop(0)
        looked_into += 1
        is_own = any(part in apps for part in folder.parts)
        below: list[PurePosixPath] = []
        for path, kind, oid in _entries(tree, folder):
            if kind is PathKind.DIRECTORY:
                below.append(path)
                continue
            files += 1
            if kind is PathKind.FILE and path.suffix in _TEXTS:
                (own if is_own or folder == ROOT else shared)[path] = oid
        named = [path for path in below if path.name in apps]
        if len(below) > _BREADTH and not is_own:
            below, is_small = named, False
        # The apps' own folders are read before others use up the bound.
        first = [path for path in below if is_own or path in named]
        folders = [*first, *folders, *(path for path in below if path not in first)]
    oids = list(dict.fromkeys([*own.values(), *shared.values()]))[:_SMALL]
    inside = [path for path in own if path.parent != ROOT][:_OWN]
    return ProbableFiles(oids, inside, is_small and not folders and files <= _SMALL)


def _entries(tree: GitTree, folder: PurePosixPath) -> list[tuple[PurePosixPath, PathKind, str]]:
    """Return what is in a folder; nothing where it has names that are refused when it is read."""
    try:
        listing = tree.listing(folder)
    except PromoteError:
        return []
    return [(folder / name, kind_of_mode(mode), oid) for name, (oid, mode) in listing.items()]
