"""A file's history through GitHub's API: its newest versions, and when each reached the base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from promoter.domain.dataclass import dataclass
from promoter.domain.file_versions import FileVersion
from promoter.domain.moment import seconds_of
from promoter.domain.pull_number import pull_number
from promoter.domain.running_period import not_before
from promoter.forges.github.api.client import Client
from promoter.forges.github.git_data.file_histories import VERSIONS
from promoter.forges.github.git_data.objects import Reader
from promoter.forges.github.git_data.tree import GitHubTree

# Of so many versions of each file it is mostly asked what they stand on.
_PROVED = 2


@dataclass(slots=True)
class GitHubHistory:
    """The versions of one file up to a commit, newest first, each read when it is come to.

    GitHub lists the commits that a merged pull brought, and not the merge: what is shown of such a
    one is its own message and content, and the moment at which its pull brought it to the base.
    """

    client: Client
    reader: Reader
    commit: str
    path: PurePosixPath
    now: int
    """In seconds since the epoch; a date after it proves nothing."""
    rows: list[dict[str, Any]] | None = None
    """The versions as GraphQL shows them, where it does."""
    base: str | None = None
    """The branch whose history it is: a pull that was merged elsewhere did not bring a commit here."""
    most: int = VERSIONS
    """So many versions are gone through: each costs some requests."""
    proved: bool = False
    """Whether a request more tells, of each commit that no pull brought, what it stands on."""
    _listed: list[dict[str, Any]] | None = None

    def __iter__(self) -> Iterator[FileVersion]:
        """Yield the versions; raises `RemoteError` where GitHub has no answer."""
        if self.rows is not None:
            for number, row in enumerate(self.rows):
                yield self._version(row, last=number == VERSIONS - 1)
            return
        if self._listed is None:
            wanted = {"sha": self.commit, "path": str(self.path), "per_page": str(self.most)}
            self._listed = self.client.read(
                "read the history", lambda: self.client.ask("GET", "/commits", parameters=wanted)
            )
        for number, one in enumerate(self._listed):
            commit, moment, pull = self._arrival(one)
            try:
                data = GitHubTree(self.reader, one["sha"]).read(self.path)
            except KeyError:
                data = b""
            last = number == self.most - 1
            yield FileVersion(commit, moment, one["commit"]["message"], data, last, pull)

    def _version(self, row: dict[str, Any], *, last: bool) -> FileVersion:
        """Return a version from GraphQL; a content that did not come as text is read alone."""
        merged = [
            (seconds_of(one["mergedAt"]), str(one["mergeCommit"]["oid"]), one["number"])
            for one in row["associatedPullRequests"]["nodes"]
            if one["mergedAt"] and one["mergeCommit"] and self.base in (None, one["baseRefName"])
        ]
        number = pull_number(row["message"])
        moment, commit, pull = min(merged, default=(0, str(row["oid"]), number))
        if not merged:
            parents = [seconds_of(one["committedDate"]) for one in row["parents"]["nodes"]]
            moment = self._moment(commit, seconds_of(row["committedDate"]), parents)
        data = b""
        if row["file"]:
            self.reader.keep_text(row["file"])
            data = self.reader.blob(row["file"]["oid"])
        return FileVersion(commit, moment, row["message"], data, last, pull)

    def _arrival(self, shown: dict[str, Any]) -> tuple[str, int, int | None]:
        """Return with which commit, when and by which pull request a commit reached the base."""
        # Without an answer it is not known when it came: its own date may be days before that.
        pulls = self.client.read(
            "read what brought a commit",
            lambda: self.client.ask("GET", f"/commits/{shown['sha']}/pulls"),
        )
        merged = [
            one
            for one in pulls
            if one.get("merged_at")
            and one.get("merge_commit_sha")
            and self.base in (None, one["base"]["ref"])
        ]
        if not merged:
            own = seconds_of(shown["commit"]["committer"]["date"])
            moment = self._moment(shown["sha"], own, ())
            return shown["sha"], moment, pull_number(shown["commit"]["message"])
        first = min(merged, key=lambda one: str(one["merged_at"]))
        return first["merge_commit_sha"], seconds_of(first["merged_at"]), first.get("number")

    def _moment(self, commit: str, own: int, ancestors: Iterable[int]) -> int:
        """Return when a commit was made at the earliest, from the dates of what it stands on."""
        if self.proved:
            # A run over many apps asks it for each of them.
            listed = self.client.histories.values()
            others = (str(row["oid"]) for rows in listed for row in rows[:_PROVED])
            ancestors = self.reader.dates_behind(commit, others)
        return not_before(own, ancestors, self.now)
