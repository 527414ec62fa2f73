"""Questions put by several threads: answered once, in time, and never keeping a run from ending."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from contextlib import closing
from copy import copy
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, TypeVar

from promoter.domain.errors import PromoteError

Given = TypeVar("Given")
Answer = TypeVar("Answer")


def answers(
    ask: Callable[[Given], Answer], given: Iterable[Given], at_once: int
) -> Generator[Answer, None, None]:
    """Yield the answer for each thing given, as `asked` does, as soon as it is there."""
    with closing(asked(ask, given, at_once)) as questions:
        for _, answer in questions:
            yield answer.result()


def asked(
    ask: Callable[[Given], Answer], given: Iterable[Given], at_once: int
) -> Generator[tuple[Given, Future[Answer]], None, None]:
    """Yield each thing given with its answer to come, in order; the caller's thread takes what is given.

    Whoever stops early, at a signal or the deadline, waits for nobody: the threads are daemons,
    for which the interpreter does not wait either, and what has not begun never begins.
    """
    waiting: SimpleQueue[tuple[Given, Future[Answer]] | None] = SimpleQueue()
    stopped = Event()

    def work() -> None:
        while (one := waiting.get()) is not None and not stopped.is_set():
            _answer(ask, *one)

    questions: list[tuple[Given, Future[Answer]]] = []
    threads = 0
    try:
        for thing in given:
            question: tuple[Given, Future[Answer]] = (thing, Future())
            questions.append(question)
            if at_once == 1:
                _answer(ask, *question)
                continue
            waiting.put(question)
            if threads < at_once:
                Thread(target=work, daemon=True).start()
                threads += 1
        yield from questions
    finally:
        stopped.set()
        for _ in range(threads):
            waiting.put(None)


def within(seconds: float, ask: Callable[[float], Answer]) -> Answer:
    """Return the answer, or raise `TimeoutError` where it takes longer; `ask` is told the seconds.

    What is still asking then is left alone: no time-out of a socket ends a server that sends a
    byte now and then, or a name that is looked up without end.
    """
    answer: Future[Answer] = Future()
    Thread(target=_answer, args=(ask, seconds, answer), daemon=True).start()
    return answer.result(seconds)


def in_background(
    ask: Callable[[], Answer], answer: Future[Answer] | None = None
) -> Future[Answer]:
    """Return the answer to come of what is asked beside the caller's own work.

    It is `answer` where that is given: a signal may come before anything is returned.
    """
    answer = answer or Future()
    Thread(target=_answer, args=(lambda _: ask(), None, answer), daemon=True).start()
    return answer


class Memo:
    """Answers by key, each asked for once: who comes while the first still asks waits for that answer."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[tuple[str, ...], Future[Any]] = {}

    def answer(self, key: tuple[str, ...], ask: Callable[[], Answer]) -> Answer:
        """Return the answer for a key; that there is none (a `PromoteError`) is remembered too."""
        with self._lock:
            known = self._known.get(key)
            future = self._known[key] = known or Future()
        if known is None:
            _answer(lambda _: ask(), None, future)
            if future.exception() and not isinstance(future.exception(), PromoteError):
                self.forget(lambda one: one == key)
        failed = future.exception()
        if isinstance(failed, PromoteError):
            # A copy: the one that is kept would gather the traceback of everybody who sees it.
            raise copy(failed)
        answer: Answer = future.result()
        return answer

    def forget(self, which: Callable[[tuple[str, ...]], bool] = lambda _: True) -> None:
        """Ask anew what has been answered before."""
        with self._lock:
            for key in [key for key in self._known if which(key)]:
                del self._known[key]


def _answer(ask: Callable[[Given], Answer], thing: Given, answer: Future[Answer]) -> None:
    """Ask about one thing; what is raised is raised again where the answer is read."""
    try:
        answer.set_result(ask(thing))
    except BaseException as error:  # noqa: BLE001 - it is raised where the answer is read
        answer.set_exception(error)
