"""Requests to the API with bounds: an answer may be so large and take so long, whatever is sent."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from urllib3 import Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    ResponseError,
    SSLError,
)

from promoter.domain.dataclass import dataclass
from promoter.domain.json import parse_json
from promoter.forges.github.early_connection import taken
from promoter.pools import Pools

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr
    from urllib3 import Retry
    from urllib3.response import BaseHTTPResponse

    from promoter.domain.deadline import Deadline

_LOG = logging.getLogger(__name__)
# Ten thousand names with their texts take a tenth of it.
LIMIT = 32 * 1024 * 1024
# What is read at once: compressed, so much can become a thousand times as much.
_CHUNK = 16 * 1024
# One answer may take so long, in seconds.
_PATIENCE = 20
_VERSION = "2022-11-28"
_CHECK = "Check the network and --api-url; running again is safe."


class NoAnswerError(Exception):
    """A request that was not answered, or not in full; the reason and the hint are in plain words.

    `may_pass`: whether asking again may help.
    """

    def __init__(self, reason: str, hint: str = _CHECK, *, may_pass: bool = True) -> None:
        super().__init__(reason)
        self.reason, self.hint, self.may_pass = reason, hint, may_pass


# What urllib3's errors mean; what is of no kind here may pass.
_REASONS = (
    (NewConnectionError, "no answer", True),
    (ConnectTimeoutError, "no connection in time", True),
    (ReadTimeoutError, "no answer in time", True),
    (ProxyError, "no answer through the proxy", True),
    (SSLError, "the host's certificate is not trusted", False),
    (LocationValueError, "the address is malformed", False),
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; whatever is answered, no redirect is followed."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, all of which has been read."""

    status: int
    headers: Mapping[str, str]
    """By names in small letters."""
    text: str


class Http:
    """The connections to one API, which end with the deadline, and the count of its requests."""

    def __init__(self, deadline: Deadline, authorities: str | None = None) -> None:
        self.deadline = deadline
        self.counts: Counter[str] = Counter()
        self._early = taken(authorities)
        self._own = Pools(authorities, is_timely=False)

    @property
    def patience(self) -> int:
        """How long one answer may take, in seconds."""
        return max(1, min(_PATIENCE, int(self.deadline.remaining())))

    def close(self) -> None:
        """End the connections."""
        self._own.close()
        if self._early is not None and self._early.done():
            self._early.result().close()

    def send(self, request: Request, retries: Retry | None = None) -> Answer:
        """Send a request and return its answer, or raise `NoAnswerError`."""
        seconds = min(_PATIENCE, self.deadline.remaining())
        if not seconds:
            raise NoAnswerError("no answer in time")
        begin = time.monotonic()
        self.counts[request.method] += 1
        try:
            pools = self._early.result(seconds) if self._early else self._own
            with pools.to(request.url).send(
                request.method,
                request.url,
                headers={"Accept-Encoding": "gzip, deflate", **request.headers},
                body=request.body,
                timeout=Timeout(connect=seconds, read=seconds),
                retries=retries or False,
            ) as raw:
                data = self._body(raw)
        except (HTTPError, OSError) as error:
            raise _no_answer(error) from error
        spent = time.monotonic() - begin
        url = urlsplit(request.url)
        asked = f"{url.hostname}{url.path}{'?' if url.query else ''}{url.query}"
        _LOG.debug("%s %s: %d (%.2f s)", request.method, asked, raw.status, spent)
        headers = {name.lower(): value for name, value in raw.headers.items()}
        return Answer(raw.status, headers, data.decode("utf-8", "replace"))

    def _body(self, raw: BaseHTTPResponse) -> bytearray:
        """Return an answer's bytes, read as they come: a full chunk may come in drips."""
        data = bytearray()
        while chunk := raw.read1(_CHUNK, decode_content=True):
            data += chunk
            if len(data) > LIMIT:
                raise NoAnswerError(
                    "the answer is larger than any of GitHub's", "Check --api-url.", may_pass=False
                )
            if not self.deadline.remaining():
                raise NoAnswerError("no answer in time")
        return data


def graphql_request(
    api_url: str, token: SecretStr | None, document: str, variables: Mapping[str, Any]
) -> Request:
    """Return the request that asks the API at a URL by a GraphQL document."""
    parts = urlsplit(api_url)
    path = parts.path.rstrip("/").removesuffix("/v3")
    url = parts._replace(path=f"{path}/graphql").geturl()
    return rest_request("POST", url, token, {"query": document, "variables": variables})


def rest_request(method: str, url: str, token: SecretStr | None, body: object) -> Request:
    """Return the request that does something at a URL; a body of None is none."""
    headers = {"User-Agent": "promoter", "X-GitHub-Api-Version": _VERSION}
    if token is not None:
        headers["Authorization"] = f"token {token.get_secret_value()}"
    if body is None:
        return Request(method, url, headers, None)
    return Request(method, url, {**headers, "Content-Type": "application/json"}, json.dumps(body))


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


def _no_answer(error: Exception) -> NoAnswerError:
    """Return why there is no answer, without the words of a server."""
    reason = error.reason if isinstance(error, MaxRetryError) else error
    if isinstance(reason, ResponseError):
        return NoAnswerError(
            "the API fails again and again",
            "GitHub has a problem, or --api-url is wrong; running again is safe.",
        )
    for kind, words, may_pass in _REASONS:
        if isinstance(reason, kind):
            return NoAnswerError(words, may_pass=may_pass)
    return NoAnswerError("no answer")
