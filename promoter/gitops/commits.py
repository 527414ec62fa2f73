"""Commits made by plumbing: blobs and trees along the changed paths, no work tree, no index."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

from gitdb import IStream, LooseObjectDB  # type: ignore[import-untyped]  # it ships no types

from promoter.errors import UsageError
from promoter.gitops.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promoter.gitops.clone import Clone
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
    """Store a commit on `parent` that changes the contents of existing files; returns its id."""
    store = LooseObjectDB(str(clone.git.directory / "objects"))
    root = write_tree(store, clone.tree(parent), files, clone.listings)
    if by.key is not None:
        return _signed(clone, (root, parent), message, by, by.key)
    body = f"tree {root}\nparent {parent}\nauthor {by}\ncommitter {by}\n\n{message}"
    return _store(store, "commit", body.encode())


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


def write_tree(
    store: LooseObjectDB,
    tree: GitTree,
    files: Mapping[PurePosixPath, bytes],
    known: dict[str, dict[str, tuple[str, int]]],
) -> str:
    """Store the tree that results from changing existing files of another; returns its id.

    The new directories are remembered in `known` by their ids.
    """
    changed: dict[PurePosixPath, dict[str, str]] = {}
    for path, content in files.items():
        changed.setdefault(path.parent, {})[path.name] = _store(store, "blob", content)
    # Deepest first, so that each directory finds the new ids of those below it.
    while True:
        directory = max(changed, key=lambda path: len(path.parts))
        listing = dict(tree.listing(directory))
        for name, oid in changed.pop(directory).items():
            listing[name] = (oid, listing[name][1])
        oid = _store_tree(store, listing)
        known[oid] = listing
        if directory == ROOT:
            return oid
        changed.setdefault(directory.parent, {})[directory.name] = oid


def _store_tree(store: LooseObjectDB, listing: Mapping[str, tuple[str, int]]) -> str:
    """Store one directory in git's order, in which a directory sorts as if its name ended in '/'."""

    def order(item: tuple[str, tuple[str, int]]) -> bytes:
        name, (_, mode) = item
        return name.encode("utf-8", "surrogateescape") + (b"/" if stat.S_ISDIR(mode) else b"")

    # The names come from git's own trees: there is no need to check them anew.
    parts = (
        b"%o %b\0%b" % (mode, name.encode("utf-8", "surrogateescape"), bytes.fromhex(oid))
        for name, (oid, mode) in sorted(listing.items(), key=order)
    )
    return _store(store, "tree", b"".join(parts))


def _store(store: LooseObjectDB, kind: str, data: bytes) -> str:
    """Store one object and return its id."""
    stored = store.store(IStream(kind.encode(), len(data), BytesIO(data)))
    return str(stored.hexsha.decode())
