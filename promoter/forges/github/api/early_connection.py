"""A connection to the API that is opened while the settings are still being read.

Nothing is sent over it; TCP and TLS take as long as the settings' libraries take to be imported.
"""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

from promoter.system.budget import CONNECTION
from promoter.system.threads import in_background

if TYPE_CHECKING:
    from promoter.system.pools import Pools

# At most one, with the authorities that its server was held to.
_opened: list[tuple[str | None, Future[Pools]]] = []


def open_early(api_url: str, authorities: str | None) -> None:
    """Begin to connect to an API, whose certificate has to be of these authorities."""

    def connected() -> Pools:
        from promoter.system.pools import Pools  # beside the caller's own imports

        pools = Pools(authorities)
        with suppress(Exception):  # reported where something is asked for
            pools.open(api_url, CONNECTION.seconds)
        return pools

    while _opened:  # of a run before this one, which had no use for it
        _opened.pop()[1].add_done_callback(_close)
    _opened.append((authorities, in_background(connected)))


def taken(authorities: str | None) -> Future[Pools] | None:
    """Return the connections that were begun with these authorities, which are the caller's then."""
    if not _opened:
        return None
    held_to, begun = _opened.pop()
    if held_to == authorities:
        return begun
    begun.add_done_callback(_close)
    return None


def _close(done: Future[Pools]) -> None:
    done.result().close()
