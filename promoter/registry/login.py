"""How a registry wants to be asked: as nobody, by Basic, or with a token of the realm that it names.

https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import re
from dataclasses import field
from urllib.parse import urlencode, urlsplit

from promoter.domain.dataclass import dataclass
from promoter.domain.redaction import add_secret
from promoter.domain.urls import is_loopback
from promoter.registry.credentials import Credentials, Login
from promoter.registry.failures import RegistryError
from promoter.registry.http import RegistryHttp, read_json
from promoter.system.http import Answer, HttpRequest
from promoter.system.threads import Memo

_TOKEN_LIMIT = 64 << 10
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# RFC 9110: a scheme, then its parameters, quoted or not, with blanks around `=`; several in a line.
_CHALLENGE_LIMIT = 8192
_PART = re.compile(
    r"(?P<key>[\w.~+!#$%&'*^`|-]+)"
    r'(?:\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s",]+)))?',
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in which a registry would let us in."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)


def challenges(header: str) -> tuple[Challenge, ...]:
    """Return the challenges of WWW-Authenticate, whose lines may have been joined by commas."""
    read: list[Challenge] = []
    for part in _PART.finditer(header[:_CHALLENGE_LIMIT]):
        value = part["plain"] if part["quoted"] is None else re.sub(r"\\(.)", r"\1", part["quoted"])
        if value is None:
            read.append(Challenge(part["key"].lower()))
        elif read:
            read[-1].parameters.setdefault(part["key"].lower(), value)
    return tuple(read)


@dataclass(frozen=True, slots=True)
class _Realm:
    """Where a registry's tokens are made."""

    url: str
    service: str


class Authentication:
    """Remembers how each registry wants to be asked, so that few requests are made in vain."""

    def __init__(self, credentials: Credentials, http: RegistryHttp) -> None:
        self._credentials, self._http = credentials, http
        self._basic: set[str] = set()
        self._realms: dict[str, _Realm] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        self._refusals: dict[tuple[str, str], Answer] = {}
        self._asked = Memo()

    def forget(self) -> None:
        """Ask token services again that gave no token."""
        self._asked.forget()

    def header(self, host: str, repository: str, deadline: float) -> str | None:
        """Return the Authorization for a repository, as far as it is known that one is wanted."""
        token, realm = self._tokens.get((host, repository)), self._realms.get(host)
        if token is None and realm is not None:
            # Another repository of this registry wanted a token: this one will, too.
            token = self._token(host, repository, realm, None, deadline)
        if token is not None:
            return f"Bearer {token}"
        login = self._credentials.of(host, repository) if host in self._basic else None
        return login.basic if login else None

    def answer(
        self, host: str, repository: str, refused: Answer, sent: str | None, deadline: float
    ) -> str | None:
        """Return the Authorization that a 401 asks for; None where it was sent already or is not had.

        What this very request has sent decides: others may have logged in meanwhile.
        """
        asked = challenges(refused.headers.get("WWW-Authenticate", ""))
        # A token first, in whatever order they stand: it is good for one repository and a short time.
        for challenge in sorted(asked, key=lambda one: one.scheme != "bearer"):
            header = None
            if challenge.scheme == "basic":
                self._basic.add(host)
                login = self._credentials.of(host, repository)
                header = login.basic if login else None
            elif challenge.scheme == "bearer" and (realm := self._realm(host, challenge)):
                token = self._tokens.get((host, repository))
                if token is None or f"Bearer {token}" == sent:
                    token = self._token(host, repository, realm, sent, deadline)
                self._realms[host] = realm
                header = f"Bearer {token}" if token else None
            if header is not None and header != sent:
                return header
        return None

    def explain(self, host: str, repository: str, refused: Answer) -> tuple[str, str]:
        """Return why a registry does not let us in, as far as that is known, and what to do."""
        again = f"Log in again with docker login {host}."
        failure = self._credentials.failure(host)
        if failure:
            return failure, "Repair the credential helper, or log in without it."
        login = self._credentials.of(host, repository)
        if login is None:
            return (
                f"no login for {host} is known",
                f"Log in with docker login {host}, or set PROMOTER_REGISTRY_HOST={host}, with "
                "PROMOTER_REGISTRY_USERNAME and _PASSWORD.",
            )
        said = (refused, self._refusals.get((host, repository)))
        if login.has_expired or any(b"expired" in one.body.lower() for one in said if one):
            return f"the login for {host} has expired", again
        if login.is_token and said[1]:
            return f"the identity token for {host} is refused: it has expired or was revoked", again
        return f"the login for {host} is refused", f"Check that it may pull {repository}. {again}"

    def _realm(self, host: str, challenge: Challenge) -> _Realm | None:
        """Return where tokens are made; None where a login may not go there.

        It goes by https alone, or on from a registry of this machine to another port of it, or to
        where the user allows plain http. Nobody else sends us to this machine.
        """
        where = challenge.parameters.get("realm", "")
        try:
            url = urlsplit(where)
            local, inward = is_loopback(host), is_loopback(url.netloc)
        except ValueError:
            return None
        plain = url.scheme == "http" and self._http.may_be_plain(url.netloc.lower())
        if not url.netloc or (url.scheme != "https" and not plain) or (inward and not local):
            return None
        return _Realm(where, challenge.parameters.get("service", ""))

    def _token(
        self, host: str, repository: str, realm: _Realm, refused: str | None, deadline: float
    ) -> str | None:
        """Return a token that may pull a repository, asked for once; None where there is none."""
        login = self._credentials.of(host, repository)

        def ask() -> str | None:
            answer = self._http.send(
                _token_request(realm, repository, login), deadline, redirects=0
            )
            token = _token_of(answer)
            if token is None:
                self._refusals[(host, repository)] = answer
            else:
                self._tokens[(host, repository)] = token
            return token

        return self._asked.answer((host, repository, refused or ""), ask)


def _token_request(realm: _Realm, repository: str, login: Login | None) -> HttpRequest:
    wanted = {"scope": f"repository:{repository}:pull"}
    if realm.service:
        wanted["service"] = realm.service
    if login is not None and login.is_token:
        form = {"grant_type": "refresh_token", "refresh_token": login.password}
        body = urlencode({**form, "client_id": "promoter", **wanted})
        return HttpRequest("POST", realm.url, _FORM, _TOKEN_LIMIT, body)
    headers = {"Authorization": login.basic} if login else {}
    join = "&" if "?" in realm.url else "?"
    url = f"{realm.url}{join}{urlencode(wanted)}"
    return HttpRequest("GET", url, headers, _TOKEN_LIMIT)


def _token_of(answer: Answer) -> str | None:
    if answer.status != 200:
        return None
    try:
        document = read_json(answer)
    except RegistryError:
        return None
    token = document.get("token") or document.get("access_token")
    if not (isinstance(token, str) and token.isascii() and token.isprintable()):
        return None
    add_secret(token)
    return token or None
