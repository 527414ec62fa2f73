"""Commits made by `git fast-import` of changed files alone: no work tree, no index, no file brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.git.failures import failure
from promoter.git.program import Result

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePosixPath

    from git.cmd import Git as Program

    from promoter.git.program import Git

_REF = "refs/promoter/made"


class FastImport:
    """One process for all commits of a clone that are pushed together; it answers with their ids."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: Program.AutoInterrupt | None = None
        self._marks: dict[str, int] = {}

    def commit(
        self,
        onto: str,
        files: Mapping[PurePosixPath, tuple[int, bytes | None]],
        *,
        message: bytes,
        by: str,
    ) -> str:
        """Make a commit of files with their modes and return its id; git has it after `save`.

        A file whose content is None is removed.
        """
        if self._process is None:
            # The clone lives as long as the run: what it holds need not outlive a power cut.
            self._process = self._git.start(
                "-c", "core.fsync=none", "-c", "fastimport.unpackLimit=0",
                "fast-import", "--quiet", "--force", "--date-format=raw",
            )  # fmt: skip
        # By its mark where it is not saved yet: git would ask the remote for the id.
        mark, start = len(self._marks) + 1, self._marks.get(onto)
        parts = [
            f"commit {_REF}\nmark :{mark}\nauthor {by}\ncommitter {by}\n".encode(),
            _data(message),
            f"from :{start}\n".encode() if start else f"from {onto}\n".encode(),
        ]
        for path, (mode, data) in files.items():
            if data is None:
                parts.append(b"D %b\n" % _quoted(path))
            else:
                parts += [b"M %o inline %b\n" % (mode, _quoted(path)), _data(data)]
        made = self._answer(b"".join([*parts, f"get-mark :{mark}\n".encode()]))
        self._marks.setdefault(made, mark)
        return made

    def save(self) -> None:
        """Give git what was made since the last time."""
        if self._process is not None:
            result = self._finished()
            if result.status != 0:
                raise failure("fast-import", result)

    def close(self) -> None:
        """End the process; what was not saved is lost."""
        if self._process is not None:
            self._process.kill()
            self._finished()

    def _answer(self, commands: bytes) -> str:
        """Return the line that git answers commands with."""
        assert self._process is not None
        try:
            self._process.stdin.write(commands)
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise failure("fast-import", self._finished())
        return str(line, "ascii").strip()

    def _finished(self) -> Result:
        """Return how the process ended, which it does when it is told no more."""
        assert self._process is not None
        process, self._process = self._process, None
        self._marks.clear()
        return self._git.finish(process, "fast-import")


def _data(content: bytes) -> bytes:
    """Return content as the stream has it."""
    return b"data %d\n%b\n" % (len(content), content)


def _quoted(path: PurePosixPath) -> bytes:
    """Return a path in quotes, so that it may hold any byte."""
    raw = str(path).encode("utf-8", "surrogateescape")
    for one, instead in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n")):
        raw = raw.replace(one, instead)
    return b'"%b"' % raw
