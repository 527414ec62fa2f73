"""Trees made of files at hand: a commit's files as edits leave them, or a few files alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from promoter.domain.model import PathKind, Tree


class EditedTree:
    """A `Tree` with changed files over another one's; None stands for a file that is removed."""

    def __init__(self, base: Tree, files: Mapping[PurePosixPath, bytes | None]) -> None:
        self._base, self._files = base, dict(files)
        self._added = {path for path in files if path.name not in base.entries(path.parent)}
        self._removed = {path for path, data in files.items() if data is None}

    @property
    def commit(self) -> str:
        """The id of the commit below."""
        return self._base.commit

    def entries(self, directory: PurePosixPath) -> Mapping[str, PathKind]:
        """Return the names in a directory with their kinds."""
        found = self._base.entries(directory)
        if not (self._added or self._removed):
            return found
        changed = dict(found)
        for path in self._added - self._removed:
            if directory in path.parents:
                name = path.relative_to(directory).parts[0]
                changed.setdefault(
                    name, PathKind.FILE if path.parent == directory else PathKind.DIRECTORY
                )
        for path in self._removed:
            if path.parent == directory:
                changed.pop(path.name, None)
        return changed

    def read(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes after the edits. Raises `KeyError` where there is none."""
        if path not in self._files:
            return self._base.read(path)
        data = self._files[path]
        if data is None:
            raise KeyError(str(path))
        return data

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        """Fetch many files in one round trip."""
        self._base.prefetch(path for path in paths if path not in self._files)

    def unfold(self, directory: PurePosixPath) -> None:
        """Read all names below a directory at once."""
        self._base.unfold(directory)

    def look_into(self, directories: Iterable[PurePosixPath]) -> None:
        """Read the names in many directories at once."""
        self._base.look_into(directories)

    def is_listed(self, directory: PurePosixPath) -> bool:
        """Return whether the names in a directory are read without a request."""
        return self._base.is_listed(directory)

    def at_hand(self, paths: Iterable[PurePosixPath]) -> list[PurePosixPath]:
        """Return those files whose contents are read without a request."""
        return self._base.at_hand(paths)

    def at(self, commit: str) -> Tree:
        """Return the files of another commit, as they are there."""
        return self._base.at(commit)

    def prefetch_at(self, files: Mapping[str, Iterable[PurePosixPath]]) -> None:
        """Fetch files of other commits, as they are there."""
        self._base.prefetch_at(files)

    def has_ancestor(self, commit: str) -> bool:
        """Return whether a commit led to the one below."""
        return self._base.has_ancestor(commit)

    def over(self, files: Mapping[PurePosixPath, bytes | None]) -> EditedTree:
        """Return a tree with more changed files over those of this one."""
        # Only what is new is looked at: a run over many apps makes one of these for each.
        found = EditedTree(self._base, files)
        found._files = {**self._files, **files}
        found._added |= self._added
        found._removed |= self._removed - files.keys()
        return found


def kind_of(tree: Tree, path: PurePosixPath) -> PathKind | None:
    """Return what a path is in a tree; None where there is nothing."""
    return tree.entries(path.parent).get(path.name) if path.name else PathKind.DIRECTORY


def edited(tree: Tree, files: Mapping[PurePosixPath, bytes | None]) -> Tree:
    """Return a tree with these files over its own."""
    return tree.over(files) if isinstance(tree, EditedTree) else EditedTree(tree, files)


class TreeAtHand:
    """What a `Tree` does whose files are all at hand, and of one commit alone, or of none."""

    commit = ""
    """The commit's id, or '' where the files come from no commit."""

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        """Do nothing: the files are here."""

    def unfold(self, directory: PurePosixPath) -> None:
        """Do nothing: the names are here."""

    def look_into(self, directories: Iterable[PurePosixPath]) -> None:
        """Do nothing: the names are here."""

    def is_listed(self, directory: PurePosixPath) -> bool:  # noqa: ARG002 - as others
        """Return True: the names are here."""
        return True

    def at_hand(self, paths: Iterable[PurePosixPath]) -> list[PurePosixPath]:
        """Return all of them."""
        return list(paths)

    def at(self, commit: str) -> Tree:
        """Raise `KeyError`: there are these files alone."""
        raise KeyError(commit)

    def prefetch_at(self, files: Mapping[str, Iterable[PurePosixPath]]) -> None:
        """Raise `KeyError`, as `at` does, for any commit."""
        for commit in files:
            raise KeyError(commit)

    def has_ancestor(self, commit: str) -> bool:
        """Return whether it is the commit of these files: no other is known."""
        return bool(commit) and commit == self.commit


class FilesTree(TreeAtHand):
    """A `Tree` of some files alone, as one commit left them."""

    def __init__(self, commit: str, files: Mapping[PurePosixPath, bytes]) -> None:
        self.commit, self._files = commit, files

    def entries(self, directory: PurePosixPath) -> Mapping[str, PathKind]:
        """Return the names of the files in a directory."""
        return {path.name: PathKind.FILE for path in self._files if path.parent == directory}

    def read(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes. Raises `KeyError` where it is none of these."""
        return self._files[path]
