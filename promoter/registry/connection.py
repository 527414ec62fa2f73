"""How registries are reached: logins, proxies, patience, bounds; and when asking is of no use."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from requests.models import REDIRECT_STATI
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from promoter.image import Name
from promoter.registry.failures import UnreadableError
from promoter.registry.proxies import proxies
from promoter.registry.tokens import Doors
from promoter.urls import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from urllib3.response import BaseHTTPResponse

    from promoter.registry.credentials import Credentials

# All four, always: without them registries answer 404 for an index, or convert to another digest.
_ACCEPT = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_HEADERS = {"Accept": _ACCEPT, "User-Agent": "promoter", "Accept-Encoding": "gzip"}
_POOL = 16
_HUBS = frozenset({"docker.io", "index.docker.io"})
_PATIENCE = 3.0
# A registry that was silent so often is not asked again: a thousand apps would wait for it in vain.
_SILENCES = 3
# Answers that are asked for again only if they changed: so many, of so many bytes each.
_KEPT, _KEPT_SIZE = 500, 64 << 10


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status, headers and bounded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class _Line:
    """The connections to one host, and whether a proxy wants to be told the whole URL."""

    origin: str
    pool: HTTPConnectionPool
    whole: bool


class Connection:
    """The registries of a run as HTTP servers; safe to be used by several threads."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        patience: float = _PATIENCE,
        authorities: str | None = None,
        plain: frozenset[str] = frozenset(),
        remaining: Callable[[], float] | None = None,
    ) -> None:
        self._patience = patience
        self._plain = plain
        self._remaining = remaining or (lambda: patience)
        self._silent: dict[str, int] = {}
        self._limited: set[str] = set()
        self._kept: dict[str, Answer] = {}
        self._lines: dict[str, _Line] = {}
        self._session = requests.Session()
        self._session.mount("https://", HTTPAdapter(pool_maxsize=_POOL))
        self._session.mount("http://", HTTPAdapter(pool_maxsize=_POOL))
        self._session.verify = authorities or True
        # A login out of the user's .netrc is not wanted; proxies are found once for each host.
        self._session.trust_env = False
        self._doors = Doors(credentials, self._session)

    def close(self) -> None:
        """End the connections."""
        self._session.close()

    def forget(self) -> None:
        """Ask registries again that were silent or at their limit."""
        self._silent.clear()
        self._limited.clear()

    def get(self, name: str, path: str, limit: int, *, method: str = "GET") -> Answer:
        """Return a registry's answer about an image, with the login that it wants."""
        parsed = Name.parse(name)
        host = parsed.registry.lower()
        host = "registry-1.docker.io" if host in _HUBS else host
        last: Exception | None = None
        self._check_worth(host)
        deadline = time.monotonic() + min(self._patience, self._remaining())
        for scheme in self._schemes(host):
            url = path if "://" in path else f"{scheme}://{host}/v2/{parsed.repository}/{path}"
            try:
                answer = self._through(method, url, (host, parsed.repository), limit, deadline)
            except (requests.RequestException, HTTPError, ValueError) as error:
                last = error
                continue
            self._silent.pop(host, None)
            if answer.status == 429:
                self._limited.add(host)
            return answer
        self._silent[host] = self._silent.get(host, 0) + 1
        raise UnreadableError(
            f"the registry {host} gives no answer ({type(last).__name__})",
            "Check its name and the network.",
        ) from None

    def _check_worth(self, host: str) -> None:
        """Raise `UnreadableError` where a registry has shown that asking it is of no use now."""
        if self._remaining() <= 0:
            raise UnreadableError("the run's time is over", "Give more time with --timeout.")
        if host in self._limited:
            raise UnreadableError(
                f"the registry {host} has said that its limit is reached", "Run again later."
            )
        if self._silent.get(host, 0) >= _SILENCES:
            raise UnreadableError(
                f"the registry {host} gives no answer", "Check its name and the network."
            )

    def _schemes(self, host: str) -> tuple[str, ...]:
        """Return how a host is spoken to: in the clear on this machine, or where that is allowed."""
        if is_loopback(host) or host in self._plain:
            return "http", "https"
        return ("https",)

    def _through(
        self, method: str, url: str, door: tuple[str, str], limit: int, deadline: float
    ) -> Answer:
        """Ask, and once more with what the registry wants: a login, a token, or patience."""
        asked_again = False
        kept = self._kept.get(url) if method == "GET" else None
        condition = {"If-None-Match": kept.headers["ETag"]} if kept else {}
        while True:
            headers = {**_HEADERS, **condition, **self._doors.header(*door)}
            answer = self._send(method, url, headers, limit, deadline)
            if answer.status == 401 and not asked_again:
                asked_again = True
                challenge = answer.headers.get("WWW-Authenticate", "")
                if self._doors.open(*door, challenge, max(0.1, deadline - time.monotonic())):
                    continue
            if answer.status in (429, 502, 503, 504):
                told = answer.headers.get("Retry-After", "")
                pause = float(told) if told.isdecimal() else 0.5
                if time.monotonic() + pause < deadline:
                    time.sleep(pause)
                    continue
            if kept is not None and answer.status == 304:
                return kept
            if method == "GET" and answer.status == 200:
                self._keep(url, answer)
            return answer

    def _keep(self, url: str, answer: Answer) -> None:
        """Remember an answer that the registry can be asked to send again only if it has changed."""
        if len(answer.body) <= _KEPT_SIZE and len(self._kept) < _KEPT and "ETag" in answer.headers:
            self._kept[url] = answer

    def _send(
        self, method: str, url: str, headers: dict[str, str], limit: int, deadline: float
    ) -> Answer:
        """Send one request and read its answer, both within bounds."""
        left = max(0.1, deadline - time.monotonic())
        line = self._line(url)
        # Straight through the pool that requests keeps: a session of its own takes twice the time.
        raw = line.pool.urlopen(
            method,
            url if line.whole else url.removeprefix(line.origin),
            headers=headers,
            timeout=left,
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=True,
        )
        if raw.status in REDIRECT_STATI:
            url, raw = self._redirected(method, url, headers, raw, left)
        with raw:
            body = bytearray()
            for chunk in raw.stream(1 << 16):
                body += chunk
                if len(body) > limit or time.monotonic() > deadline:
                    msg = "the answer is too long"
                    raise requests.exceptions.ContentDecodingError(msg)
            return Answer(raw.status, raw.headers, bytes(body), url)

    def _line(self, url: str) -> _Line:
        """Return the connections to a URL's host, found once."""
        origin = url[: url.index("/", len("https://"))]
        found = self._lines.get(origin)
        if found is None:
            adapter = self._session.get_adapter(url)
            assert isinstance(adapter, HTTPAdapter)
            prepared, through = requests.Request("GET", origin).prepare(), proxies(url)
            pool = adapter.get_connection_with_tls_context(
                prepared, self._session.verify, proxies=through
            )
            assert isinstance(pool, HTTPConnectionPool)
            whole = adapter.request_url(prepared, through).startswith("http")
            found = self._lines[origin] = _Line(origin, pool, whole)
        return found

    def _redirected(
        self, method: str, url: str, headers: dict[str, str], raw: BaseHTTPResponse, left: float
    ) -> tuple[str, BaseHTTPResponse]:
        """Return where an answer's redirects end, and what is there; a login stays at its host."""
        prepared = requests.Request(method, url, headers=headers).prepare()
        adapter = self._session.get_adapter(url)
        assert isinstance(adapter, HTTPAdapter)
        response = adapter.build_response(prepared, raw)
        options: dict[str, Any] = {"timeout": (left, left), "stream": True}
        options |= {"verify": self._session.verify, "proxies": proxies(url)}
        for following in self._session.resolve_redirects(response, prepared, **options):
            response = following
        return response.url, response.raw
