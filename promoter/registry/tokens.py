"""The doors of registries: no login, Basic, or a Bearer token of the realm that a registry names.

https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from promoter.domain.redaction import add_secret
from promoter.registry.once import Once

if TYPE_CHECKING:
    from promoter.registry.credentials import Credentials, Login
    from promoter.registry.exchange import Answer, Exchange

_PARAMETER = re.compile(r'(?P<key>[A-Za-z]+)="(?P<value>[^"]*)"')
_TOKEN_LIMIT = 64 << 10
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class _Realm:
    """Where a registry's tokens are made."""

    url: str
    service: str


class Doors:
    """Remembers how each registry wants to be asked, so that few requests are made in vain."""

    def __init__(self, credentials: Credentials, exchange: Exchange) -> None:
        self._credentials, self._exchange = credentials, exchange
        self._basic: set[str] = set()
        self._realms: dict[str, _Realm] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._once = Once()

    def forget(self) -> None:
        """Ask token services again that gave no token."""
        self._once.forget(lambda _: True)

    def authorization(self, host: str, repository: str, deadline: float) -> str | None:
        """Return with what a repository is asked, as far as it is known that it wants anything."""
        token, realm = self._tokens.get((host, repository)), self._realms.get(host)
        if token is None and realm is not None:
            # Another repository of this registry wanted a token: this one will, too.
            token = self._token(host, repository, realm, None, deadline)
        if token is not None:
            return f"Bearer {token}"
        login = self._credentials.of(host, repository) if host in self._basic else None
        return login.basic if login else None

    def open(
        self, host: str, repository: str, challenge: str, refused: str | None, deadline: float
    ) -> str | None:
        """Return what a 401 asks for; None where it is what was refused, or cannot be had.

        What this very request carried decides: others may have found the door meanwhile.
        """
        scheme, _, rest = challenge.partition(" ")
        found = None
        if scheme.lower() == "basic":
            self._basic.add(host)
            login = self._credentials.of(host, repository)
            found = login.basic if login else None
        elif scheme.lower() == "bearer" and (realm := self._realm(rest)):
            token = self._tokens.get((host, repository))
            if token is None or f"Bearer {token}" == refused:
                token = self._token(host, repository, realm, refused, deadline)
            self._realms[host] = realm
            found = f"Bearer {token}" if token else None
        return None if found == refused else found

    def _realm(self, parameters: str) -> _Realm | None:
        """Return where tokens are made; None where a login would go there in the clear."""
        found = {m["key"].lower(): m["value"] for m in _PARAMETER.finditer(parameters)}
        try:
            url = urlsplit(found.get("realm", ""))
        except ValueError:
            return None
        plain = url.scheme == "http" and self._exchange.may_be_plain(url.netloc.lower())
        if not url.netloc or (url.scheme != "https" and not plain):
            return None
        return _Realm(found["realm"], found.get("service", ""))

    def _token(
        self, host: str, repository: str, realm: _Realm, refused: str | None, deadline: float
    ) -> str | None:
        """Return a token that may pull a repository, asked for once; None where there is none."""
        login = self._credentials.of(host, repository)

        def ask() -> str | None:
            token = _read(self._answer(realm, repository, login, deadline))
            if token is not None:
                self._tokens[(host, repository)] = token
            return token

        return self._once.answer((host, repository, refused or ""), ask)

    def _answer(
        self, realm: _Realm, repository: str, login: Login | None, deadline: float
    ) -> Answer:
        """Ask a token service, as the login that we have or as nobody."""
        wanted = {"scope": f"repository:{repository}:pull"}
        if realm.service:
            wanted["service"] = realm.service
        if login is not None and login.is_token:
            form = {"grant_type": "refresh_token", "refresh_token": login.password}
            body = urlencode({**form, "client_id": "promoter", **wanted})
            return self._exchange.send(
                "POST", realm.url, _FORM, _TOKEN_LIMIT, deadline, body=body, hops=0
            )
        headers = {"Authorization": login.basic} if login else {}
        join = "&" if "?" in realm.url else "?"
        url = f"{realm.url}{join}{urlencode(wanted)}"
        return self._exchange.send("GET", url, headers, _TOKEN_LIMIT, deadline, hops=0)


def _read(answer: Answer) -> str | None:
    """Return the token of a token service's answer, where it holds one."""
    if answer.status != 200:
        return None
    try:
        found = json.loads(answer.body)
        token = found.get("token") or found.get("access_token")
    except (ValueError, AttributeError, RecursionError):
        return None
    usable = isinstance(token, str) and token.isascii() and token.isprintable()
    if not usable:
        return None
    add_secret(token)
    return str(token)
