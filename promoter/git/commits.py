"""Commits that change files of another: who makes them, and `git fast-import`, which writes them.

No work tree, no index, and no file is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.git.failures import git_error
from promoter.git.program import Git, GitResult

if TYPE_CHECKING:
    from git.cmd import Git as Program

    from promoter.git.clone import Clone

# Apart from what a look at the remote has fetched.
_REF = "refs/promoter-made"
_GPG_ID = re.compile(r"(?:0x)?[0-9A-Fa-f]{8,40}!?|[^\s@<>-][^\s@<>]*@[^\s@<>]+")


@dataclass(frozen=True, slots=True)
class Signing:
    """The key that commits are signed with: an SSH key by its path or literal, or a GPG key's id."""

    key: str
    format: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return a signing key, or raise `UsageError` for a path that leads nowhere."""
        if text.startswith(("key::", "ssh-")):
            return cls(text if text.startswith("key::") else f"key::{text}", "ssh")
        with suppress(RuntimeError, ValueError):  # there may be no such home, and no such path
            if (path := Path(text).expanduser()).is_file():
                return cls(str(path.absolute()), "ssh")
        if _GPG_ID.fullmatch(text):
            return cls(text, "openpgp")
        raise UsageError(
            f"--signing-key {text!r} is neither a file nor the id of a GPG key",
            "Give the path of an SSH key, or the long id of a GPG key.",
        )


@dataclass(frozen=True, slots=True)
class Authorship:
    """Who makes a commit and when (seconds since the epoch, UTC), and with which key it is signed."""

    name: str
    email: str
    time: int
    key: Signing | None = None

    def __str__(self) -> str:
        """Return git's own form of it."""
        return f"{self.name} <{self.email}> {self.time} +0000"


def write_commit(
    clone: Clone,
    onto: str,
    files: Mapping[PurePosixPath, tuple[int, bytes | None]],
    *,
    message: str,
    by: Authorship,
) -> str:
    """Make a commit on another of files with their modes, and return its id.

    A file whose content is None is removed.
    """
    changes = [_change(path, mode, data) for path, (mode, data) in files.items()]
    return _written(clone, (onto,), changes, message=message, by=by)


def write_merge(clone: Clone, parents: tuple[str, str], *, message: str, by: Authorship) -> str:
    """Make a commit on two others with the files of the second, and return its id."""
    # The whole tree is named by the empty path.
    root = b'M 040000 %b ""\n' % clone.objects.root(parents[1]).encode()
    return _written(clone, parents, [root], message=message, by=by)


def _written(
    clone: Clone, parents: Sequence[str], changes: Sequence[bytes], *, message: str, by: Authorship
) -> str:
    """Make a commit of changes of the first parent's files."""
    made = clone.made.commit(parents, changes, message=message.encode(), by=str(by))
    if by.key is None:
        return made
    # Only commit-tree signs: what was made lends it the root.
    clone.made.save()
    return _signed(clone, clone.objects.root(made), parents, message=message, by=by)


def _signed(
    clone: Clone, tree: str, parents: Sequence[str], *, message: str, by: Authorship
) -> str:
    """Make and sign a commit by git itself, and return its id."""
    assert by.key is not None
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", by.name), ("EMAIL", by.email), ("DATE", f"{by.time} +0000"))
    }
    on = [word for one in parents for word in ("-p", one)]
    with clone.git.program.custom_environment(**who):
        made = clone.git.attempt(
            "-c", f"gpg.format={by.key.format}", "-c", f"user.signingKey={by.key.key}",
            "commit-tree", tree, *on, "-S", stdin=message.encode(),
        )  # fmt: skip
    if made.status != 0:
        said = " ".join(made.stderr.split())[:300]
        raise UsageError(f"the commit could not be signed: {said}", "Check --signing-key.")
    return made.stdout.decode().strip()


class FastImport:
    """One process for all commits of a clone that are pushed together; it answers with their ids."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: Program.AutoInterrupt | None = None
        self._marks: dict[str, int] = {}

    def commit(
        self, parents: Sequence[str], changes: Sequence[bytes], *, message: bytes, by: str
    ) -> str:
        """Make a commit of changes of the first parent's files and return its id.

        Git has it after `save`.
        """
        if self._process is None:
            # The clone lives as long as the run: what it holds need not outlive a power cut.
            self._process = self._git.start(
                "-c", "core.fsync=none", "-c", "fastimport.unpackLimit=0",
                "fast-import", "--quiet", "--force", "--date-format=raw",
            )  # fmt: skip
        mark = len(self._marks) + 1
        first, *others = map(self._named, parents)
        parts = [
            f"commit {_REF}\nmark :{mark}\nauthor {by}\ncommitter {by}\n".encode(),
            _data(message),
            f"from {first}\n".encode(),
            *(f"merge {one}\n".encode() for one in others),
            *changes,
        ]
        made = self._answer(b"".join([*parts, f"get-mark :{mark}\n".encode()]))
        self._marks.setdefault(made, mark)
        return made

    def _named(self, commit: str) -> str:
        """Return a commit by its mark where it is not saved yet: git would ask the remote for the id."""
        return f":{self._marks[commit]}" if commit in self._marks else commit

    def save(self) -> None:
        """Give git what was made since the last time."""
        if self._process is not None:
            result = self._finished()
            if result.status != 0:
                raise git_error("fast-import", result)

    def close(self) -> None:
        """End the process; what was not saved is lost."""
        if self._process is not None:
            self._process.kill()
            self._finished()

    def _answer(self, commands: bytes) -> str:
        assert self._process is not None
        try:
            self._process.stdin.write(commands)
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise git_error("fast-import", self._finished())
        return str(line, "ascii").strip()

    def _finished(self) -> GitResult:
        """Return how the process ended, which it does when it is told no more."""
        assert self._process is not None
        process, self._process = self._process, None
        self._marks.clear()
        return self._git.finish(process, "fast-import")


def _change(path: PurePosixPath, mode: int, data: bytes | None) -> bytes:
    if data is None:
        return b"D %b\n" % _quoted(path)
    return b"M %o inline %b\n%b" % (mode, _quoted(path), _data(data))


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _quoted(path: PurePosixPath) -> bytes:
    raw = str(path).encode("utf-8", "surrogateescape")
    for one, instead in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n")):
        raw = raw.replace(one, instead)
    return b'"%b"' % raw
