"""One commit's files through GitHub's API: each object is asked for once, and proved by its id."""

from __future__ import annotations

import base64
import hashlib
import stat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from promoter.domain.errors import RemoteError
from promoter.forges.github.client import FAILURES
from promoter.git.tree import ROOT, checked, kind_of, unfolded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promoter.domain.model import Kind
    from promoter.forges.github.client import Client

_BLOBS_AT_ONCE = 50


class GitHubTree:
    """A `promoter.domain.model.Tree` over one commit, read object by object as it is needed."""

    def __init__(self, reader: Reader, commit: str) -> None:
        self._reader = reader
        self._commit = commit
        self._listings: dict[PurePosixPath, dict[str, tuple[str, int]]] = {}
        self._unfolded: set[PurePosixPath] = set()

    @property
    def commit(self) -> str:
        """The commit's id."""
        return self._commit

    def entries(self, directory: PurePosixPath) -> Mapping[str, Kind]:
        """Return the names in a directory with their kinds; empty where there is no directory."""
        return {name: kind_of(mode) for name, (_, mode) in self.listing(directory).items()}

    def read(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes; for a symlink its target. Raises `KeyError` where there is none."""
        oid, mode = self.listing(path.parent)[path.name]
        if stat.S_ISDIR(mode) or not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise KeyError(str(path))
        return self._reader.blob(oid)

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        """Bring many files in few requests; names that are no file are passed over."""
        found = (self.listing(path.parent).get(path.name) for path in paths)
        self._reader.blobs([entry[0] for entry in found if entry and stat.S_ISREG(entry[1])])

    def unfold(self, directory: PurePosixPath) -> None:
        """Read all names below a directory in one request, where GitHub does not cut the answer."""
        place = self.listing(directory.parent).get(directory.name) if directory.name else None
        oid = place[0] if place else self._reader.commit(self._commit)["tree"]["sha"]
        if directory in self._unfolded or (directory.name and place is None):
            return
        self._listings |= unfolded(self._reader.below(oid), directory)
        self._unfolded.add(directory)

    def listing(self, directory: PurePosixPath) -> dict[str, tuple[str, int]]:
        """Return name → (object id, mode) of a directory; empty where there is none."""
        if directory not in self._listings:
            self._listings[directory] = checked(self._list(directory), directory)
        return self._listings[directory]

    def _list(self, directory: PurePosixPath) -> dict[str, tuple[str, int]]:
        if directory == ROOT:
            return self._reader.tree(self._reader.commit(self._commit)["tree"]["sha"])
        entry = self.listing(directory.parent).get(directory.name)
        if entry is None or not stat.S_ISDIR(entry[1]):
            return {}
        return self._reader.tree(entry[0])


class Reader:
    """Git objects through the API, each asked for once in a run."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._objects: dict[str, dict[str, Any]] = {}
        self._blobs: dict[str, bytes] = {}

    def commit(self, sha: str) -> dict[str, Any]:
        """Return a commit: tree, parents, message, author."""
        return self._object("commits", sha)

    def tree(self, sha: str) -> dict[str, tuple[str, int]]:
        """Return one directory: name → (object id, mode)."""
        entries = self._object("trees", sha)["tree"]
        return {one["path"]: (one["sha"], int(one["mode"], 8)) for one in entries}

    def below(self, sha: str) -> Iterator[tuple[str, str, int]]:
        """Yield path, id and mode of all below a directory; nothing where GitHub cuts the answer."""
        answer = self._client.read(
            f"read tree {sha[:9]}",
            lambda: self._client.ask("GET", f"/git/trees/{sha}", parameters={"recursive": "1"}),
            new=True,
        )
        if not answer.get("truncated"):
            yield from ((one["path"], one["sha"], int(one["mode"], 8)) for one in answer["tree"])

    def blob(self, sha: str) -> bytes:
        """Return a file's bytes, proved by their id."""
        if sha not in self._blobs:
            answer = self._object("blobs", sha)
            self._keep(sha, base64.b64decode(answer.get("content") or ""))
        return self._blobs[sha]

    def blobs(self, shas: list[str]) -> None:
        """Bring many files in few requests; what does not come as text is read one by one later."""
        missing = [sha for sha in dict.fromkeys(shas) if sha not in self._blobs]
        for start in range(0, len(missing), _BLOBS_AT_ONCE):
            part = missing[start : start + _BLOBS_AT_ONCE]
            fields = " ".join(
                f'b{n}: object(oid: "{sha}") {{ ... on Blob {{ text }} }}'
                for n, sha in enumerate(part)
            )
            query = "query Blobs($owner: String!, $name: String!) { repository(owner: $owner, "
            query += f"name: $name) {{ {fields} }} }}"
            names = {"owner": self._client.owner, "name": self._client.name}
            try:
                found = self._client.graphql(query, names).get("repository") or {}
            except FAILURES:
                return
            for n, sha in enumerate(part):
                text = (found.get(f"b{n}") or {}).get("text")
                if isinstance(text, str) and _oid(text.encode()) == sha:
                    self._blobs[sha] = text.encode()

    def _keep(self, sha: str, data: bytes) -> None:
        if _oid(data) != sha:
            raise RemoteError(f"the API gave other bytes than those of {sha[:9]}", "Run again.")
        self._blobs[sha] = data

    def _object(self, kind: str, sha: str) -> dict[str, Any]:
        if sha not in self._objects:
            self._objects[sha] = self._client.read(
                f"read {kind} {sha[:9]}",
                lambda: self._client.ask("GET", f"/git/{kind}/{sha}"),
                new=True,
            )
        return self._objects[sha]


def _oid(data: bytes) -> str:
    """Return the id that git gives to a file's bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
