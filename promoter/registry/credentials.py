"""The logins for registries, from the files and programs that Docker's users have.

https://github.com/docker/cli/blob/master/man/docker-config-json.5.md
"""

from __future__ import annotations

import base64
import binascii
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import field
from json import JSONDecodeError
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.domain.json import mapping, parse_json
from promoter.domain.redaction import add_login
from promoter.system import limits
from promoter.system.budget import CREDENTIALS
from promoter.system.files import read_file
from promoter.system.threads import Memo

# The key under which Docker's programs and files have the Hub, which answers to several names.
_HUB = "https://index.docker.io/v1/"
_HUBS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
# A registry's API has these paths; any other is a namespace, as in `quay.io/team`.
_API = frozenset({"v1", "v2"})
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# With what a program says that it has no login for a host, which is no failure.
_UNKNOWN = (b"credentials not found", b"no credentials server URL")
# What credential programs call an identity token's user.
_TOKEN_USER = "<token>"  # noqa: S105 - a word of the protocol, and no secret


@dataclass(frozen=True, slots=True)
class Login:
    """A user's name and password for one registry, or the token that stands for both."""

    user: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        """Keep the login out of every text of the run."""
        add_login(self.user, self.password)

    @classmethod
    def of(cls, user: object, password: object) -> Login:
        """Return a login without the line breaks that files and variables often end in."""
        return cls(str(user).strip("\r\n"), str(password).strip("\r\n"))

    @property
    def has_expired(self) -> bool:
        """Whether the password itself says until when it is good, and that is over."""
        parts = self.password.split(".")
        document = _decoded(parts[1] if len(parts) == 3 else self.password)
        end = document.get("exp", document.get("expiration"))
        return isinstance(end, (int, float)) and end < time.time()

    @property
    def is_token(self) -> bool:
        """Whether it is an identity token, which a token server exchanges."""
        return self.user == _TOKEN_USER

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        text = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(text).decode()}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The logins that are known, by host or namespace; programs are asked once for each host."""

    logins: Mapping[str, Login] = field(default_factory=dict, repr=False)
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    given: str = ""
    """The place whose login was given, which comes before all others."""
    _asked: Memo = field(default_factory=Memo, repr=False)
    _failures: dict[str, str] = field(default_factory=dict, repr=False)

    def of(self, host: str, repository: str = "") -> Login | None:
        """Return the login for a repository, the one that names most of it; None to be nobody.

        A login for one namespace is never offered for another. Of a whole host, what its program
        says comes before what the file says, as with Docker.
        """
        parts = _place(f"{host}/{repository}").split("/")
        for length in range(len(parts), 1, -1):
            if login := self.logins.get("/".join(parts[:length])):
                return login
        known = self.logins.get(parts[0])
        if known is not None and parts[0] == self.given:
            return known
        return self._asked.answer((parts[0],), lambda: self._from_programs(parts[0])) or known

    def failure(self, host: str) -> str:
        """Return what went wrong with the program that was asked for a host's login, if anything."""
        return self._failures.get(_place(host), "")

    def _from_programs(self, place: str) -> Login | None:
        """Return what the program for a host says, else what the one for all hosts says."""
        names = [_HUB, *sorted(_HUBS)] if place in _HUBS else [place, f"https://{place}"]
        end = time.monotonic() + CREDENTIALS.seconds
        own = [(name, self.helpers[name]) for name in names if name in self.helpers]
        stored = [(name, self.store) for name in names if self.store]
        failure = ""
        for name, program in (*own, *stored):
            try:
                login = _ask(program, name, self.environment, end - time.monotonic())
            except _ProgramError as error:
                failure = failure or str(error)
                login = None
            if login is not None:
                return login
            if time.monotonic() >= end:
                break
        self._failures[place] = failure
        return None


class _ProgramError(Exception):
    """A program that keeps logins does not work."""


def read_credentials(
    files: Sequence[Path], given: tuple[str, Login] | None, environment: Mapping[str, str]
) -> Credentials:
    """Return the logins of the first configuration that is there, and the one that was given."""
    logins: dict[str, Login] = {}
    helpers: dict[str, str] = {}
    store: str | None = None
    file = next((one for one in files if one.is_file()), None)
    if file is not None:
        configuration = _load(file)
        known = mapping(configuration.get("credHelpers")).items()
        helpers = {key: value for key, value in known if isinstance(value, str)}
        named = configuration.get("credsStore")
        store = named if isinstance(named, str) else None
        for name, entry in mapping(configuration.get("auths")).items():
            if login := _login(entry):
                # What is written plainly wins over the same host written as a URL.
                if "://" in name:
                    logins.setdefault(_place(name), login)
                else:
                    logins[_place(name)] = login
    if given is not None:
        logins = {**logins, _place(given[0]): given[1]}
    return Credentials(logins, helpers, store, environment, _place(given[0]) if given else "")


def _place(name: str) -> str:
    """Return the host, or the host and namespace, of a file's key: `https://HOST/v1/` is HOST."""
    host, _, path = name.rpartition("://")[2].strip("/").partition("/")
    host = host.lower()
    place = "docker.io" if host in _HUBS else host
    return place if not path or path in _API else f"{place}/{path}"


def _load(file: Path) -> dict[str, Any]:
    try:
        data = parse_json(read_file(file))
    except OSError as error:
        reason = (error.strerror or "it is no file").lower()
        raise UsageError(
            f"the registry credentials in {file} cannot be read: {reason}",
            "Check the path, and who may read it.",
        ) from None
    except ValueError as error:
        found = error if isinstance(error, JSONDecodeError) else None
        raise UsageError(
            "the registry credentials are not valid JSON" + (f": {found.msg}" if found else ""),
            "Write them again with docker login.",
            file=str(file),
            line=found.lineno if found else None,
            column=found.colno if found else None,
        ) from None
    return mapping(data)


def _login(entry: object) -> Login | None:
    known = mapping(entry)
    if known.get("identitytoken"):
        return Login.of(_TOKEN_USER, known["identitytoken"])
    if known.get("username") and known.get("password"):
        return Login.of(known["username"], known["password"])
    try:
        user, colon, password = (
            base64.b64decode(str(known.get("auth") or "")).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Login.of(user, password) if colon and user else None


def _ask(helper: str, host: str, environment: Mapping[str, str], seconds: float) -> Login | None:
    """Ask a program for a host's login; raises `_ProgramError` where it says neither yes nor no."""
    name = f"docker-credential-{helper}"
    program = shutil.which(name) if _HELPER.fullmatch(helper) else None
    if program is None:
        raise _ProgramError(f"{ascii(name)[1:-1][:60]} is not on PATH")
    try:
        done = limits.run([program, "get"], host.encode(), environment, max(0.1, seconds))
    except limits.TooMuchOutputError:
        raise _ProgramError(f"{name} printed more than is read") from None
    except TimeoutExpired:
        raise _ProgramError(f"{name} gave no answer within {CREDENTIALS.seconds:g} s") from None
    except OSError as error:
        raise _ProgramError(f"{name} cannot be run ({error.strerror})") from None
    if done.returncode != 0:
        if any(word in done.stdout for word in _UNKNOWN):
            return None
        # What it printed is not shown: there may be a secret in it.
        raise _ProgramError(f"{name} failed with status {done.returncode}")
    try:
        known = mapping(parse_json(done.stdout))
    except ValueError:
        raise _ProgramError(f"{name} answers with something else than JSON") from None
    user, secret = known.get("Username"), known.get("Secret")
    return Login.of(user, secret) if user and secret else None


def _decoded(text: str) -> dict[str, Any]:
    """Return the JSON object in a token's Base64, or an empty one: most passwords hold none."""
    try:
        return mapping(parse_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    except ValueError:
        return {}
