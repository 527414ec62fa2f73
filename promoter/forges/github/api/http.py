"""Requests to the API with bounds: an answer may be so large and take so long, whatever is sent."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from urllib3 import Retry, Timeout
from urllib3.exceptions import (
    HTTPError,
    LocationValueError,
    MaxRetryError,
    ResponseError,
    SSLError,
)

from promoter.domain.json import parse_json
from promoter.forges.github.api.early_connection import taken
from promoter.forges.github.api.rate_limits import limit_of
from promoter.system.budget import FORGE_ANSWER
from promoter.system.deadline import Deadline
from promoter.system.http import Answer, HttpRequest, TooLargeError, proxy_status, send_request, why
from promoter.system.pools import Pools

if TYPE_CHECKING:
    from pydantic import SecretStr


# Ten thousand names with their texts take a tenth of it.
LIMIT = 32 * 1024 * 1024
_GRAPHQL = "/graphql"
_VERSION = "2022-11-28"
_CHECK = "Check the network and --api-url; running again is safe."


class NoAnswerError(Exception):
    """A request that was not answered, or not in full; the reason and the hint are in plain words.

    `may_pass`: whether asking again may help.
    """

    def __init__(self, reason: str, hint: str = _CHECK, *, may_pass: bool = True) -> None:
        super().__init__(reason)
        self.reason, self.hint, self.may_pass = reason, hint, may_pass


class _Limit(NamedTuple):
    """A limit: when it ends, by the monotonic clock, and the answer that said so."""

    end: float
    answer: Answer


class GitHubHttp:
    """The connections to one API, which end with the deadline, and the count of its requests."""

    def __init__(self, deadline: Deadline, authorities: str | None = None) -> None:
        self.deadline = deadline
        self.counts: Counter[str] = Counter()
        self._early = taken(authorities)
        self._own = Pools(authorities)
        self._limits: dict[bool, _Limit] = {}
        """By whether they are about GraphQL."""

    @property
    def patience(self) -> int:
        """How long one answer may take, in seconds."""
        return max(1, int(FORGE_ANSWER.of(self.deadline.remaining())))

    def close(self) -> None:
        """End the connections."""
        self._own.close()
        if self._early is not None:
            # It may still be on its way.
            self._early.add_done_callback(lambda done: done.result().close())

    def send(self, request: HttpRequest, retries: Retry | None = None) -> Answer:
        """Send a request and return its answer, or raise `NoAnswerError`."""
        by_graphql = request.url.endswith(_GRAPHQL)
        if (refused := self._wait_for_limit(by_graphql)) is not None:
            return refused
        seconds = FORGE_ANSWER.of(self.deadline.remaining())
        if not seconds:
            raise NoAnswerError("no answer: the run's time is over")
        self.counts[request.method] += 1
        try:
            pools = self._early.result(seconds) if self._early else self._own
            timeout = Timeout(connect=seconds, read=seconds)
            answer = send_request(pools.to(request.url), request, timeout, retries=retries)
        except TooLargeError:
            raise NoAnswerError(
                "the answer is larger than any of GitHub's", "Check --api-url.", may_pass=False
            ) from None
        except (HTTPError, OSError) as error:
            raise _no_answer(error, seconds) from error
        if (found := limit_of(answer)) is not None:
            limit = _Limit(time.monotonic() + found.seconds, answer)
            kinds = (True, False) if found.is_whole else (by_graphql,)
            self._limits |= dict.fromkeys(kinds, limit)
        return answer

    def _wait_for_limit(self, by_graphql: bool) -> Answer | None:
        """Send nothing before a limit has passed; returns its answer where the run ends before."""
        limit = self._limits.get(by_graphql)
        if limit is None:
            return None
        left = limit.end - time.monotonic()
        if left >= self.deadline.remaining():
            return limit.answer
        time.sleep(max(0.0, left))
        self._limits.pop(by_graphql, None)
        return None


def graphql_request(
    api_url: str, token: SecretStr | None, document: str, variables: Mapping[str, Any]
) -> HttpRequest:
    """Return the request that asks the API at a URL by a GraphQL document."""
    parts = urlsplit(api_url)
    path = parts.path.rstrip("/").removesuffix("/v3")
    url = parts._replace(path=f"{path}{_GRAPHQL}").geturl()
    return rest_request("POST", url, token, {"query": document, "variables": variables})


def rest_request(method: str, url: str, token: SecretStr | None, body: object) -> HttpRequest:
    """Return the request that does something at a URL; a body of None is none."""
    headers = {
        "User-Agent": "promoter",
        "X-GitHub-Api-Version": _VERSION,
        "Accept-Encoding": "gzip, deflate",
    }
    if token is not None:
        headers["Authorization"] = f"token {token.get_secret_value()}"
    if body is None:
        return HttpRequest(method, url, headers, LIMIT)
    headers["Content-Type"] = "application/json"
    return HttpRequest(method, url, headers, LIMIT, json.dumps(body))


def parsed(text: str) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return the JSON of an answer, a page of HTML as `data`; raises `ValueError` for what is cut."""
    if not text:
        return None
    try:
        return parse_json(text)
    except ValueError:
        if text.startswith(("{", "[")):
            raise
        return {"data": text}


def _failing(reason: ResponseError) -> NoAnswerError:
    """Return the end of a request that was repeated, and answered with an error each time."""
    found = re.search(r"\b[1-5][0-9]{2}\b", str(reason))
    status = found[0] if found else "an error"
    hint = "GitHub has a problem, or --api-url is wrong; running again is safe."
    if status in ("403", "429"):  # PyGithub repeats of what is forbidden the limits alone.
        status = {"429": "429 too many requests"}.get(status, status)
        hint = "The API's limit is reached: run again later."
    return NoAnswerError(f"{status}, each time that it was asked", hint)


def _no_answer(error: Exception, seconds: float) -> NoAnswerError:
    reason = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    if isinstance(reason, ResponseError):
        return _failing(reason)
    said, hint = why(reason, seconds)
    refused = proxy_status(reason) or 0
    may_pass = not (isinstance(reason, SSLError | LocationValueError) or 400 <= refused < 500)
    return NoAnswerError(f"no answer ({said})", hint or _CHECK, may_pass=may_pass)
