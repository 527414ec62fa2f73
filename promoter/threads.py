"""Questions to the outside put by several threads, none of which can keep a run from ending."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import closing
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

Given = TypeVar("Given")
Found = TypeVar("Found")


def answers(ask: Callable[[Given], Found], given: Iterable[Given], at_once: int) -> Iterator[Found]:
    """Yield what is found for each thing given, as `asked` does, as soon as it is there."""
    with closing(asked(ask, given, at_once)) as pairs:
        for _, answer in pairs:
            yield answer.result()


def asked(
    ask: Callable[[Given], Found], given: Iterable[Given], at_once: int
) -> Generator[tuple[Given, Future[Found]], None, None]:
    """Yield each thing given with its answer to come, in order; the caller's thread takes what is given.

    Who leaves early, as a signal or the deadline makes one, waits for nobody: the threads are
    daemons, for which the interpreter does not wait either, and what is not begun never begins.
    """
    waiting: SimpleQueue[tuple[Given, Future[Found]] | None] = SimpleQueue()
    left = Event()

    def work() -> None:
        while (one := waiting.get()) is not None and not left.is_set():
            _answer(ask, *one)

    pairs: list[tuple[Given, Future[Found]]] = []
    threads = 0
    try:
        for thing in given:
            pair: tuple[Given, Future[Found]] = (thing, Future())
            pairs.append(pair)
            if at_once == 1:
                _answer(ask, *pair)
                continue
            waiting.put(pair)
            if threads < at_once:
                Thread(target=work, daemon=True).start()
                threads += 1
        yield from pairs
    finally:
        left.set()
        for _ in range(threads):
            waiting.put(None)


def _answer(ask: Callable[[Given], Found], thing: Given, answer: Future[Found]) -> None:
    """Ask about one thing; what is raised is raised again where the answer is read."""
    try:
        answer.set_result(ask(thing))
    except BaseException as error:  # noqa: BLE001 - it is raised where the answer is read
        answer.set_exception(error)
