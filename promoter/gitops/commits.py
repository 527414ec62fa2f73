"""Commits made by plumbing: blobs and trees along the changed paths, no work tree, no index."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

from promoter.errors import UsageError
from promoter.gitops.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promoter.gitops.clone import Clone
    from promoter.gitops.objects import Objects
    from promoter.gitops.tree import GitTree


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
        if Path(text).expanduser().is_file():
            return cls(str(Path(text).expanduser().absolute()), "ssh")
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
    clone: Clone, parent: str, files: Mapping[PurePosixPath, bytes], *, message: str, by: Signature
) -> str:
    """Make a commit on `parent` that changes the contents of existing files; returns its id."""
    root = write_tree(clone.objects, clone.tree(parent), files)
    if by.key is not None:
        clone.objects.save()
        return _signed(clone, (root, parent), message, by, by.key)
    body = f"tree {root}\nparent {parent}\nauthor {by}\ncommitter {by}\n\n{message}"
    return clone.objects.add("commit", body.encode())


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


def write_tree(objects: Objects, tree: GitTree, files: Mapping[PurePosixPath, bytes]) -> str:
    """Make the tree that results from changing existing files of another; returns its id.

    Of each directory on the way, the bytes of the ids that change are replaced and no others.
    """
    changed: dict[PurePosixPath, dict[str, str]] = {}
    for path, content in files.items():
        oid = objects.add("blob", content, like=tree.oid(path))
        changed.setdefault(path.parent, {})[path.name] = oid
    # Deepest first, so that each directory finds the new ids of those below it.
    while True:
        directory = max(changed, key=lambda path: len(path.parts))
        listing = dict(tree.listing(directory))
        before = tree.oid(directory)
        data = objects.read(before)
        for name, oid in changed.pop(directory).items():
            data = _replaced(data, name, listing[name], oid)
            listing[name] = (oid, listing[name][1])
        oid = objects.add_directory(listing, data, like=before)
        if directory == ROOT:
            return oid
        changed.setdefault(directory.parent, {})[directory.name] = oid


def _replaced(data: bytes, name: str, entry: tuple[str, int], oid: str) -> bytes:
    """Return a directory's bytes with another object id for one of its names."""
    old, mode = entry
    start = b"%o %b\0" % (mode, name.encode("utf-8", "surrogateescape"))
    before = start + bytes.fromhex(old)
    if data.count(before) != 1:
        msg = f"a directory does not hold {name!r} exactly once as it was read"
        raise AssertionError(msg)
    return data.replace(before, start + bytes.fromhex(oid))
