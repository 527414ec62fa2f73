"""What a text says that names a repository: a URL, an scp-like address, or a folder of this machine."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from promoter.domain.address import Address
from promoter.domain.errors import UsageError
from promoter.domain.redaction import shown
from promoter.domain.urls import SCP, check_scheme, host_of
from promoter.system.files import read_file

_WITHOUT_SCHEME = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:/[A-Za-z0-9._-]+){2,}")
_SSH_WITH_SLASH = re.compile(r"([\w.-]+@[\w.-]+)/([\w./-]+)", re.ASCII)
# What follows a repository's address in those of its pages.
_PAGES = (
    "tree", "blob", "commit", "commits", "pull", "pulls", "issues", "actions", "settings", "wiki",
    "releases", "tags", "branches", "compare",
)  # fmt: skip
# Addresses of GitHub that are no repository's, each with its owner and name.
_SHORTHAND = re.compile(
    r"(?:(?:gh|github):|https://(?:api\.github\.com/repos|raw\.githubusercontent\.com)/)"
    r"([\w.-]+/[\w.-]+?)(?:\.git)?(?:/.*)?",
    re.ASCII,
)
_OWNER_AND_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


def parse_address(text: str) -> Address:
    """Return a URL, an scp-like address or a path parsed; raises `UsageError`."""
    if text.startswith("-") or not text.isprintable() or not text.strip():
        raise UsageError(f"{shown(text)} is not a repository", "Give a URL or a path.")
    if found := _SHORTHAND.fullmatch(text):
        raise UsageError(
            f"{shown(text)} is not a repository's address",
            f"Did you mean --repo https://github.com/{found[1]}?",
        )
    if "://" in text and " " in text.strip():
        hint = "Give the URL alone; a branch is --base BRANCH."
        raise UsageError(f"{shown(text)} holds a blank", hint)
    if "://" not in text:
        match = SCP.fullmatch(text)
        if match and not Path(text).exists():
            return Address(text, "ssh", match["host"].lower(), match["path"])
        return _folder(Path(text))
    scheme, parts = check_scheme(text), urlsplit(text)
    _check_no_page(text, parts)
    if scheme == "file":
        return _folder(Path(unquote(parts.path)))
    return Address(text, scheme, host_of(text), parts.path)


def _check_no_page(text: str, parts: SplitResult) -> None:
    """Raise `UsageError` for the address of a page of a repository on github.com."""
    owner, name, page, *rest = [*parts.path.strip("/").split("/"), "", "", ""][:8]
    if parts.hostname == "github.com" and owner and not name:
        raise UsageError(
            f"{shown(text)} names an owner and no repository",
            f"Write it as in --repo https://github.com/{owner}/gitops",
        )
    if parts.hostname != "github.com" or page not in _PAGES:
        return
    branch = f" --base {rest[0]}" if page in ("tree", "blob") and rest and rest[0] else ""
    raise UsageError(
        f"{shown(text)} is a page of a repository, and not its address",
        f"Write --repo https://github.com/{owner}/{name}{branch}",
    )


def _folder(path: Path) -> Address:
    try:
        absolute = path.expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        hint = "Give a URL, or the path of a repository."
        if _OWNER_AND_NAME.fullmatch(str(path)):
            hint = f"Did you mean https://github.com/{path}?"
        elif _WITHOUT_SCHEME.fullmatch(str(path)):
            hint = f"Did you mean https://{path}?"
        elif found := _SSH_WITH_SLASH.fullmatch(str(path)):
            hint = f"Did you mean {found[1]}:{found[2]}?"
        elif (bare := path.expanduser().with_name(f"{path.name}.git")).is_dir():
            hint = f"Did you mean --repo {bare}?"
        raise UsageError(f"there is no folder {shown(str(path))}", hint) from error
    directory = git_directory(absolute)
    if not (directory / "HEAD").exists():
        top = next((one for one in absolute.parents if (one / ".git").exists()), None)
        around = next((one for one in absolute.parents if (one / "HEAD").is_file()), None)
        hint = (
            f"It is within a {'clone' if top else 'repository'}: give --repo {top or around}"
            if top or around
            else "Give the path of a clone or of a bare repository, or a URL."
        )
        raise UsageError(f"{shown(str(path))} is not a git repository", hint)
    return Address(directory.as_uri(), "file", "", str(directory))


def git_directory(folder: Path) -> Path:
    """Return where the refs and objects of a folder's repository are; itself where it is bare.

    A linked work tree and a submodule say it in a file named `.git`.
    """
    inner = folder / ".git"
    try:
        if not inner.is_file():
            return inner if inner.is_dir() else folder
        own = folder / _line(inner).removeprefix("gitdir: ")
        shared = own / "commondir"
        return (own / _line(shared) if shared.is_file() else own).resolve()
    except (OSError, RuntimeError, ValueError):
        return folder


def _line(file: Path) -> str:
    return os.fsdecode(read_file(file)).rstrip("\n")
