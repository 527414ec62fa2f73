"""Folders and files by GraphQL: many paths of a commit in one query, texts proved by their ids."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from promoter.forges.github.api.queries import repository_query

Listing = dict[str, tuple[str, int]]

# On a blob, GraphQL gives no text where it is binary, and a part where it is large.
FOLDER = """
fragment Folder on GitObject {
  ... on Tree { oid entries { name mode oid object { ... on Blob { text isTruncated } } } }
}
"""


def query(wanted: Iterable[tuple[str, PurePosixPath]]) -> str:
    """Return the query for folders of commits, which answers them as `f0`, `f1` and so on."""
    shown = (_field(f"f{n}", commit, folder) for n, (commit, folder) in enumerate(wanted))
    return repository_query("Folders", shown, FOLDER)


def fields(prefix: str, revision: str, folders: Iterable[PurePosixPath]) -> Iterator[str]:
    """Yield the fields of a repository for folders of a revision, numbered after the prefix."""
    return (_field(f"{prefix}{n}", revision, one) for n, one in enumerate(folders))


def _field(alias: str, revision: str, path: PurePosixPath) -> str:
    # The root is the empty path.
    expression = json.dumps(f"{revision}:{'' if path == PurePosixPath() else path}")
    return f"{alias}: object(expression: {expression}) {{ ...Folder }}"


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
