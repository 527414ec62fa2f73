"""Cases of which a quick run takes some, where the others show more of the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _pytest.mark import ParameterSet


def thorough_after(count: int, cases: Iterable[Any]) -> list[ParameterSet]:
    """Return cases to parametrize by; only `pytest --thorough` runs those after the first so many."""
    found = []
    for number, case in enumerate(cases):
        marks = [pytest.mark.thorough] if number >= count else []
        values = case if isinstance(case, tuple) else (case,)
        found.append(pytest.param(*values, marks=marks))
    return found
