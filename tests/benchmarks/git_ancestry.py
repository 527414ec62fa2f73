"""Histories of large repositories, as git itself tells them with its graph of commits."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from tests.servers.github.ancestry import Ancestry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.github.objects import Objects


class GitAncestry(Ancestry):
    """How the commits of one repository follow each other: a process a question, none of which reads all.

    Twenty thousand commits, of which the tests' server reads each, take it minutes. What git has said
    of a path it says once: a forge knows that, and the walk of git is not what is measured.
    """

    def __init__(self, path: Path, objects: Objects) -> None:
        super().__init__(objects)
        self._path = path
        self._known: dict[tuple[str, str], list[str]] = {}

    def is_ancestor(self, old: str, new: str) -> bool:
        """Say whether a commit is the other or in its history."""
        return self._git("merge-base", "--is-ancestor", old, new).returncode == 0

    def merge_base(self, one: str, other: str) -> str | None:
        """Return where two histories part."""
        return self._git("merge-base", one, other).stdout.strip() or None

    def listed(self, tip: str, *, without: str = "", path: str = "") -> Iterator[str]:
        """Yield the commits of a history, newest first: those another lacks, those that changed a path."""
        if not path:
            yield from self._walked(tip, *([f"^{without}"] if without else []), "--")
            return
        if (tip, path) not in self._known:
            self._known[tip, path] = list(self._walked(tip, "--", path))
        yield from self._known[tip, path]

    def _walked(self, *arguments: str) -> Iterator[str]:
        """Yield the commits that git lists, as long as somebody wants more of them."""
        process = subprocess.Popen(
            ["git", "rev-list", *arguments],
            cwd=self._path, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        with process, process.stdout:
            try:
                for line in process.stdout:
                    yield line.strip()
            finally:
                process.kill()

    def _git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments], cwd=self._path, capture_output=True, text=True, check=False
        )
