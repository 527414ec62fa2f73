"""PyGithub over our own connections: REST, with the retry of what only reads.

It takes a fifth of a run's time to import, which a run that needs GraphQL alone is spared.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from github import Auth, Github, GithubException, GithubRetry, RateLimitExceededException
from pydantic import SecretStr
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as TookTooLongError

from promoter.domain.json import parse_json
from promoter.forges.github.api.failures import GitHubError
from promoter.forges.github.api.http import LIMIT, GitHubHttp
from promoter.forges.github.api.rate_limits import SECONDARY
from promoter.system.deadline import Deadline
from promoter.system.http import Answer, HttpRequest

if TYPE_CHECKING:
    from github.Requester import Requester
    from urllib3 import Retry


# The headers that PyGithub takes for numbers, whatever they say.
_NUMBERS = frozenset({"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"})
# It writes to stderr what a server says, as it comes: it gives itself a handler for that.
logging.getLogger("github").handlers.clear()
logging.getLogger("github").setLevel(logging.CRITICAL + 1)


@contextmanager
def own_errors() -> Iterator[None]:
    """Raise PyGithub's errors as `GitHubError`."""
    try:
        yield
    except GithubException as error:
        raise GitHubError(error.status, error.data, error.headers or {}) from error


class _Response:
    """An answer as PyGithub reads it."""

    def __init__(self, answer: Answer) -> None:
        self.status, self._text = answer.status, answer.text
        self.headers = {
            name: value
            for name, value in answer.headers.items()
            if name.lower() not in _NUMBERS or value.isdecimal()
        }

    def getheaders(self) -> list[tuple[str, str]]:
        """Return the headers."""
        return list(self.headers.items())

    def read(self) -> str:
        """Return the text."""
        return self._text


class ReadRetry(GithubRetry):
    """The retry of reads, bounded: how much of a refusal is read, and how long one is waited for."""

    deadline: Deadline

    def increment(self, *how: Any, **more: Any) -> Retry:  # type: ignore[override]  # noqa: ANN401 - as urllib3 calls it
        """Return the retry of one failure; past the deadline it is the last.

        A wait that the server asks for and that is longer than the run is an error.
        """
        self.max_rate_limit_wait = self.deadline.remaining()
        error = more.get("error")
        # What is silent for its whole time is not waited for again and again.
        is_silent = isinstance(error, TookTooLongError) and not isinstance(
            error, NewConnectionError
        )
        if error is not None and (is_silent or not self.max_rate_limit_wait):
            raise error
        if (response := more.get("response")) is not None:
            seconds = self.get_retry_after(response)
            if seconds is None:
                # PyGithub takes what is no number for a wait, and does not read what is said.
                response.headers.discard("retry-after")
            elif seconds > self.max_rate_limit_wait:
                said = {"message": _message(self.get_content(response, ""))}
                raise RateLimitExceededException(response.status, said, response.headers)
        return super().increment(*how, **more)

    def get_backoff_time(self) -> float:
        """Return the seconds to wait before the next attempt; none is made after the run."""
        return min(float(super().get_backoff_time()), self.deadline.remaining())

    def get_retry_after(self, response: Any) -> float | None:  # noqa: ANN401 - urllib3's own
        """Return the seconds that the server asks to wait; None for what are none."""
        try:
            return super().get_retry_after(response)
        except (HTTPError, ValueError, ArithmeticError):
            return None

    @staticmethod
    def get_content(resp: Any, url: str) -> bytes:  # noqa: ANN401 - urllib3's own
        """Return the body of a refusal."""
        del url
        data: bytes = resp.read(LIMIT, decode_content=True)
        return data


def _message(body: bytes) -> str:
    """Return what a refusal says."""
    with suppress(ValueError, LookupError, TypeError):
        return str(parse_json(body)["message"])
    return "API rate limit exceeded"


def reads_only(deadline: Deadline) -> ReadRetry:
    """Return the retry of reads: a write may have been done before its answer broke."""
    # A retry is made anew from its arguments for each failure, and takes no other.
    bounded = type("BoundedRetry", (ReadRetry,), {"deadline": deadline})
    made: ReadRetry = bounded(
        total=5,
        backoff_factor=0.2,
        status_forcelist=[429, *range(500, 600)],
        allowed_methods={"GET"},
        secondary_rate_wait=SECONDARY,
    )
    return made


def connect(api_url: str, by: SecretStr | Auth.AppAuth | None, http: GitHubHttp) -> Requester:
    """Return what sends PyGithub's requests over our own connections, and repeats only reads."""
    auth = Auth.Token(by.get_secret_value()) if isinstance(by, SecretStr) else by
    github = Github(
        base_url=api_url,
        auth=auth,
        retry=reads_only(http.deadline),
        timeout=http.patience,
        seconds_between_requests=0,
        seconds_between_writes=0,
        user_agent="promoter",
    )
    requester: Any = github.requester
    scheme = urlsplit(requester.base_url).scheme

    class Connection:
        def __init__(self, host: str, port: int | None, *, retry: ReadRetry, **_: object) -> None:
            self.host, self._retry = host, retry
            self._origin = f"{scheme}://{host}{f':{port}' if port else ''}"

        def request(
            self, method: str, path: str, body: str | None, headers: dict[str, str], _: object
        ) -> None:
            url = f"{self._origin}{path}"
            self._request = HttpRequest(method, url, headers, LIMIT, body)

        def getresponse(self) -> _Response:
            return _Response(http.send(self._request, self._retry))

        def close(self) -> None:
            """Leave open what is the run's."""

    # `injectConnectionClasses` would do, but for all clients, and one connection a request.
    requester._Requester__connectionClass = Connection  # noqa: SLF001 - see above
    requester._Requester__httpConnectionClass = Connection  # noqa: SLF001 - see above
    requester._Requester__httpsConnectionClass = Connection  # noqa: SLF001 - see above
    made: Requester = requester
    return made
