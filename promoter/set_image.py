"""`promote set-image`: the editor alone, a drop-in for `kustomize edit set image`, without git."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from promoter import graph, report
from promoter.diff import unified
from promoter.edits.arguments import parse_arguments
from promoter.edits.kustomization import read, set_images
from promoter.errors import Exit, RefusedError, SelectionError
from promoter.files import DirectoryTree
from promoter.layout import KUSTOMIZATION_NAMES, kustomization_file
from promoter.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promoter.edits.kustomization import ImageSetting
    from promoter.model import FileEdit


def run(
    arguments: Sequence[str],
    directories: Iterable[str],
    files: Iterable[str],
    *,
    dry_run: bool,
    allow: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Edit kustomizations in place: all are planned before the first is written."""
    settings = parse_arguments(arguments)
    paths = [*(_found(Path(name)) for name in directories), *(_given(Path(n)) for n in files)]
    if not paths:
        paths = [_found(Path())]
    edits: list[tuple[Path, FileEdit]] = []
    refusals: list[Refusal] = []
    warnings: list[str] = []
    for path in dict.fromkeys(paths):
        try:
            edit = _plan(path, settings, allow)
            edits.append((path, edit))
            warnings += edit.warnings
        except RefusedError as error:
            refusals += error.refusals
    if not refusals and not dry_run:
        for path, edit in edits:
            if edit.after != edit.before:
                _write(path, edit.after)
    return _result(edits, refusals, warnings, dry_run=dry_run)


def _plan(path: Path, settings: Sequence[ImageSetting], allow: frozenset[str]) -> FileEdit:
    """Return the edit of one file; a new entry must be felt by a container where all can be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SelectionError(f"{path}: {error.strerror}", "Name another file.") from error
    name = PurePosixPath(path.as_posix())
    known = {entry.name for entry in read(name, data).entries}
    edit = set_images(name, data, settings, placeholders="placeholder" in allow)
    added = [setting.name for setting in settings if setting.name not in known]
    if added and "dead-edit" not in allow and path.name in KUSTOMIZATION_NAMES:
        _check_felt(path, edit, added)
    return edit


def _check_felt(path: Path, edit: FileEdit, added: Sequence[str]) -> None:
    """Refuse new entries that no container would feel, where the whole graph can be read."""
    after = read(edit.path, edit.after)
    if not after.judges_itself:
        return
    root = _repository(path.absolute().parent)
    tree = DirectoryTree(root)
    directory = PurePosixPath(path.absolute().parent.relative_to(root).as_posix())
    reached = graph.reach(tree, directory)
    if refusals := graph.dead(reached, after.entries, added):
        raise RefusedError(refusals)


def _repository(directory: Path) -> Path:
    """Return the folder beyond which a kustomization is not followed: the git repository's, or /."""
    around = (one for one in (directory, *directory.parents) if (one / ".git").exists())
    return next(around, Path(directory.anchor))


def _found(directory: Path) -> Path:
    """Return the kustomization in a folder, or raise `SelectionError` for none or several."""
    if not directory.is_dir():
        raise SelectionError(f"there is no folder {str(directory)!r}", "Name one with --dir.")
    tree = DirectoryTree(directory)
    return _checked(directory / kustomization_file(tree, PurePosixPath()).name)


def _given(path: Path) -> Path:
    """Return a file that was named, or raise `SelectionError` where it is none."""
    if not path.exists():
        raise SelectionError(f"there is no file {str(path)!r}", "Name a kustomization.")
    if not path.is_file():
        raise SelectionError(f"{str(path)!r} is not a file", "Name a kustomization, or use --dir.")
    return _checked(path)


def _checked(path: Path) -> Path:
    """Refuse a link that leads out of its repository; any other file is edited where it really is."""
    if not path.is_symlink():
        return path
    root, real = _repository(path.absolute().parent), path.resolve()
    if root.resolve() not in real.parents or not real.is_file():
        reason = "a symbolic link that leads nowhere or out of the repository"
        raise RefusedError([Refusal("symlink", reason, "Name the real file.", str(path))])
    return real


def _write(path: Path, data: bytes) -> None:
    """Replace a file whole or not at all, with its mode."""
    mode = path.stat().st_mode
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        error.filename = str(path)  # nobody knows the file that would have taken its place
        raise
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        Path(name).chmod(mode & 0o7777)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _result(
    edits: Sequence[tuple[Path, FileEdit]],
    refusals: Sequence[Refusal],
    warnings: Sequence[str],
    *,
    dry_run: bool,
) -> dict[str, Any]:
    """Return the result in the contract's form, with what a terminal shows."""
    shown = [
        {
            "file": str(path),
            "changed": edit.after != edit.before,
            "images": [
                {"name": c.image, "field": c.field, "from": c.old, "to": c.new}
                for c in edit.changes
            ],
            "diff": unified([edit]),
        }
        for path, edit in edits
    ]
    return {
        "schema": report.SCHEMA,
        "files": shown,
        "refusals": [report.refusal(one) for one in refusals],
        "exit_code": int(Exit.REFUSED if refusals else Exit.DONE),
        "_warnings": list(warnings),
        "_text": "".join(str(one["diff"]) for one in shown) if dry_run else "",
    }
