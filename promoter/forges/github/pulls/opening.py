"""Opening a pull: done once, and found where the answer was lost or another run was faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import quote

from promoter.domain.branch import Opening
from promoter.domain.errors import RaceLostError, RemoteError
from promoter.domain.pull import Pull
from promoter.forges import Opened
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.failures import (
    FAILURES,
    GitHubError,
    is_lag,
    is_limit,
    is_passing,
    message_of,
)
from promoter.forges.github.api.mutations import new_pull, opened, send_mutations
from promoter.forges.github.api.retry import until_shown
from promoter.forges.github.pulls.shapes import rest_pull

_WORK = "open the pull request"
# What GitHub says of a branch that has an open pull, also while its lists do not show it yet.
_EXISTS = "a pull request already exists"
# What GitHub says in private repositories of plans without drafts.
_NO_DRAFTS = "draft pull requests are not supported"


class PullOpening:
    """The opening of one branch's pull; `listed` asks for the open one that GitHub lists."""

    def __init__(
        self, client: Client, branch: str, opens: Opening, listed: Callable[[], Pull | None]
    ) -> None:
        self._client, self._branch, self._opens, self._listed = client, branch, opens, listed
        self._may_be_done = False
        """Whether the pull may be open by an attempt of this run's that had no answer."""
        self._failures = 0

    def run(self) -> Opened:
        """Return the open pull; `RaceLostError` where others have done away with its branch."""
        try:
            pull = self._by_graph()
            if pull is None:
                pull = self._client.write(_WORK, self._by_rest, self._find)
        except _ExistsError:
            return Opened(self._shown(), self._may_be_done)
        except RaceLostError:
            raise
        except RemoteError as error:
            if lost := self._lost():
                raise lost from error
            raise
        return Opened(pull, is_new=True)

    def _by_graph(self) -> Pull | None:
        """Open the pull, whose answer tells the ids of its extras; None where it does not."""
        client = self._client
        if not client.node:
            return None
        try:
            writes = {"pull": new_pull(client, self._branch, self._opens)}
            answers = send_mutations(client, "Open", writes)
            said = answers.failed.get("pull", "")
            if _EXISTS in said.lower():
                raise _ExistsError
            return None if said else opened(client, answers.done["pull"], self._opens)
        except FAILURES as error:
            self._note(error)
            return None

    def _by_rest(self) -> Pull:
        opens = self._opens
        text = {"title": opens.draft.title, "body": opens.draft.body}
        wanted = {**text, "head": self._branch, "base": opens.base}
        draft = {"draft": True} if opens.extras.draft else {}
        try:
            return self._posted({**wanted, **draft})
        except GitHubError as error:
            if not draft or _NO_DRAFTS not in message_of(error).lower():
                raise
        return self._posted(wanted)

    def _posted(self, wanted: Mapping[str, object]) -> Pull:
        try:
            shown = self._client.ask("POST", "/pulls", input=wanted)
            return replace(rest_pull(shown), base_head=shown["base"]["sha"])
        except FAILURES as error:
            if isinstance(error, GitHubError) and _EXISTS in message_of(error).lower():
                raise _ExistsError from error
            self._note(error)
            raise

    def _note(self, error: Exception) -> None:
        """Note whether GitHub may have done what failed so."""
        is_no = isinstance(error, GitHubError) and not is_passing(error)
        if not (is_no or is_lag(error) or is_limit(error)):
            self._may_be_done = True

    def _find(self) -> Pull | None:
        self._failures += 1
        # The answer may have been lost after the pull was made, or another run was faster.
        pull = self._listed()
        # GitHub may not know yet what was just pushed, and says the same of what is gone.
        if pull is None and self._failures > 1 and (lost := self._lost()):
            raise lost
        return pull

    def _shown(self) -> Pull:
        """Return the pull that is there as soon as GitHub lists it."""
        pull = until_shown(self._listed, self._client.deadline.remaining())
        if pull is None:
            raise RemoteError(
                f"GitHub says that there is a pull request of {self._branch}, and does not list it",
                "Its lists are behind: running again is safe.",
            )
        return pull

    def _lost(self) -> RaceLostError | None:
        """Return what others have done to the branch so that it can have no pull; None for nothing."""
        ask, branch, base = self._client.ask, self._branch, self._opens.base
        try:
            tip = ask("GET", f"/git/ref/heads/{quote(branch)}")["object"]["sha"]
            if ask("GET", f"/compare/{quote(base)}...{tip}")["ahead_by"]:
                return None
            done = f"merged into {base}"
        except FAILURES as error:
            # Also where the two have no commit in common: then somebody has replaced it.
            if getattr(error, "status", None) != 404:
                return None
            done = "deleted or replaced"
        return RaceLostError(
            f"{branch} was {done} before its pull request was opened", "Run again."
        )


class _ExistsError(Exception):
    """GitHub says that the branch has an open pull."""
