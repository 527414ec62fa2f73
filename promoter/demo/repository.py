"""The Aurora GitOps repository, made as a bare git repository from the files of this package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from promoter.demo.source import make_source
from promoter.domain.deadline import Deadline
from promoter.domain.errors import UsageError
from promoter.git.program import Git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

AUTHOR = "Aurora Platform <platform@aurora.example>"
_BRANCH = "main"
_SOURCE = b"https://github.com/aurora-cloud/aurora"
# A fixed moment, so that the same files make the same commit everywhere.
_TIME = "1767225600 +0000"


def make(directory: Path, deadline: Deadline) -> Git:
    """Make a bare repository with one commit in a new or empty folder; else `UsageError`."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        occupied = any(directory.iterdir())
    except OSError as error:
        raise UsageError(f"{directory}: {error.strerror}", "Name another folder.") from error
    if occupied:
        raise UsageError(f"{directory} is not empty", "Name a new folder for the demo.")
    git = Git(directory, deadline)
    git("init", "--quiet", "--bare", "--template=", str(directory))
    git("symbolic-ref", "HEAD", f"refs/heads/{_BRANCH}")
    # What the big forges allow: fetching commits without the files that are not asked for.
    git("config", "uploadpack.allowFilter", "true")
    git("config", "uploadpack.allowAnySHA1InWant", "true")
    source = make_source(directory / "demo" / "aurora.git", deadline)
    source.close()
    git("fast-import", "--quiet", "--date-format=raw", stdin=_stream(source.directory.as_uri()))
    return git


def amend(git: Git, path: str, change: tuple[str, str], *, message: str, time: int) -> None:
    """Commit a text in place of another one in a file of the base; `time` in seconds."""
    text = git("show", f"{_BRANCH}:{path}")
    data = f"{text}\n".replace(*change).encode()
    stream = (
        f"commit refs/heads/{_BRANCH}\ncommitter {AUTHOR} {time} +0000\n"
        f"data {len(message.encode())}\n{message}\nfrom refs/heads/{_BRANCH}^0\n"
        f"M 100644 inline {path}\ndata {len(data)}\n"
    )
    git("fast-import", "--quiet", "--date-format=raw", stdin=stream.encode() + data + b"\n")


def paths() -> list[str]:
    """Return the paths of all files of the Aurora repository, sorted."""
    return sorted(path for path, _ in _walk(files("promoter") / "demo" / "aurora", ""))


def _stream(source: str) -> bytes:
    """Return the files as one commit in the form that `git fast-import` reads.

    The app's source is the demo's own repository, so that nothing is asked of a network.
    """
    message = b"The Aurora GitOps repository\n"
    out = [
        f"commit refs/heads/{_BRANCH}\ncommitter {AUTHOR} {_TIME}\n".encode(),
        f"data {len(message)}\n".encode(),
        message,
    ]
    for path, shipped in sorted(_walk(files("promoter") / "demo" / "aurora", "")):
        data = shipped
        if path == "promoter.yaml":
            data = data.replace(_SOURCE, source.encode())
        out.append(f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
    return b"".join(out)


def _walk(directory: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Yield the path and bytes of every file below a folder of the package."""
    for entry in directory.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{name}/")
        else:
            yield name, entry.read_bytes()
