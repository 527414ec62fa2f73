"""What the tests stand on: the Aurora repository as a real bare git repository, and the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promoter.demo import repository
from promoter.domain.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AURORA = "clusters/prod/apps/aurora/kustomization.yaml"
BRANCH = "promote/prod/aurora"
_IDENTITY = {
    "GIT_AUTHOR_NAME": "A Human",
    "GIT_AUTHOR_EMAIL": "human@example.org",
    "GIT_COMMITTER_NAME": "A Human",
    "GIT_COMMITTER_EMAIL": "human@example.org",
}


@dataclass(frozen=True)
class Run:
    """One run of the command."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The envelope on stdout."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found


def promote(*arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Run:
    """Run the real command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "promoter", *arguments],
        capture_output=True,
        text=True,
        # What ends a run is its own deadline; this ends one that does not heed it.
        timeout=600,
        check=False,
        cwd=cwd,
        env={**os.environ, **(env or {})},
    )
    return Run(done.returncode, done.stdout, done.stderr)


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
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def read(self, path: str, ref: str = "main") -> str:
        """Return a file of a branch."""
        return self.git("show", f"{ref}:{path}")

    def commit(
        self, branch: str, path: str, content: str, message: str = "A human's change"
    ) -> str:
        """Commit one file onto a branch as a person would, and return the commit."""
        blob = self.git("hash-object", "-w", "--stdin", stdin=content)
        index = {"GIT_INDEX_FILE": str(self.path / "human.index")}
        environment = {**os.environ, **_IDENTITY, **index}

        def run(*arguments: str) -> str:
            return subprocess.run(
                ["git", *arguments], cwd=self.path, env=environment, check=True,
                capture_output=True, text=True,
            ).stdout.strip()  # fmt: skip

        run("read-tree", branch)
        run("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
        tree = run("write-tree")
        commit = run("commit-tree", tree, "-p", branch, "-m", message)
        self.git("update-ref", f"refs/heads/{branch}", commit)
        return commit


def aurora(directory: Path) -> Repository:
    """Make the Aurora repository."""
    repository.make(directory, Deadline(300)).close()
    return Repository(directory)


def numstat(repo: Repository, before: str, after: str) -> list[str]:
    """Return git's count of added and removed lines per file."""
    return repo.git("diff", "--numstat", before, after).splitlines()
