"""Holds: an app stays at what an environment runs, until somebody ends the hold or its time does.

Each is a file of its own, `.promoter/holds/ENVIRONMENT/APP.yaml`, in the GitOps repository: two
holds never conflict, code owners can guard an environment's, and no kustomization reaches them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Self

from pydantic import ValidationError, model_validator

from promoter.config.document import load
from promoter.config.mistakes.errors import invalid_configuration
from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import AppDeclaration
from promoter.domain.errors import RefusedError, UsageError, bounded_message
from promoter.domain.model import FileEdit, PathKind, Tree
from promoter.domain.moment import rfc3339
from promoter.domain.redaction import one_line
from promoter.domain.refusal import Refusal
from promoter.domain.section import Moment, Section, Text
from promoter.domain.trees import kind_of

FOLDER = PurePosixPath(".promoter/holds")
# Of files that hold; all but the first are misspelt.
_SUFFIXES = (".yaml", ".yml")


class HoldFile(Section):
    """What a hold's file says."""

    reason: Text
    """Why the app is held."""
    by: Text | None = None
    """Who holds it."""
    since: Moment | None = None
    """When the hold began, as in 2026-11-27T10:00:00Z."""
    until: Moment | None = None
    """When it ends by itself; without it, `promote unhold` ends it."""
    undoes: Text | None = None
    """The commit that a rollback took back, where the hold came with one."""

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        """Refuse an end before the beginning, as of a year mistyped at New Year."""
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise ValueError(f"until is {self.until.isoformat()}, which is not after since")
        return self


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold. A file that cannot be read holds as well: `broken` says why, and it has no end."""

    app: str
    environment: str
    reason: str
    by: str | None = None
    since: int | None = None
    until: int | None = None
    """When it ends, as `since` in seconds since the epoch."""
    broken: UsageError | None = None
    undoes: str | None = None
    """The commit of the base that a rollback took back, where the hold came with one."""

    @property
    def file(self) -> PurePosixPath:
        """Where the hold is kept."""
        if self.broken is not None and self.broken.file is not None:
            return PurePosixPath(self.broken.file)
        return hold_file(self.app, self.environment)

    def is_over(self, now: int) -> bool:
        """Whether its time has come, `now` in seconds since the epoch."""
        return self.until is not None and self.until <= now

    def text(self) -> bytes:
        """Return the file: people read it, edit it and review it."""
        given = {
            "reason": self.reason,
            "by": self.by,
            "since": self.since,
            "until": self.until,
            "undoes": self.undoes,
        }
        lines = [
            f"# {self.app} stays in {self.environment} at what it runs. Remove this file, or run:",
            f"#   promote unhold --app {self.app} --env {self.environment} --reason TEXT",
        ]
        for key, value in given.items():
            if isinstance(value, int):
                lines.append(f"{key}: {rfc3339(value)}")
            elif value is not None:
                # JSON's strings are YAML's, whatever they hold.
                lines.append(f"{key}: {json.dumps(value, ensure_ascii=False)}")
        return "\n".join([*lines, ""]).encode()


def hold_file(app: str, environment: str) -> PurePosixPath:
    """Return where an app's hold in an environment is kept."""
    return FOLDER / environment / f"{app}.yaml"


def read_hold(tree: Tree, app: str, environment: str) -> Hold | None:
    """Return an app's hold in an environment, whether or not its time is over; None without one."""
    file = hold_file(app, environment)
    try:
        if kind_of(tree, file) is None:
            _check_names(tree, file)
            return None
        found = _parse(tree, file)
    except UsageError as error:
        return Hold(
            app,
            environment,
            f"its file cannot be read: {error.message.removeprefix('the file: ')}",
            broken=error,
        )
    reason = bounded_message(found.reason) if one_line(found.reason) else "no reason is given"
    by = found.by and bounded_message(found.by)
    since, until = (int(one.timestamp()) if one else None for one in (found.since, found.until))
    return Hold(app, environment, reason, by, since, until, undoes=found.undoes)


def ignored_holds(
    tree: Tree, apps: Collection[str], environments: Collection[str]
) -> tuple[str, ...]:
    """Return, of each file among the holds that holds nothing, which it is and why, in one line.

    `apps` and `environments` are all that there are; an empty collection stands for any.
    """
    found = []
    for environment, kind in sorted(tree.entries(FOLDER).items()):
        folder = FOLDER / environment
        if kind is not PathKind.DIRECTORY:
            found.append(f"{folder} holds nothing: a hold is at {hold_file('APP', 'ENVIRONMENT')}")
        elif environments and environment not in environments:
            found.append(f"{folder} holds nothing: there is no environment {environment!r}")
        else:
            found += _ignored(sorted(tree.entries(folder)), folder, apps)
    return tuple(found)


def _ignored(names: Sequence[str], folder: PurePosixPath, apps: Collection[str]) -> Iterator[str]:
    """Yield the files of one environment that hold nothing, each with why."""
    known = {one.lower() for one in apps}
    for name in names:
        file = PurePosixPath(name)
        if file.suffix.lower() not in _SUFFIXES:
            yield f"{folder / name} holds nothing: a hold's file is named APP.yaml"
        elif known and file.stem.lower() not in known:
            yield f"{folder / name} holds nothing: there is no app {file.stem!r}"


def hold_edit(tree: Tree, declaration: AppDeclaration) -> FileEdit | None:
    """Return the edit by which a hold is written or removed, or None where all is so already.

    A hold with the same reason and end stays as it is, with its beginning. Raises `RefusedError`
    where its place is taken by what is no file.
    """
    change, app, environment = declaration.hold, declaration.app, declaration.environment
    if change is None:
        return None
    file, current = hold_file(app, environment), read_hold(tree, app, environment)
    if current is not None and current.file != file:
        reason = current.broken.message if current.broken else current.reason
        hint = f"Rename it to {file.name}, or remove it; then ask again."
        raise RefusedError([Refusal("hold", reason, hint, str(current.file))])
    if current is not None and kind_of(tree, file) is not PathKind.FILE:
        refusal = Refusal("hold", "is not a file", "Remove it, and ask again.", str(file))
        raise RefusedError([refusal])
    before = tree.read(file) if current is not None else b""
    if change.ends:
        return None if current is None else FileEdit(file, before, b"", (), removed=True)
    reason, since, until = bounded_message(change.reason), change.since, change.until
    wanted = Hold(app, environment, reason, declaration.actor, since, until, undoes=change.undoes)
    if current is not None and current.broken is None and _same(current, wanted):
        return None
    return FileEdit(file, before, wanted.text(), (), added=current is None)


def _same(one: Hold, other: Hold) -> bool:
    """Return whether two holds differ in nothing but who began them, and when."""
    sides = [(each.reason, each.until, each.undoes) for each in (one, other)]
    return sides[0] == sides[1]


def _check_names(tree: Tree, file: PurePosixPath) -> None:
    """Raise `UsageError` for a file that was meant to be this one and has another spelling."""
    for name in sorted(tree.entries(file.parent)):
        other = PurePosixPath(name.lower())
        if other.suffix in _SUFFIXES and other.stem == file.stem.lower():
            raise UsageError(
                f"it is named {name}, and {file.name} is read",
                f"Rename it to {file.name}.",
                file=str(file.parent / name),
            )


def _parse(tree: Tree, file: PurePosixPath) -> HoldFile:
    if kind_of(tree, file) is not PathKind.FILE:
        raise UsageError("is not a file", "Write it again: promote hold.", file=str(file))
    document = load(tree.read(file), str(file))
    value = {} if document.value is None else document.value
    try:
        return HoldFile.model_validate(value)
    except ValidationError as error:
        raise invalid_configuration(error, document, HoldFile) from error
