"""Which configuration counts: the base's promoter.yaml, and the caller's file where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from promoter.config import FILE, callers_file, config
from promoter.config.config import Config
from promoter.config.document import Document, load
from promoter.domain.errors import UsageError
from promoter.domain.json import mapping
from promoter.domain.model import PathKind, Tree
from promoter.engine.current_repository import local_file, misnamed, nearly_named
from promoter.engine.wiring import Wiring
from promoter.settings import Settings

# Where other tools have their files: these are looked into even if that takes a request.
_FOLDERS = (PurePosixPath(".github"), PurePosixPath("config"))
_OTHER_KINDS = {
    PathKind.DIRECTORY: "a folder",
    PathKind.SYMLINK: "a symbolic link, and links are not followed",
    PathKind.SUBMODULE: "a submodule",
}


def configuration(wiring: Wiring, base: Tree) -> Config:
    """Return the configuration in force: the repository's own file, else the caller's.

    Raises `UsageError` where one is malformed, or the repository's is there and cannot be read.
    """
    found, transport = _in_force(wiring, base), wiring.settings.transport
    for one in found.warnings:
        wiring.warn(one)
    return found.model_copy(update={"transport": transport}) if transport else found


def _in_force(wiring: Wiring, base: Tree) -> Config:
    file, document = wiring.file, wiring.document
    names = base.entries(PurePosixPath())
    other, kind = misnamed(names), names.get(str(FILE))
    if kind is None and (document is None or callers_file.is_wiring(document)):
        _check_misplaced(base, names)
    if other:
        wiring.warn(f"{other} is not read: the file's name is {FILE}")
    if kind is None:
        _warn_of_local_file(wiring, None)
        return file or Config()
    if document is not None and file is not None and _tries_file(wiring.settings, document):
        wiring.tried.add(document.file)
        wiring.warn(f"{document.file} is tried in place of the {FILE} on the base")
        return file
    if kind is not PathKind.FILE:
        what = _OTHER_KINDS[kind]
        raise UsageError(f"is {what}", "Put a file in its place.", file=str(FILE))
    data = base.read(FILE)
    _warn_of_local_file(wiring, data)
    found = load(data, str(FILE))
    if found.value is None:
        wiring.warn(f"{FILE} is empty, and counts as if it were not there")
    policy = config.read(found)
    for one in callers_file.warnings_of_own_keys(found):
        wiring.warn(one)
    if file is None:
        return policy
    assert document is not None
    callers_file.wiring_only(document)
    return callers_file.merge_wiring(policy, file)


def _check_misplaced(base: Tree, names: Mapping[str, PathKind]) -> None:
    """Raise `UsageError` for a configuration elsewhere, whose rules would not apply."""
    below = [PurePosixPath(name) for name, kind in names.items() if kind is PathKind.DIRECTORY]
    folders = [one for one in below if one in _FOLDERS or base.is_listed(one)]
    for folder in (PurePosixPath(), *folders):
        there = base.entries(folder)
        files = (name for name, kind in there.items() if kind is not PathKind.DIRECTORY)
        for path in (folder / name for name in nearly_named(files)):
            if _is_configuration(base, path):
                raise UsageError(
                    "this file is not read, so that none of its rules would apply",
                    f"Rename it: git mv {path} {FILE}",
                    file=str(path),
                )


def _is_configuration(base: Tree, path: PurePosixPath) -> bool:
    """Return whether a file has keys of ours; under a name that is less near, no other ones.

    What cannot be read is one by its name alone.
    """
    is_ours = path.name == str(FILE) or misnamed([path.name]) is not None
    try:
        keys = mapping(load(base.read(path), str(path)).value)
    except (KeyError, UsageError):
        return is_ours
    own = {one.alias for one in Config.model_fields.values()}
    return bool(keys) and (keys.keys() <= own or (is_ours and not keys.keys().isdisjoint(own)))


def _tries_file(settings: Settings, document: Document) -> bool:
    """Return whether the caller's file stands for the repository's: it says more, and this only looks."""
    return (settings.dry_run or settings.check) and not callers_file.is_wiring(document)


def _warn_of_local_file(wiring: Wiring, data: bytes | None) -> None:
    """Warn of a configuration in the work tree at hand that differs from the base's."""
    local = local_file(wiring.settings.repo, FILE)
    if local is None or wiring.settings.config or local[1] == data:
        return
    path, _ = local
    wiring.warn(
        f"{path} is not what the base has, which alone counts: commit and push it, or try "
        f"it with --dry-run --config {path}"
    )
