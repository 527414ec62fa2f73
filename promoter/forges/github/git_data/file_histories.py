"""The newest versions of files by GraphQL: many files of a commit in one query."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Self

from promoter.domain.dataclass import dataclass
from promoter.domain.model import Tree
from promoter.forges.github.api.queries import repository_query

# So many versions of each come: most files tell in them since when they have what they have.
VERSIONS = 4
VERSION = """
fragment Version on Commit {
  oid message committedDate parents(first: 1) { nodes { committedDate } }
  associatedPullRequests(first: 5) { nodes { number mergedAt baseRefName mergeCommit { oid } } }
}
"""


@dataclass(frozen=True, slots=True)
class FileHistories:
    """The versions of some files up to a commit, as a field of a repository in GraphQL."""

    commit: str
    paths: Sequence[PurePosixPath]

    @classmethod
    def of(cls, wanted: tuple[Tree, Sequence[PurePosixPath]] | None) -> Self:
        """Return the histories of files of a commit; those of none ask for nothing."""
        return cls(wanted[0].commit, wanted[1]) if wanted else cls("", ())

    @property
    def field(self) -> str:
        """The field `histories`; empty without files."""
        if not self.paths:
            return ""
        fields = " ".join(history_field(n, path) for n, path in enumerate(self.paths))
        return (
            f"histories: object(oid: {json.dumps(self.commit)}) {{ ... on Commit {{ {fields} }} }}"
        )

    @property
    def fragment(self) -> str:
        """What the field needs beside it in the document."""
        return VERSION if self.paths else ""

    @property
    def query(self) -> str:
        """The query for nothing else."""
        return repository_query("History", [self.field], self.fragment)

    def read(self, repository: Any) -> dict[tuple[str, PurePosixPath], list[dict[str, Any]]]:  # noqa: ANN401 - JSON
        """Return the versions in an answer, by commit and path."""
        if not self.paths:
            return {}
        found = repository["histories"]
        return {(self.commit, path): found[f"h{n}"]["nodes"] for n, path in enumerate(self.paths)}


NO_HISTORIES = FileHistories("", ())


def history_field(number: int, path: PurePosixPath) -> str:
    """Return the field of a commit that holds the versions of one file."""
    name = json.dumps(str(path))
    return (
        f"h{number}: history(first: {VERSIONS}, path: {name}) {{ nodes {{ ...Version "
        f"file(path: {name}) {{ oid object {{ ... on Blob {{ text isTruncated }} }} }} }} }}"
    )
