"""`promote set-image`: the editor alone, a drop-in for `kustomize edit set image`, without git."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from promoter.config.layout import kustomization_file
from promoter.domain.dataclass import dataclass
from promoter.domain.diff import unified
from promoter.domain.errors import Exit, RefusedError, SelectionError
from promoter.domain.model import FileEdit
from promoter.domain.paths import KUSTOMIZATION_NAMES, kustomizations_among
from promoter.domain.refusal import Refusal
from promoter.domain.suggest import closest
from promoter.edits.kustomization import ImageSetting, read, set_images
from promoter.edits.kustomization.arguments import parse_arguments
from promoter.edits.text import check_size
from promoter.git.folder import DirectoryTree
from promoter.output.envelope import SCHEMA, refusal_as_json
from promoter.output.result import CommandResult
from promoter.output.text import Complaint, Piece, PieceKind
from promoter.planning.dead_edits import refused_entries
from promoter.settings import Settings
from promoter.system.temporary import write_whole

_LOG = logging.getLogger(__name__)
# How far below a folder without a kustomization one is looked for, and how many are shown.
_FOLDERS_LOOKED_AT, _FOLDERS_SHOWN = 2_000, 3


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was named, which is shown, and where it really is."""

    named: Path
    real: Path

    @property
    def name(self) -> PurePosixPath:
        """The name in every text."""
        return PurePosixPath(self.named.as_posix())


def run(settings: Settings, arguments: argparse.Namespace, _: list[str]) -> CommandResult:
    """Edit kustomizations in place: all are planned before the first is written."""
    done = edit(
        arguments.arguments,
        arguments.dir or (),
        arguments.file or (),
        dry_run=settings.dry_run,
        allow=settings.allow,
    )
    if not settings.quiet:
        return done
    kept = tuple(
        one for one in done.pieces if isinstance(one, Piece) and one.kind is PieceKind.DIFF
    )
    return replace(done, pieces=kept)


def edit(
    arguments: Sequence[str],
    directories: Iterable[str],
    files: Iterable[str],
    *,
    dry_run: bool,
    allow: frozenset[str] = frozenset(),
) -> CommandResult:
    """Edit kustomizations in place: all are planned before the first is written."""
    settings = parse_arguments(arguments)
    names = [one.name for one in settings]
    named = [_found(Path(one), names) for one in directories] + [_given(Path(n)) for n in files]
    chosen: dict[Path, _File] = {}
    edits: list[tuple[_File, FileEdit]] = []
    refusals: list[Refusal] = []
    warnings: list[str] = []
    for path in named or [_found(Path(), names)]:
        try:
            file = _checked(path)
            if chosen.setdefault(file.real, file) is not file:
                continue
            edit, doubts = _plan(file, settings, allow)
            edits.append((file, edit))
            warnings += [*edit.warnings, *doubts]
            warnings += [one for one in map(_renames, settings) if one not in warnings and one]
        except RefusedError as error:
            refusals += error.refusals
    changed = [(file, edit) for file, edit in edits if edit.after != edit.before]
    for file, edit in edits:
        for one in edit.changes:
            _LOG.debug("%s: %s: %s: %s -> %s", file.name, one.image, one.field, one.old, one.new)
    if not refusals and not dry_run:
        for file, edit in changed:
            mode = file.real.stat().st_mode & 0o7777
            write_whole(file.real, edit.after, prefix=f".{file.real.name}.", mode=mode)
    if refusals and changed:
        warnings.append("nothing is written, as not every file can be edited")
    return _result(edits, refusals, warnings, dry_run=dry_run)


def _renames(setting: ImageSetting) -> str:
    """Return what is said of a new name that may be meant as a tag; '' for any other."""
    name, others = setting.new_name, (setting.tag, setting.digest)
    has_more = any(isinstance(one, str) and one for one in others)
    if not isinstance(name, str) or has_more or "/" in name or "/" not in setting.name:
        return ""
    return (
        f"{setting.name} is renamed to {name}, as kustomize would; to set the tag {name}: "
        f"promote set-image {setting.name}:{name}"
    )


def _plan(
    file: _File, settings: Sequence[ImageSetting], allow: frozenset[str]
) -> tuple[FileEdit, tuple[str, ...]]:
    """Return the edit of one file, and what is not known about it.

    A new entry must be used by a container, as far as all files can be read.
    """
    try:
        check_size(str(file.named), file.real.stat().st_size)
        data = file.real.read_bytes()
    except OSError as error:
        raise SelectionError(f"{file.named}: {error.strerror}", "Name another file.") from error
    known = {entry.name for entry in read(file.name, data).entries}
    edit = set_images(file.name, data, settings, placeholders="placeholder" in allow)
    added = [setting.name for setting in settings if setting.name not in known]
    if not added or "dead-edit" in allow:
        return edit, ()
    if file.real.name not in KUSTOMIZATION_NAMES:
        return edit, (f"{file.name} is read by no build: whether one uses it is not known",)
    root = _repository(file.real.parent)
    directory = PurePosixPath(file.real.parent.relative_to(root).as_posix())
    refusals, doubts = refused_entries(edit, added, DirectoryTree(root), directory)
    if refusals:
        raise RefusedError(refusals)
    return edit, doubts


def _repository(directory: Path) -> Path:
    """Return the folder beyond which a kustomization is not followed: the git repository's, or /."""
    return next(iter(_repositories(directory)), Path(directory.anchor))


def _repositories(directory: Path) -> Iterator[Path]:
    return (one for one in (directory, *directory.parents) if (one / ".git").exists())


def _found(directory: Path, images: Sequence[str]) -> Path:
    """Return the kustomization in a folder, or raise `SelectionError` for none or several.

    `images` are those to set: the folders of kustomizations that name one of them are shown.
    """
    if not directory.is_dir():
        raise SelectionError(f"there is no folder {str(directory)!r}", _nearest_folder(directory))
    tree = DirectoryTree(directory)
    if not kustomizations_among(tree.entries(PurePosixPath())):
        raise SelectionError(
            f"the folder {directory.resolve()} holds no kustomization.yaml",
            _folders_below(directory, images),
        )
    return directory / kustomization_file(tree, PurePosixPath()).name


def _folders_below(directory: Path, images: Sequence[str]) -> str:
    """Return a hint that names some folders below whose kustomization names one of some images."""
    found: list[Path] = []
    for number, (folder, folders, files) in enumerate(os.walk(directory)):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        names = kustomizations_among(files)
        if names and _names(Path(folder) / names[0], images):
            found.append(Path(folder))
        if number >= _FOLDERS_LOOKED_AT or len(found) > _FOLDERS_SHOWN:
            break
    if not found:
        return "Go to the folder of a kustomization, or name it with --dir DIR"
    shown = ", ".join(str(one) for one in found[:_FOLDERS_SHOWN])
    more = " and others" if len(found) > _FOLDERS_SHOWN else ""
    return f"The image is in {shown}{more}: add --dir {found[-1] if len(found) == 1 else 'DIR'}"


def _names(file: Path, images: Sequence[str]) -> bool:
    """Return whether a file holds the name of one of some images."""
    try:
        check_size(str(file), file.stat().st_size)
        text = file.read_text(errors="replace")
    except (OSError, RefusedError):
        return False
    return any(one in text for one in images)


def _nearest_folder(directory: Path) -> str:
    if directory.is_file():
        return f"It is a file: give --file {directory}, or --dir {directory.parent}"
    beside = directory.parent if directory.parent.is_dir() else Path()
    names = [one.name for one in beside.iterdir() if one.is_dir() and one.name.isprintable()]
    close = closest(directory.name, sorted(names))
    return f"Did you mean {beside / close}?" if close else f"See what {beside.absolute()} holds."


def _given(path: Path) -> Path:
    """Return a file that was named, or raise `SelectionError` where it is none."""
    if not path.exists():
        beside = path.parent if path.parent.is_dir() else Path()
        names = kustomizations_among(DirectoryTree(beside).entries(PurePosixPath()))
        hint = f"Did you mean {beside / min(names)}?" if names else "Name a kustomization."
        raise SelectionError(f"there is no file {str(path)!r}", hint)
    if not path.is_file():
        hint = f"It is a folder: give --dir {path}" if path.is_dir() else "Name a kustomization."
        raise SelectionError(f"{str(path)!r} is not a file", hint)
    return path


def _checked(path: Path) -> _File:
    """Return where a file really is; refuse a way that a link leads out of a repository on it."""
    real = path.resolve()
    left = any(
        around.resolve() not in real.parents for around in _repositories(path.absolute().parent)
    )
    if left or not real.is_file():
        reason = "a symbolic link that leads nowhere or out of the repository"
        raise RefusedError([Refusal("symlink", reason, "Name the real file.", str(path))])
    return _File(path, real)


def _result(
    edits: Sequence[tuple[_File, FileEdit]],
    refusals: Sequence[Refusal],
    warnings: Sequence[str],
    *,
    dry_run: bool,
) -> CommandResult:
    shown = [
        {
            "file": str(file.named),
            "changed": edit.after != edit.before and not refusals,
            "images": [
                {"name": c.image, "field": c.field, "from": c.old, "to": c.new}
                for c in edit.changes
            ],
            "diff": unified([edit]),
        }
        for file, edit in edits
    ]
    code = int(Exit.REFUSED if refusals else Exit.DONE)
    return CommandResult(
        exit_code=code,
        document={
            "schema": SCHEMA,
            "files": shown,
            "refusals": [refusal_as_json(one) for one in refusals],
            "exit_code": code,
        },
        pieces=() if refusals else tuple(_piece(one[1], dry_run=dry_run) for one in edits),
        complaints=(
            *(Complaint("warning", one) for one in warnings),
            *(Complaint.of("refused", one) for one in refusals),
        ),
    )


def _piece(edit: FileEdit, *, dry_run: bool) -> Piece:
    """Return what a terminal shows of one file: the diff of a dry run, else what was changed."""
    if edit.after == edit.before:
        return Piece(PieceKind.PLAIN, f"nothing to do: {edit.path} has these images already\n")
    if dry_run:
        return Piece(PieceKind.DIFF, unified([edit]))
    lines = [
        f"  {one.image}: {one.field} {one.old or '(none)'} -> {one.new or '(none)'}\n"
        for one in edit.changes
    ]
    return Piece(PieceKind.PLAIN, f"changed {edit.path}\n{''.join(lines)}")
