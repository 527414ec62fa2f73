"""The proxies of the user's environment, looked up once for each host: it takes longer than a request."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies


def proxies(url: str) -> dict[str, str]:
    """Return the proxies for a URL's host, as requests takes them."""
    parts = urlsplit(url)
    return _found(f"{parts.scheme}://{parts.netloc}")


@lru_cache(maxsize=256)
def _found(origin: str) -> dict[str, str]:
    return {scheme: str(url) for scheme, url in get_environ_proxies(origin).items()}
