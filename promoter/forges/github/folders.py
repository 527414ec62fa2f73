"""Folders and files by GraphQL: many paths of a commit in one query, texts proved by their ids."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Listing = dict[str, tuple[str, int]]

# On a blob, GraphQL gives no text where it is binary, and a part where it is large.
FOLDER = """
fragment Folder on GitObject {
  ... on Tree { oid entries { name mode oid object { ... on Blob { text isTruncated } } } }
}
"""


def query(folders: Iterable[tuple[str, PurePosixPath]]) -> str:
    """Return the query for folders of commits, which answers them as `f0`, `f1` and so on."""
    shown = "\n    ".join(
        f"f{n}: object(expression: {expression(commit, folder)}) {{ ...Folder }}"
        for n, (commit, folder) in enumerate(folders)
    )
    return (
        "query Folders($owner: String!, $name: String!) {\n"
        f"  repository(owner: $owner, name: $name) {{\n    {shown}\n  }}\n}}\n{FOLDER}"
    )


def fields(prefix: str, revision: str, folders: Iterable[PurePosixPath]) -> Iterator[str]:
    """Yield the fields of a repository for folders of a revision, numbered after the prefix."""
    return (
        f"{prefix}{n}: object(expression: {expression(revision, one)}) {{ ...Folder }}"
        for n, one in enumerate(folders)
    )


def expression(revision: str, path: PurePosixPath) -> str:
    """Return a revision's path as GraphQL's literal; the root is the empty path."""
    return json.dumps(f"{revision}:{'' if path == PurePosixPath() else path}")


def listing(shown: Any) -> Listing | None:  # noqa: ANN401 - JSON
    """Return name → (object id, mode) of a folder; {} for what is none, None where it is cut off."""
    if not shown or "entries" not in shown:
        return {}
    if shown["entries"] is None:
        return None
    return {one["name"]: (str(one["oid"]), int(one["mode"])) for one in shown["entries"]}


def texts(shown: Any) -> Iterator[tuple[str, bytes]]:  # noqa: ANN401 - JSON
    """Yield id and bytes of a folder's files whose text came whole; the others are read alone."""
    for one in (shown or {}).get("entries") or ():
        blob = one.get("object") or {}
        text = blob.get("text")
        if isinstance(text, str) and not blob.get("isTruncated"):
            data = text.encode("utf-8", "surrogatepass")
            if oid(data) == one["oid"]:
                yield one["oid"], data


def oid(data: bytes) -> str:
    """Return the id that git gives to a file's bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
