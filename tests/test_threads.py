"""Questions put by several threads: in order, and no reason for anybody to wait."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

import pytest

from promoter.domain.errors import UsageError
from promoter.system.threads import Memo, answers, within

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize("at_once", [1, 2, 50])
def test_answers_come_in_the_order_of_the_questions(at_once: int) -> None:
    def ask(number: int) -> int:
        time.sleep(0.01 * (5 - number))
        return number * 2

    assert list(answers(ask, range(5), at_once)) == [0, 2, 4, 6, 8]
    assert list(answers(ask, (), at_once)) == []


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_failure_is_raised_in_its_place(at_once: int) -> None:
    found = answers(lambda number: 1 // number, (1, 0, 1), at_once)
    assert next(found) == 1
    with pytest.raises(ZeroDivisionError):
        next(found)


def test_who_leaves_waits_for_nobody_and_begins_nothing_more() -> None:
    begun, let_go = [], threading.Event()

    def ask(number: int) -> int:
        begun.append(number)
        if number:
            let_go.wait(600)
        return number

    found = answers(ask, range(40), 4)
    assert next(found) == 0
    found.close()
    assert not let_go.is_set()
    let_go.set()
    time.sleep(0.1)
    assert len(begun) <= 5


def test_what_is_given_is_taken_by_the_callers_thread() -> None:
    def given() -> Iterator[str]:
        yield threading.current_thread().name

    assert list(answers(str, given(), 2)) == [threading.current_thread().name]


def test_what_takes_too_long_is_left_alone() -> None:
    let_go = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.05, lambda _: let_go.wait())
    let_go.set()
    assert within(60, lambda seconds: seconds) == 60
    with pytest.raises(ZeroDivisionError):
        within(60, lambda seconds: 1 // int(seconds - 60))


def test_a_question_is_put_again_after_a_bug_and_not_after_an_answer_or_a_known_failure() -> None:
    memo, asked = Memo(), list[str]()

    def ask(failure: Exception | None) -> str:
        asked.append("asked")
        if failure:
            raise failure
        return "answer"

    for failure, times in ((KeyError(), 2), (UsageError("no"), 1), (None, 1)):
        asked.clear()
        for _ in range(2):
            with pytest.raises(type(failure)) if failure else nullcontext():
                memo.answer((str(failure),), partial(ask, failure))
        assert len(asked) == times
    memo.forget(lambda key: key == ("None",))
    assert memo.answer(("None",), partial(ask, None)) == "answer"
    assert len(asked) == 2
