"""The proxies of the user's environment."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from requests.utils import get_environ_proxies, select_proxy

from promoter.domain.redaction import add_login
from promoter.domain.urls import is_loopback


def proxy(url: str) -> str | None:
    """Return the proxy through which a URL's host is reached; this machine is reached without one."""
    if is_loopback(urlsplit(url).netloc):
        return None
    found = select_proxy(url, get_environ_proxies(url))
    if found is None:
        return None
    address = found if "://" in found else f"http://{found}"
    login = urlsplit(address)
    add_login(unquote(login.username or ""), unquote(login.password or ""))
    return address
