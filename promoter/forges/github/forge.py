"""The pulls of one repository on GitHub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath

from promoter.domain.branch import CommitDraft, Opening
from promoter.domain.errors import RemoteError
from promoter.domain.first_answer import FirstAnswer
from promoter.domain.model import Tree
from promoter.domain.pull import BranchRules, Pull, PullDraft, PullExtras, PullState
from promoter.forges import Opened
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.pages import read_page, read_pages
from promoter.forges.github.first_look.first_pulls import FirstLook
from promoter.forges.github.git_data.branches import look
from promoter.forges.github.git_data.commit_pulls import pulls_of_commits
from promoter.forges.github.git_data.file_histories import FileHistories
from promoter.forges.github.git_data.rules import rest_rules
from promoter.forges.github.git_data.writes_at_once import pulls_at_once
from promoter.forges.github.pulls.changes import closed, renewed
from promoter.forges.github.pulls.comments import add_comment
from promoter.forges.github.pulls.extras import ExtrasAddition
from promoter.forges.github.pulls.open_pulls import open_pulls
from promoter.forges.github.pulls.opening import PullOpening
from promoter.forges.github.pulls.possible_extras import possible_extras
from promoter.forges.github.pulls.shapes import own_pull
from promoter.forges.github.pulls.steps import PullSteps, ended, says

_LISTING = "list the pull requests"
# The histories of so many files come with the pulls of so many branches.
_FEW, _FEW_BRANCHES = 20, 4
_ACTIONS = "github-actions[bot]"


class GitHubForge:
    """The pulls of one repository on GitHub; a read is repeated on failure, a write is found."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._steps = PullSteps(client)
        first = client.first
        wanted = first.pulls_of if first else None
        self._first = FirstLook(client, first, wanted) if first and wanted else None

    def disconnect(self) -> None:
        """End the connections."""
        self.client.api.close()

    def pulls(
        self,
        branches: Sequence[str],
        base: str,
        history: tuple[Tree, Sequence[PurePosixPath]] | None = None,
    ) -> dict[str, tuple[Pull, ...]]:
        """Return the pulls from branches to a base in every state, newest first, by their branch.

        Those that are open to other bases are among them.
        The history of a few files of a commit comes along with those of a few branches.
        """
        client = self.client
        client.expected = tuple(history[1]) if history else ()
        if len(branches) > _FEW_BRANCHES or len(client.expected) > _FEW:
            history = None
        known = {one: client.pulls.pop((one, base), None) for one in branches}
        found = {name: pulls for name, pulls in known.items() if pulls is not None}
        left = [one for one in branches if one not in found]
        histories = FileHistories.of(history)
        seen = client.attempt(_LISTING, lambda: self._pulls_by_graph(left, base, histories))
        if seen is None:
            return found | self._pulls_by_rest(left, base)
        for name, pulls in seen.items():
            # Where those of forks fill the answer, REST tells the repository's own alone.
            found |= {name: pulls} if pulls is not None else self._pulls_by_rest([name], base)
        return found

    def first_answer(self, seconds: float) -> FirstAnswer | None:
        """Return what the first answer says of the repository, where it is there in so many seconds."""
        return self._first.answer(seconds) if self._first else None

    def _pulls_by_graph(
        self, branches: Sequence[str], base: str, histories: FileHistories
    ) -> dict[str, tuple[Pull, ...] | None]:
        """Return branches' pulls, which bring the rules along; None where those of forks hide them.

        Raises one of `FAILURES`.
        """
        client, (first, self._first) = self.client, (self._first, None)
        if first is not None and first.has_asked_for(branches):
            answer = first.read()
            client.node = answer.node
            if answer.base == base:
                client.rules |= answer.rules
                client.histories |= answer.histories
                more = {one: pulls for one, pulls in answer.pulls.items() if one not in branches}
                client.pulls |= {
                    (one, base): pulls for one, pulls in more.items() if pulls is not None
                }
                return {one: answer.pulls[one] for one in branches}
        seen = look(client, base, branches, histories=histories)
        return {name: one.pulls for name, one in seen.items()}

    def _pulls_by_rest(self, branches: Sequence[str], base: str) -> dict[str, tuple[Pull, ...]]:
        client, found = self.client, dict[str, tuple[Pull, ...]]()
        if len(branches) > 1:
            opened = [one for one in self._all_by_rest() if one.branch in branches]
            found = {
                one.branch: tuple(other for other in opened if other.branch == one.branch)
                for one in opened
                if one.base == base
            }
        for branch in branches:
            if branch not in found:
                wanted = {
                    "state": "all",
                    "head": f"{client.owner}:{branch}",
                    "sort": "created",
                    "direction": "desc",
                }
                page = partial(read_page, client, "/pulls", own_pull, wanted)
                listed = (one for one in client.read(_LISTING, page) if one is not None)
                found[branch] = tuple(
                    one
                    for one in listed
                    if one.branch == branch and (one.base == base or one.state is PullState.OPEN)
                )
        return found

    def all(self) -> tuple[Pull, ...]:
        """Return the open pulls, newest first."""
        client = self.client
        # GraphQL answers nobody without a token, and spares a run the library for REST.
        seen = client.attempt(_LISTING, partial(open_pulls, client)) if client.has_token else None
        return self._all_by_rest() if seen is None else seen

    def _all_by_rest(self) -> tuple[Pull, ...]:
        wanted = {"state": "open", "sort": "created", "direction": "desc"}
        listed = read_pages(self.client, _LISTING, "/pulls", own_pull, wanted)
        return tuple(one for one in listed if one is not None)

    def pulls_of_commits(self, commits: Sequence[str], base: str) -> Mapping[str, int]:
        """Return the numbers of the pulls by which commits came to a base, as far as they are known."""
        return pulls_of_commits(self.client, commits, base)

    def open(
        self, draft: PullDraft, *, branch: str, base: str, extras: PullExtras | None = None
    ) -> Opened:
        """Return the one open pull of a branch, opened now unless another run just did."""
        known = self.client.opened.pop((branch, base), None)
        if known is not None:
            return Opened(known, is_new=True)
        opens = Opening(draft, base, extras or PullExtras())

        def listed() -> Pull | None:
            found = self.pulls([branch], base)[branch]
            opened = (one for one in found if one.state is PullState.OPEN)
            return next((one for one in opened if one.base == base), None)

        return PullOpening(self.client, branch, opens, listed).run()

    def write_at_once(self, drafts: Sequence[CommitDraft]) -> None:
        """Open or renew the pulls of commits that were pushed, some in each request."""
        pulls_at_once(self.client, drafts)

    def renew(
        self, pull: Pull, draft: PullDraft, comment: str | None = None, *, may_be_said: bool = False
    ) -> tuple[Pull, tuple[str, ...]]:
        """Give an open pull a title and a body, and say on it, a single time, what that changes.

        Returns the pull, and why nothing was said; `RaceLostError` where it has ended meanwhile.
        """
        is_new = comment is None or not may_be_said
        if is_new and (changed := renewed(self.client, pull, draft, comment)):
            return changed, ()
        missing: tuple[str, ...] = ()
        if comment is not None:
            # Before the text is renewed: the old one is what a next run would know it from.
            self._steps.check_open(pull, draft)
            try:
                add_comment(self.client, pull, comment)
            except RemoteError as error:
                missing = (error.message,)
        return self._steps.renew(pull, draft), missing

    def close(self, pull: Pull, draft: PullDraft | None = None, comment: str | None = None) -> Pull:
        """End a pull unmerged, where given with a last text and a comment that says why."""
        if draft is None or comment is None:
            return self._steps.close(pull)
        if changed := closed(self.client, pull, draft, comment):
            return changed
        now = self.read(pull.number)
        if now.state is not PullState.OPEN:
            if says(now, draft):  # It was done, and the answer was lost.
                return now
            raise ended(now)
        add_comment(self.client, pull, comment)
        return self._steps.close(self._steps.renew(pull, draft))

    def read(self, number: int) -> Pull:
        """Return a pull as it is now."""
        return self._steps.read(number)

    def has_reviews(self, pull: Pull) -> bool:
        """Return whether somebody has reviewed a pull."""
        path = f"/pulls/{pull.number}/reviews"
        return bool(self.client.read("read the reviews", lambda: self.client.ask("GET", path)))

    def add_extras(
        self, pull: Pull, extras: PullExtras
    ) -> tuple[Pull, tuple[str, ...], tuple[str, ...]]:
        """Give a pull what it lacks; returns it with what was done, and what could not be."""
        pull, done, warnings = ExtrasAddition(self.client, pull, extras).run()
        if pull.author == _ACTIONS:
            warnings = (
                *warnings,
                "the pull request was opened with the workflow's own token: GitHub starts no checks on "
                "it; use a GitHub App's token where checks are required",
            )
        return pull, done, warnings

    def possible_extras(self, pull: Pull, extras: PullExtras) -> PullExtras:
        """Return what of the extras a pull can be given, as far as GitHub says."""
        return possible_extras(self.client, pull, extras)

    def rules(self, branch: str) -> BranchRules:
        """Return what the rules demand of a branch, which came with its pulls by GraphQL."""
        if branch not in self.client.rules:
            self.client.rules[branch] = rest_rules(self.client, branch)
        return self.client.rules[branch]

    def requests_made(self) -> str:
        """Return how many requests the API was asked."""
        kinds = ", ".join(
            f"{count} {kind}" for kind, count in sorted(self.client.api.counts.items())
        )
        return f"github: {self.client.api.counts.total()} requests ({kinds or 'none'})"
