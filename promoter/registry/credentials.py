"""Whom a registry is told that we are: the files and programs that Docker's users have.

https://github.com/docker/cli/blob/master/man/docker-config-json.5.md
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promoter.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HUB = "https://index.docker.io/v1/"
_HUBS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HELPER_TIME = 10.0
# What credential programs call an identity token's user.
_TOKEN_USER = "<token>"  # noqa: S105 - a word of the protocol, and no secret


@dataclass(frozen=True, slots=True)
class Login:
    """A user's name and password for one registry, or the token that stands for both."""

    user: str
    password: str = field(repr=False)

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
    """The logins that are known, by host; programs are asked once for each host."""

    logins: Mapping[str, Login] = field(default_factory=dict, repr=False)
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    _asked: dict[str, Login | None] = field(default_factory=dict, repr=False)

    def of(self, host: str) -> Login | None:
        """Return the login for a registry's host, or None for an anonymous one."""
        if host not in self._asked:
            self._asked[host] = self._find(host)
        return self._asked[host]

    def _find(self, host: str) -> Login | None:
        names = [_HUB, *sorted(_HUBS)] if host in _HUBS else [host, f"https://{host}"]
        found = next((self.logins[name] for name in names if name in self.logins), None)
        if found is not None:
            return found
        for name in names:
            program = self.helpers.get(name)
            if program and (login := _ask(program, name, self.environment)):
                return login
        if self.store:
            return next(
                (one for n in names if (one := _ask(self.store, n, self.environment))), None
            )
        return None


def read_credentials(
    files: Sequence[Path], given: tuple[str, Login] | None, environment: Mapping[str, str]
) -> Credentials:
    """Return the logins of the first configuration that is there, and the one that was given."""
    logins: dict[str, Login] = {}
    helpers: dict[str, str] = {}
    store: str | None = None
    file = next((one for one in files if one.is_file()), None)
    if file is not None:
        found = _load(file)
        helpers = {
            k: v for k, v in _mapping(found.get("credHelpers")).items() if isinstance(v, str)
        }
        store = found.get("credsStore") if isinstance(found.get("credsStore"), str) else None
        for name, entry in _mapping(found.get("auths")).items():
            if login := _login(entry):
                logins[name] = login
                logins.setdefault(name.removeprefix("https://").partition("/")[0], login)
    if given is not None:
        logins = {**logins, given[0]: given[1]}
    return Credentials(logins, helpers, store, environment)


def _load(file: Path) -> dict[str, Any]:
    """Return a configuration's JSON, or raise `UsageError` without showing any of it."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UsageError(
            f"the registry credentials in {file} can not be read", "It must be Docker's JSON."
        ) from None
    return _mapping(data)


def _mapping(value: object) -> dict[str, Any]:
    """Return a JSON object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def _login(entry: object) -> Login | None:
    """Return the login of one entry of `auths`."""
    known = _mapping(entry)
    if known.get("identitytoken"):
        return Login(_TOKEN_USER, str(known["identitytoken"]))
    if known.get("username") and known.get("password"):
        return Login(str(known["username"]), str(known["password"]))
    try:
        user, colon, password = (
            base64.b64decode(str(known.get("auth") or "")).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Login(user, password) if colon and user else None


def _ask(helper: str, host: str, environment: Mapping[str, str]) -> Login | None:
    """Ask a credential program for a host; a program that fails knows nothing."""
    program = shutil.which(f"docker-credential-{helper}") if _HELPER.fullmatch(helper) else None
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - the program that the user's own configuration names
            [program, "get"],
            input=host.encode(),
            capture_output=True,
            timeout=_HELPER_TIME,
            check=False,
            env=dict(environment),
        )
        known = _mapping(json.loads(done.stdout)) if done.returncode == 0 else {}
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    user, secret = known.get("Username"), known.get("Secret")
    return Login(str(user), str(secret)) if user and secret else None
