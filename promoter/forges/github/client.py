"""One repository behind GitHub's API: reads that are repeated, writes that are found again."""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import requests
from github import Auth, Github, GithubException, GithubRetry
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential
from tenacity.wait import wait_base

from promoter.forges.github.failures import failure, is_passing, waits_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from github.Auth import Auth as Authentication
    from github.Repository import Repository
    from pydantic import SecretStr
    from tenacity import RetryCallState

    from promoter.deadline import Deadline
    from promoter.errors import PromoteError

T = TypeVar("T")

# An answer that is not GitHub's: another API, or a page of HTML.
UNLIKE = (AssertionError, KeyError, TypeError, ValueError, AttributeError)
# What an API call can end in: errors of GitHub's, no answer, a redirect away, another's answer.
FAILURES = (GithubException, requests.RequestException, RuntimeError, *UNLIKE)
# GitHub needs a moment until everybody sees what was just written.
_SETTLING = 8.0


class Client:
    """A repository's API with its deadline, its errors in the user's words, and its bill."""

    def __init__(
        self, api_url: str, repository: tuple[str, str], token: SecretStr | None, deadline: Deadline
    ) -> None:
        self.owner, self.name = repository
        self.deadline = deadline
        self.spent: Counter[str] = Counter()
        self._where = f"{self.owner}/{self.name} at {urlsplit(api_url).netloc}"
        authentication = Auth.Token(token.get_secret_value()) if token else None
        self.github = connect(api_url, authentication, deadline, self.spent)
        self.repository: Repository = self.github.get_repo(f"{self.owner}/{self.name}")

    def read(self, work: str, ask: Callable[[], T], *, new: bool = False) -> T:
        """Return an answer, asked again while GitHub fails, or (`new`) does not know it yet."""
        seconds = min(_SETTLING if new else 0.0, self.deadline.remaining())
        attempts = Retrying(
            retry=retry_if_exception(lambda e: getattr(e, "status", None) == 404),
            stop=stop_after_delay(seconds),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            reraise=True,
        )
        try:
            return attempts(ask)
        except FAILURES as error:
            raise self.failure(work, error) from error

    def write(self, work: str, do: Callable[[], T], find: Callable[[], T | None]) -> T:
        """Do it once: after a failure look whether it was done, and only else do it again."""

        def attempt() -> T:
            try:
                return do()
            except FAILURES as error:
                done = find()
                if done is None:
                    raise
                if not is_passing(error) and getattr(error, "status", 0) != 422:
                    raise
                return done

        attempts = Retrying(
            retry=retry_if_exception(is_passing),
            stop=stop_after_delay(self.deadline.remaining()),
            wait=_AsTold(self.deadline),
            reraise=True,
        )
        try:
            return attempts(attempt)
        except FAILURES as error:
            raise self.failure(work, error) from error

    def ask(self, method: str, path: str, **how: Any) -> Any:  # noqa: ANN401 - JSON of any shape
        """Return the JSON that a path below the repository answers; failures are PyGithub's own.

        The answer is read as it came: PyGithub's objects would ask again for each key it lacks.
        """
        url = f"{self.repository.url}{path}"
        return self.github.requester.requestJsonAndCheck(method, url, **how)[1]

    def graphql(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the data that a GraphQL document answers; failures are PyGithub's own."""
        _, answer = self.github.requester.graphql_query(document, variables)
        data = answer.get("data")
        return data if isinstance(data, dict) else {}

    def failure(self, work: str, error: Exception) -> PromoteError:
        """Return what went wrong, in the user's words."""
        return failure(f"could not {work} of {self._where}", error)


class _AsTold(wait_base):
    """Waits as long as GitHub says, else a little longer each time; never beyond the deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._guess = wait_random_exponential(multiplier=0.2, max=5)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        told = waits_for(error) if error else None
        wanted = self._guess(retry_state) if told is None else told
        return min(wanted, self._deadline.remaining())


class _Bill(logging.Handler):
    """Counts requests from the lines that PyGithub logs, of which nothing is ever formatted."""

    def __init__(self, spent: Counter[str]) -> None:
        super().__init__(logging.DEBUG)
        self._spent = spent

    def emit(self, record: logging.LogRecord) -> None:
        """Count one request by its method."""
        if isinstance(record.args, tuple) and len(record.args) > 6:
            self._spent[str(record.args[0])] += 1


def connect(
    api_url: str, authentication: Authentication | None, deadline: Deadline, spent: Counter[str]
) -> Github:
    """Return PyGithub set up so that only reads are repeated, and every request is counted."""
    logger = logging.getLogger("github.Requester")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.handlers[:] = [_Bill(spent)]
    return Github(
        base_url=api_url,
        auth=authentication,
        retry=reads_only(),
        timeout=max(1, min(20, int(deadline.remaining()))),
        seconds_between_requests=0,
        seconds_between_writes=0,
        per_page=30,
        user_agent="promoter",
        lazy=True,
    )


def reads_only() -> GithubRetry:
    """Return the retry of reads: a write may have been done before its answer broke."""
    return GithubRetry(total=5, backoff_factor=0.2, allowed_methods={"GET"}, secondary_rate_wait=5)


def pause(seconds: float, deadline: Deadline) -> None:
    """Wait, but not beyond the deadline."""
    time.sleep(min(seconds, deadline.remaining()))
