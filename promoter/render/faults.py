"""What it means that a kustomization does not build, in plain words, and where that stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from posixpath import normpath
from typing import TYPE_CHECKING

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError
from promoter.domain.model import FileEdit, Tree
from promoter.domain.refusal import Refusal
from promoter.domain.suggest import closest
from promoter.edits import kustomization
from promoter.graph import Closure

if TYPE_CHECKING:
    from promoter.render.program import BuildOutput

_FIRST = "Fix it first: what does not build cannot be deployed."
# What kustomize says of a number where it wants text.
_NO_TEXT = "cannot unmarshal"
_NOT_THERE = "no such file"
_NOT_INSTALLED = re.compile(r'exec: "([\w.-]+)": executable file not found')
# Patterns of its messages; `{}` is what their groups have found.
_KNOWN = (
    (
        r'unable to parse SM or JSON patch from \[path: "([^"]+)"\]',
        "the patch {} is neither a strategic merge nor a JSON patch",
        "Check the YAML of {}.",
    ),
    (
        r"no matches for Id (\w+)\.\S*?/([\w.-]+)\.\[",
        "its patch is for {}/{}, and there is no such object",
        "Correct the kind, the name or the namespace in the patch.",
    ),
    (
        r"doc is missing path: (\S+?): missing",
        "its JSON patch changes {}, which is not there",
        "Correct the path, or write op: add.",
    ),
    (
        r"cannot unmarshal (\w+) into Go struct field \w+\.([\w.]+) of type",
        "{1} is of another kind of value than kustomize takes: {0}",
        "Write {1} as kustomize's reference has it.",
    ),
    (
        r"may not add resource with an already registered id: (\w+)\.\S*?/([\w.-]+)\.\[",
        "two of its resources are {}/{}",
        "Rename or remove one of them.",
    ),
    (r"cycle detected", "its resources lead back to itself", "Remove one of them."),
    (
        r"unable to find patch target|failed to find unique target for patch (\S+)",
        "its patch fits no object, or several",
        "Name one object in the patch's target.",
    ),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why builds before and after edits say nothing of these: a refusal, or why it is passed over."""

    refusal: Refusal | None = None
    reason: str = ""
    hint: str = ""
    warning: str = ""


def fault_of(
    built: Sequence[BuildOutput],
    closure: Closure,
    tree: Tree,
    *,
    left_out: Sequence[PurePosixPath],
    environment: PurePosixPath,
) -> Fault | None:
    """Return what is wrong with the builds before and after, None where both are fine.

    `left_out` are the links and submodules that were not there for a build. What does not build
    outside of the environment's folder, even before the edits, is no reason to refuse them.
    """
    failed = next((number for number, one in enumerate(built) if one.failure), None)
    if failed is None or (failed and built[0].unmade):
        reason = next((one.unmade for one in built if one.unmade), "")
        warning = f"{closure.directory} was not rendered: {reason}"
        return Fault(reason=reason, warning=warning) if reason else None
    message = built[failed].failure
    if link := next((path for path in left_out if _misses(message, path)), None):
        reason = f"it stands on {link}, which is a link or submodule"
        return Fault(reason=reason, hint="Bring it into the repository as plain files")
    if program := _NOT_INSTALLED.search(message):
        reason = f"the build of {closure.directory} runs {program[1]}, which is not installed here"
        return Fault(reason=reason, hint=f"Install {program[1]}", warning=f"not rendered: {reason}")
    if not failed and not (built[1].failure or built[1].unmade):
        cause = _located(message, closure, tree)
        why = f" ({cause.reason.rpartition(': ')[0] or cause.reason})" if cause else ""
        return Fault(
            reason=f"{closure.directory} did not build before the edit{why}, and builds with it"
        )
    what = "would no longer build" if failed else "does not build, even before the edit"
    said, hint = explain_build_failure(message)
    reason = f"{closure.directory} {what}: {said}"
    if not failed and not closure.directory.is_relative_to(environment):
        return Fault(reason=reason, warning=reason)
    located = None if failed else _located(message, closure, tree)
    return Fault(located or Refusal("render", reason, hint or _FIRST, str(closure.file)))


def _misses(message: str, path: PurePosixPath) -> bool:
    """Return whether a build failed as it did not find a file or folder of a path's name."""
    name = rf"(?<![\w.-]){re.escape(path.name)}(?![\w.-])"
    return _NOT_THERE in message and re.search(name, message) is not None


def _located(message: str, closure: Closure, tree: Tree) -> Refusal | None:
    """Return the refusal of what keeps a kustomization from being built at its place, if it is known."""
    if _NO_TEXT not in message:
        return _missing_file(closure, tree)
    files = (layer.file for layer in closure.layers.values())
    for file in sorted(files, key=lambda one: one != closure.file):
        with suppress(PromoteError, KeyError):
            entries = kustomization.read(file, tree.read(file)).entries
            if found := next((doubt for one in entries for doubt in one.doubtful.values()), None):
                return found
    return None


def may_be_mended(edits: Sequence[FileEdit], message: str) -> bool:
    """Return whether a build failed for a value that one of the edits replaces."""
    return _NO_TEXT in message and any(kustomization.unbuildable(edit) for edit in edits)


def _missing_file(closure: Closure, tree: Tree) -> Refusal | None:
    """Return the refusal of a kustomization that names a file which is not there, at that name."""
    found = (re.fullmatch(r"(.+):(\d+):(\d+): (.+) is not there", one) for one in closure.warnings)
    first = next((one for one in found if one), None)
    if first is None:
        return None
    path = PurePosixPath(normpath(PurePosixPath(first[1]).parent / first[4]))
    close = closest(path.name, sorted(tree.entries(path.parent)))
    meant = PurePosixPath(first[4]).with_name(close) if close else None
    hint = f"Did you mean {meant}?" if meant else "Add the file, or remove the line."
    reason = f"{closure.directory} does not build, even before the edit: there is no {first[4]}"
    return Refusal("render", reason, hint, first[1], int(first[2]), int(first[3]))


def explain_build_failure(message: str) -> tuple[str, str]:
    """Return kustomize's message with plain words before it, and what to do; '' where it is unknown."""
    for pattern, reason, hint in _KNOWN:
        if found := re.search(pattern, message):
            groups = [one or "" for one in found.groups()]
            return f"{reason.format(*groups)} ({message})", hint.format(*groups)
    return message, ""
