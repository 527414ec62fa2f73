"""The GitOps repository that the current directory belongs to."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from promoter.config import FILE
from promoter.config.apps import known_apps
from promoter.config.config import Config
from promoter.domain.errors import UsageError
from promoter.domain.redaction import one_line, redacted
from promoter.domain.suggest import closest
from promoter.git.folder import DirectoryTree
from promoter.git.repository_address import git_directory, parse_address
from promoter.system.deadline import Deadline
from promoter.system.files import read_file

if TYPE_CHECKING:
    from promoter.git.program import Git


def gitops_origin(
    directory: Path, deadline: Deadline, app: str | None = None, environment: str | None = None
) -> str:
    """Return the `origin` of the GitOps repository around a directory, or raise `UsageError`.

    Where it may be one that lacks its promoter.yaml, the hint has one that fits what is asked for.
    """
    top = next((one for one in (directory, *directory.parents) if (one / ".git").exists()), None)
    if top is None:
        if (directory / "HEAD").is_file() and (directory / "refs").is_dir():
            raise UsageError("no --repo is given, and this is a bare repository", "Give --repo .")
        raise UsageError("no --repo is given, and this folder is in no git repository", _HINT)
    tree = DirectoryTree(top)
    names = tree.entries(PurePosixPath())
    if str(FILE) not in names and not known_apps(Config(), tree):
        other = misnamed(names)
        # Late: few runs need it.
        from promoter.config.suggested_configuration import suggested_configuration

        hint = f"Rename {other} to {FILE}, the only name that is read. {_HINT}" if other else _HINT
        if not other and (fitting := suggested_configuration(tree, app, environment)):
            hint = f"{_HINT} If it is this one, write --repo . and commit this {FILE}:\n{fitting}"
        raise UsageError(
            f"no --repo is given, and {top.name} has no {FILE} and none of the known layouts",
            hint,
        )
    from promoter.git.program import Git, check_version  # late: a run by API needs no git

    git = Git(git_directory(top), deadline)
    check_version(git)
    url = _origin(git)
    if not url:
        remotes = git.attempt("remote").stdout.decode("utf-8", "replace").split()
        hint = _HINT
        if len(remotes) == 1:
            hint = f'Write --repo "$(git remote get-url {shlex.quote(remotes[0])})"'
        raise UsageError(f"no --repo is given, and {top.name} has no remote 'origin'", hint)
    if ":" in url:
        return url
    folder = (top / url).resolve()
    if not folder.exists():
        raise UsageError(
            f"the origin of this clone is {folder}, which is not there",
            "Set it: git remote set-url origin URL; or name the GitOps repository: --repo URL",
        )
    return str(folder)


def check_origin(clone: Path, deadline: Deadline, base: str | None) -> str | None:
    """Return a warning where pulls are kept in a clone whose origin is on a server; None elsewhere."""
    from promoter.git.program import Git

    git = Git(clone, deadline)
    url = _origin(git)
    try:
        origin = parse_address(url) if url else None
    except UsageError:
        return None
    if origin is None or origin.local:
        return None
    found = b"" if base else git.attempt("symbolic-ref", "--short", "HEAD").stdout
    head = one_line(found.decode("utf-8", "replace"))
    follows = f", and their base is {head}, which is checked out there" if head else ""
    return (
        f"pull requests are kept in {clone} alone{follows}: for those of its origin, leave --repo "
        f"out, or give --repo {redacted(url)}"
    )


def _origin(git: Git) -> str:
    """Return the URL of a clone's origin as it is written; '' for none."""
    found = git.attempt("config", "--get", "remote.origin.url")
    return found.stdout.decode("utf-8", "replace").strip() if found.status == 0 else ""


def misnamed(names: Iterable[str]) -> str | None:
    """Return the first of some files that is named almost as the configuration is, if any."""
    others = (one for one in sorted(names) if one != str(FILE))
    return next((one for one in others if _MISNAMED.fullmatch(one.lower())), None)


def nearly_named(names: Iterable[str]) -> list[str]:
    """Return those of some files whose names are the configuration's, or near it, in order."""
    found = ((name, _NAME.fullmatch(name.lower())) for name in sorted(names))
    return [name for name, named in found if named is not None and _is_near(named[1])]


def _is_near(name: str) -> bool:
    """Return whether a file's name without its ending is ours, or another spelling of it."""
    return len(name) > len(FILE.stem) - 3 and closest(name, [FILE.stem]) is not None


def local_file(repo: str | None, path: PurePosixPath) -> tuple[Path, bytes] | None:
    """Return a file of the work tree that a run is started in or given, if it has one."""
    if repo is not None and ("://" in repo or not (Path(repo) / ".git").exists()):
        return None
    start = Path.cwd() if repo is None else Path(repo)
    top = next((one for one in (start, *start.parents) if (one / ".git").exists()), None)
    if top is None:
        return None
    with suppress(OSError, ValueError):
        return top / path, read_file(top / path)
    return None


# What the configuration is named by mistake, in small letters.
_MISNAMED = re.compile(r"\.?promot[eo]rs?\.(?:ya?ml|json)(?:\.txt)?", re.ASCII)
# A name's beginning, with an ending that it may have in place of ours.
_NAME = re.compile(
    r"[._]?([a-z]+)(?:[-_.](?:config|conf))?(?:\.(?:ya?ml|json))?(?:\.txt)?", re.ASCII
)
_HINT = "Name the GitOps repository: --repo URL, or PROMOTER_REPO."
