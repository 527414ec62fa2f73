"""The registries of a run: logins, patience, repetition, and when asking is of no use."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from urllib3.exceptions import HTTPError, ProtocolError

from promoter.domain.image import Name
from promoter.domain.redaction import redacted_message
from promoter.domain.suggest import closest
from promoter.registry.credentials import Credentials
from promoter.registry.failures import RegistryError
from promoter.registry.http import RegistryHttp, read_json
from promoter.registry.login import Authentication
from promoter.registry.manifest import MEDIA_TYPES
from promoter.system.budget import REGISTRY_ANSWER
from promoter.system.http import Answer, HttpRequest, why

# All media types, always: without them registries answer 404 for an index, or convert it.
_HEADERS = {
    "Accept": ", ".join(MEDIA_TYPES),
    "User-Agent": "promoter",
    "Accept-Encoding": "gzip",
}
_HUB = "registry-1.docker.io"
_HUBS = frozenset({"docker.io", "index.docker.io"})
# Registries that many use, for the hint about one that does not answer.
_HOSTS = (
    "docker.io", "gcr.io", "ghcr.io", "lscr.io", "mcr.microsoft.com", "public.ecr.aws", "quay.io",
    "registry.gitlab.com", "registry.k8s.io",
)  # fmt: skip
_CHECK = "Check its name and the network."
# A registry that was silent so often is not asked again: a thousand apps would wait for it in vain.
_SILENCES = 3
# What a registry says in an outage, or a proxy in front of it while nothing answers behind it.
_BROKEN = frozenset({500, 502, 503, 504})
# How often one question is repeated after a cut connection or an answer of no use.
_REPEATS = 2
# A login that is refused may be an old token: the next one may be, too, but no further.
_LOGINS = 2


class RegistryConnections:
    """The registries of a run as HTTP servers; safe to be used by several threads."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        patience: float = REGISTRY_ANSWER.seconds,
        authorities: str | None = None,
        plain: frozenset[str] = frozenset(),
        remaining: Callable[[], float] | None = None,
    ) -> None:
        self.remaining = remaining or (lambda: patience)
        """The seconds that the run has left."""
        self._patience = patience
        self._silent: dict[str, int] = {}
        self._limited: set[str] = set()
        self._http = RegistryHttp(authorities, plain)
        self._authentication = Authentication(credentials, self._http)

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def forget(self) -> None:
        """Ask registries again that were silent, at their limit, or closed to us."""
        self._silent.clear()
        self._limited.clear()
        self._authentication.forget()

    def get(self, name: str, path: str, limit: int, *, method: str = "GET") -> Answer:
        """Return a registry's answer about an image, with the login that it wants.

        The path is one below the image's name, or one of the registry's own that begins with /.
        """
        parsed = Name.parse(name)
        host = _host(parsed)
        self._check_worth(host)
        seconds = min(self._patience, self.remaining())
        deadline = time.monotonic() + seconds
        whole = path if path.startswith("/") else f"/v2/{parsed.repository}/{path}"
        try:
            url = f"{self._http.scheme(host, deadline)}://{host}{whole}"
            request = HttpRequest(method, url, _HEADERS, limit)
            answer = self._logged_in(request, host, parsed.repository, deadline)
        except (HTTPError, OSError, ValueError) as error:
            self._silent[host] = self._silent.get(host, 0) + 1
            reason, hint = why(error, seconds)
            message = f"the registry {host} gives no answer ({reason})"
            close = closest(host, _HOSTS)
            is_known = close in (None, host) or host == _HUB
            meant = _CHECK if is_known else f"Did you mean {close}?"
            raise RegistryError(message, hint or meant, may_pass=True) from None
        if answer.status in _BROKEN:
            self._silent[host] = self._silent.get(host, 0) + 1
        else:
            self._silent.pop(host, None)
        if answer.status == 429:
            self._limited.add(host)
        return answer

    def refused(self, name: str, answer: Answer) -> RegistryError:
        """Return the error for what a registry says instead of an answer."""
        parsed, status = Name.parse(name), answer.status
        said = f"{status} {', '.join(error_codes(answer))}".strip()
        may_pass = status in (404, 429) or status >= 500
        message, hint = f"the registry of {name} cannot be read ({said})", ""
        if status == 404:
            message = f"the registry of {name} does not know that name ({said})"
            hint = "Check the name. Private images are hidden from logins that may not pull them."
        elif status in (401, 403):
            host = _host(parsed)
            reason, hint = self._authentication.explain(host, parsed.repository, answer)
            message = f"{message}: {reason}"
        elif status == 429:
            hint = "The registry's limit is reached: run again later, or log in."
        elif status >= 500:
            hint = "Run again later."
        return RegistryError(message, hint, may_pass=may_pass, is_unknown_name=status == 404)

    def _check_worth(self, host: str) -> None:
        """Raise `RegistryError` where a registry has shown that asking it is of no use now."""
        if self.remaining() <= 0:
            raise RegistryError("the run's time is over", "Give more time with --timeout.")
        if host in self._limited:
            message = f"the registry {host} has said that its limit is reached"
            raise RegistryError(message, "Run again later.", may_pass=True)
        if self._is_silent(host):
            message = f"the registry {host} gives no answer"
            raise RegistryError(message, _CHECK, may_pass=True)

    def _is_silent(self, host: str) -> bool:
        return self._silent.get(host, 0) >= _SILENCES

    def _logged_in(
        self, request: HttpRequest, host: str, repository: str, deadline: float
    ) -> Answer:
        """Ask, and again with what the registry wants: a login, a token, or patience."""
        login = self._authentication.header(host, repository, deadline)
        logins = repeats = 0
        while True:
            headers = {**request.headers, "Authorization": login} if login else request.headers
            answer = self._repeated(replace(request, headers=headers), deadline)
            if answer.status == 401 and logins < _LOGINS:
                other = self._authentication.answer(host, repository, answer, login, deadline)
                if other is not None:
                    login, logins = other, logins + 1
                    continue
            pause = _pause(answer, repeats)
            if pause is None or self._is_silent(host) or time.monotonic() + pause >= deadline:
                return answer
            repeats += 1
            time.sleep(pause)

    def _repeated(self, request: HttpRequest, deadline: float) -> Answer:
        """Send a request, and again where the connection was cut; the first failure is raised."""
        first: ProtocolError | None = None
        for repeat in range(_REPEATS + 1):
            try:
                return self._http.send(request, deadline)
            except ProtocolError as error:
                first = first or error
            except (HTTPError, OSError):
                if first is None:
                    raise
            if time.monotonic() >= deadline:
                break
            time.sleep(0.1 * repeat)
        assert first is not None
        raise first


def error_codes(answer: Answer) -> list[str]:
    """Return the error codes in a registry's answer."""
    with suppress(RegistryError):
        errors = read_json(answer).get("errors")
        if isinstance(errors, list):
            return [
                redacted_message(str(one.get("code")))[:40]
                for one in errors[:3]
                if isinstance(one, dict)
            ]
    return []


def _host(name: Name) -> str:
    host = name.registry.lower()
    return _HUB if host in _HUBS else host


def _pause(answer: Answer, repeats: int) -> float | None:
    """Return how many seconds to wait before asking again; None where that is of no use."""
    if answer.status != 429 and (answer.status not in _BROKEN or repeats >= _REPEATS):
        return None
    named = answer.headers.get("Retry-After", "")
    # A longer number is none that anybody waits for, and more than a float holds.
    return float(named[:9]) if named.isdecimal() else 0.5 * 2**repeats
