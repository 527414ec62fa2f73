"""Lists of GitHub's REST API, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from promoter.domain.errors import RemoteError
from promoter.forges.github.api.client import Client

T = TypeVar("T")

_PAGE, _PAGES = 100, 50


def read_pages(
    client: Client,
    work: str,
    path: str,
    shown: Callable[[Any], T],
    parameters: Mapping[str, str] | None = None,
) -> Iterator[T]:
    """Yield what a list holds, page by page; `work` is what an error calls it."""
    for page in range(1, _PAGES + 1):
        part = {**(parameters or {}), "per_page": str(_PAGE), "page": str(page)}
        found = client.read(work, partial(read_page, client, path, shown, part))
        yield from found
        if len(found) < _PAGE:
            return
    raise list_too_long(work, _PAGE * _PAGES)


def list_too_long(work: str, number: int) -> RemoteError:
    """Return the error for a list of which no more is read: what is left out could matter."""
    return RemoteError(
        f"could not {work}: there are more than {number:,}, and promote reads no more",
        "Close or merge those that are no longer needed.",
    )


def read_page(
    client: Client, path: str, shown: Callable[[Any], T], parameters: Mapping[str, str]
) -> list[T]:
    """Return what one page of a list shows; an answer that is no list is a failure of the read."""
    return [shown(one) for one in client.ask("GET", path, parameters=dict(parameters))]
