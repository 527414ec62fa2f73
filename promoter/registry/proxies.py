"""The proxies of the user's environment."""

from __future__ import annotations

from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

from promoter.domain.urls import is_loopback


def proxy(url: str) -> str | None:
    """Return the proxy through which a URL's host is reached; this machine is reached without one."""
    if is_loopback(urlsplit(url).netloc):
        return None
    found = select_proxy(url, get_environ_proxies(url))
    return found if found is None or "://" in found else f"http://{found}"
