"""An empty bare repository, written as files, and what it takes from a folder that it is a clone of."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

from promoter.git.isolation import REMOTE

if TYPE_CHECKING:
    from promoter.git.program import Git


def write_repository(
    directory: Path, remote: Mapping[str, str], lender: Path | None = None
) -> None:
    """Write an empty bare repository with one remote; by git it would take nine processes.

    It fetches what it reads, unless it borrows the objects of a lender.
    """
    information = directory / "objects" / "info"
    for folder in (directory / "objects" / "pack", directory / "refs" / "heads", information):
        folder.mkdir(parents=True)
    partial = ""
    if lender is None:
        # Git fetches an object that is not here: of a lender, it would ask for it without an end.
        partial, remote = (
            f"[extensions]\n\tpartialClone = {REMOTE}\n",
            {**remote, "promisor": "true"},
        )
    else:
        (information / "alternates").write_bytes(os.fsencode(lender / "objects") + b"\n")
        with suppress(FileNotFoundError):
            shutil.copyfile(lender / "shallow", directory / "shallow")
    settings = "".join(f"\t{key} = {_quoted(value)}\n" for key, value in remote.items())
    (directory / "config").write_text(
        "[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n"
        f'{partial}[remote "{REMOTE}"]\n{settings}',
        encoding="utf-8",
        errors="surrogateescape",
    )
    (directory / "HEAD").write_text("ref: refs/heads/main\n", encoding="ascii")


def lender_at(url: str) -> Path | None:
    """Return the repository in a folder whose objects a clone can read in place, if it is one."""
    if not url.startswith("file://"):
        return None
    source = Path(_folder(url))
    with suppress(OSError):
        common = source / (source / "commondir").read_text(encoding="utf-8").rstrip("\n")
        source = common.resolve()
    objects = source / "objects"
    return source if objects.is_dir() and "\n" not in str(objects) else None


def _folder(url: str) -> str:
    return os.fsdecode(unquote_to_bytes(urlsplit(url).path))


def _hooks(git: Git, directory: str) -> str:
    own = ""
    with suppress(OSError):
        settings = Path(directory, "config").read_bytes().lower()
        # Most name none, which takes no process to see.
        if b"hookspath" in settings or b"include" in settings:
            own = os.fsdecode(git.attempt(
                "config", "--file", f"{directory}/config", "--includes", "--type=path",
                "core.hooksPath",
            ).stdout).rstrip("\n")  # fmt: skip
    return own or f"{directory}/hooks"


def _quoted(value: str) -> str:
    """Return a value as git's configuration files hold one (git-config(1), "Values")."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        value = value.replace(plain, escaped)
    return f'"{value}"'


def local_programs(git: Git, url: str) -> dict[str, str]:
    """Return the remote's programs for a folder, which run here, as its owner alone has set them.

    Git hands them none of its own settings, so that the user's hooks would run: those of every
    repository, which are no rule of this one. The repository's own stay, wherever they are.
    """
    if not url.startswith("file://"):
        return {}
    hooks = _hooks(git, _folder(url))
    return {
        "receivepack": f"exec git -c {shlex.quote(f'core.hooksPath={hooks}')} receive-pack",
        # The hook is given the command to run; the shell that it is for becomes that command.
        "uploadpack": "exec git -c 'uploadpack.packObjectsHook=exec ' upload-pack",
    }
