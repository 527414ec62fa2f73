"""GitHub and GitHub Enterprise Server, through PyGithub; writes are never retried blindly."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from github import Auth, Github, GithubException, GithubRetry
from github.GithubException import BadCredentialsException, UnknownObjectException

from promoter.errors import PromoteError, RemoteError
from promoter.model import Pull, PullState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from github.PullRequest import PullRequest
    from github.Repository import Repository
    from pydantic import SecretStr

    from promoter.gitops.git import Deadline
    from promoter.model import PullDraft

_LISTED = 30
_EXISTS = "A pull request already exists"


class GitHubForge:
    """The pulls of one repository on GitHub; a read is repeated on failure, a write is found."""

    def __init__(
        self, api_url: str, repository: tuple[str, str], token: SecretStr | None, deadline: Deadline
    ) -> None:
        self._owner, self._name = repository
        self._host = urlsplit(api_url).netloc
        client = Github(
            base_url=api_url,
            auth=Auth.Token(token.get_secret_value()) if token else None,
            # Only reads are safe to send twice: a write may have been done before its answer broke.
            retry=GithubRetry(total=4, allowed_methods={"GET"}, secondary_rate_wait=10),
            timeout=max(1, min(20, int(deadline.remaining()))),
            seconds_between_requests=0,
            seconds_between_writes=0,
            per_page=_LISTED,
            user_agent="promoter",
            lazy=True,
        )
        self._repository: Repository = client.get_repo(f"{self._owner}/{self._name}")

    def pulls(self, branch: str, base: str) -> tuple[Pull, ...]:
        """Return the pulls from a branch to a base in every state, newest first."""
        with self._told("list the pulls"):
            listed = self._repository.get_pulls(
                state="all", head=f"{self._owner}:{branch}", base=base, sort="created",
                direction="desc",
            )  # fmt: skip
            return tuple(_pull(one) for one in listed.get_page(0) if one.head.ref == branch)

    def all(self) -> tuple[Pull, ...]:
        """Return the open pulls, newest first."""
        with self._told("list the pulls"):
            listed = self._repository.get_pulls(state="open", sort="created", direction="desc")
            return tuple(_pull(one) for one in listed)

    def open(self, draft: PullDraft, *, branch: str, base: str) -> Pull:
        """Return the one open pull of a branch, opened now unless another run just did."""
        try:
            return _pull(
                self._repository.create_pull(
                    base=base, head=branch, title=draft.title, body=draft.body
                )
            )
        except (GithubException, requests.RequestException) as error:
            # The answer may have been lost after the pull was made, or another run was faster.
            found = next((p for p in self.pulls(branch, base) if p.state is PullState.OPEN), None)
            if found is None:
                raise self._failure("open the pull", error) from error
            return found

    def renew(self, pull: Pull, draft: PullDraft) -> Pull:
        """Give a pull a title and a body."""
        try:
            one = self._lazy(pull.number)
            one.edit(title=draft.title, body=draft.body)
            return _pull(one)
        except (GithubException, requests.RequestException) as error:
            found = self.read(pull.number)
            if (found.title, found.body) != (draft.title, draft.body):
                raise self._failure("renew the pull", error) from error
            return found

    def comment(self, pull: Pull, text: str) -> None:
        """Say something on a pull."""
        with self._told("comment on the pull"):
            self._lazy(pull.number).create_issue_comment(text)

    def close(self, pull: Pull) -> Pull:
        """End a pull unmerged."""
        with self._told("close the pull"):
            one = self._lazy(pull.number)
            one.edit(state="closed")
            return _pull(one)

    def read(self, number: int) -> Pull:
        """Return a pull as it is now."""
        with self._told("read the pull"):
            return _pull(self._lazy(number).complete())

    def _lazy(self, number: int) -> PullRequest:
        """Return a pull to write to, without reading it first."""
        return self._repository.get_pull(number)

    @contextmanager
    def _told(self, work: str) -> Iterator[None]:
        """Turn the library's errors into ours, in the user's words."""
        try:
            yield
        except (GithubException, requests.RequestException, AssertionError) as error:
            raise self._failure(work, error) from error

    def _failure(self, work: str, error: Exception) -> PromoteError:
        """Return what went wrong at the forge, and what to do about it."""
        where = f"{self._owner}/{self._name} at {self._host}"
        if isinstance(error, requests.RequestException):
            return RemoteError(
                f"could not {work} of {where}: no answer ({type(error).__name__})",
                "Check the network and --api-url; running again is safe.",
            )
        if not isinstance(error, GithubException):
            return RemoteError(
                f"could not {work} of {where}: the answer is not GitHub's", "Check --api-url."
            )
        said = error.data.get("message", "") if isinstance(error.data, dict) else str(error.data)
        details = _details(error.data)
        reason = f"{error.status} {said}{details}".strip()[:400]
        return RemoteError(f"could not {work} of {where}: {reason}", _hint(error, said))


def _pull(one: PullRequest) -> Pull:
    """Return a pull as promote sees it."""
    merged = one.merged_at is not None
    state = PullState.MERGED if merged else PullState(one.state)
    return Pull(
        number=one.number,
        url=one.html_url,
        state=state,
        branch=one.head.ref,
        base=one.base.ref,
        head=one.head.sha,
        title=one.title,
        body=one.body or "",
    )


def _details(data: object) -> str:
    """Return the single complaints of a validation error."""
    errors = data.get("errors", []) if isinstance(data, dict) else []
    texts = [
        str(one.get("message") or one.get("code") or "") if isinstance(one, dict) else str(one)
        for one in (errors if isinstance(errors, list) else [])
    ]
    return f" ({'; '.join(text for text in texts if text)})" if any(texts) else ""


def _hint(error: GithubException, said: str) -> str:
    """Return what to do about an answer of GitHub's."""
    if isinstance(error, BadCredentialsException) or error.status == 401:
        return "The token is not valid: set GITHUB_TOKEN to one that is."
    if error.status == 403 and "rate limit" in said.lower():
        return "The API's limit is reached: run again later."
    if error.status == 403:
        return "The token may not: it needs 'contents: write' and 'pull-requests: write' there."
    if isinstance(error, UnknownObjectException) or error.status == 404:
        return (
            "The repository's name is wrong, or the token may not see it; an Actions run's own "
            "GITHUB_TOKEN reaches its own repository alone: use a GitHub App's token."
        )
    if error.status >= 500:
        return "GitHub has a problem: running again is safe."
    return "Running again is safe."
