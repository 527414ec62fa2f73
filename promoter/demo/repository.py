"""The Aurora GitOps repository and its app's source, made as bare git repositories."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from promoter.domain.errors import UsageError
from promoter.git.program import Git
from promoter.system.deadline import Deadline

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


AUTHOR = "Aurora Platform <platform@aurora.example>"
_BRANCH = "refs/heads/main"
_SOURCE = b"https://github.com/aurora-cloud/aurora"
# A fixed moment, so that the same files make the same commit everywhere.
_TIME = 1_767_225_600
_START = 1_766_700_000
_DAY = 86_400
_ANA, _BO, _KIM = (f"{name} <{name.split()[0].lower()}@aurora.example>" for name in
                   ("Ana Ruiz", "Bo Lind", "Kim Oh"))  # fmt: skip
# Title, author, and the git tag where the commit was released.
_COMMITS = (
    ("feat: customer, fraud and notification services", _ANA, "v1.4.0"),
    ("fix(notification): retry a mail that RabbitMQ gave back (#141)", _KIM, "v1.4.1"),
    ("feat(fraud): score repeated small amounts (#147)", _ANA, None),
    ("fix(customer): keep the locale over a redirect (#150)", _BO, None),
    ("perf(fraud): one query for the last hundred transfers (#152)", _KIM, None),
    ("docs: how the three services are built with one tag", _BO, None),
    ("fix(fraud): no score for an account without transfers (#155)", _ANA, "v1.4.2"),
)


def make(directory: Path, deadline: Deadline) -> Git:
    """Make the GitOps repository with one commit in a new or empty folder; else `UsageError`.

    The app's source is a repository beside it, so that nothing is asked of a network.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        occupied = any(directory.iterdir())
    except OSError as error:
        raise UsageError(f"{directory}: {error.strerror}", "Name another folder.") from error
    if occupied:
        raise UsageError(f"{directory} is not empty", "Name a new folder for the demo.")
    git = _bare(directory, deadline)
    source = make_source(directory / "demo" / "aurora.git", deadline)
    source.close()
    address = source.directory.as_uri().encode()
    shipped = (
        (path, data.replace(_SOURCE, address) if path == "promoter.yaml" else data)
        for path, data in sorted(_walk(files("promoter") / "demo" / "aurora", ""))
    )
    _import(git, _commit("The Aurora GitOps repository\n", f"{AUTHOR} {_TIME} +0000", shipped))
    return git


def make_source(directory: Path, deadline: Deadline) -> Git:
    """Make the source repository in a new folder: the commits between some releases."""
    directory.mkdir(parents=True)
    git = _bare(directory, deadline)
    stream = b""
    for number, (title, author, tag) in enumerate(_COMMITS):
        who = f"{author} {_START + number * _DAY} +0000"
        stream += _commit(f"{title}\n", who, [("NOTES", f"{number}\n".encode())])
        if tag:
            stream += f"reset refs/tags/{tag}\nfrom {_BRANCH}\n\n".encode()
    _import(git, stream)
    return git


def amend(git: Git, path: str, change: tuple[str, str], *, message: str, time: int) -> None:
    """Commit a text in place of another one in a file of the base; `time` in seconds."""
    text = git("show", f"{_BRANCH}:{path}")
    edited = [(path, f"{text}\n".replace(*change).encode())]
    _import(git, _commit(message, f"{AUTHOR} {time} +0000", edited, onto=f"from {_BRANCH}^0\n"))


def paths() -> list[str]:
    """Return the paths of all files of the Aurora repository, sorted."""
    return sorted(path for path, _ in _walk(files("promoter") / "demo" / "aurora", ""))


def _bare(directory: Path, deadline: Deadline) -> Git:
    git = Git(directory, deadline)
    git("init", "--quiet", "--bare", "--template=", str(directory))
    git("symbolic-ref", "HEAD", _BRANCH)
    # What the big forges allow: fetching commits without the files that are not asked for.
    git("config", "uploadpack.allowFilter", "true")
    git("config", "uploadpack.allowAnySHA1InWant", "true")
    return git


def _import(git: Git, stream: bytes) -> None:
    git("fast-import", "--quiet", "--date-format=raw", stdin=stream)


def _commit(message: str, who: str, holds: Iterable[tuple[str, bytes]], onto: str = "") -> bytes:
    """Return a commit of files in the form that `git fast-import` reads."""
    text = message.encode()
    begun = f"commit {_BRANCH}\ncommitter {who}\ndata {len(text)}\n".encode() + text + onto.encode()
    parts = (
        f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"
        for path, data in holds
    )
    return begun + b"".join(parts)


def _walk(directory: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Yield the path and bytes of every file below a folder of the package."""
    for entry in directory.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{name}/")
        else:
            yield name, entry.read_bytes()
