"""What the tests stand on: the Aurora repository as a real bare git repository, and the real command."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from promoter.demo import repository
from promoter.system.deadline import Deadline
from tests.command import Run, promote, promote_process
from tests.servers.refs import read_refs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.servers.github import GitHub

__all__ = [
    "AURORA",
    "BRANCH",
    "Repository",
    "Run",
    "Templates",
    "aurora",
    "copy_of",
    "empty",
    "numstat",
    "promote",
    "promote_process",
    "serving_aurora",
]

AURORA = "clusters/prod/apps/aurora/kustomization.yaml"
BRANCH = "promote/prod/aurora"
_IDENTITY = {
    "GIT_AUTHOR_NAME": "A Human",
    "GIT_AUTHOR_EMAIL": "human@example.org",
    "GIT_COMMITTER_NAME": "A Human",
    "GIT_COMMITTER_EMAIL": "human@example.org",
}


@dataclass(frozen=True)
class Repository:
    """A bare git repository on this machine."""

    path: Path

    def git(self, *arguments: str, stdin: str | None = None) -> str:
        """Run git there and return what it printed."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **_IDENTITY},
        )
        return done.stdout.strip()

    def refs(self) -> dict[str, str]:
        """Return every ref with its object."""
        own = self.path / ".git"
        return read_refs(own if own.is_dir() else self.path)

    def read(self, path: str, ref: str = "main") -> str:
        """Return a file of a branch."""
        return self.git("show", f"{ref}:{path}")

    def commit(
        self,
        branch: str,
        path: str,
        content: str,
        message: str = "A human's change",
        *,
        date: str | None = None,
    ) -> str:
        """Commit one file onto a branch as a person would, now or at a date; return the commit."""
        moment = datetime.fromisoformat(date).timestamp() if date else time.time()
        return self.commits(branch, path, [content], message, moment=moment)

    def commits(
        self,
        branch: str,
        path: str,
        contents: Iterable[str],
        message: str = "A human's change",
        *,
        moment: float | None = None,
    ) -> str:
        """Commit one file onto a branch, once for each content; return the last commit."""
        stream: list[str] = []
        for content in contents:
            stream += [
                f"commit refs/heads/{branch}", "mark :1",
                f"committer A Human <human@example.org> {int(moment or time.time())} +0000",
                f"data {len(message.encode()) + 1}", message,
                *([] if stream else [f"from refs/heads/{branch}^0"]),
                f"M 100644 inline {path}", f"data {len(content.encode())}", content,
            ]  # fmt: skip
        return self.git("fast-import", "--quiet", stdin="\n".join([*stream, "get-mark :1", ""]))


def aurora(directory: Path) -> Repository:
    """Make the Aurora repository, as a copy of one that is made a single time."""
    shutil.copytree(_aurora(), directory, dirs_exist_ok=True)
    return Repository(directory)


def is_fresh(repo: Repository) -> bool:
    """Say whether nothing has been done to an Aurora repository yet."""
    return repo.refs() == Repository(_aurora()).refs()


@contextmanager
def serving_aurora(folder: Path) -> Iterator[GitHub]:
    """Serve the Aurora repository by a GitHub that keeps it in a folder."""
    # Late: the tests of the editor need no server.
    from tests.servers import git_http
    from tests.servers.github import GitHub

    server = GitHub(folder)
    aurora(server.repository)
    git_http.configure(server.repository)
    with server:
        yield server


def empty(directory: Path) -> Repository:
    """Make a bare repository without a commit, set up as the big forges have theirs."""
    shutil.copytree(_empty(), directory, dirs_exist_ok=True)
    return Repository(directory)


class Templates:
    """The repositories that others are copied from; the session's start sets where they are."""

    directory: Path
    shared: Path
    """A folder of all workers; `directory` is this one's."""

    @classmethod
    def kept(cls, name: str, make: Callable[[Path], object]) -> Path:
        """Return a folder that is made a single time for all workers."""
        place = cls.shared / name
        if not place.exists():
            own = cls.directory / name
            make(own)
            # Another worker may have been faster.
            with suppress(OSError):
                own.rename(place)
        return place


def copy_of(name: str, path: Path, make: Callable[[Path], object]) -> Repository:
    """Return a copy of a repository that is made for the first test which begins with it."""
    shutil.copytree(Templates.kept(name, make), path, dirs_exist_ok=True)
    return Repository(path)


@cache
def _aurora() -> Path:
    """Make the Aurora repository that others are copied from."""
    made, template = Templates.directory / "aurora", Templates.directory / "aurora.git"
    repository.make(made, Deadline(300)).close()
    # A copy of one pack takes a tenth of the time that one of two hundred objects takes.
    repack = ["git", "-c", "repack.writeBitmaps=false", "repack", "-adnq"]
    subprocess.run(repack, cwd=made, check=True)
    _keep_as_written(made / "config")
    # Copies need no source of their own: their `promoter.yaml` names the one that stays here.
    shutil.copytree(made, template, ignore=shutil.ignore_patterns("demo"))
    return template


@cache
def _empty() -> Path:
    """Make the empty repository that others are copied from."""
    directory = Templates.directory / "empty.git"
    command = ["git", "init", "-q", "--bare", "--template=", "-b", "main", str(directory)]
    subprocess.run(command, check=True)
    with (directory / "config").open("a") as config:
        config.write("[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n")
    _keep_as_written(directory / "config")
    return directory


def _keep_as_written(config: Path) -> None:
    """Have git keep objects as they came: either takes a process more."""
    with config.open("a") as text:
        text.write("[receive]\n\tautogc = false\n[fastimport]\n\tunpackLimit = 1\n")


def numstat(repo: Repository, before: str, after: str) -> list[str]:
    """Return git's count of added and removed lines per file."""
    return repo.git("diff", "--numstat", before, after).splitlines()
