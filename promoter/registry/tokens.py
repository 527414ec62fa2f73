"""The doors of registries: no login, Basic, or a Bearer token of the realm that a registry names.

https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from promoter.registry.proxies import proxies
from promoter.urls import is_loopback

if TYPE_CHECKING:
    import requests

    from promoter.registry.credentials import Credentials

_PARAMETER = re.compile(r'(?P<key>[A-Za-z]+)="(?P<value>[^"]*)"')
_TOKEN_LIMIT = 64 << 10


@dataclass(frozen=True, slots=True)
class _Realm:
    """Where a registry's tokens are made."""

    url: str
    service: str


class Doors:
    """Remembers how each registry wants to be asked, so that few requests are made in vain."""

    def __init__(self, credentials: Credentials, session: requests.Session) -> None:
        self._credentials, self._session = credentials, session
        self._lock = Lock()
        self._basic: set[str] = set()
        self._realms: dict[str, _Realm] = {}
        self._tokens: dict[tuple[str, str], str] = {}

    def header(self, host: str, repository: str) -> dict[str, str]:
        """Return the header with which a repository is asked, as far as it is known."""
        with self._lock:
            token, basic = self._tokens.get((host, repository)), host in self._basic
            realm = self._realms.get(host)
        if token is None and realm is not None:
            # Another repository of this registry wanted a token: this one will, too.
            token = self._token(host, repository, realm, 3.0)
        if token is not None:
            return {"Authorization": f"Bearer {token}"}
        login = self._credentials.of(host) if basic else None
        return {"Authorization": login.basic} if login else {}

    def open(self, host: str, repository: str, challenge: str, seconds: float) -> bool:
        """Do what a 401 asks for; returns whether asking again makes sense."""
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic":
            with self._lock:
                known = host in self._basic
                self._basic.add(host)
            return not known and self._credentials.of(host) is not None
        found = {m["key"].lower(): m["value"] for m in _PARAMETER.finditer(rest)}
        realm = urlsplit(found.get("realm", ""))
        safe = realm.scheme == "https" or (realm.scheme == "http" and is_loopback(realm.netloc))
        if scheme.lower() != "bearer" or not safe:
            return False
        made = _Realm(found["realm"], found.get("service", ""))
        token = self._token(host, repository, made, seconds)
        with self._lock:
            self._realms[host] = made
        return token is not None

    def _token(self, host: str, repository: str, realm: _Realm, seconds: float) -> str | None:
        """Return a token that may pull a repository; None where the realm gives none."""
        login = self._credentials.of(host)
        wanted = {"scope": f"repository:{repository}:pull"}
        if realm.service:
            wanted["service"] = realm.service
        options: dict[str, Any] = {
            "timeout": seconds,
            "allow_redirects": False,
            "proxies": proxies(realm.url),
        }
        if login is not None and login.is_token:
            form = {"grant_type": "refresh_token", "refresh_token": login.password}
            form |= {"client_id": "promoter", **wanted}
            response = self._session.post(realm.url, data=form, **options)
        else:
            headers = {"Authorization": login.basic} if login else {}
            response = self._session.get(realm.url, params=wanted, headers=headers, **options)
        if response.status_code != 200 or len(response.content) > _TOKEN_LIMIT:
            return None
        try:
            found = response.json()
            token = found.get("token") or found.get("access_token")
        except (ValueError, AttributeError):
            return None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            return None
        with self._lock:
            self._tokens[(host, repository)] = token
        return token
