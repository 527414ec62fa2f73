"""Each question once, whoever asks it: the threads of a run share what one of them has found."""

from __future__ import annotations

from concurrent.futures import Future
from copy import copy
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from promoter.domain.errors import PromoteError

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")


class Once:
    """Answers by key; who comes while the first one still asks waits for that answer."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[tuple[str, ...], Future[Any]] = {}

    def answer(self, key: tuple[str, ...], ask: Callable[[], Found]) -> Found:
        """Return what was found for a key; that it can not be found is remembered too."""
        with self._lock:
            known = self._known.get(key)
            future = self._known[key] = known or Future()
        if known is None:
            try:
                future.set_result(ask())
            except BaseException as error:  # noqa: BLE001 - it is raised below, to all who wait
                if not isinstance(error, PromoteError):
                    self.forget(lambda one: one == key)
                future.set_exception(error)
        failed = future.exception()
        if isinstance(failed, PromoteError):
            # A copy: the one that is kept would gather the traceback of everybody who is told.
            raise copy(failed)
        found: Found = future.result()
        return found

    def forget(self, which: Callable[[tuple[str, ...]], bool]) -> None:
        """Have questions asked anew."""
        with self._lock:
            for key in [key for key in self._known if which(key)]:
                del self._known[key]
