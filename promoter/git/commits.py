"""Who makes a commit, and the commit that changes files of another."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePosixPath

    from promoter.git.clone import Clone

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
class Signature:
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
    by: Signature,
) -> str:
    """Make a commit on another of files with their modes, and return its id.

    A file whose content is None is removed.
    """
    made = clone.made.commit(onto, files, message=message.encode(), by=str(by))
    if by.key is None:
        return made
    # Only commit-tree signs: what was made lends it the root.
    clone.made.save()
    return _signed(clone, (clone.objects.root(made), onto), message, by, by.key)


def _signed(clone: Clone, onto: tuple[str, str], message: str, by: Signature, key: Signing) -> str:
    """Have git itself make and sign a commit with a tree and a parent; returns its id."""
    who = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", by.name), ("EMAIL", by.email), ("DATE", f"{by.time} +0000"))
    }
    tree, parent = onto
    with clone.git.program.custom_environment(**who):
        made = clone.git.attempt(
            "-c", f"gpg.format={key.format}", "-c", f"user.signingKey={key.key}",
            "commit-tree", tree, "-p", parent, "-S", stdin=message.encode(),
        )  # fmt: skip
    if made.status != 0:
        said = " ".join(made.stderr.split())[:300]
        raise UsageError(f"the commit could not be signed: {said}", "Check --signing-key.")
    return made.stdout.decode().strip()
