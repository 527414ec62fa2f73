"""The judge of an edit where `kustomize` or `kubectl` is on PATH: the render before and after.

Only graphs that were read whole are rendered, so that nothing is fetched; plugins, Helm and exec
functions stay off, which is kustomize's default.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from promoter.model import Kind
from promoter.refusal import Refusal
from promoter.render.objects import RenderDiff, compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promoter.graph import Reach
    from promoter.model import FileEdit, Tree

_TIME = 30.0
_FILES, _BYTES = 3000, 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the render says of an edit."""

    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    diff: RenderDiff | None = None
    """What differs, object by object; None where nothing was rendered."""
    note: str = ""
    """Why nothing was rendered, where it was not."""


def program() -> tuple[str, ...] | None:
    """Return the command that renders a folder, or None where none is on PATH."""
    if kustomize := shutil.which("kustomize"):
        return kustomize, "build"
    if kubectl := shutil.which("kubectl"):
        return kubectl, "kustomize"
    return None


def judge(tree: Tree, reach: Reach, edits: Sequence[FileEdit], *, strict: bool = False) -> Verdict:
    """Render before and after: refuse what no object feels or what no longer builds.

    `strict` also refuses a change of anything but images, and a render that can not be made.
    """
    verdict = _judged(tree, reach, edits, strict=strict)
    if not strict or verdict.refusals or verdict.diff is not None or not edits:
        return verdict
    reason = f"render: strict wants the render, and there is none: {verdict.note}"
    refusal = Refusal("render", reason, "Install kustomize, or set render: warn.", str(reach.file))
    return Verdict((refusal,), verdict.warnings)


def _judged(tree: Tree, reach: Reach, edits: Sequence[FileEdit], *, strict: bool) -> Verdict:
    """Return the verdict as far as a render can be made."""
    command = program()
    if command is None:
        return Verdict(note="neither kustomize nor kubectl is on PATH")
    if not edits:
        return Verdict(note="nothing changes")
    if not reach.complete:
        return Verdict(note="a part of it lies outside of the repository")
    directory = reach.file.parent
    with tempfile.TemporaryDirectory(prefix="promoter-render-") as home:
        root = Path(home)
        if not _materialise(tree, _folders(reach), root):
            return Verdict(note="the folders are too large to be rendered here")
        before = _build(command, root, directory)
        for edit in edits:
            (root / edit.path).write_bytes(edit.after)
        after = _build(command, root, directory)
    if before.error:
        note = f"{directory} did not build before the edit: {before.error}"
        return Verdict(warnings=(note,), note=note)
    if after.error:
        reason = f"{directory} would no longer build: {after.error}"
        return Verdict((Refusal("render", reason, "The edit is not made.", str(reach.file)),))
    return _compared(before.text, after.text, reach, strict=strict)


@dataclass(frozen=True, slots=True)
class _Built:
    """What one build printed, or why it failed."""

    text: str = ""
    error: str = ""


def _compared(before: str, after: str, reach: Reach, *, strict: bool) -> Verdict:
    """Return the verdict on two renders."""
    diff = compare(before, after)
    file = str(reach.file)
    if not diff.objects:
        reason = "no rendered object would change: no container feels the edit"
        return Verdict((Refusal("dead-edit", reason, "Check the image's name.", file),))
    broken = [one for one in diff.objects if not one.images_only]
    if not broken:
        return Verdict(diff=diff)
    what = broken[0].other[0] if broken[0].other else broken[0].state
    told = f"more than images would change at run time: {broken[0].title}: {what}"
    if strict:
        return Verdict(
            (Refusal("render", told, "Change it by a pull of its own.", file),), diff=diff
        )
    return Verdict(warnings=(told,), diff=diff)


def _build(command: Sequence[str], root: Path, directory: PurePosixPath) -> _Built:
    """Run one build with an environment of its own."""
    environment = {"PATH": os.defpath, "HOME": str(root), "TMPDIR": str(root)}
    try:
        done = subprocess.run(  # noqa: S603 - a program found on PATH, given one folder of ours
            [*command, str(root / directory)],
            capture_output=True,
            timeout=_TIME,
            check=False,
            env=environment,
            cwd=root,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _Built(error=f"{Path(command[0]).name} did not finish ({type(error).__name__})")
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().replace(str(root), ".")
        return _Built(error=said.splitlines()[0][:300] if said else f"status {done.returncode}")
    return _Built(done.stdout.decode("utf-8", "replace"))


def _folders(reach: Reach) -> set[PurePosixPath]:
    """Return the folders that hold the graph's files, and so what generators there may read."""
    return {file.parent for file in (*reach.files, reach.file)}


def _materialise(tree: Tree, folders: Iterable[PurePosixPath], root: Path) -> bool:
    """Write folders with all below them to disk; False where that would be too much."""
    files = sorted({path for folder in folders for path in _below(tree, folder)})
    if len(files) > _FILES:
        return False
    tree.prefetch(files)
    size = 0
    for path in files:
        data = tree.read(path)
        size += len(data)
        if size > _BYTES:
            return False
        if path.is_absolute() or ".." in path.parts:
            msg = f"{path} would be written outside of the folder that is rendered"
            raise AssertionError(msg)
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return True


def _below(tree: Tree, folder: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield the files of a folder and its subfolders; links and submodules are left out."""
    stack, seen = [folder], 0
    while stack and seen <= _FILES:
        current = stack.pop()
        for name, kind in tree.entries(current).items():
            if kind is Kind.FILE:
                seen += 1
                yield current / name
            elif kind is Kind.DIRECTORY:
                stack.append(current / name)
