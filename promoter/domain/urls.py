"""What a repository's address and an API's URL must be: the grammar, and where a secret may go."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from promoter.domain.errors import UsageError
from promoter.domain.redaction import shown
from promoter.domain.suggest import closest

# `user@host:path`, as scp writes it.
SCP = re.compile(r"(?:(?P<user>[\w.-]+)@)?(?P<host>[\w.-]+):(?P<path>(?!//)[^\s]+)", re.ASCII)
_HOST = re.compile(r"(?:[\w.-]*|\[[0-9a-f:.]+\])(?::\d{1,5})?")
WEB = ("https", "http")
"""The schemes of servers to which a token is sent."""
_SCHEMES = (*WEB, "ssh", "file")


def check_scheme(text: str) -> str:
    """Return a repository URL's scheme, or raise `UsageError` for one that git may not use."""
    scheme = _split(text).scheme.lower()
    if scheme not in _SCHEMES:
        meant = "https" if scheme == "git" else closest(scheme, _SCHEMES)
        raise UsageError(
            f"{scheme}:// is not allowed for a repository",
            f"Did you mean {meant}{text[len(scheme) :]}?"
            if meant and "@" not in text
            else f"Allowed are {', '.join(_SCHEMES)}.",
        )
    if scheme != "file":
        check_url(text)
    return scheme


def check_repository(text: str) -> None:
    """Raise `UsageError` for what can be no repository's address, whether one is there or not."""
    if not text.isprintable() or (
        "://" not in text and not text.startswith("/") and not SCP.fullmatch(text)
    ):
        is_short = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*/[\w.-]+", text, re.ASCII)
        hint = f"Did you mean https://github.com/{text}?" if is_short else ""
        raise UsageError(
            f"{shown(text)} is not a repository's URL",
            hint or "Write it as in https://host/owner/name",
        )
    if "://" in text:
        check_scheme(text)


def check_api_url(text: str) -> None:
    """Raise `UsageError` for what can be no forge's API, or for what sends a secret in the clear."""
    if _split(text).scheme not in WEB:
        # Only what follows the last @: before it may be a password, whatever the form.
        raise UsageError(
            f"the API's address {shown(text.rpartition('@')[2])} is not an http(s) URL",
            "Write it as in https://github.example.com/api/v3",
        )
    check_url(text)


def check_url(text: str) -> None:
    """Raise `UsageError` for a malformed URL, and one that carries a secret or sends it in the clear."""
    parts = _split(text)
    host = host_of(text)
    if not host:
        raise UsageError("the URL names no host", "Write it as https://host/owner/repository.")
    if parts.password or (parts.username and parts.scheme != "ssh"):
        raise UsageError(
            f"the URL of {host} carries credentials, which every process list would show",
            "Remove them from the URL, and put the token into GITHUB_TOKEN.",
        )
    if parts.query or parts.fragment:
        raise UsageError(
            f"the URL of {host} has a {'query' if parts.query else 'fragment'}, "
            "which no repository and no API has, and every process list would show",
            "Remove what follows the '?' or '#'; a token goes into GITHUB_TOKEN.",
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            f"http://{host} would send the token and read the answers unencrypted",
            f"Write https://{host}{parts.path}: plain http is taken for this machine alone.",
        )


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        well_formed = parts.port is None or parts.port > 0
    except ValueError:
        well_formed = False
    if not well_formed or not text.isprintable() or not _HOST.fullmatch(host_of(text)):
        found = re.fullmatch(r"ssh://([\w.-]+@)?([\w.-]+):([A-Za-z][\w./-]*)", text, re.ASCII)
        meant = f"{found[1] or 'git@'}{found[2]}:{found[3]}" if found else ""
        hint = f"Did you mean {meant}?" if meant else "Write it as in https://host/owner/name"
        raise UsageError(f"{shown(text)} is not a URL", hint)
    return parts


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Return whether a host, with or without a port, is this machine; a malformed one is not."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """Return a URL's host with its port, without credentials, in lower case; '' for a malformed one."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""
