"""How registries are reached: logins, patience, repetition; and when asking is of no use."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError, ProtocolError, SSLError

from promoter.domain.image import Name
from promoter.registry.exchange import Answer, Exchange, speaks_tls
from promoter.registry.failures import UnreadableError
from promoter.registry.once import Once
from promoter.registry.proxies import proxy
from promoter.registry.tokens import Doors

if TYPE_CHECKING:
    from collections.abc import Callable

    from promoter.registry.credentials import Credentials

# All four, always: without them registries answer 404 for an index, or convert to another digest.
_ACCEPT = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_HEADERS = {"Accept": _ACCEPT, "User-Agent": "promoter", "Accept-Encoding": "gzip"}
_HUBS = frozenset({"docker.io", "index.docker.io"})
_PATIENCE = 3.0
# A registry that was silent so often is not asked again: a thousand apps would wait for it in vain.
_SILENCES = 3
# What a proxy in front of a registry says while nothing answers behind it.
BROKEN = frozenset({502, 503, 504})
# How often one question is repeated after a cut connection or an answer of no use.
_REPEATS = 2
# A login that is refused may be an old token: the next one may be, too, but no further.
_LOGINS = 2
# Answers that are asked for again only if they changed: so many, of so many bytes each.
_KEPT, _KEPT_SIZE = 500, 64 << 10


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
        self.remaining = remaining or (lambda: patience)
        """The seconds that the run has left."""
        self._patience = patience
        self._credentials = credentials
        self._silent: dict[str, int] = {}
        self._limited: set[str] = set()
        self._kept: dict[str, Answer] = {}
        self._schemes = Once()
        self._exchange = Exchange(authorities, plain)
        self._doors = Doors(credentials, self._exchange)

    def close(self) -> None:
        """End the connections."""
        self._exchange.close()

    def forget(self) -> None:
        """Ask registries again that were silent, at their limit, or closed to us."""
        self._silent.clear()
        self._limited.clear()
        self._doors.forget()

    def trouble(self, name: str) -> str:
        """Return what went wrong with the program that keeps the login for an image, if anything."""
        return self._credentials.trouble(_host(Name.parse(name)))

    def get(self, name: str, path: str, limit: int, *, method: str = "GET") -> Answer:
        """Return a registry's answer about an image, with the login that it wants.

        The path is one below the image's name, or one of the registry's own that begins with /.
        """
        parsed = Name.parse(name)
        host = _host(parsed)
        self._check_worth(host)
        deadline = time.monotonic() + min(self._patience, self.remaining())
        whole = path if path.startswith("/") else f"/v2/{parsed.repository}/{path}"
        try:
            url = f"{self._scheme(host, deadline)}://{host}{whole}"
            answer = self._through(method, url, (host, parsed.repository), limit, deadline)
        except (HTTPError, OSError, ValueError) as error:
            self._silent[host] = self._silent.get(host, 0) + 1
            hint = "Check its name and the network."
            if isinstance(error, SSLError):
                hint = "Name the authority of its certificate in SSL_CERT_FILE."
            said = f"the registry {host} gives no answer ({type(error).__name__})"
            raise UnreadableError(said, hint, passing=True) from None
        if answer.status in BROKEN:
            self._silent[host] = self._silent.get(host, 0) + 1
        else:
            self._silent.pop(host, None)
        if answer.status == 429:
            self._limited.add(host)
        return answer

    def _check_worth(self, host: str) -> None:
        """Raise `UnreadableError` where a registry has shown that asking it is of no use now."""
        if self.remaining() <= 0:
            raise UnreadableError("the run's time is over", "Give more time with --timeout.")
        if host in self._limited:
            said = f"the registry {host} has said that its limit is reached"
            raise UnreadableError(said, "Run again later.", passing=True)
        if self._is_silent(host):
            said = f"the registry {host} gives no answer"
            raise UnreadableError(said, "Check its name and the network.", passing=True)

    def _is_silent(self, host: str) -> bool:
        return self._silent.get(host, 0) >= _SILENCES

    def _scheme(self, host: str, deadline: float) -> str:
        """Return how a host is spoken to: in the clear where it may be, and where TLS is not known."""
        if not self._exchange.may_be_plain(host):
            return "https"
        seconds = max(0.1, deadline - time.monotonic())

        def ask() -> str:
            if proxy(f"http://{host}") is not None:
                return "http"
            return "https" if speaks_tls(host, seconds) else "http"

        return self._schemes.answer((host,), ask)

    def _through(
        self, method: str, url: str, door: tuple[str, str], limit: int, deadline: float
    ) -> Answer:
        """Ask, and again with what the registry wants: a login, a token, or patience."""
        kept = self._kept.get(url) if method == "GET" else None
        condition = {"If-None-Match": kept.headers["ETag"]} if kept else {}
        carried = self._doors.authorization(*door, deadline)
        logins = repeats = 0
        while True:
            login = {"Authorization": carried} if carried else {}
            headers = {**_HEADERS, **condition, **login}
            answer = self._steady(method, url, headers, limit, deadline)
            if answer.status == 401 and logins < _LOGINS:
                challenge = answer.headers.get("WWW-Authenticate", "")
                other = self._doors.open(*door, challenge, carried, deadline)
                if other is not None:
                    carried, logins = other, logins + 1
                    continue
            pause = _pause(answer, repeats)
            worth = pause is not None and not self._is_silent(door[0])
            if pause is not None and worth and time.monotonic() + pause < deadline:
                repeats += 1
                time.sleep(pause)
                continue
            if kept is not None and answer.status == 304:
                return kept
            if method == "GET" and answer.status == 200:
                self._keep(url, answer)
            return answer

    def _steady(
        self, method: str, url: str, headers: dict[str, str], limit: int, deadline: float
    ) -> Answer:
        """Send a request, and again where the connection was cut; the first failure is the one told."""
        first: ProtocolError | None = None
        for repeat in range(_REPEATS + 1):
            try:
                return self._exchange.send(method, url, headers, limit, deadline)
            except ProtocolError as error:
                first = first or error
            except HTTPError:
                if first is None:
                    raise
            if time.monotonic() >= deadline:
                break
            time.sleep(0.1 * repeat)
        assert first is not None
        raise first

    def _keep(self, url: str, answer: Answer) -> None:
        """Remember an answer that the registry can be asked to send again only if it has changed."""
        if len(answer.body) <= _KEPT_SIZE and len(self._kept) < _KEPT and "ETag" in answer.headers:
            self._kept[url] = answer


def _host(name: Name) -> str:
    """Return the host that serves an image's registry."""
    host = name.registry.lower()
    return "registry-1.docker.io" if host in _HUBS else host


def _pause(answer: Answer, repeats: int) -> float | None:
    """Return how long to wait before asking again; None where that is of no use."""
    if answer.status != 429 and (answer.status not in BROKEN or repeats >= _REPEATS):
        return None
    told = answer.headers.get("Retry-After", "")
    return float(told) if told.isdecimal() else 0.5 * 2**repeats
