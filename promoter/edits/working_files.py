"""The files of a tree as one edit after another leaves them."""

from __future__ import annotations

from dataclasses import field
from pathlib import PurePosixPath

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import RefusedError, SelectionError
from promoter.domain.model import FileEdit, PathKind, Tree
from promoter.domain.paths import resolved
from promoter.domain.refusal import Refusal
from promoter.domain.suggest import nearest
from promoter.domain.trees import kind_of


@dataclass(slots=True)
class WorkingFiles:
    """The files of a tree as edits leave them, one after another."""

    tree: Tree
    directory: PurePosixPath
    edits: dict[PurePosixPath, FileEdit] = field(default_factory=dict)

    def path(self, text: str) -> PurePosixPath:
        """Return the file that a target names, or raise `SelectionError` or `RefusedError`."""
        path = named(self.directory, text)
        if path is None:
            raise SelectionError(f"{text} leads out of the repository", "Name a file inside it.")
        if kind_of(self.tree, path) not in (PathKind.FILE, PathKind.SYMLINK):
            names = list(filter(str.isprintable, self.tree.entries(path.parent)))
            hint = nearest(path.name, names) if names else f"Nor is there a folder {path.parent}."
            raise SelectionError(f"there is no file {path}", hint)
        return path

    def read(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes as the edits so far leave them, or raise `RefusedError` for a link."""
        if kind_of(self.tree, path) is PathKind.SYMLINK:
            reason = "is a symbolic link, and editing through it could leave the repository"
            hint = "Point the environment's path, or the target's file, at the real file."
            raise RefusedError([Refusal("symlink", reason, hint, str(path))])
        return self.edits[path].after if path in self.edits else self.tree.read(path)

    def put(self, edit: FileEdit) -> None:
        """Add an edit of what `read` returned."""
        before = self.edits.get(edit.path)
        self.edits[edit.path] = edit if before is None else joined_edits(before, edit)


def named(directory: PurePosixPath, text: str) -> PurePosixPath | None:
    """Return the path that a target names from a folder, None where it leaves the repository."""
    root = text.startswith("/")
    return resolved(PurePosixPath() if root else directory, text.lstrip("/"))


def joined_edits(first: FileEdit, second: FileEdit) -> FileEdit:
    """Return two edits of a file, of which the second begins where the first ends, as one."""
    changes = (*first.changes, *second.changes)
    warnings = (*first.warnings, *second.warnings)
    return FileEdit(first.path, first.before, second.after, changes, warnings)
