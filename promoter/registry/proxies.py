"""The proxies of the user's environment, looked up once for each host: it takes longer than a request."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies, select_proxy

from promoter.urls import is_loopback


def proxy(url: str) -> str | None:
    """Return the proxy through which a URL's host is reached; this machine is reached without one."""
    parts = urlsplit(url)
    return _found(f"{parts.scheme}://{parts.netloc}")


@lru_cache(maxsize=256)
def _found(origin: str) -> str | None:
    if is_loopback(urlsplit(origin).netloc):
        return None
    found = select_proxy(origin, get_environ_proxies(origin))
    return found if found is None or "://" in found else f"http://{found}"
