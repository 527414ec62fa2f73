"""Git objects through GitHub's API: each is asked for once in a run, many in one query where they can."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypeVar

from promoter.domain.errors import RemoteError
from promoter.domain.moment import seconds_of
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.failures import FAILURES, GitHubError
from promoter.forges.github.api.queries import repository_query
from promoter.forges.github.git_data import folders
from promoter.forges.github.git_data.folders import Listing, listing, oid, texts

T = TypeVar("T")

_BLOBS_AT_ONCE = 50
_FOLDERS_AT_ONCE = 100
# So many commits before one prove when it was made at the earliest.
_ANCESTORS = 100
_DATES_AT_ONCE = 40


class Commit(NamedTuple):
    """A commit as git keeps it: the ids of its tree and of its parents, and its message."""

    tree: str
    parents: tuple[str, ...]
    message: str


class Reader:
    """Git objects through the API, each asked for once in a run."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._objects: dict[tuple[str, str, bool], Any] = {}
        self._blobs: dict[str, bytes] = {}
        self.folders: dict[tuple[str, PurePosixPath], Listing] = {}
        """The folders that came by GraphQL, by commit and path; {} for a path that is none."""
        self.absent: set[tuple[str, PurePosixPath]] = set()
        """The paths at which a commit has nothing."""
        self.parents: set[tuple[str, PurePosixPath]] = set()
        """The folders that are known for what is in one below them."""
        self._dates: dict[str, list[int]] = {}
        """When commits and their newest ancestors were made."""
        self._ancestors: dict[tuple[str, str], bool] = {}
        """Whether the first of two commits led to the second, as far as it is known."""

    def read_folders(self, commit: str, paths: Iterable[PurePosixPath]) -> None:
        """Fetch folders with their files' texts, many in one query; without GraphQL nothing comes."""
        self.read_folders_of((commit, one) for one in paths)

    def read_folders_of(self, wanted: Iterable[tuple[str, PurePosixPath]]) -> None:
        """Fetch folders of several commits likewise."""
        missing = [one for one in dict.fromkeys(wanted) if one not in self.folders]
        for start in range(0, len(missing), _FOLDERS_AT_ONCE):
            part = missing[start : start + _FOLDERS_AT_ONCE]
            try:
                found = self._client.query(folders.query(part))
                for n, (commit, path) in enumerate(part):
                    self.keep_folder(commit, path, found[f"f{n}"])
            except FAILURES:
                return

    def dates_behind(self, commit: str, others: Iterable[str]) -> list[int]:
        """Return when a commit and its newest ancestors were made, in seconds since the epoch.

        Those of the `others` come with them, as far as one query takes them.
        """
        if commit not in self._dates:
            new = (one for one in dict.fromkeys((commit, *others)) if one not in self._dates)
            wanted = list(islice(new, _DATES_AT_ONCE))
            with suppress(*FAILURES):
                found = self._client.query(dates_query(wanted))
                for number, one in enumerate(wanted):
                    nodes = found[f"d{number}"]["history"]["nodes"]
                    self._dates[one] = [seconds_of(node["committedDate"]) for node in nodes]
        if commit not in self._dates:
            parameters = {"sha": commit, "per_page": str(_ANCESTORS)}
            shown = self._client.read(
                "read what a commit stands on",
                lambda: self._client.ask("GET", "/commits", parameters=parameters),
            )
            dates = [seconds_of(one["commit"]["committer"]["date"]) for one in shown]
            self._dates[commit] = dates
        return self._dates[commit]

    def keep_text(self, shown: Any) -> None:  # noqa: ANN401 - JSON
        """Keep a file's text as GraphQL showed it with its id."""
        self._blobs |= dict(texts({"entries": [shown]}))

    def keep_folder(self, commit: str, path: PurePosixPath, shown: Any) -> None:  # noqa: ANN401 - JSON
        """Keep a folder as GraphQL showed it; one that was cut off is read alone later."""
        found = listing(shown)
        if shown is None:
            self.absent.add((commit, path))
        if found is not None:
            self.folders[commit, path] = found
            self.parents |= {(commit, one) for one in path.parents if found}
            self._blobs |= dict(texts(shown))

    def commit(self, sha: str) -> Commit:
        """Return a commit."""
        return self._object("commits", sha, _commit)

    def is_ancestor(self, sha: str, of: str) -> bool:
        """Return whether a commit is another, or led to it."""

        def ask() -> bool:
            try:
                shown = self._client.ask("GET", f"/compare/{of}...{sha}")
            except GitHubError as error:
                # There is no such commit, or the two have none in common.
                if error.status == 404:
                    return False
                raise
            return shown["status"] in ("behind", "identical")

        key = sha, of
        if key not in self._ancestors:
            self._ancestors[key] = sha == of or self._client.read(f"read commit {sha[:9]}", ask)
        return self._ancestors[key]

    def keep_ancestors(self, of: str, shas: Iterable[str]) -> None:
        """Remember that some commits led to another."""
        self._ancestors |= {(sha, of): True for sha in shas}

    def tree(self, sha: str) -> dict[str, tuple[str, int]]:
        """Return one directory: name → (object id, mode)."""
        return {name: (oid, mode) for name, oid, mode in self._object("trees", sha, _entries)}

    def below(self, sha: str) -> list[tuple[str, str, int]]:
        """Return path, id and mode of all below a directory; nothing where GitHub cuts the answer."""
        return self._object("trees", sha, _whole, {"recursive": "1"})

    def blob(self, sha: str) -> bytes:
        """Return a file's bytes, proved by their id."""
        if sha not in self._blobs:
            self._keep(sha, self._object("blobs", sha, _content))
        return self._blobs[sha]

    def blobs(self, shas: list[str]) -> None:
        """Fetch many files in few requests; what does not come as text is read one by one later."""
        missing = [sha for sha in dict.fromkeys(shas) if sha not in self._blobs]
        for start in range(0, len(missing), _BLOBS_AT_ONCE):
            part = missing[start : start + _BLOBS_AT_ONCE]
            shown = (
                f'b{n}: object(oid: "{sha}") {{ ... on Blob {{ text }} }}'
                for n, sha in enumerate(part)
            )
            try:
                found = self._client.query(repository_query("Blobs", shown))
                read = [(found[f"b{n}"] or {}).get("text") for n, _ in enumerate(part)]
            except FAILURES:
                return
            for sha, text in zip(part, read, strict=True):
                if isinstance(text, str) and oid(text.encode()) == sha:
                    self._blobs[sha] = text.encode()

    def _keep(self, sha: str, data: bytes) -> None:
        if oid(data) != sha:
            raise RemoteError(f"the API gave other bytes than those of {sha[:9]}", "Run again.")
        self._blobs[sha] = data

    def _object(
        self,
        kind: str,
        sha: str,
        parsed: Callable[[Any], T],
        parameters: Mapping[str, str] | None = None,
    ) -> T:
        """Return what the answer about an object is parsed to; it is asked for once."""
        key = kind, sha, parameters is None
        if key not in self._objects:
            self._objects[key] = self._client.read(
                f"read {kind} {sha[:9]}",
                lambda: parsed(
                    self._client.ask("GET", f"/git/{kind}/{sha}", parameters=parameters)
                ),
                new=True,
            )
        found: T = self._objects[key]
        return found


def dates_query(commits: Iterable[str]) -> str:
    """Return the query for when commits and their ancestors were made: as `d0`, `d1` and so on."""
    nodes = f"history(first: {_ANCESTORS}) {{ nodes {{ committedDate }} }}"
    return repository_query(
        "Dates",
        (
            f"d{number}: object(oid: {json.dumps(one)}) {{ ... on Commit {{ {nodes} }} }}"
            for number, one in enumerate(commits)
        ),
    )


def _commit(shown: Any) -> Commit:  # noqa: ANN401 - JSON
    parents = tuple(str(one["sha"]) for one in shown["parents"])
    return Commit(str(shown["tree"]["sha"]), parents, str(shown["message"]))


def _entries(shown: Any) -> list[tuple[str, str, int]]:  # noqa: ANN401 - JSON
    if shown.get("truncated"):
        raise RemoteError(
            "GitHub shows only a part of a folder with very many files", "Use --transport git"
        )
    return [(str(one["path"]), str(one["sha"]), int(one["mode"], 8)) for one in shown["tree"]]


def _whole(shown: Any) -> list[tuple[str, str, int]]:  # noqa: ANN401 - JSON
    return [] if shown.get("truncated") else _entries(shown)


def _content(shown: Any) -> bytes:  # noqa: ANN401 - JSON
    return base64.b64decode(shown["content"] or "")
