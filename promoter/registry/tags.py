"""All tags of an image, page by page, whatever a registry makes of pages; or an error, never a part.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags
"""

from __future__ import annotations

import re
import time
from urllib.parse import quote, urljoin, urlsplit

from promoter.registry.connection import RegistryConnections
from promoter.registry.failures import RegistryError
from promoter.registry.http import read_json
from promoter.system.budget import TAGS
from promoter.system.http import Answer

# A registry without pages sends 100,000 long tags in so many bytes.
_SIZE = 8 << 20
_PAGE = 1000
_TAGS, _PAGES = 500_000, 20_000
# Registries cut pages at round numbers, of which these are the divisors; none is known below 50.
_SMALLEST, _ROUND = 50, (10, 64)
# RFC 8288: commas and semicolons in quotes separate nothing.
_VALUE = r'(?:"(?:[^"\\]|\\.)*"|[^\s",;<>]*)'
_LINK = re.compile(rf"<(?P<url>[^<>]*)>(?P<rest>(?:\s*;\s*[^\s=;,\"<>]+(?:\s*=\s*{_VALUE})?)*)")
_PARAMETER = re.compile(rf";\s*(?P<key>[^\s=;,\"<>]+)(?:\s*=\s*(?P<value>{_VALUE}))?")
_LINK_LIMIT = 8192


def all_tags(connection: RegistryConnections, name: str) -> tuple[str, ...]:
    """Return every tag of an image; raises `RegistryError` where the registry does not give them all.

    The next page is where Link says. A registry that sends none is asked by the last tag, but only
    after a page of a round number: one that honours `n` in its own way has cut there, and nearly
    every other list costs one request.
    """
    tags: dict[str, None] = {}
    end = time.monotonic() + TAGS.of(connection.remaining())
    path, seen, size, linked = f"tags/list?n={_PAGE}", set[str](), 0, False
    while path not in seen:
        seen.add(path)
        answer = connection.get(name, path, _SIZE)
        if answer.status != 200:
            raise connection.refused(name, answer)
        page, known = _tags(name, answer), len(tags)
        tags.update(dict.fromkeys(page))
        fresh, following = len(tags) > known, next_page(answer)
        linked = linked or following is not None
        if following is not None and page and not fresh:
            raise RegistryError(f"the registry of {name} sends the same tags again and again")
        if following is None:
            # A later page that is shorter than the first is the last one.
            full = len(page) >= size if size else _is_round(len(page))
            if linked or not (fresh and full):
                break
            size = size or len(page)
            following = f"tags/list?n={_PAGE}&last={quote(page[-1])}"
        path = following
        if len(tags) > _TAGS or len(seen) > _PAGES or time.monotonic() > end:
            raise RegistryError(
                f"the registry of {name} has more tags than can be read ({len(tags):,} so far)",
                "Remove old tags, or give more time with --timeout.",
            )
    return tuple(tags)


def next_page(answer: Answer) -> str | None:
    """Return the path of the page that Link calls the next, at the registry's own host."""
    links = answer.headers.get("Link", "")[:_LINK_LIMIT]
    target = next((m["url"] for m in _LINK.finditer(links) if _is_next(m["rest"])), None)
    if target is None:
        return None
    try:
        parts = urlsplit(urljoin(answer.url, target))
        # Where TLS ends at a proxy, the registry behind it does not know its own scheme.
        same = _host(parts.netloc) == _host(urlsplit(answer.url).netloc)
    except ValueError:
        raise RegistryError("the registry's next page of tags has no address") from None
    if not same:
        raise RegistryError("the registry's next page of tags is at another host")
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _is_next(parameters: str) -> bool:
    """Return whether a link's parameters call it the next; the first `rel` counts."""
    for parameter in _PARAMETER.finditer(parameters):
        if parameter["key"].lower() == "rel":
            return "next" in (parameter["value"] or "").strip('"').lower().split()
    return False


def _host(netloc: str) -> str:
    """Return a host without the port that its scheme has anyway."""
    return netloc.lower().removesuffix(":443").removesuffix(":80")


def _is_round(count: int) -> bool:
    return count >= _SMALLEST and any(count % divisor == 0 for divisor in _ROUND)


def _tags(name: str, answer: Answer) -> list[str]:
    page = read_json(answer).get("tags")
    if page is None:
        return []
    if not isinstance(page, list) or not all(isinstance(tag, str) for tag in page):
        raise RegistryError(f"the registry of {name} sends no list of tags")
    return page
