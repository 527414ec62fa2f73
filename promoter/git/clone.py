"""A bare clone without a work tree: the fastest way to one commit's few files.

From a server it fetches a shallow history without file contents; of a folder it borrows the objects.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from promoter.domain.errors import PromoteError, RefusedError, RemoteError
from promoter.domain.refusal import Refusal
from promoter.git.bare import lender_at, local_programs, write_repository
from promoter.git.commits import FastImport
from promoter.git.first_fetch import (
    HISTORY_DEPTH,
    LOOK_DEPTH,
    FirstFetch,
    base_ref,
    fetch_arguments,
    fetched_tips,
    trace_of,
)
from promoter.git.isolation import FETCH, REMOTE
from promoter.git.moved import failure_there
from promoter.git.objects import Objects
from promoter.git.program import Git, GitResult, check_version, verb_of
from promoter.git.push import Update, push_each
from promoter.git.refs import NOTHING, RemoteRefs, listed_refs, traced
from promoter.git.retry import with_retries
from promoter.git.tree import GitTree
from promoter.system.deadline import Deadline
from promoter.system.temporary import clone_folder, remove_left_behind

if TYPE_CHECKING:
    from promoter.git.mirror import Mirror

_FILTER_IGNORED = "filtering not recognized"
_DEPTHS = (64, 1024, 2**31 - 1)
# Of a small repository so many commits come with the files, and files of at most this size.
_SMALL_DEPTH = HISTORY_DEPTH
_SMALL_SIZE = "64k"
# Seconds until what another thread does with git, which was ended, has ended as well.
_ENDING = 1.0


class Clone:
    """A temporary bare repository, filled with what the run needs and removed with it."""

    def __init__(
        self,
        url: str,
        deadline: Deadline,
        *,
        configuration: Mapping[str, str] | None = None,
        mirror: Mirror | None = None,
        begun: FirstFetch | None = None,
    ) -> None:
        self.url = url
        self.begun: Future[RemoteRefs] | None = None
        """A look at the remote that another thread has taken."""
        self._home = begun.home if begun else clone_folder()
        remove_left_behind(self._home)
        directory = self._home / "clone.git"
        self.git = Git(directory, deadline, configuration=configuration)
        self.git.is_near = urlsplit(url).scheme == "file"
        self.objects = Objects(self.git)
        self.made = FastImport(self.git)
        self._is_written = begun is not None
        if begun is not None:
            self.git.adopt(begun.process, begun.arguments)
        self._mirror = mirror
        self._tips: tuple[str, ...] = ()
        self._trees: dict[str, GitTree] = {}
        self._depths: dict[str, int] = {}
        self._deepened: dict[str, int] = {}
        self._filled = False
        self._ready = False
        self._borrows = False
        """Whether all objects of the remote are at hand, since it is a folder."""

    def __enter__(self) -> Self:
        """Return itself; leaving removes the folder."""
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """End git's processes and remove the folder; what a run has fetched goes to its mirror."""
        self.made.close()
        if self._mirror is not None and kind is None:
            self._mirror.save(self.git, self._tips)
        self.git.close()
        if self.begun is not None:
            # It would write into the folder again while that is removed; its git has been ended.
            wait((self.begun,), _ENDING)
        shutil.rmtree(self._home, ignore_errors=True)

    def look(self, base: str | None, pattern: str, likely: Iterable[str], depth: int) -> RemoteRefs:
        """Fetch the base branch (None: the default one) and return it with the refs of a pattern.

        One process does both. Refs that are `likely` come along where they are there; each may hold
        one `*`. Of each, so many commits come.
        """
        self._prepare()
        likely = tuple(likely)
        asked = (pattern, *([base_ref(base)] if base else ()))
        if self._borrows:
            return self.remote_refs(*asked)
        trace = trace_of(self.git.directory)
        with self.git.program.custom_environment(GIT_TRACE_PACKET=str(trace)):
            result = with_retries(self.git, *fetch_arguments(base, pattern, likely, depth=depth))
        refs = traced(trace)
        trace.unlink(missing_ok=True)
        if self._mirror is not None:
            self._mirror.take_back(self.git)
        if result.status != 0 or (refs.head is None and base is None):
            # Another version of the protocol, an empty repository or no such branch: asked plainly.
            return self.remote_refs(*asked)
        self._note_filter(result)
        self._deepened.clear()
        self._tips = fetched_tips(refs.refs, base, likely)
        self._depths.update(dict.fromkeys(self._tips, depth))
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
        """Fetch commits with their directories, without file contents where the server can."""
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
        # Where old commits have come without their trees, the server takes the trees to be here.
        again = bool(self._deepened) and depth > LOOK_DEPTH
        result = self._fetch(depth, "blob:none", *wanted, complete=again)
        self._note_filter(result)
        self._depths.update(dict.fromkeys(wanted, depth))

    def fetch_files(
        self, oids: Iterable[str], commits: Sequence[str] = (), *, is_small: bool = False
    ) -> None:
        """Fetch files, with the chain of commits that lead to some; all of a small repository.

        One process does it. Only the first time in a run fetches more than the files.
        """
        is_first, self._filled = not self._filled, True
        if self._borrows or not is_first or not (commits or is_small):
            self.objects.fetch(oids)
        elif is_small:
            self._fetch(_SMALL_DEPTH, f"blob:limit={_SMALL_SIZE}", *commits, complete=True)
            self._depths.update(dict.fromkeys(commits, _SMALL_DEPTH))
            self._deepened.update(dict.fromkeys(commits, _SMALL_DEPTH))
            listed = self.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
            self.objects.note_present(listed.split())
        else:
            # What is named comes in spite of the filter, which leaves the trees of old commits out.
            missing = self.objects.missing(oids)
            self._fetch(_DEPTHS[0], "tree:0", *commits, *missing, complete=True)
            self._deepened.update(dict.fromkeys(commits, _DEPTHS[0]))
            self.objects.note_present(missing)

    def fetch_history(self, depth: int, *commits: str) -> None:
        """Fetch commits with so many before them, and nothing of their files."""
        self._prepare()
        if self._borrows:
            self._check_there(commits)
            return
        self._fetch(depth, "tree:0", *commits)

    def shallow_commits(self) -> frozenset[str]:
        """Return the commits whose parents were not fetched."""
        try:
            text = (self.git.directory / "shallow").read_text(encoding="ascii")
        except FileNotFoundError:
            return frozenset()
        return frozenset(text.split())

    def tree(self, commit: str) -> GitTree:
        """Return the view of a commit that was fetched."""
        if commit not in self._trees:
            self._trees[commit] = GitTree(self.git, self.objects, commit, self)
        return self._trees[commit]

    def is_ancestor(self, commit: str, *, of: str) -> bool:
        """Return whether a commit is in the history of another, deepening the clone only as needed."""
        for depth in (0, *_DEPTHS):
            # Trees of old commits are not needed: only the chain of commits is asked for.
            if self._deepened.get(of, 0) < depth:
                self._fetch(depth, "tree:0", of)
                self._deepened[of] = depth
            if commit == of or self.leads_to(commit, of):
                return True
            if self._borrows or self._is_whole_between(commit, of):
                break
        return False

    def _is_whole_between(self, commit: str, of: str) -> bool:
        """Return whether all commits are here that led to one and did not lead to the other."""
        if not (cut := self.shallow_commits()):
            return True
        listed = self.git.attempt("rev-list", of, f"^{commit}")
        return listed.status == 0 and cut.isdisjoint(listed.stdout.decode("ascii").split())

    def leads_to(self, commit: str, of: str) -> bool:
        """Return whether a commit is in the history of another, as far as that was fetched."""
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
        return push_each(self.git, updates)

    def has(self, commit: str) -> bool:
        """Whether a commit was fetched, with its directories."""
        return self._borrows or commit in self._depths

    def has_history(self, commit: str) -> bool:
        """Whether all that led to a commit is here, with its directories."""
        if self._borrows:
            return True
        return self._depths.get(commit, 0) >= _SMALL_DEPTH and not self.shallow_commits()

    def _note_filter(self, result: GitResult) -> None:
        """Remember that a server sends all file contents at once."""
        if _FILTER_IGNORED in result.stderr:
            self.objects.blobless = False

    def _fetch(self, depth: int, left_out: str, *oids: str, complete: bool = False) -> GitResult:
        """Fetch commits to a depth, without the objects that are left out.

        `complete` has the server send what is here already too: of a commit that was fetched, it
        takes the files to be here.
        """
        # A depth shortens too what another had fetched.
        self._deepened.clear()
        cut = (f"--depth={depth}", f"--filter={left_out}")
        if complete:
            (self.git.directory / "shallow").unlink(missing_ok=True)
            oids = (*dict.fromkeys((*oids, *self._depths)),)
        plain = ("-c", "fetch.negotiationAlgorithm=noop") if complete else ()
        names = "".join(f"{oid}\n" for oid in oids).encode()
        return self._ask(*plain, "fetch", *cut, *FETCH, REMOTE, "--stdin", stdin=names)

    def _ask(self, *arguments: str, stdin: bytes | None = None) -> GitResult:
        """Ask the remote with a git command, or raise `RemoteError` with git's reason."""
        result = with_retries(self.git, *arguments, stdin=stdin)
        if result.status != 0:
            raise failure_there(self.git, self.url, verb_of(arguments), result)
        return result

    def _prepare(self) -> None:
        if self._ready:
            return
        check_version(self.git)
        lender = None if self._is_written else lender_at(self.url)
        if not self._is_written:
            remote = {"url": self.url, **local_programs(self.git, self.url)}
            write_repository(self.git.directory, remote, lender)
        self._borrows = lender is not None
        self.objects.blobless = not self._borrows
        if self._mirror is not None and not self._borrows:
            self.objects.note_present(self._mirror.lend(self.git))
        self._ready = True

    def _check_there(self, commits: Iterable[str]) -> None:
        """Raise `RemoteError` for a commit that a folder does not have."""
        for commit in commits:
            if self.objects.find(commit) is None:
                reason = f"{self.url} has no commit {commit} that git can read"
                raise RemoteError(
                    reason, "Fetch it there, or push it; git fsck says what is damaged."
                )
