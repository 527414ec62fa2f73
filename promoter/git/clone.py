"""A bare clone without a work tree: the fastest way to one commit's few files.

From a server it brings a shallow history without file contents; of a folder it borrows the objects.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from promoter.domain.deadline import Deadline
from promoter.domain.errors import RaceLostError, RefusedError, RemoteError
from promoter.domain.redaction import redacted
from promoter.domain.refusal import Refusal
from promoter.git.bare import borrow, local_programs, write_repository
from promoter.git.fast_import import FastImport
from promoter.git.objects import Objects
from promoter.git.program import FETCH, NOTHING, REMOTE, Git, Result, check_version, failure
from promoter.git.refs import RemoteRefs, listed_refs, traced
from promoter.git.retry import patiently
from promoter.git.tree import GitTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from promoter.domain.errors import PromoteError

_FILTER_IGNORED = "filtering not recognized"
# A branch's tip, and the commit that it was made on.
_LOOK_DEPTH = 2
_DEPTHS = (64, 1024, 2**31 - 1)


@dataclass(frozen=True, slots=True)
class Update:
    """One ref to push: what it shall be (None deletes it) and what it must be now (None: absent)."""

    ref: str
    new: str | None
    old: str | None


class Clone:
    """A temporary bare repository, filled with what the run needs and removed with it."""

    def __init__(
        self,
        url: str,
        deadline: Deadline,
        *,
        configuration: Mapping[str, str] | None = None,
    ) -> None:
        self.url = url
        self._home = Path(tempfile.mkdtemp(prefix="promoter-"))
        directory = self._home / "clone.git"
        self.git = Git(directory, deadline, configuration=configuration)
        self.git.is_near = urlsplit(url).scheme == "file"
        self.objects = Objects(self.git)
        self.made = FastImport(self.git)
        self._trees: dict[str, GitTree] = {}
        self._depths: dict[str, int] = {}
        self._deepened: dict[str, int] = {}
        self._ready = False
        self._borrows = False
        """Whether all objects of the remote are at hand, since it is a folder."""

    def __enter__(self) -> Self:
        """Return itself; leaving removes the folder."""
        return self

    def __exit__(self, *_: object) -> None:
        """End git's processes and remove the folder."""
        self.made.close()
        self.git.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def look(self, base: str | None, pattern: str, likely: Iterable[str] = ()) -> RemoteRefs:
        """Bring the base branch (None: the default one) and return it with the refs of a pattern.

        One process does both. Refs that are `likely` come along where they are there; each may hold
        one `*`.
        """
        self._prepare()
        wanted = f"refs/heads/{base}" if base else "HEAD"
        asked = (pattern, *([wanted] if base else ()))
        if self._borrows:
            return self.remote_refs(*asked)
        trace = self.git.directory / "trace"
        # No app is called `-`: the server tells of all that is in the pattern, and none is brought.
        brought = (wanted, *likely, f"{pattern}/-")
        specs = [f"+{ref}:refs/promoter/{ref.removeprefix('refs/')}" for ref in brought]
        cut = (f"--depth={_LOOK_DEPTH}", "--filter=blob:none")
        with self.git.program.custom_environment(GIT_TRACE_PACKET=str(trace)):
            result = patiently(self.git, "fetch", *cut, *FETCH, REMOTE, *specs)
        refs = traced(trace)
        trace.unlink(missing_ok=True)
        if result.status != 0 or (refs.head is None and base is None):
            # Another version of the protocol, an empty repository or no such branch: asked plainly.
            return self.remote_refs(*asked)
        self._note_filter(result)
        self._depths.update(dict.fromkeys(self._looked_at(), _LOOK_DEPTH))
        return refs

    def remote_refs(self, *patterns: str) -> RemoteRefs:
        """Ask the remote for its default branch and the refs that match, without a clone."""
        self._prepare()
        listed = listed_refs(self._ask("ls-remote", "--symref", REMOTE, "HEAD", *patterns).stdout)
        if any(len(value) != len(NOTHING) for value in listed.refs.values()):
            reason = f"{self.url} keeps its objects by SHA-256 ids, which promote cannot read"
            hint = "Give a repository with SHA-1 ids, as git makes it by itself."
            raise RefusedError([Refusal("object-format", reason, hint)])
        return listed

    def fetch(self, *commits: str, depth: int = 1) -> None:
        """Bring commits with their directories, without file contents where the server can."""
        wanted = [
            commit
            for commit in dict.fromkeys(commits)
            if self._depths.get(commit, 0) < depth and (depth > 1 or commit not in self._trees)
        ]
        if not wanted:
            return
        if self._borrows:
            self._check_there(wanted)
            return
        result = self._fetch(depth, "blob:none", *wanted)
        self._note_filter(result)
        self._depths.update(dict.fromkeys(wanted, depth))

    def fetch_history(self, depth: int, *commits: str) -> None:
        """Bring commits with so many before them, and nothing of their files."""
        self._prepare()
        if self._borrows:
            self._check_there(commits)
            return
        self._fetch(depth, "tree:0", *commits)

    def shallow_commits(self) -> frozenset[str]:
        """Return the commits whose parents were not brought."""
        try:
            text = (self.git.directory / "shallow").read_text(encoding="ascii")
        except FileNotFoundError:
            return frozenset()
        return frozenset(text.split())

    def tree(self, commit: str) -> GitTree:
        """Return the view of a commit that was fetched."""
        if commit not in self._trees:
            self._trees[commit] = GitTree(self.git, self.objects, commit)
        return self._trees[commit]

    def is_ancestor(self, commit: str, *, of: str) -> bool:
        """Say whether a commit is in the history of another, deepening the clone only as needed."""
        if commit == of or self._leads_to(commit, of):
            return True
        for depth in _DEPTHS:
            # Trees of old commits are of no use: only the chain of commits is asked for.
            if self._deepened.get(of, 0) < depth and not self._borrows:
                self._fetch(depth, "tree:0", of)
                self._deepened[of] = depth
            if self._leads_to(commit, of):
                return True
            if self._borrows or not self._is_shallow():
                return False
        return False

    def _leads_to(self, commit: str, of: str) -> bool:
        """Whether a commit is in the part of another's history that is here."""
        return self.git.attempt("merge-base", "--is-ancestor", commit, of).status == 0

    @property
    def can_deepen(self) -> bool:
        """Whether the remote may have more history than is here."""
        return not self._borrows

    def push(self, update: Update) -> None:
        """Push a ref, only if the remote still has what was seen; else `RaceLostError`."""
        for error in self.push_each(update).values():
            raise error

    def push_each(self, *updates: Update) -> dict[str, PromoteError]:
        """Push refs in one go, each for itself; returns those that failed, with the reason."""
        if not updates:
            return {}
        self.made.save()
        leases = [f"--force-with-lease={u.ref}:{u.old or ''}" for u in updates]
        specs = [f"{u.new or ''}:{u.ref}" for u in updates]
        result = patiently(self.git, "push", "--porcelain", "--no-verify", *leases, REMOTE, *specs)
        if result.status == 0:
            return {}
        report = result.stdout.decode("utf-8", "replace").splitlines()
        told = {line.split("\t")[1].rpartition(":")[2]: line for line in report if "\t" in line}
        failed: dict[str, PromoteError] = {}
        for update in updates:
            line = told.get(update.ref, "!")
            if line.startswith("!"):
                lines = result.stderr.splitlines()
                about = [one for one in lines if update.ref in one or len(updates) == 1]
                said = "\n".join(about if line != "!" else lines)
                part = Result(result.status, line.encode(), said)
                failed[update.ref] = _push_failure(part, update.ref)
        return failed

    def has(self, commit: str) -> bool:
        """Whether a commit was brought, with its directories."""
        return self._borrows or commit in self._depths

    def _looked_at(self) -> list[str]:
        """Return the commits that the last look has brought."""
        return self.git("for-each-ref", "--format=%(objectname)", "refs/promoter").split()

    def _note_filter(self, result: Result) -> None:
        """Remember that a server sends all file contents at once."""
        if _FILTER_IGNORED in result.stderr:
            self.objects.blobless = False

    def _fetch(self, depth: int, left_out: str, *commits: str) -> Result:
        """Bring commits to a depth, without the objects that are left out."""
        # A depth shortens too what another had brought.
        self._deepened.clear()
        cut = (f"--depth={depth}", f"--filter={left_out}")
        return self._ask("fetch", *cut, *FETCH, REMOTE, *commits)

    def _ask(self, *arguments: str) -> Result:
        """Ask the remote with a git command, or raise `RemoteError` with git's reason."""
        result = patiently(self.git, *arguments)
        if result.status != 0:
            raise failure(arguments[0], result)
        return result

    def _prepare(self) -> None:
        """Make the empty repository on first use."""
        if self._ready:
            return
        check_version(self.git)
        remote = {"url": self.url, "promisor": "true", **local_programs(self.git, self.url)}
        write_repository(self.git.directory, remote)
        self._borrows = borrow(self.git.directory, self.url)
        self.objects.blobless = not self._borrows
        self._ready = True

    def _check_there(self, commits: Iterable[str]) -> None:
        """Raise `RemoteError` for a commit that a folder does not have."""
        for commit in commits:
            try:
                self.objects.read(commit)
            except KeyError as error:
                raise RemoteError(
                    f"{self.url} has no commit {commit}", "Fetch it there, or push it."
                ) from error

    def _is_shallow(self) -> bool:
        """Say whether the clone's history still ends before its beginning."""
        return (self.git.directory / "shallow").exists()


def _push_failure(result: Result, ref: str) -> RemoteError:
    """Tell a lost race from a refusal by the server."""
    report = redacted(result.stdout.decode("utf-8", "replace"))
    raced = ("[rejected]", "stale info", "cannot lock ref", "reference already exists")
    if any(sign in report or sign in result.stderr for sign in raced):
        return RaceLostError(f"{ref} changed while the push was under way", "Run again.")
    refused = [line for line in report.splitlines() if line.startswith("!")]
    error = failure("push", result)
    if refused:
        reasons = "; ".join(line.split("\t")[-1] for line in refused)
        return RemoteError(f"{error.message} ({reasons})", error.hint)
    return error
