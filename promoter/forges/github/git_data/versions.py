"""All versions of files on the base through GitHub's API, page by page, under all their names."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from dataclasses import field
from pathlib import PurePosixPath
from typing import Any

from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import Declaration
from promoter.domain.errors import RemoteError
from promoter.domain.file_versions import FileVersion
from promoter.domain.moment import seconds_of
from promoter.domain.running_period import not_before
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.failures import FAILURES, UNLIKE
from promoter.forges.github.api.queries import repository_query
from promoter.forges.github.git_data.objects import Reader

# So many commits come in one answer: of each of a few files, and of each of many.
_PAGE, _SHORT_PAGE = 30, 5
# The histories of so many files are asked for in one query.
_AT_ONCE = 20
_COMMIT = """
fragment Change on Commit {
  oid message committedDate author { name } parents(first: 1) { nodes { oid committedDate } }
  associatedPullRequests(first: 5) {
    nodes {
      number mergedAt baseRefName
      mergeCommit {
        oid message committedDate author { name }
        parents(first: 1) { totalCount nodes { committedDate } }
      }
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A part of a file's history: the commits up to one that changed the file, behind a cursor."""

    commit: str
    path: PurePosixPath
    cursor: str | None = None


def query(pages: Sequence[HistoryPage], size: int) -> str:
    """Return the query for parts of histories, which answers `h0`, `h1` and so on."""
    fields = []
    for number, page in enumerate(pages):
        path, after = json.dumps(str(page.path)), json.dumps(page.cursor)
        fields.append(
            f"h{number}: object(oid: {json.dumps(page.commit)}) {{ ... on Commit {{ "
            f"history(first: {size}, after: {after}, path: {path}) {{ "
            "pageInfo { hasNextPage endCursor } nodes { ...Change "
            f"file(path: {path}) {{ oid object {{ ... on Blob {{ text isTruncated }} }} }} "
            "} } } }"
        )
    return repository_query("Versions", fields, _COMMIT)


@dataclass(slots=True)
class GitHubVersions:
    """The versions of some files up to a commit of a base branch; the first of all come together.

    GitHub lists the commits that a merged pull brought, and not the merge: they count as one
    version, with which the merge reached the base. A merge that no pull made is known by its commits.
    """

    client: Client
    reader: Reader
    base: str
    commit: str
    paths: tuple[PurePosixPath, ...]
    now: int
    """In seconds since the epoch; a date after it proves nothing."""
    _first: dict[PurePosixPath, dict[str, Any]] = field(default_factory=dict)

    def of(self, path: PurePosixPath) -> Iterator[FileVersion]:
        """Yield one file's versions, newest first; raises `RemoteError` where there is no answer."""
        merges: set[str] = set()
        rows = self._rows(path)
        row = next(rows, None)
        while row is not None:
            merge, following = self._merge(row), None
            if merge is None:
                yield self._version(row)
            elif (oid := merge["mergeCommit"]["oid"]) not in merges:
                merges.add(oid)
                message, following = self._brought(row, oid, rows)
                yield self._version({**row, "message": message}, merge)
            row = following or next(rows, None)

    def _brought(
        self, row: dict[str, Any], merge: str, rows: Iterator[dict[str, Any]]
    ) -> tuple[str, dict[str, Any] | None]:
        """Return what the commits of a merge say, and the first row that is read beyond them.

        It is the newest of them that declares a promotion: people add theirs to it.
        """
        own: dict[str, Any] | None = row
        while own and (by := self._merge(own)) and by["mergeCommit"]["oid"] == merge:
            if Declaration.parse(own["message"]) is not None:
                return own["message"], None
            own = next(rows, None)
        return row["message"], own

    def _rows(self, path: PurePosixPath) -> Iterator[dict[str, Any]]:
        """Yield the commits that changed a file, under all its names, each with its `path`."""
        page: HistoryPage | None = HistoryPage(self.commit, path)
        while page is not None:
            page = yield from self._of_one_name(page)

    def _of_one_name(
        self, page: HistoryPage
    ) -> Generator[dict[str, Any], None, HistoryPage | None]:
        """Yield the commits that changed a file under one name; return where an older one begins."""
        newer: dict[str, Any] | None = None
        is_first = page.path in self.paths and page.commit == self.commit
        shown = self._first_page(page.path) if is_first else self._ask([page], _PAGE)[0]
        while True:
            for row in shown["nodes"]:
                # Behind a commit without the file there is one that made it, under this name.
                if newer and newer["file"] and not row["file"] and (old := self._old(newer, page)):
                    return old
                yield {**row, "path": page.path}
                newer = row
            if not shown["pageInfo"]["hasNextPage"]:
                return self._old(newer, page) if newer and newer["file"] else None
            cursor = shown["pageInfo"]["endCursor"]
            shown = self._ask([HistoryPage(page.commit, page.path, cursor)], _PAGE)[0]

    def _old(self, row: dict[str, Any], page: HistoryPage) -> HistoryPage | None:
        """Return the history of what a file was called before the commit that made it; None for new."""
        if not (parents := row["parents"]["nodes"]):
            return None
        changed = self.client.read(
            "read a commit", lambda: self.client.ask("GET", f"/commits/{row['oid']}")
        )
        for one in changed.get("files") or ():
            if one["filename"] == str(page.path) and one["status"] == "renamed":
                return HistoryPage(parents[0]["oid"], PurePosixPath(one["previous_filename"]))
        return None

    def _first_page(self, path: PurePosixPath) -> dict[str, Any]:
        """Return the newest part of a file's history; those of the next files come with it."""
        if path not in self._first:
            place = self.paths.index(path)
            # They are read in an order of their own: all of a few files come with the first.
            others = (*self.paths[place:], *self.paths[:place])
            wanted = [one for one in others if one not in self._first][:_AT_ONCE]
            size = _PAGE if len(self.paths) <= _AT_ONCE else _SHORT_PAGE
            found = self._ask([HistoryPage(self.commit, one) for one in wanted], size)
            self._first |= dict(zip(wanted, found, strict=True))
        return self._first[path]

    def _ask(self, pages: Sequence[HistoryPage], size: int) -> list[dict[str, Any]]:
        try:
            answer = self.client.query(query(pages, size))
            return [dict(answer[f"h{number}"]["history"]) for number, _ in enumerate(pages)]
        except (*UNLIKE, *FAILURES) as error:
            if getattr(error, "status", None) == 404:
                raise RemoteError(
                    f"the API of {self.client.owner}/{self.client.name} has no GraphQL, through "
                    "which transport api reads a history",
                    "Use --transport git.",
                ) from error
            raise self.client.failure("read the history", error) from error

    def _merge(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Return the pull by which a commit was merged into the base, if it was; not by a squash."""
        merged = [one for one in self._pulls(row) if _parents(one["mergeCommit"]) > 1]
        return min(merged, key=lambda one: str(one["mergedAt"]), default=None)

    def _pulls(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            one
            for one in row["associatedPullRequests"]["nodes"]
            if one["mergedAt"] and one["mergeCommit"] and one["baseRefName"] == self.base
        ]

    def _version(self, row: dict[str, Any], merge: dict[str, Any] | None = None) -> FileVersion:
        """Return a version; a content that did not come as text is read alone."""
        data = b""
        if row["file"]:
            self.reader.keep_text(row["file"])
            data = self.reader.blob(row["file"]["oid"])
        base = merge["mergeCommit"] if merge else row
        pull = merge or next(iter(self._pulls(row)), None)
        parents = [seconds_of(one["committedDate"]) for one in base["parents"]["nodes"]]
        return FileVersion(
            base["oid"],
            not_before(seconds_of(base["committedDate"]), parents, self.now),
            row["message"],
            data,
            author=base["author"]["name"] or "",
            title=base["message"].partition("\n")[0],
            pull=pull["number"] if pull else None,
            path=row["path"],
        )


def _parents(commit: dict[str, Any]) -> int:
    return int(commit["parents"]["totalCount"])
