"""The GitOps repository through git: look at a branch, write a commit to it, delete it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath
from typing import NamedTuple

from promoter.domain.branch import (
    COMMITS_LIMIT,
    BranchCommit,
    BranchState,
    CommitDraft,
    in_conflict,
    merge_message,
)
from promoter.domain.branch_name import BRANCH_PREFIX, HOLD_BRANCH_PREFIX
from promoter.domain.errors import PromoteError, RaceLostError, SelectionError
from promoter.domain.first_answer import FirstAnswer
from promoter.domain.model import Tree
from promoter.git.branch_commits import BranchCommits
from promoter.git.clone import Clone
from promoter.git.commits import Authorship, Signing, write_commit, write_merge
from promoter.git.first_fetch import (
    BRANCHES,
    LOOK_DEPTH,
    likely_refs,
    prefetched,
    proposed_refs,
)
from promoter.git.history import RECENT, WHOLE, FileHistory, file_versions, newest_contents
from promoter.git.prefetch import probable_files
from promoter.git.push import Update
from promoter.git.refs import RemoteRefs, base_branch
from promoter.git.tree import GitTree
from promoter.system.threads import in_background

# So many branches of promotions come with the files of a small repository.
_FEW_BRANCHES = 100
_PATTERNS = 1000  # instead of more, all branches are asked for


class _Begun(NamedTuple):
    """A look at the remote that is under way."""

    asked: tuple[str | None, tuple[str, ...]]
    refs: Future[RemoteRefs]


class GitRepository:
    """One GitOps repository, seen and written through a clone that lives as long as the run."""

    def __init__(
        self,
        clone: Clone,
        time: int,
        signing: Signing | None = None,
        *,
        depth: int = LOOK_DEPTH,
    ) -> None:
        """Take a clone; so many commits of the base come with a look, as their history is asked for."""
        self._clone = clone
        self._time = time
        self._signing = signing
        self._depth = depth
        self._refs: RemoteRefs | None = None
        self._begun: _Begun | None = None
        self._first_answer: Callable[[], FirstAnswer | None] = lambda: None
        self._merged: frozenset[str] = frozenset()
        """The tips of which a pull has brought all to the base, as far as that is known already."""
        self._families: set[str] = set()
        self._base = ""
        self._held = BranchCommits(clone)
        self._made: dict[str, GitTree] = {}
        """The commits made here, each with the tree of the remote's commit below it."""

    def base(self, wanted: str | None, apps: Iterable[str] = ()) -> tuple[str, GitTree]:
        """Return the base branch's name and files as they are now; asks the remote again.

        What the branches of `apps` hold, by their usual names, comes along in the same round trip.
        """
        begun, self._begun = self._begun, None
        apps = prefetched(apps)
        same = begun is not None and begun.asked == (wanted, apps)
        if begun is not None and not same:
            # Two looks at a time would both make the clone.
            begun.refs.exception()
        self._refs = begun.refs.result() if begun and same else self._ask(wanted, apps)
        self._families = {f"refs/heads/{BRANCH_PREFIX}", f"refs/heads/{HOLD_BRANCH_PREFIX}"}
        try:
            name, commit = base_branch(self._refs, wanted, self._clone.url)
        except SelectionError:  # all branches have to be known to say what is wrong
            everything = self._clone.remote_refs("refs/heads/*")
            name, commit = base_branch(everything, wanted, self._clone.url)
        self._clone.fetch(commit)
        self._base = commit
        if self._clone.objects.blobless:
            self._prefetch(name, commit, apps)
        return name, self._clone.tree(commit)

    def begin(self, wanted: str | None, apps: Iterable[str]) -> None:
        """Begin the look that `base` with the same arguments ends, beside the caller's own work."""
        asked = wanted, prefetched(apps)
        self._clone.begun = in_background(lambda: self._ask(*asked))
        self._begun = _Begun(asked, self._clone.begun)

    def take(self, first_answer: Callable[[], FirstAnswer | None]) -> None:
        """Take what the forge's first answer says, and fetch only where that is not enough."""
        self._first_answer = first_answer

    def _ask(self, wanted: str | None, apps: tuple[str, ...]) -> RemoteRefs:
        return self._clone.look(wanted, BRANCHES, likely_refs(apps), self._depth)

    def _prefetch(self, name: str, base: str, apps: Collection[str]) -> None:
        """Fetch in one round trip what promotions of some apps probably read.

        Where no apps are known yet, all of a small repository.
        """
        assert self._refs is not None
        probable = probable_files(self._clone.tree(base), apps)
        if not (apps or probable.is_small):
            return
        proposed = proposed_refs(self._refs.refs)
        tips = [tip for ref, tip in proposed.items() if ref.rpartition("/")[2] in apps]
        # Which of them are looked at is not known without apps; of a few, all cost nothing more.
        others = () if apps or len(proposed) > _FEW_BRANCHES else proposed.values()
        answer = self._first_answer()
        self._merged = answer.merged if answer and answer.base == name else frozenset()
        oids, moved = list(probable.oids), False
        for tip in (one for one in tips if one not in self._merged):
            # What cannot be read is reported where the branch is looked at.
            with suppress(PromoteError, KeyError):
                commit = self._held.commit(tip)
                moved = moved or base not in commit.parents
                for side in (commit.onto.commit, commit.sha):
                    oids += self._clone.tree(side).files(commit.changed)
        commits = (base, *tips, *others) if moved or probable.is_small else ()
        if self._depth > LOOK_DEPTH and not probable.is_small:
            # The commits are here, and with them which contents the files have had.
            commits = ()
            oids += newest_contents(self._clone, base, probable.own)

        def fetch() -> None:
            self._clone.fetch_files(oids, commits, is_small=probable.is_small)

        texts = answer.texts if answer is not None and not moved else {}
        if not texts:
            fetch()
            return
        self._clone.objects.keep({oid: texts[oid] for oid in oids if oid in texts})
        self._clone.objects.fetch_if_missing(fetch)

    def look(self, base: tuple[str, Tree], branch: str) -> BranchState:
        """Return what a branch holds beyond the base, as of the last look at the base."""
        name, tree = base
        tip = self._tip(branch)
        # What a merged branch holds is not needed any more.
        commits = self._held.of(tip, tree.commit) if tip and tip not in self._merged else ()
        self._held.fetch_changed(commits)
        beside = in_conflict(branch, self._heads) if branch and not tip else ()
        return BranchState(name, tree, branch, tip, commits, in_conflict=beside)

    def branches(self, names: Iterable[str], beginnings: Iterable[str] = ()) -> frozenset[str]:
        """Return which of some branches there are, and those of several apps that begin so."""
        names, beginnings = tuple(names), tuple(beginnings)
        self._known(names, beginnings)
        together = {one for one in self._heads if "+" in one and one.startswith(beginnings)}
        return frozenset(together.union(name for name in names if self._tip(name)))

    @property
    def _heads(self) -> Iterator[str]:
        refs = self._refs.refs if self._refs is not None else ()
        return (one.removeprefix("refs/heads/") for one in refs if one != "HEAD")

    def prefetch(self, branches: Iterable[str]) -> None:
        """Fetch what several branches hold in one round trip, before each of them is looked at."""
        branches = tuple(branches)
        self._known(branches)
        tips = [tip for branch in branches if (tip := self._tip(branch))]
        self._clone.fetch(*tips, depth=COMMITS_LIMIT)
        commits: list[BranchCommit] = []
        for tip in tips:
            # What cannot be read is reported where its branch is looked at.
            with suppress(PromoteError):
                commits += self._held.of(tip, self._base)
        self._held.fetch_changed(commits)

    def publish(self, drafts: Sequence[CommitDraft]) -> list[str | PromoteError]:
        """Make commits and push their branches, each only from its lease, all at once."""
        commits: list[str] = []
        updates: dict[str, Update] = {}
        for draft in drafts:
            before = updates.get(draft.branch)
            commit = self._make(draft, before.new if before and before.new else draft.onto)
            lease = before.old if before else draft.lease
            updates[draft.branch] = Update(f"refs/heads/{draft.branch}", commit, lease)
            commits.append(commit)
        failed = self._clone.push_each(*updates.values())
        for update in updates.values():
            if isinstance(error := failed.get(update.ref), RaceLostError):
                # It may have been this very push, whose first answer was lost.
                error.commit = update.new
        pairs = zip(drafts, commits, strict=True)
        return [failed.get(f"refs/heads/{draft.branch}", commit) for draft, commit in pairs]

    def has_history(self, base: Tree) -> bool:
        """Return whether the history of the base's files is here from its beginning."""
        return self._clone.has_history(base.commit)

    def arrivals(
        self,
        base: Tree,
        paths: list[PurePosixPath],
        *,
        most: int | None = None,
        proved: bool = False,
    ) -> Mapping[PurePosixPath, FileHistory]:
        """Return when files of the base became what they were: their newest versions, read as met."""
        del most, proved  # a version more, and its proof, cost next to nothing here
        return file_versions(self._clone, base.commit, paths, now=self._time)

    def versions(
        self, base: Tree, paths: Sequence[PurePosixPath], *, recent: bool = False
    ) -> Mapping[PurePosixPath, FileHistory]:
        """Return all versions that files of the base have had under all their names, newest first."""
        reach = RECENT if recent else WHOLE
        return file_versions(self._clone, base.commit, paths, now=self._time, reach=reach)

    def delete(self, branch: str, lease: str) -> None:
        """Delete a branch that must still be at `lease`."""
        self._clone.push(Update(f"refs/heads/{branch}", None, lease))

    def _make(self, draft: CommitDraft, onto: str) -> str:
        """Make a commit that nobody sees until it is pushed."""
        name, _, address = draft.author.rpartition("<")
        by = Authorship(name.strip(), address.rstrip(">"), self._time, self._signing)
        tree = self._made.get(onto) or self._clone.tree(onto)
        files = {path: (tree.mode(path), data) for path, data in draft.files.items()}
        if draft.merges_into is not None and not self._clone.leads_to(draft.merges_into, onto):
            self._clone.fetch(draft.merges_into)
            message = merge_message(draft.branch)
            onto = write_merge(self._clone, (draft.merges_into, onto), message=message, by=by)
        commit = write_commit(self._clone, onto, files, message=draft.message, by=by)
        self._made[commit] = tree
        return commit

    def _tip(self, branch: str) -> str | None:
        """Return a branch's commit as of the last look; names of the user's own are asked for."""
        return self._known([branch]).get(f"refs/heads/{branch}")

    def _known(self, branches: Iterable[str], beginnings: Iterable[str] = ()) -> Mapping[str, str]:
        """Return the refs, these branches among them: of those not seen yet, all is asked for at once."""
        assert self._refs is not None
        patterns: dict[str, tuple[str, ...]] = {}
        for branch in filter(None, branches):
            if f"refs/heads/{branch}" not in self._refs.refs:
                ref = f"refs/heads/{branch.partition('/')[0]}"
                patterns[f"{ref}/"] = ref, f"{ref}/*"
        for one in beginnings:
            ref = f"refs/heads/{''.join(one.partition('/')[:2])}"
            patterns.setdefault(ref, (f"{ref}*",))
        asked = [p for one, some in patterns.items() if one not in self._families for p in some]
        if asked:
            asked = asked if len(asked) < _PATTERNS else ["refs/heads/*"]
            found = self._clone.remote_refs(*asked)
            self._refs = replace(self._refs, refs={**found.refs, **self._refs.refs})
        self._families |= patterns.keys()
        return self._refs.refs
